"""A database of one's own, opened as the sequencer, as its owner and as the program."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.postgres.connection import Connection, connect
from infra.postgres.store import PostgresEventStore
from tests.workers.sequencing import ROLE


@pytest.fixture
def db(database: str) -> Iterator[Connection]:
    with connect(database, ROLE) as connection:
        yield connection


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(database: str) -> Iterator[PostgresEventStore]:
    opened = PostgresEventStore(database).open()
    yield opened
    opened.close()
