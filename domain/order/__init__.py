"""The order: one stream per order, from the slip to the handed-over meal."""
