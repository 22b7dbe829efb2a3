"""The event store in memory, for tests and for trying out: the same contract, and everything gone at the end.

Events get their positions at once, under the lock that makes appends take turns; so there is no sequencer to run.
"""

import threading
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from domain.event_store import (
    ANY_VERSION,
    SHARDS,
    AlreadyAnswered,
    Append,
    LimitReached,
    Page,
    Recorded,
    StoredAnswer,
    StoreUnavailable,
    StreamAppend,
    VersionMoved,
)
from domain.leaf import leaf_hash
from domain.privacy import SubjectKey
from infra.written import Written, written

KEPT_MAX = 100_000
"""Events that it holds at most, some 1 KB each."""


class MemoryFull(StoreUnavailable):
    """The store holds all the events that it may; use PostgreSQL for a history that lasts."""


class MemoryEventStore:
    """The contract of domain.event_store.EventStore, kept by a lock, two dicts and a list. Thread safe."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        """Begin with nothing; hold ``kept_max`` events at most."""
        self._kept_max = kept_max
        self._lock = threading.Lock()
        self._ledger: list[Recorded] = []
        self._streams: dict[UUID, list[Recorded]] = {}
        self._answers: dict[tuple[str, str], StoredAnswer] = {}
        self.subject_keys: dict[UUID, SubjectKey | None] = {}
        self._uses: Counter[tuple[UUID, str]] = Counter()

    def append(self, request: Append) -> dict[UUID, int]:
        """See EventStore.append; raises MemoryFull as well."""
        meta = orjson.dumps(request.meta, option=orjson.OPT_SORT_KEYS).decode()
        written_down = [written(stream.events) for stream in request.streams]
        with self._lock:
            self._refuse_repeat(request)
            self._refuse_moved(request)
            self._refuse_used_up(request)
            if len(self._ledger) + sum(map(len, written_down)) > self._kept_max:
                raise MemoryFull(f"{len(self._ledger)} events are kept, {self._kept_max} at most")
            for stream, events in zip(request.streams, written_down, strict=True):
                self._keep(stream, events, meta)
            for claim in request.claims:
                self._uses.update({(claim.subject, ""): 1, (claim.subject, claim.holder): 1})
            for use in request.releases:
                if self._uses[use]:
                    self._uses.subtract({(use.subject, ""): 1, use: 1})
            if request.answer is not None:
                self._answers[request.answer.principal, request.answer.key] = request.answer
            for key in request.keys:
                self.subject_keys.setdefault(key.subject, key)
            return {stream.stream_id: self._version(stream.stream_id) for stream in request.streams}

    def load(self, stream_id: UUID, after: int = 0) -> list[Recorded]:
        """See EventStore.load."""
        with self._lock:
            return self._streams.get(stream_id, [])[after:]

    def history(self, stream_id: UUID, after: int, limit: int) -> list[Recorded]:
        """See EventStore.history."""
        with self._lock:
            return self._streams.get(stream_id, [])[after : after + limit]

    def answer(self, principal: str, key: str) -> StoredAnswer | None:
        """See EventStore.answer."""
        with self._lock:
            return self._answers.get((principal, key))

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
        with self._lock:
            looked_at = self._ledger[after : after + limit]
        chosen = [
            r
            for r in looked_at
            if (categories is None or r.category in categories)
            and (types is None or r.type in types)
            and (shards is None or r.stream_id.int % SHARDS in shards)
        ]
        return Page(chosen, after + len(looked_at), looked_at[-1].seq if looked_at else 0)

    def leaf(self, position: int) -> bytes:
        """The leaf that PostgreSQL's ledger would hold at ``position``; raises IndexError where there is no event."""
        if position < 1:
            raise IndexError(position)
        with self._lock:
            recorded = self._ledger[position - 1]
        return leaf_hash(recorded)

    def _refuse_repeat(self, request: Append) -> None:
        if request.answer is not None:
            before = self._answers.get((request.answer.principal, request.answer.key))
            if before is not None:
                raise AlreadyAnswered(before)

    def _refuse_moved(self, request: Append) -> None:
        written = ((stream.stream_id, stream.expected) for stream in request.streams)
        for stream_id, expected in chain(written, request.premises.items()):
            actual = self._version(stream_id)
            if expected not in (ANY_VERSION, actual):
                raise VersionMoved(stream_id, expected, actual)

    def _refuse_used_up(self, request: Append) -> None:
        for claim in request.claims:
            if claim.total_max is not None and self._uses[claim.subject, ""] >= claim.total_max:
                raise LimitReached(claim, of_holder=False)
            if claim.holder_max is not None and self._uses[claim.subject, claim.holder] >= claim.holder_max:
                raise LimitReached(claim, of_holder=True)

    def _version(self, stream_id: UUID) -> int:
        return len(self._streams.get(stream_id, ()))

    def _keep(self, stream: StreamAppend, events: list[Written], meta: str) -> None:
        history = self._streams.setdefault(stream.stream_id, [])
        for event in events:
            place = len(self._ledger) + 1
            recorded = Recorded(
                stream_id=stream.stream_id,
                version=len(history) + 1,
                seq=place,
                event_id=uuid7(),
                category=stream.category,
                type=event.type,
                schema_version=event.schema_version,
                data=event.data,
                meta=meta,
                recorded_at=datetime.now(UTC),
                position=place,
            )
            self._ledger.append(recorded)
            history.append(recorded)
