"""What an operator does to read models: look, retry parked streams, build one anew."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from psycopg import sql

from domain.event_store import Recorded
from projections.projection import PARTITIONS, Connection, Projection
from projections.runner import Ledger, Runner, Step, one_by_one

PARKED_MAX = 1000
"""Parked streams listed or retried in one go."""

_STATUS = """
select c.projection, min(c.position), max(c.moved_at),
    (select count(*) from read_models.parked p where p.projection = c.projection)
from read_models.checkpoints c group by c.projection order by c.projection
"""
_PARKED = """
select projection, partition, stream_id, version, position, error, attempts, parked_at
from read_models.parked where (%(name)s::text is null or projection = %(name)s::text)
order by position limit %(limit)s::int
"""
_LOCK = "select position from read_models.checkpoints where projection = %s and partition = %s for update"
_STOPPED_AT = "select version from read_models.parked where projection = %s and stream_id = %s"
_FREE = "delete from read_models.parked where projection = %s and stream_id = %s"
_AGAIN = """
update read_models.parked set attempts = attempts + 1, error = %s, version = %s, position = %s
where projection = %s and stream_id = %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a projection has come, and how many of its streams are parked."""

    name: str
    position: int
    moved_at: datetime
    parked: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream that a projection has set aside at an event which it could not fold."""

    projection: str
    partition: int
    stream_id: UUID
    version: int
    position: int
    error: str
    attempts: int
    parked_at: datetime


class Streams(Protocol):
    """What a retry asks of the event store."""

    def history(self, stream_id: UUID, after: int, limit: int) -> list[Recorded]:
        """A stream's events behind a version, with their positions."""
        ...


HISTORY_PAGE = 1000
TURN_S = 0.05


def standings(db: Connection) -> list[Standing]:
    """Every projection's standing."""
    return [Standing(*row) for row in db.execute(_STATUS).fetchall()]


def parked(db: Connection, name: str | None = None) -> list[Parked]:
    """The parked streams, of one projection or of all, oldest first."""
    return [Parked(*row) for row in db.execute(_PARKED, {"name": name, "limit": PARKED_MAX}).fetchall()]


def retry(db: Connection, projection: Projection[Any], streams: Streams, stream: Parked) -> str | None:
    """Fold a parked stream again from the event that stopped it, in order; answers with the error if it stops again."""
    key = (projection.name, stream.stream_id)
    with db.transaction():
        (position,) = db.execute(_LOCK, (projection.name, stream.partition)).fetchone() or (0,)
        stopped_at = db.execute(_STOPPED_AT, key).fetchone()
        if stopped_at is None:  # Another retry or a rebuild was faster.
            return None
        events = _backlog(streams, stream.stream_id, stopped_at[0], position, projection)
        row = projection.load(db, [stream.stream_id]).get(stream.stream_id)
        poison = one_by_one(db, projection, events, row)
        if poison is not None:
            db.execute(_AGAIN, (poison.error, poison.recorded.version, poison.recorded.position, *key))
            return poison.error
        db.execute(_FREE, key)
    return None


def _backlog(
    streams: Streams, stream_id: UUID, version: int, position: int, projection: Projection[Any]
) -> list[Recorded]:
    """A stream's events from ``version`` up to the checkpoint; what lies behind it comes by the runner."""
    events: list[Recorded] = []
    after = version - 1
    while page := streams.history(stream_id, after, HISTORY_PAGE):
        events += [
            r
            for r in page
            if r.position is not None
            and r.position <= position
            and (projection.types is None or r.type in projection.types)
        ]
        after = page[-1].version
    return events


def rebuild(db: Connection, projection: Projection[Any], ledger: Ledger, told: Callable[[int, Step], None]) -> None:
    """Empty the tables and fold the ledger anew; ``told`` hears of each partition's every step.

    Queries see the model grow meanwhile.
    """
    with db.transaction():
        db.execute(
            "select 1 from read_models.checkpoints where projection = %s order by partition for update",
            (projection.name,),
        )
        for table in projection.tables:
            db.execute(sql.SQL("truncate read_models.{}").format(sql.Identifier(table)))
        db.execute("delete from read_models.parked where projection = %s", (projection.name,))
        db.execute("update read_models.checkpoints set position = 0, seq = 0 where projection = %s", (projection.name,))
    head = ledger.head()
    for partition in range(PARTITIONS):
        runner = Runner(projection=projection, partition=partition, ledger=ledger)
        # A worker may take turns with us: go on until the partition is past where the ledger ended when we began.
        while runner.catch_up(db, partial(told, partition)) < head:
            time.sleep(TURN_S)
