"""The outside: PostgreSQL, RabbitMQ, processes and the command line; everything that does I/O."""
