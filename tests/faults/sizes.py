"""How long the fault tests run: short in every run, long in a soak; set by environment variables."""

import os


def _size(name: str, usual: int) -> int:
    return int(os.environ.get(f"COMANDA_TEST_{name}", usual))


SEED = _size("SEED", int.from_bytes(os.urandom(4)))
KILLS = _size("KILLS", 20)
POSTGRES_KILLS = _size("POSTGRES_KILLS", 3)
POSTGRES_AWAY_S = _size("POSTGRES_AWAY_S", 2)
BROKER_OUTAGE_S = _size("BROKER_OUTAGE_S", 5)
BROKER_KILLS = _size("BROKER_KILLS", 1)
HINTS = _size("HINTS", 1000)
DRAINS = _size("DRAINS", 6)
