"""The identity tables' few connections, apart from those that serve orders."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from domain.event_store import StoreBusy, StoreUnavailable
from infra.postgres.connection import Connection, settings, translated

CONNECTIONS_MAX = 4
WAITING_MAX = 32
WAIT_S = 3.0
RECONNECT_S = 1.0
ROLE = "comanda_app"


class IdentityDatabase:
    """A pool that runs single statements and transactions; raises StoreUnavailable where there is no database."""

    def __init__(self, url: str, *, size: int = CONNECTIONS_MAX) -> None:
        """Prepare at most ``size`` connections; none is opened before ``open``."""
        self._pool = ConnectionPool(
            url,
            kwargs=settings(ROLE),
            min_size=1,
            max_size=size,
            timeout=WAIT_S,
            max_waiting=WAITING_MAX,
            reconnect_timeout=RECONNECT_S,
            open=False,
        )

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Open the pool; the first connections come in the background."""
        self._pool.open()

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def run(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """The rows of one statement; an empty list for one that gives none.

        Tried a second time where the connection turns out to be broken, so it must bear being carried out twice.
        """
        try:
            return self._run(sql, params)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._pool.drain()
        with translated():
            return self._run(sql, params)

    def _run(self, sql: str, params: Sequence[Any] | dict[str, Any]) -> list[Any]:
        with self._connection() as db:
            answer = db.execute(sql, params)
            return answer.fetchall() if answer.description else []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; all of it or nothing."""
        with translated(), self._connection() as db, db.transaction():
            yield db

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._pool.connection() as db:
                yield db
        except TooManyRequests as why:
            raise StoreBusy(str(why)) from why
        except PoolTimeout as why:
            raise StoreUnavailable(str(why)) from why
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as why:
            raise StoreUnavailable(f"the schema is not ready, run comanda migrate: {why}") from why
