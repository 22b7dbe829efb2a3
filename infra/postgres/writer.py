"""Commits batches of appends over one connection, and finds out what became of those whose connection broke.

A connection that breaks leaves the outcome of its last commit unknown. The events' own ids tell, but only once that
commit can no longer come: every session holds the writer's mark, an advisory lock, and the next session does nothing
before it has the mark, which is when the server has ended the one before.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg

from domain.event_store import (
    ANY_VERSION,
    AlreadyAnswered,
    Append,
    LimitReached,
    StoreBusy,
    StoredAnswer,
    StoreUnavailable,
    VersionMoved,
)
from infra.postgres import claims
from infra.postgres.connection import Connection
from infra.postgres.hosted import Host, connect_hosted
from infra.postgres.pending import Pending, rows

RECONNECT_S = 5.0
"""How long a batch looks for a new connection before its requests are told that the store is away."""
TRIES_MAX = 20
"""How often an append that does not mind the version is laid upon the newest one, while other processes are faster."""
T = TypeVar("T")
_PAUSE_S = 0.05
_MARKS = 77_000_002

# A person's key lasts from the commit of the first event that is sealed under it, and only with that.
_APPEND = """
select request, outcome, stream, actual from comanda.append(
    %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
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


class Writer:
    """One connection that appends; for one batch at a time."""

    def __init__(self, url: str, host: Host | None = None) -> None:
        """Prepare to append to the database at ``url``; the connection opens with the first batch.

        For the requests of ``host`` it waits as that does, and does what blocks where that wants it done.
        """
        self._url, self._host = url, host
        self._db: Connection | None = None
        self._mark = _new_mark()

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def commit(self, batch: list[Pending]) -> None:
        """Settle every request of the batch, each by its own outcome; raises only what no request can be told."""
        try:
            self._settle(batch, self._call(batch))
        except StoreUnavailable:  # Nothing was sent.
            raise
        except psycopg.OperationalError:
            self.close()
            self._aside(lambda: self._commit_one_by_one(batch))
        except Exception:  # One of them (a version taken this instant, a text that cannot be sent) spoilt it for all.
            self._aside(lambda: self._commit_one_by_one(batch))

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
                self.close()
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
            self._db = self._aside(self._opened)
        return self._db

    def _opened(self) -> Connection:
        db = connect_hosted(self._url, "comanda_app")
        db.prepare_threshold = 0
        db.execute("set plan_cache_mode = force_generic_plan")
        row = db.execute(_LEAVE_MARK, (_MARKS, self._mark)).fetchone()
        if row != (True,):
            db.close()
            raise StoreUnavailable("the broken connection's last append is not over yet")
        db.host = self._host
        return db

    def _aside(self, act: Callable[[], T]) -> T:
        """What ``act``, which may block, returns or raises."""
        return act() if self._host is None else self._host.call(act)

    def _call(self, batch: list[Pending]) -> list[Any]:
        if any(p.request.claims or p.request.releases or p.request.turns for p in batch):
            return claims.call(self._connection(), batch, self._append)
        return self._append(batch)

    def _append(self, batch: list[Pending]) -> list[Any]:
        return self._connection().execute(_APPEND, rows(batch)).fetchall()

    def _settle(self, batch: list[Pending], outcomes: list[Any]) -> None:
        moved: dict[int, dict[UUID, int]] = {}
        errors: dict[int, Exception] = {}
        for number, outcome, stream, actual in outcomes:
            if outcome == "based":
                moved.setdefault(number, {})[stream] = actual
            elif outcome == "answered":
                errors[number] = self._answered(batch[number]) or StoreUnavailable("the stored answer has just expired")
            elif outcome in claims.REFUSED:
                reached = LimitReached(batch[number].request.claims[0], of_holder=outcome == "each")
                errors[number] = self._answered(batch[number]) or reached
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
