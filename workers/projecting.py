"""The actor behind the hints: it moves the hinted projection, and those beside it, as far as the ledger goes."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import dramatiq
import psycopg
import structlog

from domain.event_store import StoreUnavailable
from projections.joint import Joint
from projections.projection import Connection, Projection
from projections.runner import Ledger
from workers.hints import ACTOR, LOOK, QUEUE

log = structlog.get_logger(__name__)


class ClosableLedger(Ledger, Protocol):
    """A ledger on a connection of its own."""

    def close(self) -> None:
        """Close the connection."""
        ...


class Projecting:
    """Runs projections in the threads that call it; each thread has connections of its own, opened when needed."""

    def __init__(
        self,
        projections: Mapping[str, Projection[Any]],
        connect: Callable[[], Connection],
        open_ledger: Callable[[], ClosableLedger],
    ) -> None:
        """``connect`` opens a connection to the read models, ``open_ledger`` one to the ledger."""
        self._projections, self._connect, self._open_ledger = projections, connect, open_ledger
        self._reached: dict[str, int] = {}
        self._mine = threading.local()

    def hinted(self, name: str, position: int) -> None:
        """Bring the projection to ``position`` or further, from wherever it stands where that is LOOK.

        A fault is logged; the sweep hints again.
        """
        projection = self._projections.get(name)
        if projection is None:
            log.warning("hint for an unknown projection", projection=name)
            return
        try:
            if position == LOOK or self._reached.get(projection.category, 0) < position:
                self._catch_up(projection.category)
        except (psycopg.Error, StoreUnavailable) as why:
            log.warning("database away", projection=name, reason=str(why).strip())
            self._disconnect()

    def _catch_up(self, category: str) -> None:
        db, ledger = self._connections()
        alike = {name: p for name, p in self._projections.items() if p.category == category}
        reached = Joint(projections=alike, ledger=ledger).catch_up(db)
        if reached:
            self._reached[category] = reached

    def _connections(self) -> tuple[Connection, ClosableLedger]:
        pair: tuple[Connection, ClosableLedger] | None = getattr(self._mine, "pair", None)
        if pair is None:
            pair = self._mine.pair = (self._connect(), self._open_ledger())
        return pair

    def _disconnect(self) -> None:
        pair = getattr(self._mine, "pair", None)
        self._mine.pair = None
        # A reconnect may find read models that were rebuilt or restored meanwhile.
        self._reached.clear()
        if pair is not None:
            pair[0].close()
            pair[1].close()


def declare(broker: dramatiq.Broker, projecting: Projecting) -> None:
    """Make the actor known to the broker of this process."""
    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(projecting.hinted)
