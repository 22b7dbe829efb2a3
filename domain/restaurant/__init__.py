"""The restaurant: what it is called, what it offers and whether it takes orders."""
