"""Group commit: the appends of a process's threads share transactions.

Each waiting request is one row set of ``comanda.append``; while one transaction commits, the next batch gathers. A
lone request goes at once. On two cores, 8 threads append 3 to 4 times as fast as with a transaction each
(docs/performance.md). Requests are independent: one that fails does not touch its neighbours.

A connection that breaks leaves the outcome of its last commit unknown. The events' own ids tell, but only once that
commit can no longer come: every session holds the appender's mark, an advisory lock, and the next session does nothing
before it has the mark, which is when the server has ended the one before.
"""

import itertools
import secrets
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
TRIES_MAX = 20
"""How often an append that does not mind the version is laid upon the newest one, while other processes are faster."""
_PAUSE_S = 0.05
_MARKS = 77_000_002

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
_HEAD = "select coalesce(max(version), 0) from comanda.events where stream_id = %s"
_OURS = "select version from comanda.events where stream_id = %s and event_id = %s"
_LEAVE_MARK = "select pg_try_advisory_lock(%s::int, %s::int)"


def _new_mark() -> int:
    return secrets.randbelow(2**31)


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
        self._mark = _new_mark()
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
        except StoreUnavailable:  # Nothing was sent.
            raise
        except psycopg.OperationalError:
            self._disconnect()
            self._commit_one_by_one(batch)
        except Exception:  # One of them (a version taken this instant, a text that cannot be sent) spoilt it for all.
            self._commit_one_by_one(batch)

    def _commit_one_by_one(self, batch: list[Pending]) -> None:
        """Each alone, and over a new connection where one breaks."""
        deadline = time.monotonic() + RECONNECT_S
        todo = deque(batch)
        while todo:
            try:
                while todo:
                    self._find_or_commit(todo[0])
                    todo.popleft()
            except (psycopg.OperationalError, StoreUnavailable) as why:
                self._disconnect()
                if time.monotonic() > deadline:
                    self._mark = _new_mark()
                    for pending in todo:
                        pending.fail(StoreUnavailable(str(why).strip()))
                    return
                time.sleep(_PAUSE_S)

    def _find_or_commit(self, pending: Pending) -> None:
        """Settle one request, whose events are there already if a broken connection's last commit succeeded."""
        versions = self._find(pending)
        if versions is not None:
            pending.found(versions)
            return
        try:
            self._commit_alone(pending)
        except (psycopg.OperationalError, StoreUnavailable):
            raise
        except Exception as why:  # whatever is wrong with this request, its neighbours go on
            pending.fail(why)

    def _commit_alone(self, pending: Pending) -> None:
        for _ in range(TRIES_MAX):
            try:
                self._settle([pending], self._call([pending]))
            except psycopg.errors.UniqueViolation:
                self._refuse_moved(pending.request)
            else:
                return
        pending.fail(StoreBusy("others append to the same stream all the time"))

    def _refuse_moved(self, request: Append) -> None:
        """Another process took a version: raise VersionMoved, unless it was one that the writer does not mind."""
        for stream in request.streams:
            row = self._connection().execute(_HEAD, (stream.stream_id,)).fetchone()
            assert row is not None
            if stream.expected not in {ANY_VERSION, row[0]}:
                raise VersionMoved(stream.stream_id, stream.expected, row[0])

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
        """The connection, which is opened when the one before is known to be over."""
        if self._db is None:
            db = connect(self._url, "comanda_app")
            db.prepare_threshold = 0
            row = db.execute(_LEAVE_MARK, (_MARKS, self._mark)).fetchone()
            if row != (True,):
                db.close()
                raise StoreUnavailable("the broken connection's last append is not over yet")
            self._db = db
        return self._db

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _call(self, batch: list[Pending]) -> list[Any]:
        return self._connection().execute(_APPEND, _rows(batch)).fetchall()

    def _settle(self, batch: list[Pending], outcomes: list[Any]) -> None:
        moved: dict[int, dict[UUID, int]] = {}
        errors: dict[int, Exception] = {}
        for number, outcome, stream, actual in outcomes:
            if outcome == "based":
                moved.setdefault(number, {})[stream] = actual
            elif outcome == "answered":
                errors[number] = self._answered(batch[number]) or StoreUnavailable("the stored answer has just expired")
            else:
                moved_on = VersionMoved(stream, _expected(batch[number].request, stream), actual)
                errors[number] = self._answered(batch[number]) or moved_on
        for number, pending in enumerate(batch):
            if number in errors:
                pending.fail(errors[number])
            else:
                pending.settle(moved.get(number, {}))

    def _answered(self, pending: Pending) -> AlreadyAnswered | None:
        """What was answered before to the request's key, if it has one and there was an answer."""
        mine = pending.request.answer
        if mine is None:
            return None
        row = self._connection().execute(_ANSWER, (mine.principal, mine.key)).fetchone()
        return None if row is None else AlreadyAnswered(stored_answer(row))


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
