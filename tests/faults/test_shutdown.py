"""An orderly stop under load cuts off no request, loses no order and leaves no process; what was, is there again."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from infra.cli.public_api import PublicApi
from tests.acceptance.house import House
from tests.faults.cluster import APIS, Cluster
from tests.faults.load import Bearer, Load, open_restaurant
from tests.faults.sizes import DRAINS
from tests.faults.stories import chance, tell
from tests.faults.wire import Fate, Outcome, Wire, get, post
from tests.servers.postgres import Databases
from tests.servers.rabbitmq import Broker

pytestmark = [pytest.mark.fault, pytest.mark.slow]

CLIENTS = 12
FLOW_S = 1.0
CONNECT_PAUSE_S = 0.01
JOIN_MAX_S = 30.0
END_MAX_S = 12.0
LISTED_MAX_S = 30.0
IDLE_CONNECTIONS = 20

_KEYS = "select key from comanda.idempotency_keys"


@pytest.fixture(scope="module")
def module_database(databases: Databases, template: str) -> Iterator[str]:
    with databases.one(template=template) as url:
        yield url


@pytest.fixture(scope="module")
def cluster(module_database: str, broker: Broker) -> Iterator[Cluster]:
    with broker.vhost() as amqp_url, Cluster(module_database, amqp_url) as running:
        yield running


@pytest.fixture
def restaurant_id(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    return open_restaurant(cluster.port, str(request.node.name), cluster.bearer)


class Senders:
    """Clients that keep their connections, place one order after the other, and note what became of each."""

    def __init__(self, port: int, restaurant_id: str, seed: int, bearer: Bearer) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._port, self._restaurant_id, self._seed, self._bearer = port, restaurant_id, seed, bearer
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_MAX_S)
            assert not thread.is_alive(), "a request got neither an answer nor an end"

    def _send(self, number: int) -> None:
        rng = chance(self._seed + number)
        sent = 0
        while not self._stop.is_set():
            try:
                wire = Wire(self._port)
            except ConnectionError:  # refused: nobody has read a byte
                time.sleep(CONNECT_PAUSE_S)
                continue
            with wire:
                outcome = Outcome(Fate.ANSWERED)
                while outcome.fate is Fate.ANSWERED and not outcome.last and not self._stop.is_set():
                    sent += 1
                    story = tell(self._restaurant_id, f"drain-{self._seed}-{number}-{sent}", rng)
                    wire.send(post("/v1/orders", story.body, story.key, self._bearer()))
                    outcome = self.outcomes[story.key] = wire.outcome()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + END_MAX_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(CONNECT_PAUSE_S)


def stop_in_order(cluster: Cluster, name: str) -> None:
    """SIGTERM, and returns when the process has ended by itself; the next one is on its way then."""
    wait_until(lambda: cluster.runs(name))
    deaths = cluster.deaths(name)
    cluster.ask_to_end(name)
    wait_until(lambda: cluster.deaths(name) > deaths)


def assert_there(api: PublicApi, order_id: str, events: list[str]) -> None:
    assert [event["type"] for event in api.pages(f"/v1/orders/{order_id}/events", {})] == events


def assert_listed(api: PublicApi, restaurant_id: str, order_ids: set[str]) -> None:
    """The read model has them, at once or a little later."""
    deadline = time.monotonic() + LISTED_MAX_S
    while missing := order_ids - {order["id"] for order in api.pages("/v1/orders", {"restaurant_id": restaurant_id})}:
        assert time.monotonic() < deadline, f"not listed: {missing}"
        time.sleep(FLOW_S)


def test_sigterm_to_an_api_process_cuts_off_no_request(
    cluster: Cluster, module_database: str, restaurant_id: str, seed: int, figure: Callable[[str], None]
) -> None:
    senders = Senders(cluster.port, restaurant_id, seed, cluster.bearer)
    senders.start()
    for number in range(DRAINS):
        time.sleep(FLOW_S)
        stop_in_order(cluster, APIS[number % len(APIS)])
    senders.stop()
    fates = Counter(outcome.fate for outcome in senders.outcomes.values())
    answers = {key: o for key, o in senders.outcomes.items() if o.fate is Fate.ANSWERED}
    figure(f"{DRAINS} SIGTERM to an api: {fates[Fate.ANSWERED]} answered, {fates[Fate.UNREAD]} left unread")
    assert fates[Fate.CUT] == 0
    assert Counter(o.status for o in answers.values()) == {201: len(answers)}
    assert any(o.last for o in answers.values())
    with psycopg.connect(module_database) as db:
        kept = {key for (key,) in db.execute(_KEYS).fetchall() if key.startswith("drain-")}
    assert kept == set(answers)


def test_a_request_half_sent_at_sigterm_is_still_answered(cluster: Cluster, restaurant_id: str, seed: int) -> None:
    story = tell(restaurant_id, f"half-{seed}", chance(seed))
    request = post("/v1/orders", story.body, story.key, cluster.bearer())
    with Wire(cluster.port) as wire:
        wire.send(get("/healthz"))
        assert wire.outcome().fate is Fate.ANSWERED
        wire.send(request[:-20])
        for name in APIS:
            cluster.ask_to_end(name)
        time.sleep(FLOW_S)
        wire.send(request[-20:])
        answer = wire.outcome()
    assert (answer.fate, answer.status, answer.last) == (Fate.ANSWERED, 201, True)


def test_idle_connections_are_closed_cleanly_at_sigterm(cluster: Cluster) -> None:
    cluster.wait_until_ready()
    wires = [Wire(cluster.port) for _ in range(IDLE_CONNECTIONS)]
    for wire in wires:
        wire.send(get("/healthz"))
        assert wire.outcome().fate is Fate.ANSWERED
    began = time.monotonic()
    for name in APIS:
        cluster.ask_to_end(name)
    assert all(wire.ends_cleanly() for wire in wires)
    assert time.monotonic() - began < END_MAX_S
    for wire in wires:
        with wire:
            pass


def test_ctrl_c_under_load_loses_nothing_and_a_second_start_has_it_all(
    tmp_path: Path, seed: int, figure: Callable[[str], None]
) -> None:
    with House(tmp_path / "data") as house, Load(house.port, seed, house.sign_in("operator"), repeat_for_s=0) as load:
        restaurant_id = open_restaurant(house.port, "Ctrl-C", load.bearer)
        senders = Senders(house.port, restaurant_id, seed, load.bearer)
        senders.start()
        time.sleep(2 * FLOW_S)
        began = time.monotonic()
        assert house.interrupt() == 0
        took_s = time.monotonic() - began
        load.stop()
        senders.stop()
    assert Fate.CUT not in {outcome.fate for outcome in senders.outcomes.values()}
    placed = {key: outcome for key, outcome in senders.outcomes.items() if outcome.fate is Fate.ANSWERED}
    assert {outcome.status for outcome in placed.values()} == {201}
    with House(tmp_path / "data") as again:
        api = again.api()
        for order in load.acknowledged.values():
            assert_there(api, order.order_id, order.events)
        assert_listed(api, restaurant_id, {outcome.order_id for outcome in placed.values()})
    figure(f"Ctrl-C under load took {took_s:.1f} s; {len(load.acknowledged) + len(placed)} orders were there again")
