"""Keys of both kinds, kept in memory and in PostgreSQL, and a place where a text stands."""

from collections.abc import Iterator

import pytest
from uuid_utils.compat import uuid7

from infra.postgres.store import PostgresEventStore
from infra.vault.keys import Keys, MemoryKeys, PostgresKeys


@pytest.fixture(params=["memory", "postgres"])
def keys(request: pytest.FixtureRequest) -> Iterator[Keys]:
    if request.param == "memory":
        yield MemoryKeys()
        return
    store = PostgresEventStore(request.getfixturevalue("database"), readers=2).open()
    try:
        yield PostgresKeys(store.reads.fetch)
    finally:
        store.close()


@pytest.fixture
def place() -> str:
    return f"{uuid7()}/name"
