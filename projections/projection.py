"""What a read model is made of, and where all of them keep how far they have come."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from domain.event_store import SHARDS, Recorded

Connection = psycopg.Connection[TupleRow]
R = TypeVar("R")

PARTITIONS = 2
"""Each projection runs in so many partitions, each a set of streams with a checkpoint of its own."""


class Change(NamedTuple, Generic[R]):
    """What a batch made of one stream's row; None where there is no row."""

    stream_id: UUID
    before: R | None
    after: R | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Projection(Generic[R]):
    """A pure fold from events to one row per stream, and how such rows are kept.

    ``evolve(row, recorded, event)`` knows no I/O. ``load`` and ``save`` move rows in bulk inside the transaction that
    moves the checkpoint; ``save`` may also keep sums over rows, from what each row was before and is after.
    A changed ``ddl`` or ``revision`` makes the workers drop the tables and build them anew from the ledger.
    """

    name: str
    category: str
    types: frozenset[str] | None
    tables: tuple[str, ...]
    ddl: str
    revision: int
    load: Callable[[Connection, Sequence[UUID]], Mapping[UUID, R]]
    evolve: Callable[[R | None, Recorded, Any], R | None]
    save: Callable[[Connection, Sequence[Change[R]]], None]

    @property
    def fingerprint(self) -> str:
        """What tells one definition from another."""
        return hashlib.sha256(f"{self.revision}\n{PARTITIONS}\n{self.ddl}".encode()).hexdigest()


def shards_of(partition: int) -> list[int]:
    """The shards that make up a partition."""
    return list(range(partition, SHARDS, PARTITIONS))


def partition_of(stream_id: UUID) -> int:
    """The partition that a stream falls into: its shard is the last four bits of its id."""
    return (stream_id.int % SHARDS) % PARTITIONS


_BOOKS = """
create table if not exists read_models.projections (
    name        text primary key,
    fingerprint text not null
);
create table if not exists read_models.checkpoints (
    projection text        not null,
    partition  smallint    not null,
    position   bigint      not null,
    seq        bigint      not null,
    moved_at   timestamptz not null default clock_timestamp(),
    primary key (projection, partition)
) with (fillfactor = 40, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
create table if not exists read_models.awake (
    category text        primary key,
    until    timestamptz not null
) with (fillfactor = 40, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
create table if not exists read_models.parked (
    projection text        not null,
    partition  smallint    not null,
    stream_id  uuid        not null,
    version    integer     not null,
    position   bigint      not null,
    error      text        not null,
    attempts   integer     not null default 1,
    parked_at  timestamptz not null default clock_timestamp(),
    primary key (projection, stream_id)
);
"""
_LOCK_KEY = 77_000_002


def prepare(db: Connection, projections: Sequence[Projection[Any]]) -> list[str]:
    """Make the tables that are missing or of another definition; answers with the names of those made (anew)."""
    made = []
    with db.transaction():
        db.execute("select pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        db.execute(_BOOKS)
        known: dict[str, str] = dict(db.execute("select name, fingerprint from read_models.projections").fetchall())
        for projection in projections:
            if known.get(projection.name) != projection.fingerprint:
                _make(db, projection)
                made.append(projection.name)
    return made


def _make(db: Connection, projection: Projection[Any]) -> None:
    # Checkpoints first, tables second, as the runner locks them: else the two may wait for each other.
    db.execute("select from read_models.checkpoints where projection = %s for update", (projection.name,))
    for table in projection.tables:
        db.execute(psycopg.sql.SQL("drop table if exists read_models.{}").format(psycopg.sql.Identifier(table)))
    db.execute(projection.ddl)
    db.execute("delete from read_models.parked where projection = %s", (projection.name,))
    db.execute("delete from read_models.checkpoints where projection = %s", (projection.name,))
    for partition in range(PARTITIONS):
        db.execute(
            "insert into read_models.checkpoints (projection, partition, position, seq) values (%s, %s, 0, 0)",
            (projection.name, partition),
        )
    db.execute(
        """insert into read_models.projections (name, fingerprint) values (%s, %s)
        on conflict (name) do update set fingerprint = excluded.fingerprint""",
        (projection.name, projection.fingerprint),
    )
