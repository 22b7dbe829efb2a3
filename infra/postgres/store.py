"""The event store on PostgreSQL: appends in groups, reads from a pool, the ledger in pages."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

from domain.event_store import Append, HistoryDetached, Page, Recorded, StoredAnswer
from infra.postgres.appender import Appender
from infra.postgres.reads import Reads
from infra.postgres.writer import stored_answer

LOAD_MAX = 100_000
"""Events of one stream that a load takes at most; a stream that long is a fault of its author."""

_LOAD = """
select stream_id, version, seq, event_id, category, type, schema_version, data, meta, recorded_at
from comanda.events where stream_id = %s and version > %s::bigint order by version limit %s::bigint
"""
_HISTORY = """
select e.stream_id, e.version, e.seq, e.event_id, e.category, e.type, e.schema_version, e.data, e.meta, e.recorded_at,
    l.position
from comanda.events e left join comanda.ledger l on l.seq = e.seq
where e.stream_id = %s and e.version > %s::bigint order by e.version limit %s::bigint
"""
_ANSWER = """
select principal, key, fingerprint, status, headers, body
from comanda.idempotency_keys where principal = %s and key = %s
"""
# Positions rise with seq, and both are read as ranges of an index. The bounds come first, in a statement of their own:
# the first and the last row of the page. min(seq) would be looked for from the ledger's first event on, one by one.
_BOUNDS = """
select last.position, first.seq, last.seq
from (
    select l.seq from comanda.ledger l
    where l.position > %(after)s::bigint order by l.position limit 1
) first,
(
    select l.position, l.seq from comanda.ledger l
    where l.position > %(after)s::bigint and l.position <= %(after)s::bigint + %(limit)s::bigint
    order by l.position desc limit 1
) last
"""
_LEDGER = """
select e.stream_id, e.version, e.seq, e.event_id, e.category, e.type, e.schema_version, e.data, e.meta, e.recorded_at,
    l.position
from comanda.ledger l
left join comanda.events e on e.seq = l.seq and e.seq >= %(low)s::bigint and e.seq <= %(high)s::bigint
where l.position > %(after)s::bigint and l.position <= %(through)s::bigint
    and (%(categories)s::text[] is null or l.category = any (%(categories)s::text[]))
    and (%(types)s::text[] is null or l.type = any (%(types)s::text[]))
    and (%(shards)s::int[] is null or l.shard = any (%(shards)s::int[]))
order by l.position
"""


class Fetch(Protocol):
    """All rows of one query."""

    def __call__(self, sql: str, params: dict[str, Any]) -> list[Any]:
        """Run it."""
        ...


def read_ledger(
    fetch: Fetch,
    after: int,
    limit: int,
    *,
    categories: Collection[str] | None = None,
    types: Collection[str] | None = None,
    shards: Collection[int] | None = None,
) -> Page:
    """The chosen events among the ``limit`` positions behind ``after``, read through ``fetch``."""
    bounds = fetch(_BOUNDS, {"after": after, "limit": limit})
    if not bounds:
        return Page([], after, 0)
    through, low, high = bounds[0]
    rows = fetch(
        _LEDGER,
        {
            "after": after,
            "through": through,
            "low": low,
            "high": high,
            "categories": None if categories is None else list(categories),
            "types": None if types is None else list(types),
            "shards": None if shards is None else list(shards),
        },
    )
    if any(row[0] is None for row in rows):
        raise HistoryDetached(f"events between positions {after + 1} and {through} are not in this database")
    return Page(list(map(Recorded._make, rows)), through, high)


class PostgresEventStore:
    """The contract of domain.event_store.EventStore, kept by PostgreSQL 15 to 18."""

    def __init__(self, url: str, *, readers: int = 8) -> None:
        """Prepare for the database at ``url`` with at most ``readers`` reading connections and one that writes."""
        self.appender = Appender(url)
        self.reads = Reads(url, "comanda_app", size=readers)

    def open(self) -> "PostgresEventStore":
        """Start the pool."""
        self.reads.open()
        return self

    def close(self) -> None:
        """Finish what was asked and close every connection."""
        self.appender.close()
        self.reads.close()

    def append(self, request: Append) -> dict[UUID, int]:
        """See EventStore.append."""
        return self.appender.append(request)

    def load(self, stream_id: UUID, after: int = 0) -> list[Recorded]:
        """See EventStore.load."""
        return _recorded(self.reads.fetch(_LOAD, (stream_id, after, LOAD_MAX)))

    def history(self, stream_id: UUID, after: int, limit: int) -> list[Recorded]:
        """See EventStore.history."""
        return _recorded(self.reads.fetch(_HISTORY, (stream_id, after, limit)))

    def answer(self, principal: str, key: str) -> StoredAnswer | None:
        """See EventStore.answer."""
        rows = self.reads.fetch(_ANSWER, (principal, key))
        return stored_answer(rows[0]) if rows else None

    def read_ledger(
        self,
        after: int,
        limit: int,
        *,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
        shards: Collection[int] | None = None,
    ) -> Page:
        """See EventStore.read_ledger."""
        return read_ledger(self.reads.fetch, after, limit, categories=categories, types=types, shards=shards)


def _recorded(rows: Sequence[Any]) -> list[Recorded]:
    return [Recorded(*row) for row in rows]
