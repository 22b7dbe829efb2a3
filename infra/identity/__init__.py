"""Who asks: passwords, sessions, tokens and the keys that sign them, and limits on all of it."""
