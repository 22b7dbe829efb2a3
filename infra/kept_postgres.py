"""The embedded PostgreSQL under supervision: started again when it died, its log kept short."""

import time

from infra.embedded import EmbeddedPostgres
from infra.refusal import CannotStart
from infra.service import Backoff

LOG_LOOK_EVERY_S = 30.0


class KeptPostgres:
    """A server that was started and is to stay up."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._backoff = Backoff()
        self._started_at = time.monotonic()
        self._due_at: float | None = None
        self._log_look_at = 0.0

    def tend(self) -> str | None:
        """Starts it when it is due; answers one line when it was found dead, or does not come back."""
        now = time.monotonic()
        if self._postgres.pid is not None:
            self._look_at_log(now)
        elif self._due_at is None:
            return self._wait("ended", now)
        elif now >= self._due_at:
            return self._start(now)
        return None

    def _start(self, now: float) -> str | None:
        self._due_at = None
        self._started_at = now
        try:
            self._postgres.start()
        except CannotStart as refusal:
            return self._wait(f"does not come back ({refusal})", now)
        return None

    def _wait(self, what: str, now: float) -> str:
        wait_s = self._backoff.after(now - self._started_at)
        self._due_at = now + wait_s
        return f"PostgreSQL {what}, again in {wait_s:g} s"

    def _look_at_log(self, now: float) -> None:
        if now >= self._log_look_at:
            self._log_look_at = now + LOG_LOOK_EVERY_S
            self._postgres.rotate_log()
