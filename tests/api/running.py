"""Comanda as processes of its own for the tests of its API: a worker that sequences, two api processes on two ports."""

import http.client
import os
import sys
import time
from contextlib import suppress
from ipaddress import ip_network
from types import TracebackType
from typing import Self

from infra.service import Child, Service
from infra.settings import Settings
from tests.servers.identity import IDENTITY
from tests.servers.ports import HOST, free_port

READY_MAX_S = 60.0
READY_ANSWER_MAX_S = 2.0
END_MAX_S = 20.0
LOOK_EVERY_S = 0.02


class Running:
    """All of it, on one migrated database; nothing is started twice, and nothing outlives the block."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.ports = (free_port(), free_port())
        # Only this process holds the writing end: the parts end by themselves should it die.
        self._pipe, self._our_end = os.pipe()
        self._parts = [self._part("worker", "--with-sequencer"), *(self._part("api", port=port) for port in self.ports)]

    def __enter__(self) -> Self:
        try:
            for part in self._parts:
                part.tend()
            self._wait_until_ready()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def well(self) -> bool:
        """Whether the very processes that were started still live, and the api processes answer."""
        return all(part.alive for part in self._parts) and all(map(_says_ready, self.ports))

    def _part(self, name: str, *arguments: str, port: int = 0) -> Child:
        settings = Settings(
            database_url=self.database_url,
            host=HOST,
            port=port,
            trusted_proxies=(ip_network(HOST),),
            log_level="warning",
            **IDENTITY,
        )
        command = [sys.executable, "-m", "infra.cli.main", name, *arguments]
        return Child(Service(name=name, command=command, environment=settings.environment()), self._pipe)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_MAX_S
        while not self.well():
            if time.monotonic() > deadline or not all(part.alive for part in self._parts):
                raise TimeoutError(f"not ready within {READY_MAX_S:g} s")
            time.sleep(LOOK_EVERY_S)

    def _close(self) -> None:
        for part in self._parts:
            part.ask_to_end()
        deadline = time.monotonic() + END_MAX_S
        while any(part.alive for part in self._parts) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        stubborn = [part.service.name for part in self._parts if part.alive]
        for part in self._parts:
            part.end()
        os.close(self._our_end)
        os.close(self._pipe)
        assert not stubborn, f"did not end within {END_MAX_S:g} s: {stubborn}"


def _says_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=READY_ANSWER_MAX_S)
    try:
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        return False
    finally:
        connection.close()
