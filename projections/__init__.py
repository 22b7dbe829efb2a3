"""What can be asked: one file per read model, with its table, its fold and its queries."""
