"""One append on its way: its events as rows, the lock at which its thread waits, and its outcome."""

import itertools
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from uuid_utils import uuid7

from domain.event_store import ANY_VERSION, Append, StoredAnswer
from infra.postgres import arrays


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
    ids: list[list[str]]
    texts: list[list[str]]
    waiting: threading.Lock = field(default_factory=_held_lock)
    versions: dict[UUID, int] | None = None
    error: Exception | None = None

    @classmethod
    def of(cls, request: Append) -> "Pending":
        """Write the events down, in the thread of the one who asks."""
        return cls(
            request=request,
            meta=orjson.dumps(request.meta, option=orjson.OPT_SORT_KEYS).decode(),
            ids=[[str(uuid7()) for _ in s.events] for s in request.streams],
            texts=[[e.canonical() for e in s.events] for s in request.streams],
        )

    def touches(self) -> set[Any]:
        """What no other request of the same batch may touch as well."""
        mine: set[Any] = {s.stream_id for s in self.request.streams}
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


def rows(batch: Sequence[Pending]) -> tuple[str, ...]:
    """The twenty arrays of ``comanda.append``."""
    streams: list[tuple[int, UUID, int, bool]] = []
    events: list[tuple[int, int, int, str, str, str, int, str, str]] = []
    keys: list[tuple[int, StoredAnswer]] = []
    for number, pending in enumerate(batch):
        request = pending.request
        for stream, ids, texts in zip(request.streams, pending.ids, pending.texts, strict=True):
            streams.append((number, stream.stream_id, stream.expected, True))
            for place, event, event_id, text in zip(itertools.count(1), stream.events, ids, texts, strict=False):
                events.append(
                    (
                        number,
                        len(streams),
                        place,
                        event_id,
                        stream.category,
                        type(event).__name__,
                        event.schema_version,
                        text,
                        pending.meta,
                    )
                )
        streams += [(number, stream_id, version, False) for stream_id, version in request.premises.items()]
        if request.answer is not None:
            keys.append((number, request.answer))
    return (*_stream_arrays(streams), *_event_arrays(events), *_key_arrays(keys))


def _stream_arrays(rows: list[tuple[int, UUID, int, bool]]) -> tuple[str, ...]:
    return tuple(arrays.plain(column) for column in zip(*rows, strict=True))


def _event_arrays(rows: list[tuple[int, int, int, str, str, str, int, str, str]]) -> tuple[str, ...]:
    number, append, place, event_id, category, name, schema, data, meta = zip(*rows, strict=True)
    return (
        arrays.plain(number),
        arrays.plain(append),
        arrays.plain(place),
        arrays.plain(event_id),
        arrays.quoted(category),
        arrays.quoted(name),
        arrays.plain(schema),
        arrays.quoted(data),
        arrays.quoted(meta),
    )


def _key_arrays(rows: list[tuple[int, StoredAnswer]]) -> tuple[str, ...]:
    return (
        arrays.plain(number for number, _ in rows),
        arrays.quoted(a.principal for _, a in rows),
        arrays.quoted(a.key for _, a in rows),
        arrays.hexed(a.fingerprint for _, a in rows),
        arrays.plain(a.status for _, a in rows),
        arrays.quoted(orjson.dumps(a.headers).decode() for _, a in rows),
        arrays.quoted(a.body for _, a in rows),
    )


def subject_keys(batch: Sequence[Pending]) -> tuple[str, ...] | None:
    """The four arrays of the persons' keys that come with a batch; None where there is none."""
    keys = [(number, key) for number, pending in enumerate(batch) for key in pending.request.keys]
    if not keys:
        return None
    return (
        arrays.plain(number for number, _ in keys),
        arrays.plain(key.subject for _, key in keys),
        arrays.hexed(key.wrapped for _, key in keys),
        arrays.quoted(key.master for _, key in keys),
    )
