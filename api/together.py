"""Serves requests side by side in the thread that reads them, so that the appends of all of them are one commit.

A thread for each request pays for itself at every step: it waits for the interpreter's lock, wakes a writer, waits
again, and competes with all the others that the same commit has woken (12 context switches an order, with 16 of
them; docs/performance.md). Here each request is a greenlet. It runs until it needs its append committed, then the next
one runs; another thread commits what all of them wait for, in one batch, and what arrives meanwhile is the next batch.

Only requests that do little else than append may come here: whatever computes for long holds up all others, and
whatever blocks must go through ``call``.
"""

import threading
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


class Together:
    """Serves requests side by side. ``commit`` settles what a batch of them waits for, in a thread of its own."""

    def __init__(self, commit: Callable[[Sequence[Any]], None]) -> None:
        """Prepare; nothing runs before ``open``."""
        self._commit = commit
        self._tasks: deque[Task] = deque()
        self._ready: deque[greenlet] = deque()
        self._waiting: list[tuple[greenlet, Any]] = []
        self._committing = False
        self._hub: greenlet | None = None
        self._thread = 0
        self._wake: Callable[[], None] = lambda: None
        self._commits = ThreadPoolExecutor(1, "commits")
        self._calls = ThreadPoolExecutor(CALLS_MAX, "calls")

    def open(self, wake: Callable[[], None]) -> None:
        """Serve in the calling thread, by ``turn``; ``wake``, called in any thread, asks for one."""
        self._hub, self._thread, self._wake = getcurrent(), threading.get_ident(), wake

    def add(self, task: Task) -> None:
        """Serve ``task`` in the next turn."""
        self._tasks.append(task)
        if threading.get_ident() != self._thread:
            self._wake()

    def turn(self) -> bool:
        """Run every request as far as it gets, and commit what they wait for; True if some have not begun yet."""
        self._go_on()
        for _ in range(min(len(self._tasks), BEGUN_MAX)):
            greenlet(_served, parent=self._hub).switch(self._tasks.popleft())
        self._go_on()
        if self._waiting and not self._committing:
            batch, self._waiting = self._waiting, []
            self._committing = True
            self._commits.submit(self._settle, batch)
        return bool(self._tasks)

    def close(self) -> None:
        """Finish what is under way, give up what is not begun."""
        while self._tasks:
            self._tasks.popleft().cancel()
        for threads in (self._calls, self._commits):
            self.turn()
            threads.shutdown()
        self._go_on()

    def abreast(self) -> None:
        """Let the other requests come as far as the caller.

        The code and data of one step fit the processor's caches, those of a whole request do not: sixteen requests
        taken step by step cost a quarter less than one after the other (docs/performance.md).
        """
        if self._is_ours():
            self._ready.append(getcurrent())
            self._leave()

    def wait(self, pending: Any) -> bool:
        """Wait until ``pending`` is settled; False at once where the caller is no request of ours."""
        if not self._is_ours():
            return False
        self._waiting.append((getcurrent(), pending))
        self._leave()
        return True

    def call(self, act: Callable[[], T]) -> T:
        """What ``act`` returns or raises. Where the caller is a request of ours, the others run meanwhile."""
        if not self._is_ours():
            return act()
        request, outcome = getcurrent(), self._calls.submit(act)
        outcome.add_done_callback(lambda _: self._resume([request]))
        self._leave()
        return outcome.result()

    def _go_on(self) -> None:
        while self._ready:
            self._ready.popleft().switch()

    def _is_ours(self) -> bool:
        return self._hub is not None and getcurrent().parent is self._hub

    def _leave(self) -> None:
        assert self._hub is not None
        self._hub.switch()

    def _settle(self, batch: list[tuple[greenlet, Any]]) -> None:
        try:
            self._commit([pending for _, pending in batch])
        finally:
            self._committing = False
            self._resume([request for request, _ in batch])

    def _resume(self, requests: list[greenlet]) -> None:
        self._ready.extend(requests)
        self._wake()


def _served(task: Task) -> None:
    try:
        task.service()
    except Exception as why:
        log.error("request failed", exc_info=why)
