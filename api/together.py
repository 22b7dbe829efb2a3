"""Serves requests side by side in the thread that reads them, so that the appends of all of them are one commit.

A thread for each request pays for itself at every step: it waits for the interpreter's lock, wakes a writer, waits
again, and competes with all the others that the same commit has woken (12 context switches an order, with 16 of
them; docs/performance.md). Here each request is a greenlet. It runs until it needs its append committed, then the next
one runs; one more greenlet commits what all of them wait for, in one batch, and what arrives meanwhile is the next.

Only requests that do little else than append may come here: whatever computes for long holds up all others, and
whatever blocks must go through ``call``.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import structlog
from greenlet import getcurrent, greenlet

BEGUN_MAX = 64
"""Requests begun in one turn; the others wait until the loop has looked at its connections again."""
CALLS_MAX = 4
"""Threads for what blocks."""
CLOSE_MAX_S = 20.0
CLOSE_LOOK_S = 0.02

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Task(Protocol):
    """One request that waits to be served."""

    def service(self) -> None:
        """Serve it."""
        ...

    def cancel(self) -> None:
        """Give it up."""
        ...


class Sockets(Protocol):
    """Waits for sockets (api.poller.Poller)."""

    def once(self, fd: int, act: Callable[[], None], *, to_write: bool) -> None:
        """Call ``act`` in the turn in which the socket is ready next."""
        ...

    def turn(self, wait_s: float) -> None:
        """Wait for something to do, at most ``wait_s``, and do it."""
        ...


class Together:
    """Serves requests side by side. ``commit`` settles what a batch of them waits for, as one of them itself."""

    def __init__(self, commit: Callable[[Sequence[Any]], None]) -> None:
        """Prepare; nothing runs before ``open``."""
        self._commit = commit
        self._tasks: deque[Task] = deque()
        self._ready: deque[greenlet] = deque()
        self._waiting: list[tuple[greenlet, Any]] = []
        self._committing = False
        self._calling = 0
        self._hub: greenlet | None = None
        self._thread = 0
        self._wake: Callable[[], None] = lambda: None
        self._sockets: Sockets | None = None
        self._calls = ThreadPoolExecutor(CALLS_MAX, "calls")

    def open(self, wake: Callable[[], None], sockets: Sockets | None = None) -> None:
        """Serve in the calling thread, by ``turn``, and between them look at ``sockets``.

        ``wake``, called in any thread, asks for a turn.
        """
        self._hub, self._thread, self._wake, self._sockets = getcurrent(), threading.get_ident(), wake, sockets

    def add(self, task: Task) -> None:
        """Serve ``task`` in the next turn."""
        self._tasks.append(task)
        if threading.get_ident() != self._thread:
            self._wake()

    def turn(self) -> bool:
        """Run every request as far as it gets, and commit what they wait for; True if there is more to do at once."""
        self._go_on()
        for _ in range(min(len(self._tasks), BEGUN_MAX)):
            greenlet(_served, parent=self._hub).switch(self._tasks.popleft())
        self._go_on()
        if self._waiting and not self._committing:
            batch, self._waiting = self._waiting, []
            self._committing = True
            greenlet(self._settle, parent=self._hub).switch(batch)
        return bool(self._tasks or self._ready)

    def close(self) -> None:
        """Finish what is under way, at most for CLOSE_MAX_S; give up what is not begun."""
        while self._tasks:
            self._tasks.popleft().cancel()
        deadline = time.monotonic() + CLOSE_MAX_S
        while (self.turn() or self._waiting or self._committing or self._calling) and time.monotonic() < deadline:
            if self._sockets is not None:
                self._sockets.turn(0.0 if self._ready else CLOSE_LOOK_S)
        self._calls.shutdown(wait=False)

    def hosts(self) -> bool:
        """Whether the caller is one of the requests that are served here."""
        return self._hub is not None and getcurrent().parent is self._hub

    def abreast(self) -> None:
        """Let the other requests come as far as the caller.

        The code and data of one step fit the processor's caches, those of a whole request do not: sixteen requests
        taken step by step cost a quarter less than one after the other (docs/performance.md).
        """
        if self.hosts():
            self._ready.append(getcurrent())
            self._leave()

    def wait(self, pending: Any) -> bool:
        """Wait until ``pending`` is settled; False at once where the caller is no request of ours."""
        if not self.hosts():
            return False
        self._waiting.append((getcurrent(), pending))
        self._leave()
        return True

    def await_socket(self, fd: int, *, to_write: bool) -> None:
        """Let the others run until a socket brings something or, if asked for, takes something."""
        assert self._sockets is not None
        request = getcurrent()
        self._sockets.once(fd, lambda: self._ready.append(request), to_write=to_write)
        self._leave()

    def call(self, act: Callable[[], T]) -> T:
        """What ``act`` returns or raises. Where the caller is a request of ours, the others run meanwhile."""
        if not self.hosts():
            return act()
        request, outcome = getcurrent(), self._calls.submit(act)
        outcome.add_done_callback(lambda _: self._resume(request))
        self._calling += 1
        self._leave()
        self._calling -= 1
        return outcome.result()

    def _go_on(self) -> None:
        while self._ready:
            self._ready.popleft().switch()

    def _leave(self) -> None:
        assert self._hub is not None
        self._hub.switch()

    def _settle(self, batch: list[tuple[greenlet, Any]]) -> None:
        try:
            self._commit([pending for _, pending in batch])
        except Exception as why:
            log.error("commit failed", exc_info=why)
        self._committing = False
        self._ready.extend(request for request, _ in batch)

    def _resume(self, request: greenlet) -> None:
        self._ready.append(request)
        self._wake()


def _served(task: Task) -> None:
    try:
        task.service()
    except Exception as why:
        log.error("request failed", exc_info=why)
