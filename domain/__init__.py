"""What may happen: events, commands and rules, pure and without I/O."""
