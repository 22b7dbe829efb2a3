"""The actor behind the hints: it moves the hinted projection, and those beside it, as far as the ledger goes."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import dramatiq
import psycopg
import structlog

from domain.event_store import StoreUnavailable
from projections.joint import Joint, Reached
from projections.projection import Connection, Projection
from projections.runner import Ledger
from workers.awake import Promise
from workers.hints import ACTOR, LOOK, QUEUE, hint

REST_LIKE_RUN_S, REST_MAX_S = 0.012, 0.012
"""A run of the first length is followed by a rest as long; half the run, a quarter of the rest, and never more than
the second."""

BUSY_REST_S = 0.002
"""Who rests so long finds more when it wakes, and need not be hinted (workers.awake)."""
ELSEWHERE_REST_S, ELSEWHERE_TRIES_MAX = 0.02, 50
"""Another worker is at it, and may have looked before what we were hinted for came: look again, then the sweep does."""
RUN_MAX_S = 1.0
"""How long one message keeps a thread that others may wait for, and a worker that is asked to end waits for it."""

log = structlog.get_logger(__name__)


def rest_after(run_s: float) -> float:
    """Seconds until the next run.

    One who reads on after each event works ten times as much as one who lets a few gather, and takes it from those who
    place orders: the longer the runs, the more is going on, and the more should gather. The first hint after a quiet
    time is followed at once.
    """
    return min(run_s * run_s / REST_LIKE_RUN_S, REST_MAX_S)


class ClosableLedger(Ledger, Protocol):
    """A ledger on a connection of its own."""

    def close(self) -> None:
        """Close the connection."""
        ...


class Projecting:
    """Runs projections in the threads that call it. Each run has a pair of connections to itself.

    The pair used last is used next, whichever thread comes: PostgreSQL's process behind it knows the plans already.
    """

    def __init__(
        self,
        projections: Mapping[str, Projection[Any]],
        connect: Callable[[], Connection],
        open_ledger: Callable[[], ClosableLedger],
    ) -> None:
        """``connect`` opens a connection to the read models, ``open_ledger`` one to the ledger."""
        self._projections, self._connect, self._open_ledger = projections, connect, open_ledger
        self._lock = threading.Lock()
        self._reached: dict[str, int] = {}
        self._wanted: dict[str, int] = {}
        self._running: set[str] = set()
        self._idle: list[tuple[Connection, ClosableLedger]] = []
        self._hand_on: Callable[[str], Any] = lambda _: None

    def hand_on_with(self, hand_on: Callable[[str], Any]) -> None:
        """Let ``hand_on`` hint a projection whose run took RUN_MAX_S; where it fails, the sweep does."""
        self._hand_on = hand_on

    def hinted(self, name: str, position: int) -> None:
        """Bring the projection to ``position`` or further, from wherever it stands where that is LOOK.

        A fault is logged; the sweep hints again.
        """
        projection = self._projections.get(name)
        if projection is None:
            log.warning("hint for an unknown projection", projection=name)
            return
        category = projection.category
        if not self._begin(category, position):
            return
        ended = too_long = False
        try:
            with self._connected() as (db, ledger):
                too_long = self._work(category, db, ledger)
            ended = True
        except (psycopg.Error, StoreUnavailable) as why:
            log.warning("database away", projection=name, reason=str(why).strip())
        finally:
            if not ended:  # by an error; else another thread may have begun already
                self._running.discard(category)
        if too_long:
            self._hand_on(name)

    def _work(self, category: str, db: Connection, ledger: Ledger) -> bool:
        """Catch up until nothing more is wanted; True where another message is to go on."""
        promise = Promise(db, category)
        ends_at_s = time.monotonic() + RUN_MAX_S
        elsewhere = 0
        while True:
            begun_s = time.monotonic()
            reached = self._catch_up(category, db, ledger)
            rest_s = ELSEWHERE_REST_S if reached is None else rest_after(time.monotonic() - begun_s)
            overdue = begun_s > ends_at_s
            busy = reached is not None and reached.events > 0 and rest_s >= BUSY_REST_S and not overdue
            if busy:
                promise.give()
            time.sleep(rest_s)
            if reached is None and elsewhere < ELSEWHERE_TRIES_MAX:
                elsewhere += 1
                continue
            if busy and _behind(ledger, reached):
                continue
            if promise.stands:
                promise.take_back()
                if _behind(ledger, reached) and not overdue:
                    continue
            if overdue:
                self._running.discard(category)
                return True
            if not self._more(category):
                return False

    def _begin(self, category: str, position: int) -> bool:
        """Whether there is something to do, and no thread of ours that does it: one that is at it will hear of it."""
        with self._lock:
            if position != LOOK and position <= self._reached.get(category, 0):
                return False
            if category in self._running:
                self._wanted[category] = max(position, self._wanted.get(category, 0))
                return False
            self._running.add(category)
            self._wanted[category] = 0
            return True

    def _catch_up(self, category: str, db: Connection, ledger: Ledger) -> Reached | None:
        """Go to the ledger's end; None where another worker is at it."""
        alike = {name: p for name, p in self._projections.items() if p.category == category}
        reached = Joint(projections=alike, ledger=ledger).catch_up(db)
        if reached is not None:
            self._reached[category] = reached.position
        return reached

    def _more(self, category: str) -> bool:
        """Whether a hint came meanwhile for more; if not, the next one begins anew."""
        with self._lock:
            # Asked for once only: a hint may name a position that the ledger does not have.
            more = self._wanted[category] > self._reached.get(category, 0)
            self._wanted[category] = 0
            if not more:
                self._running.discard(category)
            return more

    @contextmanager
    def _connected(self) -> Iterator[tuple[Connection, ClosableLedger]]:
        """A pair of connections; after a fault it is closed, and what was remembered of the read models forgotten."""
        try:
            pair = self._idle.pop()
        except IndexError:
            pair = (self._connect(), self._open_ledger())
        try:
            yield pair
        except BaseException:
            # A reconnect may find read models that were rebuilt or restored meanwhile.
            self._reached.clear()
            pair[0].close()
            pair[1].close()
            raise
        self._idle.append(pair)


def _behind(ledger: Ledger, reached: Reached | None) -> bool:
    return reached is not None and ledger.head() > reached.position


def declare(broker: dramatiq.Broker, projecting: Projecting) -> None:
    """Make the actor known to the broker of this process."""
    projecting.hand_on_with(lambda name: broker.enqueue(hint(name, LOOK)))
    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(projecting.hinted)
