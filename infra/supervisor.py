"""Keeps processes running, and ends them in order: what `comanda up` is, below its wiring.

One thread and one loop. Signals only raise a mark; the loop and every wait look at it, so that a stop is met between
two steps and never within one.
"""

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from types import FrameType

from infra.embedded import EmbeddedPostgres
from infra.kept_postgres import KeptPostgres
from infra.refusal import CannotStart
from infra.service import Child, Service

LOOK_EVERY_S = 0.05
READY_MAX_S = 60.0
READY_ANSWER_MAX_S = 2.0
DRAIN_MAX_S = 10.0
DEATHS_BEFORE_READY_MAX = 8

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OK = 200

Say = Callable[[str], None]


class StopAsked(Exception):
    """Somebody asked for a stop: Ctrl-C, SIGTERM, or a closed terminal."""


class StopSignals:
    """Counts the signals that ask for a stop: one is a request, two are an order."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Signals count inside the block, and do what they did before after it."""
        heard = [number for number in _SIGNALS if not (number == signal.SIGHUP and _ignored(number))]  # nohup
        before = {number: signal.signal(number, self._count_one) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def hurried(self) -> bool:
        """Whether the second came."""
        return self._count > 1

    def check(self) -> None:
        """Raises StopAsked once a signal came."""
        if self._count:
            raise StopAsked

    def _count_one(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1


class Supervisor:
    """Runs services until a stop is asked for; restarts what dies, PostgreSQL included."""

    def __init__(
        self, services: Sequence[Service], signals: StopSignals, say: Say, postgres: EmbeddedPostgres | None = None
    ) -> None:
        self._signals = signals
        self._say = say
        # Only we hold the writing end: when we are gone, by whatever way, the children read the pipe's end.
        self._pipe, self._our_end = os.pipe()
        self._children = [Child(service, self._pipe) for service in sorted(services, key=lambda s: s.stage)]
        self._kept: list[Child | KeptPostgres] = [*([KeptPostgres(postgres)] if postgres else []), *self._children]

    def wait_until_ready(self, host: str, port: int) -> None:
        """Starts everything and returns when `GET /readyz` answers 200.

        Raises:
            CannotStart: it does not within READY_MAX_S, or a service dies again and again.
            StopAsked: a stop was asked for meanwhile.
        """
        deadline = time.monotonic() + READY_MAX_S
        self._round()
        while not _answers(host, port):
            for child in self._children:
                if child.deaths >= DEATHS_BEFORE_READY_MAX:
                    raise CannotStart(f"{child.service.name} dies again and again: what it said stands above")
            if time.monotonic() > deadline:
                raise CannotStart(f"not ready in {READY_MAX_S:g} s: what was said stands above")
            self._round()

    def run(self) -> None:
        """Tends every process until a stop is asked for.

        Raises:
            StopAsked: always, in the end.
        """
        while True:
            self._round()

    def stop(self) -> None:
        """Ends every service, stage by stage: asks first, kills after DRAIN_MAX_S or at a second signal."""
        for _, stage in groupby(self._children, key=lambda child: child.service.stage):
            children = list(stage)
            for child in children:
                child.ask_to_end()
            deadline = time.monotonic() + DRAIN_MAX_S
            while any(child.alive for child in children) and time.monotonic() < deadline and not self._signals.hurried:
                time.sleep(LOOK_EVERY_S)
            for child in children:
                if child.alive and not self._signals.hurried:
                    self._say(f"{child.service.name} did not end in {DRAIN_MAX_S:g} s: killed")
                child.end()
        os.close(self._our_end)
        os.close(self._pipe)

    def _round(self) -> None:
        """One look at everything."""
        self._signals.check()
        for kept in self._kept:
            line = kept.tend()
            if line is not None:
                self._say(line)
        time.sleep(LOOK_EVERY_S)


def _ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=READY_ANSWER_MAX_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
