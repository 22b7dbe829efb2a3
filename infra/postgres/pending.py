"""One append on its way: its events as rows, the lock at which its thread waits, and its outcome."""

import itertools
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from domain.event_store import ANY_VERSION, Append, StoredAnswer
from domain.privacy import SubjectKey
from infra.postgres import arrays
from infra.postgres.arrays import Array
from infra.written import Written, written


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class Pending:
    """One request on its way: its rows, and the lock at which its thread waits for the outcome.

    A bare lock, held until then: an Event is three times the price, and there is one for each request.
    """

    request: Append
    meta: str
    ids: list[list[UUID]]
    written: list[list[Written]]
    waiting: threading.Lock = field(default_factory=_held_lock)
    versions: dict[UUID, int] | None = None
    error: Exception | None = None

    @classmethod
    def of(cls, request: Append) -> "Pending":
        """Write the events down, in the thread of the one who asks."""
        return cls(
            request=request,
            meta=orjson.dumps(request.meta, option=orjson.OPT_SORT_KEYS).decode(),
            ids=[[uuid7() for _ in s.events] for s in request.streams],
            written=[written(s.events) for s in request.streams],
        )

    def touches(self) -> set[Any]:
        """What no other request of the same batch may touch as well."""
        mine: set[Any] = {s.stream_id for s in self.request.streams} | set(self.request.turns)
        if self.request.answer is not None:
            mine.add((self.request.answer.principal, self.request.answer.key))
        return mine

    def settle(self, moved: dict[UUID, int]) -> None:
        """Done: each stream stands at its expected version, or that of ``moved``, plus what was appended."""
        self.versions = {
            s.stream_id: (moved[s.stream_id] if s.expected == ANY_VERSION else s.expected) + len(s.events)
            for s in self.request.streams
        }
        self.waiting.release()

    def found(self, versions: dict[UUID, int]) -> None:
        """Done: it turned out to have been appended already."""
        self.versions = versions
        self.waiting.release()

    def fail(self, why: Exception) -> None:
        """Done, and refused."""
        self.error = why
        self.waiting.release()

    @property
    def settled(self) -> bool:
        """True once the outcome is known."""
        return self.versions is not None or self.error is not None


def take(queue: deque[Pending], most: int) -> list[Pending]:
    """Take up to ``most`` appends that touch nothing in common; the others keep their places in the queue."""
    batch: list[Pending] = []
    touched: set[Any] = set()
    left: deque[Pending] = deque()
    while queue and len(batch) < most:
        pending = queue.popleft()
        mine = pending.touches()
        if touched.isdisjoint(mine):
            touched |= mine
            batch.append(pending)
        else:
            left.append(pending)
    queue.extendleft(reversed(left))
    # In the order of stream ids, so that two processes lock in the same order.
    batch.sort(key=lambda p: p.request.streams[0].stream_id)
    return batch


def rows(batch: Sequence[Pending]) -> tuple[Array, ...]:
    """The twenty-four arrays of ``comanda.append``."""
    streams: list[tuple[int, UUID, int, bool]] = []
    premises: list[tuple[int, UUID, int, bool]] = []
    events: list[tuple[int, int, int, UUID, str, str, int, str, str]] = []
    answers: list[tuple[int, StoredAnswer]] = []
    keys: list[tuple[int, SubjectKey]] = []
    for number, pending in enumerate(batch):
        request = pending.request
        for stream, ids, told in zip(request.streams, pending.ids, pending.written, strict=True):
            streams.append((number, stream.stream_id, stream.expected, True))
            for place, event, event_id in zip(itertools.count(1), told, ids, strict=False):
                events.append(
                    (
                        number,
                        len(streams),
                        place,
                        event_id,
                        stream.category,
                        event.type,
                        event.schema_version,
                        event.data,
                        pending.meta,
                    )
                )
        premises += [(number, stream_id, version, False) for stream_id, version in request.premises.items()]
        if request.answer is not None:
            answers.append((number, request.answer))
        keys += [(number, key) for key in request.keys]
    premises.sort(key=_stream_id)
    return (
        *_stream_arrays(streams + premises),
        *_event_arrays(events),
        *_answer_arrays(answers),
        arrays.integers([number for number, _ in keys]),
        arrays.uuids([key.subject for _, key in keys]),
        arrays.byteas([key.wrapped for _, key in keys]),
        arrays.texts([key.master for _, key in keys]),
    )


def _stream_id(row: tuple[int, UUID, int, bool]) -> UUID:
    return row[1]


def _stream_arrays(rows: list[tuple[int, UUID, int, bool]]) -> tuple[Array, ...]:
    number, stream_id, expected, writes = zip(*rows, strict=True)
    return arrays.integers(number), arrays.uuids(stream_id), arrays.integers(expected), arrays.booleans(writes)


def _event_arrays(rows: list[tuple[int, int, int, UUID, str, str, int, str, str]]) -> tuple[Array, ...]:
    number, append, place, event_id, category, name, schema, data, meta = zip(*rows, strict=True)
    return (
        arrays.integers(number),
        arrays.integers(append),
        arrays.integers(place),
        arrays.uuids(event_id),
        arrays.texts(category),
        arrays.texts(name),
        arrays.integers(schema),
        arrays.texts(data),
        arrays.texts(meta),
    )


def _answer_arrays(rows: list[tuple[int, StoredAnswer]]) -> tuple[Array, ...]:
    return (
        arrays.integers([number for number, _ in rows]),
        arrays.texts([a.principal for _, a in rows]),
        arrays.texts([a.key for _, a in rows]),
        arrays.byteas([a.fingerprint for _, a in rows]),
        arrays.integers([a.status for _, a in rows]),
        arrays.texts([orjson.dumps(a.headers).decode() for _, a in rows]),
        arrays.texts([a.body for _, a in rows]),
    )
