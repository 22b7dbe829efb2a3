"""`comanda up` as somebody at a terminal runs it: started, read, interrupted, and gone without a trace."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from infra.cli.public_api import PublicApi
from infra.cli.sign_in import SignIn
from infra.settings import PREFIX
from tests.servers.ports import HOST, free_port

OPEN_MAX_S = 90.0
END_MAX_S = 30.0
GONE_MAX_S = 10.0
LAST_LINE = "ORDER_ID"


class House:
    """One Comanda on a data folder; open inside the block."""

    def __init__(self, data: Path, amqp_url: str | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.said: list[str] = []
        self._amqp_url = amqp_url
        self._process: subprocess.Popen[str] | None = None
        self._family: list[psutil.Process] = []

    @property
    def url(self) -> str:
        """Where its API is reached."""
        return f"http://{HOST}:{self.port}"

    @property
    def curl_lines(self) -> list[str]:
        """The lines that it gave to be copied."""
        return [line.strip() for line in self.said if line.strip().startswith(("TOKEN=", "curl "))]

    def sign_in(self, role: str) -> SignIn:
        """Signs in as the demo user of a role, with what was printed."""
        (login, password) = next(line.split()[1:] for line in self.said if line.split()[:1] == [role])
        return SignIn(self.url, login, password)

    def api(self, role: str = "operator") -> PublicApi:
        """A client of the demo user of a role."""
        return PublicApi(self.url, self.sign_in(role))

    def __enter__(self) -> Self:
        given = {} if self._amqp_url is None else {f"{PREFIX}AMQP_URL": self._amqp_url}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        command = [sys.executable, "-m", "infra.cli.main", "up", "--port", str(self.port), "--data", str(self.data)]
        self._process = subprocess.Popen(
            command, env={**kept, **given}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            self._read_until_open(self._process)
        except BaseException:
            self.kill()
            raise
        self._family = psutil.Process(self._process.pid).children(recursive=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._process is not None and self._process.poll() is None:
                self.interrupt()
        finally:
            self.kill()

    def interrupt(self) -> int:
        """Ctrl-C; answers with the exit code, and raises AssertionError if any of its processes is left."""
        process = self._running()
        self._family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        code = process.wait(END_MAX_S)
        _, left = psutil.wait_procs(self._family, timeout=GONE_MAX_S)
        assert not left, f"left behind: {left}"
        return code

    def kill(self) -> None:
        """Ends by force whatever of it still runs."""
        if self._process is None:
            return
        if self._process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                self._family = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
        self._process.wait(END_MAX_S)
        for process in self._family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        note = self.data / "postgres.socket"  # after a kill nobody else removes the folder that it names
        if note.exists():
            shutil.rmtree(note.read_text("utf-8"), ignore_errors=True)

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def _read_until_open(self, process: subprocess.Popen[str]) -> None:
        """Keeps what it says until the last line of its greeting; raises TimeoutError or ChildProcessError."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_hear, args=(process, lines), daemon=True).start()
        deadline = time.monotonic() + OPEN_MAX_S
        while not self.said or LAST_LINE not in self.said[-1]:
            try:
                line = lines.get(timeout=max(deadline - time.monotonic(), 0.0))
            except queue.Empty:
                raise TimeoutError(f"comanda up is not open after {OPEN_MAX_S:g} s; it said {self.said}") from None
            if line is None:
                raise ChildProcessError(
                    f"comanda up ended with exit code {process.wait(END_MAX_S)}; it said {self.said}"
                )
            self.said.append(line)


def _hear(process: subprocess.Popen[str], lines: "queue.SimpleQueue[str | None]") -> None:
    """Passes on every line until the end, so that the process never waits for a reader."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line.rstrip("\n"))
    lines.put(None)
