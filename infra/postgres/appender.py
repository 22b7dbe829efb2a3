"""Group commit: the appends of a process's threads share transactions.

Each waiting request is one row set of ``comanda.append``; while one transaction commits, the next batch gathers. A
lone request goes at once. On two cores, 8 threads append 3 to 4 times as fast as with a transaction each
(docs/performance.md). Requests are independent: one that fails does not touch its neighbours.
"""

import itertools
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import psycopg
from uuid_utils import uuid7

from domain.event_store import (
    ANY_VERSION,
    AlreadyAnswered,
    Append,
    StoreBusy,
    StoredAnswer,
    StoreUnavailable,
    VersionMoved,
)
from infra.postgres import arrays
from infra.postgres.connection import Connection, connect

BATCH_MAX = 64
WAITING_MAX = 1024
WAIT_S = 8.0
"""How long a request waits for its outcome."""
RECONNECT_S = 5.0
"""How long a batch looks for a new connection before its requests are told that the store is away."""
_PAUSE_S = 0.05

_APPEND = """
select request, outcome, stream, actual from comanda.append(
    %s::int[], %s::uuid[], %s::int[], %s::boolean[],
    %s::int[], %s::int[], %s::int[], %s::uuid[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[],
    %s::int[], %s::text[], %s::text[], %s::bytea[], %s::int[], %s::text[], %s::text[])
"""
_ANSWER = """
select principal, key, fingerprint, status, headers, body
from comanda.idempotency_keys where principal = %s and key = %s
"""
_OURS = "select version from comanda.events where stream_id = %s and event_id = %s"


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
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


class Appender:
    """The one writer of a process: a thread, a connection and a bounded queue."""

    def __init__(self, url: str) -> None:
        """Prepare to append to the database at ``url``; nothing is opened before ``open``."""
        self._url = url
        self._queue: deque[Pending] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._db: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)

    def open(self) -> None:
        """Start the writer."""
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(WAIT_S)

    def append(self, request: Append) -> dict[UUID, int]:
        """Append and answer with the new versions; the contract is domain.event_store.EventStore.append."""
        pending = Pending.of(request)
        with self._wake:
            if len(self._queue) >= WAITING_MAX or self._closing:
                raise StoreBusy(f"{len(self._queue)} appends wait already")
            self._queue.append(pending)
            self._wake.notify()
        if not pending.waiting.acquire(timeout=WAIT_S):
            raise StoreUnavailable("the append's outcome is not known yet; repeat it with the same Idempotency-Key")
        if pending.error is not None:
            raise pending.error
        assert pending.versions is not None
        return pending.versions

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._commit(batch)
            except Exception as why:  # whatever it is, no thread may wait for ever
                for pending in batch:
                    if not pending.settled:
                        pending.fail(why)
        if self._db is not None:
            self._db.close()

    def _next_batch(self) -> list[Pending]:
        """Up to BATCH_MAX requests that touch nothing in common; the others keep their places. Empty: closed."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            batch: list[Pending] = []
            touched: set[Any] = set()
            left: deque[Pending] = deque()
            while self._queue and len(batch) < BATCH_MAX:
                pending = self._queue.popleft()
                mine = pending.touches()
                if touched.isdisjoint(mine):
                    touched |= mine
                    batch.append(pending)
                else:
                    left.append(pending)
            self._queue.extendleft(reversed(left))
        # In the order of stream ids, so that two processes lock in the same order.
        batch.sort(key=lambda p: p.request.streams[0].stream_id)
        return batch

    def _commit(self, batch: list[Pending]) -> None:
        try:
            self._settle(batch, self._call(batch))
        except psycopg.OperationalError:
            self._recover(batch)
        except psycopg.Error:
            # One of them (a version taken this instant, a deadlock) spoilt the transaction for all: each alone, then.
            for pending in batch:
                self._commit_alone(pending)

    def _commit_alone(self, pending: Pending) -> None:
        try:
            self._settle([pending], self._call([pending]))
        except psycopg.errors.UniqueViolation:
            stream = pending.request.streams[0]
            pending.fail(VersionMoved(stream.stream_id, stream.expected, None))
        except psycopg.OperationalError:
            self._recover([pending])
        except psycopg.Error as why:
            pending.fail(why)

    def _recover(self, batch: list[Pending]) -> None:
        """The connection broke and the commit's outcome is unknown: look for the events' own ids, else append again."""
        deadline = time.monotonic() + RECONNECT_S
        todo = deque(batch)
        while todo:
            try:
                self._reconnect()
                while todo:
                    self._commit_or_find(todo[0])
                    todo.popleft()
            except (psycopg.OperationalError, StoreUnavailable) as why:
                if time.monotonic() > deadline:
                    for pending in todo:
                        pending.fail(StoreUnavailable(str(why).strip()))
                    return
                time.sleep(_PAUSE_S)

    def _commit_or_find(self, pending: Pending) -> None:
        versions = self._find(pending)
        if versions is not None:
            pending.found(versions)
            return
        try:
            self._settle([pending], self._call([pending]))
        except psycopg.errors.UniqueViolation:
            # The lost transaction may have committed between the look and the append.
            versions = self._find(pending)
            if versions is not None:
                pending.found(versions)
                return
            stream = pending.request.streams[0]
            pending.fail(VersionMoved(stream.stream_id, stream.expected, None))

    def _find(self, pending: Pending) -> dict[UUID, int] | None:
        """The versions that this request's own events have, where they are committed already."""
        versions = {}
        for stream, ids in zip(pending.request.streams, pending.ids, strict=True):
            row = self._connection().execute(_OURS, (stream.stream_id, ids[-1])).fetchone()
            if row is None:
                return None
            versions[stream.stream_id] = row[0]
        return versions

    def _connection(self) -> Connection:
        if self._db is None:
            self._db = connect(self._url, "comanda_app")
            self._db.prepare_threshold = 0
        return self._db

    def _reconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        self._connection()

    def _call(self, batch: list[Pending]) -> list[Any]:
        return self._connection().execute(_APPEND, _rows(batch)).fetchall()

    def _settle(self, batch: list[Pending], outcomes: list[Any]) -> None:
        moved: dict[int, dict[UUID, int]] = {}
        errors: dict[int, Exception] = {}
        for number, outcome, stream, actual in outcomes:
            if outcome == "based":
                moved.setdefault(number, {})[stream] = actual
            elif outcome == "answered":
                errors[number] = self._answered(batch[number])
            else:
                errors[number] = VersionMoved(stream, _expected(batch[number].request, stream), actual)
        for number, pending in enumerate(batch):
            if number in errors:
                pending.fail(errors[number])
            else:
                pending.settle(moved.get(number, {}))

    def _answered(self, pending: Pending) -> Exception:
        mine = pending.request.answer
        assert mine is not None
        row = self._connection().execute(_ANSWER, (mine.principal, mine.key)).fetchone()
        if row is None:  # It expired between the two statements.
            return StoreUnavailable("the stored answer has just expired")
        return AlreadyAnswered(stored_answer(row))


def stored_answer(row: tuple[Any, ...]) -> StoredAnswer:
    """A row of comanda.idempotency_keys as a value."""
    principal, key, fingerprint, status, headers, body = row
    return StoredAnswer(
        principal=principal,
        key=key,
        fingerprint=bytes(fingerprint),
        status=status,
        headers=orjson.loads(headers),
        body=body,
    )


def _expected(request: Append, stream_id: UUID) -> int:
    for stream in request.streams:
        if stream.stream_id == stream_id:
            return stream.expected
    return request.premises[stream_id]


def _rows(batch: list[Pending]) -> tuple[str, ...]:
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
