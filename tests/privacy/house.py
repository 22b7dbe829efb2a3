"""A whole house of its own: PostgreSQL and RabbitMQ with their files at hand, and every process with its log."""

import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psycopg

from infra.embedded import EmbeddedPostgres
from infra.postgres.migrate import migrate
from infra.settings import Settings
from tests.api.client import Api
from tests.api.contract import Contract
from tests.bench.processes import Server, module, running, wait_until_listening
from tests.servers.identity import IDENTITY
from tests.servers.people import People
from tests.servers.ports import HOST, free_port
from tests.servers.postgres import FAST
from tests.servers.rabbitmq_node import PrivateNode
from tests.servers.rabbitmq_programs import find_or_install

PARTS = ("sequencer", "worker")
CAUGHT_UP_MAX_S = 30.0
_LOOK_S = 0.05
_HEAD = "select position from comanda.sequencer"
_EVENTS = "select count(*) from comanda.events"
_BEHIND = "select count(*) from read_models.checkpoints where position < %s"


class House:
    """Two api processes, a sequencer and a worker, all of which log whatever they ever log."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="comanda-privacy-")))
        self.logs = self.folder / "logs"
        self.contract = Contract()
        self.ports = (free_port(), free_port())

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> None:
        self.logs.mkdir()
        self.broker = self._stack.enter_context(PrivateNode(find_or_install(print)))
        self.postgres = self._stack.enter_context(EmbeddedPostgres(self.folder, settings=FAST))
        self.url = self.postgres.url
        migrate(self.url)
        for name in PARTS:
            self._run(name, Settings(**self._settings()))
        for port in self.ports:
            self.run_api(port)
        self.people = self._stack.enter_context(People(self.url))

    def _settings(self) -> dict[str, Any]:
        return {"database_url": self.url, "amqp_url": self.broker.url, "host": HOST, "log_level": "debug", **IDENTITY}

    def run_api(self, port: int) -> Server:
        """One more api process, which answers."""
        name = f"api-{port}"
        process = self._run(name, Settings(**self._settings(), port=port))
        wait_until_listening(process, port, self.logs / name)
        return process

    def _run(self, name: str, settings: Settings) -> Server:
        command = module("infra.cli.main", name.partition("-")[0])
        return self._stack.enter_context(running(command, self.logs / name, settings.environment()))

    def comanda(self, *arguments: str) -> Server:
        """Begin a command of the command line; its output goes to the logs."""
        name = "-".join(arguments[:2])
        return self._stack.enter_context(
            running(module("infra.cli.main", *arguments), self.logs / name, Settings(**self._settings()).environment())
        )

    def output(self, *arguments: str) -> bytes:
        """What a command prints until it ends, well."""
        name = self.logs / "-".join(arguments[:2])
        begun = name.stat().st_size if name.exists() else 0
        process = self.comanda(*arguments)
        assert process.wait(CAUGHT_UP_MAX_S) == 0, name.read_text()
        return name.read_bytes()[begun:]

    def api(self, number: int = 0) -> Api:
        """A client of an operator."""
        return Api(self.ports[number], self.contract, self.people.operator)

    def catch_up(self) -> None:
        """Wait until every read model has every event."""
        deadline = time.monotonic() + CAUGHT_UP_MAX_S
        with psycopg.connect(self.url, autocommit=True) as db:
            while time.monotonic() < deadline:
                (head,) = db.execute(_HEAD).fetchone() or (0,)
                if db.execute(_EVENTS).fetchone() == (head,) and db.execute(_BEHIND, (head,)).fetchone() == (0,):
                    return
                time.sleep(_LOOK_S)
        raise TimeoutError("the read models do not catch up")

    def flush(self) -> None:
        """Have PostgreSQL write all that it holds in memory to its files."""
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute("checkpoint")


def kill(process: Server) -> None:
    """As a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
