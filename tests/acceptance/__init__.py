"""Acceptance: the whole of Comanda, as `comanda up` runs it, used from outside."""
