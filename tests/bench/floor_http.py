"""The floor of every HTTP figure: Falcon on waitress doing one statement and nothing else.

`python -m tests.bench.floor_http PORT URL THREADS` is one process; the bench starts two of them on
one port (SO_REUSEPORT). POST /orders INSERTs the raw body as one row, GET /orders/{id} SELECTs one
stored text. No validation, no ids, no idempotency: what remains is the price of the stack itself.
"""

import socket
import sys
from typing import Any
from uuid import UUID

import falcon
import waitress
from psycopg import Connection
from psycopg_pool import ConnectionPool

BODY_MAX_BYTES = 1_000_000
CONNECTIONS_MAX = 200
INSERT = "INSERT INTO floor_orders (body) VALUES (%s)"
SELECT = "SELECT body FROM floor_stored WHERE id = %s"
TABLES = """
CREATE TABLE IF NOT EXISTS floor_orders (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL
);
CREATE TABLE IF NOT EXISTS floor_stored (
    id   uuid PRIMARY KEY,
    body text NOT NULL
);
"""

Pool = ConnectionPool[Connection[tuple[Any, ...]]]


class Orders:
    """Answers 201 once the body is a row."""

    def __init__(self, pool: Pool) -> None:
        """Keep the pool that inserts run on."""
        self._pool = pool

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Insert the raw body."""
        body = request.bounded_stream.read(BODY_MAX_BYTES).decode()
        with self._pool.connection() as connection:
            connection.execute(INSERT, (body,))
        response.status = falcon.HTTP_201
        response.data = b'{"stored":true}'


class StoredOrder:
    """Answers the stored JSON of one order."""

    def __init__(self, pool: Pool) -> None:
        """Keep the pool that selects run on."""
        self._pool = pool

    def on_get(self, _: falcon.Request, response: falcon.Response, order_id: UUID) -> None:
        """Select one row by its id."""
        with self._pool.connection() as connection:
            row = connection.execute(SELECT, (order_id,)).fetchone()
        if row is None:
            raise falcon.HTTPNotFound
        response.data = row[0].encode()


def application(pool: Pool) -> falcon.App[falcon.Request, falcon.Response]:
    """Build the floor's WSGI application."""
    app = falcon.App()
    app.add_route("/orders", Orders(pool))
    app.add_route("/orders/{order_id:uuid}", StoredOrder(pool))
    return app


def shared_socket(port: int) -> socket.socket:
    """Bind a socket that another process may bind too."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def main(port: int, url: str, threads: int) -> None:
    """Serve until SIGTERM, with one pooled connection per thread."""
    pool: Pool = ConnectionPool(url, min_size=threads, max_size=threads, kwargs={"autocommit": True}, open=False)
    with pool:
        pool.wait()
        waitress.serve(
            application(pool),
            sockets=[shared_socket(port)],
            threads=threads,
            connection_limit=CONNECTIONS_MAX,
            _quiet=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
