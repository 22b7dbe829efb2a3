"""Erasures that a crash has interrupted are gone on with, until the person is erased."""

import threading
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

EVERY_S = 15.0

log = structlog.get_logger(__name__)


class Erasing:
    """Looks now and then for accounts whose erasure was asked for and is not done. A thread of its own."""

    def __init__(
        self, unfinished: Callable[[], Iterable[UUID]], finish: Callable[[UUID], object], *, every_s: float = EVERY_S
    ) -> None:
        """``unfinished`` finds some of them, ``finish`` may be called for one more often than needed."""
        self._unfinished, self._finish, self._every_s = unfinished, finish, every_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="erasing", daemon=True)

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Let the one that is under way end by itself, and begin no other."""
        self._closing.set()

    def look(self) -> int:
        """Go on with all that are found; answers with how many were finished."""
        finished = 0
        for account_id in self._unfinished():
            if self._closing.is_set():
                break
            try:
                self._finish(account_id)
            except Exception as why:  # one that cannot be finished keeps no other from it, and is tried again
                log.warning("erasure unfinished", account_id=str(account_id), reason=f"{type(why).__name__}: {why}")
            else:
                finished += 1
                log.info("erasure finished", account_id=str(account_id))
        return finished

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            try:
                self.look()
            except Exception as why:  # the database is away: it is looked again
                log.warning("erasures not looked for", reason=f"{type(why).__name__}: {why}")
