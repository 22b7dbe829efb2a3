"""A private RabbitMQ node: its own folder, ports, cookie and port mapper (epmd), so that no other node is touched."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import pika
import pika.exceptions

from tests.servers.leash import Leash
from tests.servers.ports import HOST, free_port

START_MAX_S = 60
STOP_MAX_S = 30
EVALUATE_MAX_S = 20

_POLL_S = 0.1


class PrivateNode:
    """One node from `start` to `close`; between the two it may be stopped, killed and started again."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="comanda-rabbit-"))
        self._port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self._name = f"comanda-{secrets.token_hex(4)}@localhost"
        self._cookie = secrets.token_hex(16)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._leashes: dict[int, Leash] = {}
        self._write_files()

    def __enter__(self) -> Self:
        try:
            self._start_port_mapper()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its default virtual host."""
        return f"amqp://guest:guest@{HOST}:{self._port}/%2F"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Starts the node on the same ports and data, unless it runs; returns when it takes connections."""
        if self.running:
            return
        with (self.folder / "node.log").open("ab") as log:
            self._server = _spawn([str(self.programs / "rabbitmq-server")], self._environment(), self.folder, log)
        self._leash(self._server)
        try:
            wait_until_open(self.url, lambda: self.running)
        except ConnectionError as failure:
            raise ConnectionError(f"{failure}; it said: {self._last_words()}") from failure

    def stop(self) -> None:
        """Stops the node cleanly."""
        self._end(self._server, signal.SIGTERM)

    def kill(self) -> None:
        """Ends the node as a power cut would."""
        self._end(self._server, signal.SIGKILL)

    def close(self) -> None:
        """Ends the node for good and removes its folder."""
        self.kill()
        self._end(self._epmd, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def evaluate(self, expression: str) -> str:
        """Runs an Erlang expression in the node: 10 ms, where rabbitmqctl takes a second."""
        program = _erlang_program("erl_call")
        command = [program, "-r", "-c", self._cookie, "-address", f"localhost:{self._dist_port}", "-e"]
        answer = subprocess.run(
            command,
            input=f"{expression}.\n",
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=EVALUATE_MAX_S,
        )
        if answer.returncode != 0 or not answer.stdout.startswith("{ok"):
            raise RuntimeError(f"{expression}: {answer.stdout or answer.stderr}")
        return answer.stdout

    def _write_files(self) -> None:
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(self._cookie, "ascii")
        cookie.chmod(0o600)
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {HOST}:{self._port}\ndisk_free_limit.absolute = 50MB\nlog.console = false\n", "ascii"
        )
        (self.folder / "plugins").write_text("[].\n", "ascii")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _start_port_mapper(self) -> None:
        command = [_erlang_program("epmd"), "-port", str(self._epmd_port), "-address", HOST]
        with (self.folder / "epmd.log").open("ab") as log:
            self._epmd = _spawn(command, self._environment(), self.folder, log)
        self._leash(self._epmd)

    def _leash(self, process: subprocess.Popen[bytes]) -> None:
        self._leashes[process.pid] = Leash(process.pid)

    def _end(self, process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
        """Asks the process to end, then kills all of its group that is left."""
        if process is None or process.pid not in self._leashes:
            return
        if how is signal.SIGTERM:
            process.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_MAX_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_MAX_S)
        self._leashes.pop(process.pid).let_go()

    def _last_words(self) -> str:
        return " ".join((self.folder / "node.log").read_text("utf-8", "replace").split())[-500:]


def wait_until_open(url: str, alive: Callable[[], bool] = lambda: True) -> None:
    """Returns when a broker takes connections.

    Raises:
        ConnectionError: it ended, or START_MAX_S passed.
    """
    deadline = time.monotonic() + START_MAX_S
    while alive() and time.monotonic() < deadline:
        with suppress(pika.exceptions.AMQPError, OSError):
            pika.BlockingConnection(pika.URLParameters(url)).close()
            return
        time.sleep(_POLL_S)
    raise ConnectionError(f"the RabbitMQ at {url} does not start")


def _spawn(command: list[str], environment: dict[str, str], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def _erlang_program(name: str) -> str:
    """A program that came with Erlang, on PATH or in its own folder."""
    beside = sorted(str(file) for file in Path("/usr/lib/erlang").glob(f"**/bin/{name}"))
    found = shutil.which(name) or next(iter(beside), None)
    if found is None:
        raise FileNotFoundError(f"Erlang's program {name} is missing beside RabbitMQ")
    return found
