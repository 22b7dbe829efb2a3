"""Real servers for the tests: PostgreSQL and RabbitMQ, found, started or installed as the machine allows."""
