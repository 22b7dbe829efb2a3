"""A connection of somebody who serves many requests in one thread, and the others while PostgreSQL works on one.

psycopg writes all that it does as generators, which yield what they wait for; whoever runs them decides how to wait. A
host that waits for this socket as it does for all its others needs no thread for its commits, and none of the handing
over between threads that share one interpreter (docs/performance.md).
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg.waiting import Wait

from infra.postgres.connection import settings, translated

T = TypeVar("T")


class Host(Protocol):
    """Who serves many requests in one thread (api.together.Together)."""

    def hosts(self) -> bool:
        """Whether the caller is one of the host's requests."""
        ...

    def wait(self, pending: Any) -> bool:
        """True once ``pending`` was settled; False at once where the caller is none of the host's requests."""
        ...

    def await_socket(self, fd: int, *, to_write: bool) -> None:
        """Let the others run until the socket has something to read or, if asked for, takes something."""
        ...

    def call(self, act: Callable[[], T]) -> T:
        """What ``act`` returns or raises, which blocks, and therefore runs where that does no harm."""
        ...


class HostedConnection(psycopg.Connection[TupleRow]):
    """Waits as its ``host`` does, for the host's requests, and by itself for others."""

    host: Host | None = None

    def wait(self, gen: PQGen[T], *given: Any, **named: Any) -> T:
        """Run ``gen`` to its end."""
        if self.host is None or not self.host.hosts():
            return super().wait(gen, *given, **named)
        try:
            wanted = next(gen)
            while True:
                self.host.await_socket(self.pgconn.socket, to_write=bool(wanted & Wait.W))
                wanted = gen.send(wanted)  # it is ready for just that
        except StopIteration as done:
            result: T = done.value
            return result


def connect_hosted(url: str, role: str) -> HostedConnection:
    """As infra.postgres.connection.connect."""
    with translated():
        return HostedConnection.connect(url, **settings(role))
