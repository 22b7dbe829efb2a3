"""Moves all projections of one category at once, where they stand at one place: one read, one decoding, one commit.

Live, every projection stands at the ledger's head, and the overhead of a transaction for each of them and for each of
their partitions would be most of a worker's work. A projection that stands elsewhere (it is being rebuilt, or new)
moves by itself until it meets the others. What a row or an event spoils for all is done again projection by
projection, by the runner, which finds and parks it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from domain.event_store import Page, Recorded
from projections.projection import PARTITIONS, Connection, Projection, shards_of
from projections.runner import POSITIONS_MAX, REFUSED, STEPS_MAX, Ledger, Outcome, Runner, Step, by_stream, fold, load

_CLAIM = """
select projection, partition, position from read_models.checkpoints
where projection = any (%s) and partition = any (%s) order by position, projection, partition for update skip locked
"""
# A statement of its own, behind the locks: one that began before them would not see what was parked meanwhile.
_PARKED = "select projection, stream_id from read_models.parked where projection = any (%s) and partition = any (%s)"
_MOVE = """
update read_models.checkpoints set position = %s, seq = %s, moved_at = clock_timestamp()
where projection = any (%s) and partition = any (%s)
"""


class Claim(NamedTuple):
    """What one transaction has locked: these partitions of these projections, all at one position."""

    position: int
    projections: list[str]
    partitions: list[int]
    limit: int
    whole: bool
    """Whether nothing else was free to be claimed."""
    all: bool
    """Whether no other worker held any of what was to be claimed."""


class Reached(NamedTuple):
    """How far the ledger was read, and how many events of the category were met on the way."""

    position: int
    events: int


class Spoilt(Exception):
    """Some event or row of a joint step is one that has to be parked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Joint:
    """Runs the projections of one category. One thread at a time; others may run elsewhere."""

    projections: Mapping[str, Projection[Any]]
    ledger: Ledger

    def catch_up(self, db: Connection) -> Reached | None:
        """Step until a step finds the ledger's end; None where another worker is at some of it.

        What is laid down during the last step is left to the next call: under load there would be no end.
        """
        partitions = list(range(PARTITIONS))
        turn = events = 0
        for _ in range(STEPS_MAX):
            step = self.step(db, partitions)
            events += step.events
            if step.outcome is Outcome.BUSY:
                return None
            if step.outcome is Outcome.CAUGHT_UP:
                if len(partitions) == PARTITIONS:
                    return Reached(step.position, events)
                partitions = list(range(PARTITIONS))
            elif self.ledger.head() > step.position + POSITIONS_MAX:
                # Far behind: one partition at a time, so that other workers may take the rest.
                turn += 1
                partitions = [turn % PARTITIONS]
        return None

    def step(self, db: Connection, partitions: Sequence[int]) -> Step:
        """One transaction for all that stand furthest behind. Raises psycopg.Error where the database fails."""
        try:
            with db.transaction():
                claim = self._claim(db, partitions)
                if claim is None:
                    return Step(Outcome.BUSY, 0, 0)
                page = self._read(claim)
                if page.through == claim.position:
                    return Step(Outcome.CAUGHT_UP if claim.all else Outcome.BUSY, claim.position, 0)
                with db.pipeline():
                    self._apply(db, claim, page)
                    db.execute(_MOVE, (page.through, page.seq, claim.projections, claim.partitions))
        except (Spoilt, *REFUSED):
            return self._step_apart(db, partitions)
        # A claim that stopped where others stand meets them in the next step; a last page need not be looked behind.
        last = page.through < claim.position + claim.limit and claim.whole
        end = Outcome.CAUGHT_UP if claim.all else Outcome.BUSY
        return Step(end if last else Outcome.MOVED, page.through, len(page.events))

    def _claim(self, db: Connection, partitions: Sequence[int]) -> Claim | None:
        """Lock what is free, and keep of it the largest block at the lowest position."""
        rows = db.execute(_CLAIM, (list(self.projections), list(partitions))).fetchall()
        standing = [(position, [(n, p) for n, p, _ in group]) for position, group in groupby(rows, lambda row: row[2])]
        if not standing:
            return None
        position, units = standing[0]
        ahead = standing[1][0] - position if len(standing) > 1 else POSITIONS_MAX
        by_partition = {p: [n for n, at in units if at == p] for _, p in units}
        names = max(by_partition.values(), key=len)
        chosen = [p for p, mine in by_partition.items() if mine == names]
        whole = len(names) * len(chosen) == len(rows)
        everything = len(self.projections) * len(partitions) == len(rows)
        return Claim(position, names, chosen, min(ahead, POSITIONS_MAX), whole, everything)

    def _read(self, claim: Claim) -> Page:
        chosen = [self.projections[name] for name in claim.projections]
        types = None if any(p.types is None for p in chosen) else frozenset().union(*(p.types or () for p in chosen))
        shards = [shard for partition in claim.partitions for shard in shards_of(partition)]
        return self.ledger.read(claim.position, claim.limit, chosen[0].category, types, shards)

    def _apply(self, db: Connection, claim: Claim, page: Page) -> None:
        parked = set(db.execute(_PARKED, (claim.projections, claim.partitions)).fetchall())
        read = _decoded_once()
        for name in claim.projections:
            projection = self.projections[name]
            streams = by_stream(
                r
                for r in page.events
                if (projection.types is None or r.type in projection.types) and (name, r.stream_id) not in parked
            )
            if not streams:
                continue
            changes, poisons = fold(projection, streams, load(db, projection, streams), read)
            if poisons:
                raise Spoilt(name)
            if changes:
                projection.save(db, changes)

    def _step_apart(self, db: Connection, partitions: Sequence[int]) -> Step:
        """The next positions of each partition of each projection by itself, which parks what spoilt the joint step."""
        steps = [
            Runner(projection=projection, partition=partition, ledger=self.ledger).step(db)
            for projection in self.projections.values()
            for partition in partitions
        ]
        return Step(Outcome.MOVED, min(step.position for step in steps), sum(step.events for step in steps))


def _decoded_once() -> Callable[[Recorded], Any]:
    """Decode each event of a page once for all projections; one that cannot be decoded raises each time."""
    events: dict[tuple[UUID, int], Any] = {}

    def read(recorded: Recorded) -> Any:
        key = (recorded.stream_id, recorded.version)
        event = events.get(key)
        if event is None:
            event = events[key] = recorded.event()
        return event

    return read
