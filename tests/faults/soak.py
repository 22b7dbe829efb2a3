"""`make soak`: the fault tests at their full length, by the hour; any COMANDA_TEST_… that is set already stays."""

import os
import sys
import tempfile

import pytest

LONG = {
    "KILLS": 1000,
    "POSTGRES_KILLS": 50,
    "POSTGRES_AWAY_S": 20,
    "BROKER_OUTAGE_S": 600,
    "BROKER_KILLS": 20,
    "HINTS": 100_000,
    "DRAINS": 200,
}
NO_TIMEOUT = "--timeout=0"


def main() -> int:
    """Runs them; further arguments go to pytest."""
    for name, size in LONG.items():
        os.environ.setdefault(f"COMANDA_TEST_{name}", str(size))
    os.environ.setdefault("TMPDIR", tempfile.gettempdir())  # on the disk: an hour's orders would outgrow the memory
    return int(pytest.main([NO_TIMEOUT, "-v", "tests/faults", *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
