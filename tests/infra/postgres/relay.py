"""A relay in front of a PostgreSQL, and the end of it: both sides lose each other, and neither is told why."""

import contextlib
import socket
import threading
from typing import Self
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.servers.ports import HOST

_CHUNK_BYTES = 65_536


class Relay:
    """Listens on a port of this machine and passes every connection on to the server of ``url``."""

    def __init__(self, url: str) -> None:
        self._there = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        self._listener = socket.create_server((HOST, 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The same database, by way of this relay."""
        there, port = self._there, self._listener.getsockname()[1]
        password = f":{quote(there['password'])}" if "password" in there else ""
        return (
            f"postgresql://{there['user']}{password}@{HOST}:{port}/{there['dbname']}?sslmode=disable&gssencmode=disable"
        )

    def cut(self) -> None:
        """End every connection there is; new ones are welcome."""
        cut, self._open = self._open, []
        for end in cut:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = self._connect()
                self._open += [here, there]
                for source, target in ((here, there), (there, here)):
                    threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._there["host"], int(self._there.get("port", 5432))
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        there = socket.socket(socket.AF_UNIX)
        there.connect(f"{host}/.s.PGSQL.{port}")
        return there


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
