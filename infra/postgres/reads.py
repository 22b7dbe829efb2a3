"""Reading from a pool: bounded, and healed at once after PostgreSQL restarted."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from domain.event_store import StoreBusy, StoreUnavailable
from infra.postgres.connection import settings

WAIT_S = 3.0
"""How long a read waits for a connection, and in all for the database to come back."""
WAITING_MAX = 64
RECONNECT_S = 1.0
"""After which the pool gives a connection up, so that the next read tries at once; else it would wait 2, 4, 8 ... s."""
_PAUSE_S = 0.05

Rows = list[Any]
Call = Callable[[Callable[[], Rows]], Rows]


def _call(read: Callable[[], Rows]) -> Rows:
    return read()


class Reads:
    """Repeatable reads over a pool of connections. A read changes nothing, so a broken one is simply done again."""

    def __init__(self, url: str, role: str, *, size: int) -> None:
        """Prepare at most ``size`` connections; none is opened before ``open``."""
        self._pool = ConnectionPool(
            url,
            kwargs=settings(role),
            min_size=1,
            max_size=size,
            timeout=WAIT_S,
            max_waiting=WAITING_MAX,
            reconnect_timeout=RECONNECT_S,
            open=False,
        )
        self._call: Call = _call

    def open(self) -> None:
        """Open the pool; the first connections come in the background."""
        self._pool.open()

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def call_with(self, call: Call) -> None:
        """Have ``call`` do the reading, in a place where blocking does no harm."""
        self._call = call

    def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = (), *, prepare: bool | None = None) -> Rows:
        """All rows of one SELECT; raises StoreUnavailable when the database stays away, StoreBusy in a crowd.

        ``prepare=False`` has the query planned for its very parameters each time: right for optional filters.
        """
        return self._call(lambda: self._fetch(sql, params, prepare))

    def _fetch(self, sql: str, params: Sequence[Any] | dict[str, Any], prepare: bool | None) -> Rows:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                with self._pool.connection() as db:
                    return db.execute(sql, params, prepare=prepare).fetchall()
            except TooManyRequests as why:
                raise StoreBusy(str(why)) from why
            except PoolTimeout as why:
                raise StoreUnavailable(str(why)) from why
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as why:
                raise StoreUnavailable(f"the schema is not ready, run comanda migrate: {why}") from why
            except psycopg.errors.QueryCanceled as why:
                raise StoreUnavailable("the query took too long") from why
            except (psycopg.OperationalError, psycopg.InterfaceError) as why:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(str(why).strip()) from why
                # One broken connection means that all are: let none of them disappoint the next request.
                self._pool.drain()
                time.sleep(_PAUSE_S)
