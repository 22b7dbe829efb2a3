"""Both event stores, for the tests of the contract that they hold."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from domain.event_store import EventStore
from infra.memory import MemoryEventStore
from infra.postgres.connection import connect
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import House
from tests.servers.postgres import Databases
from workers.sequencer import sequence, try_lead


@pytest.fixture(scope="module")
def postgres_house(databases: Databases, template: str) -> Iterator[House]:
    with databases.one(template=template) as url, connect(url, "comanda_sequencer") as leader:
        epoch = try_lead(leader)
        assert epoch is not None

        def sequenced() -> None:
            while sequence(leader, epoch).size:
                pass

        def subjects() -> set[UUID]:
            with connect(url, "comanda_app") as db:
                return {row[0] for row in db.execute("select subject from comanda.subject_keys").fetchall()}

        store = PostgresEventStore(url).open()
        yield House(store=store, sequenced=sequenced, subjects=subjects)
        store.close()


@pytest.fixture(scope="module")
def memory_house() -> House:
    store = MemoryEventStore()
    return House(store=store, sequenced=lambda: None, subjects=lambda: set(store.subject_keys))


@pytest.fixture(params=["postgres", "memory"])
def house(request: pytest.FixtureRequest) -> House:
    chosen: House = request.getfixturevalue(f"{request.param}_house")
    return chosen


@pytest.fixture
def store(house: House) -> EventStore:
    return house.store
