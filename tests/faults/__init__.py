"""Faults: processes, PostgreSQL and RabbitMQ die or stop while orders flow, and nothing acknowledged is lost."""
