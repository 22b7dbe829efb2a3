"""One database for the tests of a file, opened as its owner and as the program."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.servers.postgres import Databases


@pytest.fixture(scope="module")
def url(databases: Databases, template: str) -> Iterator[str]:
    """A database that the tests of a file share."""
    with databases.one(template=template) as shared:
        yield shared


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[PostgresEventStore]:
    opened = PostgresEventStore(url).open()
    yield opened
    opened.close()


@pytest.fixture
def owner(url: str) -> Iterator[Connection]:
    """A connection that may do anything, whose transaction is undone."""
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()
