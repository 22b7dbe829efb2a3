"""Moves one partition of a projection forward: lock, read the ledger, fold, write rows and checkpoint, commit.

The order of locks makes hints cheap and safe: a worker that finds the checkpoint locked goes away, because the one
that holds it looks at the ledger's head once more after its commit.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg
import structlog

from domain.event_store import Page, Recorded
from projections.projection import Change, Connection, Projection, shards_of

POSITIONS_MAX = 2000
"""Positions of the ledger in one step."""
STEPS_MAX = 10_000
ERROR_MAX_CHARS = 2000

REFUSED = (psycopg.DataError, psycopg.IntegrityError, TypeError, ValueError, OverflowError)
"""How a row is refused: by the database, or on the way to it by whoever writes its values down."""

log = structlog.get_logger(__name__)

_LOCK = """
select position from read_models.checkpoints where projection = %s and partition = %s for update skip locked
"""
# A statement of its own, behind the lock: one that began before it would not see what was parked meanwhile.
_PARKED = "select stream_id from read_models.parked where projection = %s and partition = %s"
_MOVE = """
update read_models.checkpoints set position = %s, seq = %s, moved_at = clock_timestamp()
where projection = %s and partition = %s
"""
_PARK = """
insert into read_models.parked (projection, partition, stream_id, version, position, error)
values (%s, %s, %s, %s, %s, %s)
on conflict (projection, stream_id) do nothing
"""


class Ledger(Protocol):
    """What the runner asks of the event store."""

    def read(self, after: int, limit: int, category: str, types: frozenset[str] | None, shards: list[int]) -> Page:
        """The chosen events among the ``limit`` positions behind ``after``."""
        ...

    def head(self) -> int:
        """The ledger's last position."""
        ...


class Outcome(Enum):
    """What came of a step."""

    MOVED = "moved"
    CAUGHT_UP = "caught up"
    BUSY = "busy elsewhere"


class Step(NamedTuple):
    """A step's outcome, the position that it reached and the events that it folded."""

    outcome: Outcome
    position: int
    events: int


class Poison(NamedTuple):
    """An event that its projection cannot fold."""

    recorded: Recorded
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """Runs one partition of one projection. One thread at a time; others may run elsewhere."""

    projection: Projection[Any]
    partition: int
    ledger: Ledger

    def catch_up(self, db: Connection, told: Callable[[Step], None] = lambda _: None) -> int:
        """Step until nothing is left or another worker is at it; answers with the position known to be reached."""
        for _ in range(STEPS_MAX):
            step = self.step(db)
            told(step)
            if step.outcome is Outcome.BUSY:
                return 0
            if step.outcome is Outcome.CAUGHT_UP and self.ledger.head() <= step.position:
                return step.position
        return 0

    def step(self, db: Connection, limit: int = POSITIONS_MAX) -> Step:
        """One transaction: the next ``limit`` positions. Raises psycopg.Error where the database fails."""
        name = self.projection.name
        with db.transaction():
            row = db.execute(_LOCK, (name, self.partition)).fetchone()
            if row is None:
                return Step(Outcome.BUSY, 0, 0)
            (position,) = row
            page = self.ledger.read(
                position, limit, self.projection.category, self.projection.types, shards_of(self.partition)
            )
            if page.through == position:
                return Step(Outcome.CAUGHT_UP, position, 0)
            if page.events:
                self._apply(db, page.events)
            db.execute(_MOVE, (page.through, page.seq, name, self.partition))
        return Step(Outcome.MOVED, page.through, len(page.events))

    def _apply(self, db: Connection, events: Iterable[Recorded]) -> None:
        parked = {stream_id for (stream_id,) in db.execute(_PARKED, (self.projection.name, self.partition)).fetchall()}
        streams = by_stream(r for r in events if r.stream_id not in parked)
        if not streams:
            return
        rows = load(db, self.projection, streams)
        changes, poisons = fold(self.projection, streams, rows)
        for stream_id in self._save(db, changes):
            row = rows.get(stream_id)
            poison = one_by_one(db, self.projection, streams[stream_id], row)
            if poison is not None:
                poisons[stream_id] = poison
        for poison in poisons.values():
            self._park(db, poison)

    def _save(self, db: Connection, changes: list[Change[Any]]) -> list[UUID]:
        """Save rows; answers with the streams whose row is refused, found by halving so that the others go on."""
        if not changes:
            return []
        try:
            with db.transaction():
                self.projection.save(db, changes)
        except REFUSED:
            if len(changes) == 1:
                return [changes[0].stream_id]
            half = len(changes) // 2
            return self._save(db, changes[:half]) + self._save(db, changes[half:])
        return []

    def _park(self, db: Connection, poison: Poison) -> None:
        recorded = poison.recorded
        log.error(
            "stream parked",
            projection=self.projection.name,
            stream_id=str(recorded.stream_id),
            version=recorded.version,
            error=poison.error,
        )
        db.execute(
            _PARK,
            (
                self.projection.name,
                self.partition,
                recorded.stream_id,
                recorded.version,
                recorded.position,
                poison.error,
            ),
        )


def by_stream(events: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    """Events by their stream, each in order."""
    streams: dict[UUID, list[Recorded]] = {}
    for recorded in events:
        streams.setdefault(recorded.stream_id, []).append(recorded)
    return streams


def load(db: Connection, projection: Projection[Any], streams: Mapping[UUID, list[Recorded]]) -> Mapping[UUID, Any]:
    """The rows of those streams that have some: one whose first event is among these has none yet."""
    older = [stream_id for stream_id, events in streams.items() if events[0].version > 1]
    return projection.load(db, older) if older else {}


def fold(
    projection: Projection[Any],
    streams: Mapping[UUID, list[Recorded]],
    rows: Mapping[UUID, Any],
    read: Callable[[Recorded], Any] = Recorded.event,
) -> tuple[list[Change[Any]], dict[UUID, Poison]]:
    """What each stream's events make of its row; a stream stops before an event that cannot be folded.

    ``read`` decodes an event.
    """
    changes: list[Change[Any]] = []
    poisons: dict[UUID, Poison] = {}
    evolve = projection.evolve
    for stream_id, events in streams.items():
        before = row = rows.get(stream_id)
        for recorded in events:
            try:
                row = evolve(row, recorded, read(recorded))
            except Exception as why:  # whatever it is, it stops this stream only
                poisons[stream_id] = Poison(recorded, describe(why))
                break
        if row is not before:
            changes.append(Change(stream_id, before, row))
    return changes, poisons


def one_by_one(db: Connection, projection: Projection[Any], events: Iterable[Recorded], row: Any) -> Poison | None:
    """Fold and save one stream event by event; answers with the one that stops it, if any.

    So a stream stops at the same event however its events fell into batches, and a replay finds the same row.
    """
    for recorded in events:
        changes, poisons = fold(projection, {recorded.stream_id: [recorded]}, {recorded.stream_id: row})
        if poisons:
            return poisons[recorded.stream_id]
        try:
            with db.transaction():
                for change in changes:
                    projection.save(db, [change])
                    row = change.after
        except REFUSED as why:
            return Poison(recorded, describe(why))
    return None


def describe(why: Exception) -> str:
    """An error in a form that fits its column."""
    return f"{type(why).__name__}: {why}"[:ERROR_MAX_CHARS].replace("\0", "").encode("utf-8", "replace").decode()
