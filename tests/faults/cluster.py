"""Every part of Comanda as a process of its own, against real servers: killed at will, started again when dead."""

import http.client
import os
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from infra.service import Child, Service
from infra.settings import Settings
from infra.supervisor import DRAIN_MAX_S
from tests.servers.identity import IDENTITY
from tests.servers.people import People
from tests.servers.ports import HOST, free_port

APIS = ("api 1", "api 2")
SEQUENCERS = ("sequencer 1", "sequencer 2")
WORKERS = ("worker 1", "worker 2")
PARTS = (*APIS, *SEQUENCERS, *WORKERS)

READY_MAX_S = 60.0
READY_ANSWER_MAX_S = 2.0
LOOK_EVERY_S = 0.02


class Cluster:
    """Two of each part; the two api processes share one port. Whatever happens, none of them outlives the block."""

    def __init__(self, database_url: str, amqp_url: str) -> None:
        self.port = free_port()
        settings = Settings(
            database_url=database_url, amqp_url=amqp_url, host=HOST, port=self.port, log_level="warning", **IDENTITY
        )
        environment = settings.environment()
        self._people = People(database_url)
        # Only this process holds the writing end: the parts end by themselves should it die.
        self._pipe, self._our_end = os.pipe()
        self._parts = {
            name: Child(Service(name=name, command=_command(name), environment=environment), self._pipe)
            for name in PARTS
        }
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    @property
    def url(self) -> str:
        """Where its API is reached."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._keeper.start()
        self._people.__enter__()
        try:
            self.wait_until_ready()
            self.bearer()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def bearer(self) -> str:
        """An operator's access token, fresh."""
        return self._people.operator.token

    def kill(self, name: str) -> None:
        """kill -9; the part is started again at once."""
        with self._lock:
            self._parts[name].end()

    def ask_to_end(self, name: str) -> None:
        """SIGTERM; the part is started again when it has ended."""
        with self._lock:
            self._parts[name].ask_to_end()

    def runs(self, name: str) -> bool:
        """Whether it is alive; after many deaths in a row it comes back with a pause only."""
        return self._parts[name].alive

    def deaths(self, name: str) -> int:
        """How often a part has ended by itself."""
        return self._parts[name].deaths

    @property
    def died(self) -> list[str]:
        """The parts that have ended by themselves, whether asked to or by a fault of their own, but not by `kill`."""
        return [name for name, part in self._parts.items() if part.deaths]

    def wait_until_ready(self) -> None:
        """Returns when `GET /readyz` answers 200; raises TimeoutError after READY_MAX_S."""
        deadline = time.monotonic() + READY_MAX_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no api is ready within {READY_MAX_S:g} s")
            time.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """Asks every part to end, and kills what has not ended within DRAIN_MAX_S."""
        self._closing.set()
        self._keeper.join()
        self._people.__exit__()
        parts = self._parts.values()
        for part in parts:
            part.ask_to_end()
        deadline = time.monotonic() + DRAIN_MAX_S
        while any(part.alive for part in parts) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        stubborn = [part.service.name for part in parts if part.alive]
        for part in parts:
            part.end()
        os.close(self._our_end)
        os.close(self._pipe)
        assert not stubborn, f"did not end within {DRAIN_MAX_S:g} s: {stubborn}"

    def _keep(self) -> None:
        while not self._closing.wait(LOOK_EVERY_S):
            with self._lock:
                for part in self._parts.values():
                    part.tend()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=READY_ANSWER_MAX_S)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        connection.close()
        return False


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "infra.cli.main", name.partition(" ")[0]]
