"""One projection worker with a ledger to catch up: `python -m tests.bench.catch_up URL` prints events a second.

It empties the order view and then does what a worker's actor does when it is hinted at the ledger's head, in one
thread: both partitions, one after the other. The clock runs from that hint to its end.
"""

import sys
import time
from functools import partial

from infra.postgres.connection import connect
from infra.postgres.ledger import LedgerConnection
from projections.orders import ORDERS
from projections.projection import prepare
from workers.projecting import Projecting

ROLE = "comanda_worker"
FORGET = "delete from read_models.projections where name = %s"
REACHED = "select min(position) from read_models.checkpoints where projection = %s"


class NotCaughtUp(Exception):
    """The projection stopped short of the ledger's head, or parked a stream."""


def main(url: str) -> None:
    """Empty the order view, catch up, print the rate."""
    with connect(url, ROLE) as db:
        prepare(db, [ORDERS])
        db.execute(FORGET, (ORDERS.name,))
        prepare(db, [ORDERS])
    ledger = LedgerConnection(url, ROLE)
    head = ledger.head()
    projecting = Projecting({ORDERS.name: ORDERS}, partial(connect, url, ROLE), partial(LedgerConnection, url, ROLE))
    starts_at = time.monotonic()
    projecting.hinted(ORDERS.name, head)
    rate = head / (time.monotonic() - starts_at)
    with connect(url, ROLE) as db:
        reached = db.execute(REACHED, (ORDERS.name,)).fetchone()
        parked = db.execute("select count(*) from read_models.parked").fetchone()
    if reached != (head,) or parked != (0,):
        raise NotCaughtUp(f"reached {reached} of {head}, parked {parked}")
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main(sys.argv[1])
