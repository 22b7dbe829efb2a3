"""Runs requests side by side in one thread, so that the appends of all of them are one commit and one wake-up.

A thread for each request pays for itself at every step: it waits for the interpreter's lock, wakes a writer, waits
again, and competes with all the others that the same commit has woken (12 context switches an order, with 16 of
them; docs/performance.md). Here each request is a greenlet. It runs until it needs its append committed, the next one
runs, and when all wait the thread commits what they ask for in one batch and lets each of them finish. What arrives
meanwhile is the next batch.

Only requests that do little else than append may come here: whatever blocks, blocks them all.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog
from greenlet import getcurrent, greenlet

SIDE_BY_SIDE_MAX = 64

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
    """A thread that serves requests side by side. ``commit`` settles what a batch of them waits for."""

    def __init__(self, commit: Callable[[Sequence[Any]], None]) -> None:
        """Prepare; nothing runs before ``open``."""
        self._commit = commit
        self._tasks: deque[Task] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._hub: greenlet | None = None
        self._waiting: list[tuple[greenlet, Any]] = []
        self._thread = threading.Thread(target=self._run, name="together", daemon=True)

    def open(self) -> None:
        """Start serving."""
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Finish what is under way, give up what is not begun."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout_s)
        while self._tasks:
            self._tasks.popleft().cancel()

    def add(self, task: Task) -> None:
        """Serve ``task`` in the next turn."""
        with self._wake:
            self._tasks.append(task)
            self._wake.notify()

    def wait(self, pending: Any) -> bool:
        """Wait until ``pending`` is settled; False at once where the caller is no request of ours."""
        me = getcurrent()
        hub = self._hub
        if hub is None or me.parent is not hub:
            return False
        self._waiting.append((me, pending))
        hub.switch()
        return True

    def _run(self) -> None:
        self._hub = getcurrent()
        while tasks := self._next_tasks():
            for task in tasks:
                greenlet(_served, parent=self._hub).switch(task)
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                self._commit([pending for _, pending in waiting])
                for request, _ in waiting:
                    request.switch()

    def _next_tasks(self) -> list[Task]:
        """All that wait, within the limit; none when closing."""
        with self._wake:
            while not self._tasks and not self._closing:
                self._wake.wait()
            if self._closing:
                return []
            return [self._tasks.popleft() for _ in range(min(len(self._tasks), SIDE_BY_SIDE_MAX))]


def _served(task: Task) -> None:
    try:
        task.service()
    except Exception as why:
        log.error("request failed", exc_info=why)
