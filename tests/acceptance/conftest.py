"""A whole running Comanda for the acceptance tests, with the broker in its own process and with RabbitMQ.

Each ends with these tests: an idle one takes a sixth of a core, which the rest of the run would lack.
"""

from collections.abc import Iterator

import pytest

from tests.acceptance.house import House
from tests.servers.rabbitmq import Broker


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`comanda up` on a fresh folder, hints within its own process."""
    with House(tmp_path_factory.mktemp("house") / "data") as opened:
        yield opened


@pytest.fixture(scope="package")
def house_with_rabbitmq(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[House]:
    """`comanda up` on a fresh folder, hints over RabbitMQ."""
    with broker.vhost() as amqp_url, House(tmp_path_factory.mktemp("house") / "data", amqp_url) as opened:
        yield opened


@pytest.fixture
def server(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a whole running Comanda, to which a replay signs in as its demo operator."""
    signed_in = house.sign_in("operator")
    monkeypatch.setenv("COMANDA_REPLAY_EMAIL", signed_in.email)
    monkeypatch.setenv("COMANDA_REPLAY_PASSWORD", signed_in.password)
    return house.url


@pytest.fixture
def server_with_rabbitmq(house_with_rabbitmq: House) -> str:
    """The address of a whole running Comanda that sends its hints over RabbitMQ."""
    return house_with_rabbitmq.url
