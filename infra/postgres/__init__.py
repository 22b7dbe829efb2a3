"""PostgreSQL: connections, migrations, the event store and its ledger."""
