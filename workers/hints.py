"""Hints: messages that say "projection P has work up to position N", and never more than that.

Lost, doubled, late or shuffled hints cost time only. The publisher keeps just the newest position of each projection,
so that a broker that is away for an hour leaves four hints behind and not a million.
"""

import threading
from collections.abc import Collection, Mapping
from typing import Any

import dramatiq
import structlog

QUEUE = "projections"
ACTOR = "project"
PAUSE_MIN_S, PAUSE_MAX_S = 0.2, 5.0
PACE_S = 0.003
"""Between two rounds of hints: the first goes at once, and a busy ledger does not keep the broker busy too."""
LOOK = 0
"""The position in a reminder: the worker looks at its checkpoint instead of trusting what it remembers of it."""

log = structlog.get_logger(__name__)


def hint(projection: str, position: int) -> "dramatiq.Message[Any]":
    """The message for one projection."""
    return dramatiq.Message(queue_name=QUEUE, actor_name=ACTOR, args=(projection, position), kwargs={}, options={})


class HintPublisher:
    """Publishes hints from a thread of its own, so that a broker in trouble holds up nobody else."""

    def __init__(self, broker: dramatiq.Broker, categories: Mapping[str, str]) -> None:
        """Publish to ``broker``; ``categories`` gives the category that each projection reads."""
        self._broker = broker
        self._heralds = {category: name for name, category in reversed(list(categories.items()))}
        self._newest: dict[str, int] = {}
        self._wake = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)

    def open(self) -> None:
        """Start publishing."""
        self._broker.declare_queue(QUEUE)
        self._thread.start()

    def close(self) -> None:
        """Stop; hints not yet sent are left to the sweep."""
        with self._wake:
            self._closing.set()
            self._wake.notify()
        self._thread.join(PAUSE_MAX_S)

    def announce(self, position: int, categories: Collection[str]) -> None:
        """Tell one projection of each of these categories: a worker moves those of a category together.

        One that stands elsewhere than the others (it is being rebuilt, say) and stops is found by the sweep.
        """
        with self._wake:
            for category in categories:
                if category in self._heralds:
                    self._newest[self._heralds[category]] = position
            self._wake.notify()

    def remind(self, projection: str) -> None:
        """Tell one projection to look for itself, wherever it believes to be."""
        with self._wake:
            self._newest.setdefault(projection, LOOK)
            self._wake.notify()

    def _run(self) -> None:
        pause = PAUSE_MIN_S
        while not self._closing.is_set():
            with self._wake:
                while not self._newest and not self._closing.is_set():
                    self._wake.wait()
                newest, self._newest = self._newest, {}
            try:
                while newest:
                    name, position = next(iter(newest.items()))
                    self._broker.enqueue(hint(name, position))
                    del newest[name]
                pause = PAUSE_MIN_S
                self._closing.wait(PACE_S)
            except Exception as why:  # pika and dramatiq raise many kinds; all mean: not sent
                log.warning("broker away", reason=f"{type(why).__name__}: {why}")
                self._take_back(newest)
                self._closing.wait(pause)
                pause = min(pause * 2, PAUSE_MAX_S)

    def _take_back(self, unsent: dict[str, int]) -> None:
        with self._wake:
            for name, position in unsent.items():
                self._newest.setdefault(name, position)
