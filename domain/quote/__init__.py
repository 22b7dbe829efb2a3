"""The quote: a price that was promised for a few minutes, and can be used once."""
