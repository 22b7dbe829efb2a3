"""One thread that keeps what this process knows of keys and recalls no older than a second or so."""

import threading
from collections.abc import Callable, Sequence

import structlog

LOOK_EVERY_S = 1.0
END_MAX_S = 5.0

log = structlog.get_logger(__name__)


class Watch:
    """Calls each of ``looks`` every LOOK_EVERY_S; one that fails is called again with the next turn."""

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        """Prepare; nothing runs before ``open``."""
        self._looks = looks
        self._end = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="identity watch", daemon=True)

    def open(self) -> None:
        """Begin, at once."""
        self._thread.start()

    def close(self) -> None:
        """End, after the turn under way."""
        self._end.set()
        self._thread.join(END_MAX_S)

    def _run(self) -> None:
        while True:
            self._look()
            if self._end.wait(LOOK_EVERY_S):
                return

    def _look(self) -> None:
        try:
            for look in self._looks:
                look()
        except Exception as why:
            if not self._failing:  # once, not every second
                log.warning("cannot look at keys and recalls", reason=str(why))
            self._failing = True
        else:
            self._failing = False
