"""The bench's own PostgreSQL, with a database of its own for each contender."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from infra.embedded import EmbeddedPostgres


@dataclass(frozen=True, kw_only=True)
class Databases:
    """One server of the bench, and what it is asked to do between rounds."""

    server: EmbeddedPostgres

    def ensured(self, name: str) -> tuple[bool, str]:
        """Return whether this call made the database, and its address."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            missing = connection.execute(query, (name,)).fetchone() is None
            if missing:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return missing, self.server.url_of(name)

    def with_tables(self, name: str, tables: str) -> str:
        """Return the address of a database that has some tables (CREATE TABLE IF NOT EXISTS …)."""
        _, url = self.ensured(name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(tables.encode())
        return url

    def calm(self) -> None:
        """Write a checkpoint, so that no contender pays for the pages that another made dirty."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def bench_databases(folder: Path) -> Iterator[Databases]:
    """Run PostgreSQL on a folder, with the settings that Comanda's embedded default has."""
    with EmbeddedPostgres(folder) as server:
        yield Databases(server=server)
