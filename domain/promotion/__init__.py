"""The promotion: a code that takes something off an order, for a while and so many times."""
