"""Measures how long a read model takes to show an order, from the moment its 201 was read.

Orders come on a timetable; the ids of a sample of them are looked for, all in one query, every POLL_S.
So each figure is too high by up to one poll and one query, never too low. Both ends are read from
the machine's monotonic clock.
"""

import json
import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO
from uuid import UUID

from tests.bench.load import percentile
from tests.bench.load_plan import Plan, Result
from tests.bench.processes import BenchProcessFailed, start_load

POLL_S = 0.001
GIVE_UP_S = 30.0
READ_BYTES = 65_536

Seen = Callable[[list[UUID]], list[UUID]]


@dataclass
class Watch:
    """The sampled orders that are not visible yet, and how long the others took."""

    answered_at: dict[UUID, float] = field(default_factory=dict)
    waits_s: list[float] = field(default_factory=list)

    def hear(self, line: bytes) -> Result | None:
        """Take one line of the load generator: a sample, or the result that is its last line."""
        said = json.loads(line)
        if "answered_at" not in said:
            return Result(**said)
        self.answered_at[UUID(said["id"])] = said["answered_at"]
        return None

    def look(self, seen: Seen) -> None:
        """Ask once for all that are missing."""
        if self.answered_at:
            found = seen(list(self.answered_at))
            now = time.monotonic()
            self.waits_s.extend(now - self.answered_at.pop(order_id) for order_id in found)


@dataclass(frozen=True, kw_only=True)
class Visibility:
    """What was seen: milliseconds from the 201 to the read model, and the load that it was seen under."""

    p50_ms: float
    p99_ms: float
    samples: int
    load: Result


def watch_visibility(plan: Plan, seen: Seen) -> Visibility:
    """Carry out a paced plan and watch its samples; `seen` returns which of some orders the read model has.

    Raises BenchProcessFailed when an order is not visible GIVE_UP_S after the load has ended.
    """
    watch = Watch()
    with start_load(plan) as output:
        result = follow(output, watch, seen)
    gives_up_at = time.monotonic() + GIVE_UP_S
    while watch.answered_at and time.monotonic() < gives_up_at:
        watch.look(seen)
        time.sleep(POLL_S)
    if watch.answered_at:
        raise BenchProcessFailed(f"{len(watch.answered_at)} orders are still not visible after {GIVE_UP_S} s")
    waits_s = sorted(watch.waits_s)
    return Visibility(
        p50_ms=percentile(waits_s, 0.50) * 1e3,
        p99_ms=percentile(waits_s, 0.99) * 1e3,
        samples=len(waits_s),
        load=result,
    )


def follow(output: IO[bytes], watch: Watch, seen: Seen) -> Result:
    """Hear and look in turn until the load generator has told its result."""
    with selectors.SelectSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        unfinished = b""
        while True:
            if selector.select(POLL_S):
                chunk = os.read(output.fileno(), READ_BYTES)
                if not chunk:
                    raise BenchProcessFailed("the load generator ended without a result")
                *lines, unfinished = (unfinished + chunk).split(b"\n")
                for line in lines:
                    result = watch.hear(line)
                    if result is not None:
                        return result
            watch.look(seen)
