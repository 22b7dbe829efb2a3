"""What every test may ask for: real servers, fresh databases and virtual hosts, and nothing left behind."""

import logging
from collections.abc import Callable, Iterator

import psutil
import pytest

from infra.embedded import EmbeddedPostgres
from infra.postgres.migrate import migrate
from tests.servers.postgres import Databases, any_server, embedded_server
from tests.servers.rabbitmq import Broker, any_broker, private_broker

_LEAVE_MAX_S = 5
_reports = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_reports] = []
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # a refused connection is told by the test that met it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[_reports]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Every process that a test run starts is gone at its end: used by itself, this is the last to be torn down."""
    yield
    left = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(left, timeout=_LEAVE_MAX_S)
    names = [" ".join(process.cmdline()) for process in alive]
    for process in alive:
        process.kill()
    assert not names


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at the end of the run."""
    return pytestconfig.stash[_reports].append


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Iterator[Databases]:
    """The PostgreSQL of this run."""
    with any_server(pytestconfig.stash[_reports].append) as server:
        yield server


@pytest.fixture(scope="session")
def template(databases: Databases) -> Iterator[str]:
    """The name of a migrated database that every test's own is cloned from."""
    name = databases.create()
    migrate(databases.url_of(name))
    yield name
    databases.drop(name)


@pytest.fixture
def database(databases: Databases, template: str) -> Iterator[str]:
    """The owner's URL of a migrated database of this test's own."""
    with databases.one(template=template) as url:
        yield url


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """The owner's URL of a database without a single table."""
    with databases.one() as url:
        yield url


@pytest.fixture(scope="module")
def breakable_postgres() -> Iterator[EmbeddedPostgres]:
    """A server for one file of tests that kill or stop it."""
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """The RabbitMQ of this run."""
    with any_broker(pytestconfig.stash[_reports].append) as chosen:
        yield chosen


@pytest.fixture
def amqp_url(broker: Broker) -> Iterator[str]:
    """A virtual host of this test's own (the shared one where a broker was given)."""
    with broker.vhost() as url:
        yield url


@pytest.fixture(scope="module")
def breakable_broker(broker: Broker, pytestconfig: pytest.Config) -> Iterator[Broker]:
    """A RabbitMQ for one file of tests that kill or stop it; it runs again when they are done."""
    if not broker.breakable:
        with private_broker(pytestconfig.stash[_reports].append) as own:
            yield own
        return
    yield broker
    broker.start()
