"""Group commit: the appends of a process's threads share transactions.

Each waiting request is one row set of ``comanda.append``. There is no thread that writes: the first to come commits for
itself, what arrives meanwhile gathers, and one of those who wait commits all of that (docs/performance.md has the
figures). Requests are independent: one that fails does not touch its neighbours.

A thread that serves many requests, a host, does not wait for each: it waits in its own way, and commits for all.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from domain.event_store import Append, StoreBusy, StoreUnavailable
from infra.postgres.hosted import Host
from infra.postgres.pending import Pending, take
from infra.postgres.writer import Writer

BATCH_MAX = 64
WAITING_MAX = 1024
WAIT_S = 8.0
"""How long a request waits for its outcome."""


class Appender:
    """The one connection over which a process's threads append, behind a bounded queue."""

    def __init__(self, url: str) -> None:
        """Prepare to append to the database at ``url``; the connection opens with the first append."""
        self._queue: deque[Pending] = deque()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._led = False
        self._closing = False
        self._url, self._writer = url, Writer(url)
        self._host: Host | None = None
        self._elsewhere: Writer | None = None

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._lock:
            self._closing = True
            self._idle.wait_for(lambda: not self._led, WAIT_S)
        self._writer.close()
        if self._elsewhere is not None:
            self._elsewhere.close()

    def append(self, request: Append) -> dict[UUID, int]:
        """Append and answer with the new versions; the contract is domain.event_store.EventStore.append."""
        pending = Pending.of(request)
        if self._host is None or not self._host.wait(pending):
            self._wait(pending)
        if pending.error is not None:
            raise pending.error
        assert pending.versions is not None
        return pending.versions

    def serve(self, host: Host) -> None:
        """Let ``host`` do the waiting for its own requests; it has them settled through ``commit``."""
        self._host, self._elsewhere = host, Writer(self._url, host)

    def commit(self, batch: Sequence[Pending]) -> None:
        """Settle a batch of the host's requests; the next may come when this one is done."""
        assert self._elsewhere is not None
        queue = deque(batch)
        while queue:
            _commit(self._elsewhere, take(queue, BATCH_MAX))

    def _wait(self, pending: Pending) -> None:
        with self._lock:
            if len(self._queue) >= WAITING_MAX or self._closing:
                raise StoreBusy(f"{len(self._queue)} appends wait already")
            self._queue.append(pending)
            leads, self._led = not self._led, True
        deadline = time.monotonic() + WAIT_S
        while not pending.settled:
            if leads:
                self._lead()
            if not pending.settled:
                self._await_turn(pending, deadline)
                leads = True  # unless it is settled

    def _await_turn(self, pending: Pending, deadline: float) -> None:
        """Wait until ``pending`` is settled or its thread is to lead."""
        if pending.waiting.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            return
        with self._lock:
            if pending.waiting.acquire(blocking=False):
                return
            if pending in self._queue:  # or else somebody would wake one who has gone
                self._queue.remove(pending)
        raise StoreUnavailable("the append's outcome is not known yet; repeat it with the same Idempotency-Key")

    def _lead(self) -> None:
        """Commit what has gathered, and wake the next to do so."""
        with self._lock:
            batch = take(self._queue, BATCH_MAX)
        _commit(self._writer, batch)
        with self._lock:
            if self._queue:
                self._queue[0].waiting.release()
            else:
                self._led = False
                self._idle.notify_all()


def _commit(writer: Writer, batch: list[Pending]) -> None:
    try:
        writer.commit(batch)
    except Exception as why:  # whatever it is, nobody may wait for ever
        for pending in batch:
            if not pending.settled:
                pending.fail(why)
