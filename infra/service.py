"""One child process of the supervisor: how it is started, seen to be dead, started again, and ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.parent import PIPE

BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 5.0
STEADY_S = 10.0  # who lived this long starts over with the first backoff
KILLED_MAX_S = 5


@dataclass(frozen=True, kw_only=True)
class Service:
    """What to run. Services of a lower stage are stopped, and awaited, before those of a higher one."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0


class Backoff:
    """How long to wait before the next try: doubling from BACKOFF_FIRST_S to BACKOFF_LAST_S."""

    def __init__(self) -> None:
        self._next_s = BACKOFF_FIRST_S

    def after(self, lived_s: float) -> float:
        """Seconds to wait, after a life of so many."""
        if lived_s >= STEADY_S:
            self._next_s = BACKOFF_FIRST_S
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, BACKOFF_LAST_S)
        return wait_s


class Child:
    """A service's process, one after another."""

    def __init__(self, service: Service, parent_pipe: int) -> None:
        self.service = service
        self.deaths = 0
        self._pipe = parent_pipe
        self._backoff = Backoff()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._due_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def tend(self) -> str | None:
        """Starts it when it is due; answers one line when it was found dead."""
        if self.alive:
            return None
        if self._process is not None:
            return self._bury(self._process)
        if time.monotonic() >= self._due_at:
            self._start()
        return None

    def ask_to_end(self) -> None:
        """SIGTERM: it drains and ends by itself."""
        if self._process is not None and self.alive:
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """SIGKILL to it and to whatever it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(KILLED_MAX_S)
            self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self.service.command,
            env={**os.environ, **self.service.environment, PIPE: str(self._pipe)},
            stdin=subprocess.DEVNULL,
            pass_fds=(self._pipe,),
            start_new_session=True,  # the terminal's Ctrl-C reaches the supervisor alone
        )
        self._started_at = time.monotonic()

    def _bury(self, process: subprocess.Popen[bytes]) -> str:
        self.end()  # no grandchild outlives it
        now = time.monotonic()
        wait_s = self._backoff.after(now - self._started_at)
        self._due_at = now + wait_s
        self.deaths += 1
        return f"{self.service.name} ended ({how_it_ended(process.returncode)}), again in {wait_s:g} s"


def how_it_ended(returncode: int) -> str:
    """In words: an exit code, or the signal that killed it."""
    return f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"
