"""RabbitMQ stops, dies, or brings hints late, doubled and shuffled: orders are taken, and the read models catch up."""

import random
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from infra.brokers import broker as connected
from projections.registry import PROJECTIONS
from tests.faults.cluster import Cluster
from tests.faults.load import Load
from tests.faults.sizes import BROKER_KILLS, BROKER_OUTAGE_S, HINTS
from tests.faults.stories import chance
from tests.faults.whole import assert_whole
from tests.servers.rabbitmq import Broker, purge
from workers.hints import QUEUE, hint

pytestmark = [pytest.mark.fault, pytest.mark.slow]

CAUGHT_UP_MAX_S = 60.0
FLOW_S = 2.0
BETWEEN_KILLS_S = (1.0, 2.5)
UNKNOWN = "menus_of_yesteryear"
FUTURE = 2**53
SHUFFLED = 100

_HEAD = "select position from comanda.sequencer"


@pytest.fixture
def breakable_amqp_url(breakable_broker: Broker) -> Iterator[str]:
    """A virtual host on the broker that the test stops."""
    with breakable_broker.vhost() as url:
        yield url
        breakable_broker.start()


def test_every_order_is_taken_while_the_broker_is_away_and_shown_when_it_is_back(
    database: str,
    breakable_broker: Broker,
    breakable_amqp_url: str,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    with Cluster(database, breakable_amqp_url) as cluster, Load(cluster.port, seed, cluster.bearer) as load:
        time.sleep(FLOW_S)
        breakable_broker.stop()
        began, taken = time.monotonic(), len(load.acknowledged)
        time.sleep(BROKER_OUTAGE_S)
        taken = len(load.acknowledged) - taken
        assert load.repeats_between(began, time.monotonic()) == []
        breakable_broker.start()
        purge(breakable_amqp_url, [QUEUE])
        time.sleep(FLOW_S)
        load.stop()
        assert load.faults == []
        settled_s = assert_whole(database, load.acknowledged.values(), settle_max_s=CAUGHT_UP_MAX_S)
        assert cluster.died == []
    figure(f"broker away {BROKER_OUTAGE_S} s: {taken} orders taken meanwhile, caught up in {settled_s:.1f} s")
    assert taken


def test_read_models_follow_when_the_broker_is_killed(
    database: str,
    breakable_broker: Broker,
    breakable_amqp_url: str,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    rng = chance(seed)
    with Cluster(database, breakable_amqp_url) as cluster, Load(cluster.port, seed, cluster.bearer) as load:
        for _ in range(BROKER_KILLS):
            time.sleep(rng.uniform(*BETWEEN_KILLS_S))
            breakable_broker.kill()
            breakable_broker.start()
        time.sleep(FLOW_S)
        load.stop()
        assert load.faults == []
        assert load.repeats == []
        settled_s = assert_whole(database, load.acknowledged.values(), settle_max_s=CAUGHT_UP_MAX_S)
        assert cluster.died == []
        breakable_broker.kill()  # and every part ends in order without it
    figure(f"{BROKER_KILLS} kills of the broker: {load.summary()}, caught up in {settled_s:.1f} s")


def test_hints_that_are_doubled_shuffled_stale_and_false_change_nothing(
    database: str, amqp_url: str, seed: int, figure: Callable[[str], None]
) -> None:
    rng = chance(seed)
    hints = connected(amqp_url)
    hints.declare_queue(QUEUE)
    with (
        Cluster(database, amqp_url) as cluster,
        Load(cluster.port, seed, cluster.bearer) as load,
        psycopg.connect(database, autocommit=True) as db,
    ):
        for _ in range(HINTS // SHUFFLED):
            (head,) = db.execute(_HEAD).fetchone() or (0,)
            told = [_any_hint(rng, head) for _ in range(SHUFFLED // 2)] * 2
            rng.shuffle(told)
            for name, position in told:
                hints.enqueue(hint(name, position))
        load.stop()
        assert load.faults == []
        settled_s = assert_whole(database, load.acknowledged.values())
        assert cluster.died == []
    hints.close()
    figure(f"{HINTS} false hints: {load.summary()}, settled in {settled_s:.1f} s")


def _any_hint(rng: random.Random, head: int) -> tuple[str, int]:
    """A hint for any projection, known or not, at a position that is stale, near, or far beyond the ledger."""
    return rng.choice([*PROJECTIONS, UNKNOWN]), rng.choice([-1, 0, rng.randint(0, head + 1), head + SHUFFLED, FUTURE])
