"""Group commit: the appends of a process's threads share transactions.

Each waiting request is one row set of ``comanda.append``. The writers take turns at the queue: while one batch commits,
the next gathers, and a lone request goes at once (docs/performance.md has the figures). Requests are independent: one
that fails does not touch its neighbours.

A thread that serves many requests does not wait for each: it waits in its own way, and commits for all of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

from domain.event_store import Append, StoreBusy, StoreUnavailable
from infra.postgres.pending import Pending, take
from infra.postgres.writer import Writer

WRITERS = 1
BATCH_MAX = 64
WAITING_MAX = 1024
WAIT_S = 8.0
"""How long a request waits for its outcome."""


class Appender:
    """The writers of a process, each a thread with a connection of its own, behind one bounded queue."""

    def __init__(self, url: str, *, writers: int = WRITERS) -> None:
        """Prepare to append to the database at ``url``; nothing is opened before ``open``."""
        self._url = url
        self._queue: deque[Pending] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._wait_elsewhere: Callable[[Pending], bool] = lambda _: False
        self._elsewhere = Writer(url)
        self._threads = [
            threading.Thread(target=self._run, name=f"appender {number}", daemon=True)
            for number in range(1, writers + 1)
        ]

    def open(self) -> None:
        """Start the writers."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(WAIT_S)
        self._elsewhere.close()

    def append(self, request: Append) -> dict[UUID, int]:
        """Append and answer with the new versions; the contract is domain.event_store.EventStore.append."""
        pending = Pending.of(request)
        if not self._wait_elsewhere(pending):
            self._wait(pending)
        if pending.error is not None:
            raise pending.error
        assert pending.versions is not None
        return pending.versions

    def wait_with(self, wait: Callable[[Pending], bool]) -> None:
        """Let ``wait`` do the waiting where it can: it answers True once the append was settled through ``commit``."""
        self._wait_elsewhere = wait

    def commit(self, batch: Sequence[Pending]) -> None:
        """Settle a batch in the calling thread, which must always be the same one."""
        queue = deque(batch)
        while queue:
            _commit(self._elsewhere, take(queue, BATCH_MAX))

    def _wait(self, pending: Pending) -> None:
        with self._wake:
            if len(self._queue) >= WAITING_MAX or self._closing:
                raise StoreBusy(f"{len(self._queue)} appends wait already")
            self._queue.append(pending)
            self._wake.notify()
        if not pending.waiting.acquire(timeout=WAIT_S):
            raise StoreUnavailable("the append's outcome is not known yet; repeat it with the same Idempotency-Key")

    def _run(self) -> None:
        writer = Writer(self._url)
        while batch := self._next_batch():
            _commit(writer, batch)
        writer.close()

    def _next_batch(self) -> list[Pending]:
        """Up to BATCH_MAX requests that touch nothing in common; the others keep their places. Empty: closed."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return take(self._queue, BATCH_MAX)


def _commit(writer: Writer, batch: list[Pending]) -> None:
    try:
        writer.commit(batch)
    except Exception as why:  # whatever it is, nobody may wait for ever
        for pending in batch:
            if not pending.settled:
                pending.fail(why)
