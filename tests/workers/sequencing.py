"""Orders to be sequenced, a sequencer in a thread, and what can be seen of its work."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from domain.event_store import NEW_STREAM, Append
from infra.postgres.connection import Connection, connect
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, stream
from workers import sequencer
from workers.sequencer import Sequencer, try_lead

ROLE = "comanda_sequencer"
TAKEOVER_MAX_S = 2.0
WAIT_MAX_S = 15.0


def place_orders(store: PostgresEventStore, count: int) -> None:
    for _ in range(count):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))


def one(db: Connection, sql: str) -> Any:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]


def ledger(db: Connection) -> int:
    """How many events have their place, after a look that there is no gap."""
    count, last = db.execute("select count(*), coalesce(max(position), 0) from comanda.ledger").fetchall()[0]
    assert count == last
    return int(count)


def lead(db: Connection) -> int:
    epoch = try_lead(db)
    assert epoch is not None
    return epoch


def until(so: Callable[[], bool]) -> float:
    """Seconds until it was so."""
    begun = time.monotonic()
    while not so():
        assert time.monotonic() - begun < WAIT_MAX_S
        time.sleep(0.01)
    return time.monotonic() - begun


class Heard:
    """Hints that are only written down."""

    def __init__(self) -> None:
        self.announced: list[tuple[int, list[str]]] = []
        self.reminded: list[str] = []

    def announce(self, position: int, categories: Collection[str]) -> None:
        self.announced.append((position, sorted(categories)))

    def remind(self, projection: str) -> None:
        self.reminded.append(projection)


@contextmanager
def running(url: str, hints: sequencer.Hints, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """A sequencer in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(lambda: connect(url, ROLE), hints, stop=stop, clock=clock).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WAIT_MAX_S)
    assert not thread.is_alive()
