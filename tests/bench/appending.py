"""Measures appends a second: eight threads, each with its connection, each event a new stream."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier

THREADS = 8
WARMUP_APPENDS = 50
READY_TIMEOUT_S = 30.0

Append = Callable[[], None]
OpenAppender = Callable[[], AbstractContextManager[Append]]


def appends_per_s(open_appender: OpenAppender, seconds: float) -> float:
    """Append from THREADS threads at once for `seconds`, after a warm-up of each."""
    barrier = Barrier(THREADS)

    def work() -> tuple[int, float]:
        with open_appender() as append:
            for _ in range(WARMUP_APPENDS):
                append()
            barrier.wait(READY_TIMEOUT_S)
            return count_appends(append, seconds)

    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(work) for _ in range(THREADS)]
        return sum(done / span_s for done, span_s in (future.result() for future in running))


def count_appends(append: Append, seconds: float) -> tuple[int, float]:
    """Append until `seconds` have passed; return how many there were, and the exact span."""
    starts_at = time.monotonic()
    ends_at = starts_at + seconds
    done = 0
    while time.monotonic() < ends_at:
        append()
        done += 1
    return done, time.monotonic() - starts_at
