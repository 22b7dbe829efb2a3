"""The API as its customers meet it: real processes on a real PostgreSQL, started once for all of these tests."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.api.client import Api
from tests.api.contract import Contract
from tests.api.running import Running
from tests.api.shop import Shop
from tests.api.targets import Target, targets
from tests.servers.people import People
from tests.servers.postgres import Databases


@pytest.fixture(scope="package")
def running(databases: Databases, template: str) -> Iterator[Running]:
    with databases.one(template=template) as url, Running(url) as started:
        yield started


@pytest.fixture(scope="package")
def people(running: Running) -> Iterator[People]:
    with People(running.database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def api(running: Running, contract: Contract, people: People) -> Iterator[Api]:
    """A client of an operator, who may do everything."""
    client = Api(running.ports[0], contract, people.operator)
    yield client
    client.close()


@pytest.fixture
def other_process(running: Running, contract: Contract, people: People) -> Iterator[Api]:
    """An operator's client of another api process on the same database."""
    client = Api(running.ports[1], contract, people.operator)
    yield client
    client.close()


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop.opened(api)


@pytest.fixture
def events(running: Running) -> Iterator[Callable[[], int]]:
    """How many events there are."""
    with psycopg.connect(running.database_url, autocommit=True) as db:

        def count() -> int:
            row = db.execute("select count(*) from comanda.events").fetchone()
            assert row is not None
            return int(row[0])

        yield count


@pytest.fixture
def target(api: Api, route: str) -> Target:
    return targets(api)[route]


@pytest.fixture
def unharmed(running: Running, events: Callable[[], int]) -> Iterator[None]:
    """After the test there are as many events as before it, and the same processes answer."""
    before = events()
    yield
    assert events() == before
    assert running.well()
