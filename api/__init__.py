"""HTTP in and out: parse, decide, append, answer."""
