"""Processes are killed with kill -9 while orders flow: nothing acknowledged is lost, nothing is doubled."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from infra.embedded import EmbeddedPostgres
from infra.postgres.migrate import migrate
from tests.faults.cluster import PARTS, SEQUENCERS, Cluster
from tests.faults.load import Load
from tests.faults.sizes import KILLS, POSTGRES_AWAY_S, POSTGRES_KILLS
from tests.faults.stories import chance
from tests.faults.whole import assert_whole
from tests.servers.postgres import Databases

pytestmark = [pytest.mark.fault, pytest.mark.slow]

BETWEEN_KILLS_S = (0.2, 0.9)
BETWEEN_POSTGRES_KILLS_S = (1.0, 2.0)
SUCCESS_MAX_S = 5.0
TAKEOVER_MAX_S = 2.0
WAIT_MAX_S = 30.0
POLL_S = 0.005

_HEAD = "select position from comanda.sequencer"
_SEQUENCERS = """
select count(*) from pg_stat_activity where datname = current_database() and application_name = 'comanda_sequencer'
"""


@pytest.fixture
def breakable_database(breakable_postgres: EmbeddedPostgres) -> Iterator[str]:
    """A migrated database on the server that the test kills."""
    databases = Databases(breakable_postgres.url, "breakable")
    name = databases.create()
    migrate(databases.url_of(name))
    yield databases.url_of(name)
    breakable_postgres.start()
    databases.drop(name)


def test_no_order_is_lost_or_doubled_when_any_part_is_killed_at_any_moment(
    database: str, amqp_url: str, seed: int, figure: Callable[[str], None]
) -> None:
    rng = chance(seed)
    with Cluster(database, amqp_url) as cluster, Load(cluster.port, seed, cluster.bearer) as load:
        for _ in range(KILLS):
            time.sleep(rng.uniform(*BETWEEN_KILLS_S))
            cluster.kill(rng.choice(PARTS))
        time.sleep(BETWEEN_KILLS_S[1])
        load.stop()
        assert load.faults == []
        settled_s = assert_whole(database, load.acknowledged.values())
        assert cluster.died == []
    figure(f"{KILLS} kills of parts: {load.summary()}, settled in {settled_s:.1f} s")


def test_a_standby_sequences_on_when_the_leader_is_killed(
    database: str, amqp_url: str, seed: int, figure: Callable[[str], None]
) -> None:
    with (
        Cluster(database, amqp_url) as cluster,
        Load(cluster.port, seed, cluster.bearer) as load,
        psycopg.connect(database) as db,
    ):
        db.autocommit = True
        stood_still_s = []
        for leader in (*SEQUENCERS, *SEQUENCERS):  # one of the first two leads, and each that follows has to
            _wait_for_both_sequencers(db)
            _wait_for_a_new_position(db)
            killed_at = time.monotonic()
            cluster.kill(leader)
            _wait_for_a_new_position(db)
            stood_still_s.append(time.monotonic() - killed_at)
        load.stop()
        assert load.faults == []
        assert_whole(database, load.acknowledged.values())
    figure(f"a standby led after {max(stood_still_s):.2f} s at most")
    assert max(stood_still_s) < TAKEOVER_MAX_S


def test_no_order_is_lost_or_doubled_when_postgres_is_killed(
    breakable_postgres: EmbeddedPostgres,
    breakable_database: str,
    amqp_url: str,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    rng = chance(seed)
    healed_s = []
    with Cluster(breakable_database, amqp_url) as cluster, Load(cluster.port, seed, cluster.bearer) as load:
        for _ in range(POSTGRES_KILLS):
            time.sleep(rng.uniform(*BETWEEN_POSTGRES_KILLS_S))
            breakable_postgres.kill()
            time.sleep(rng.uniform(0, POSTGRES_AWAY_S))
            breakable_postgres.start()
            healed_s.append(load.first_success_after(time.monotonic(), within_s=60))
        time.sleep(BETWEEN_POSTGRES_KILLS_S[0])
        load.stop()
        assert load.faults == []
        settled_s = assert_whole(breakable_database, load.acknowledged.values())
        assert cluster.died == []
        breakable_postgres.kill()  # and every part ends in order without it
    figure(f"{POSTGRES_KILLS} kills of PostgreSQL: {load.summary()}, settled in {settled_s:.1f} s")
    figure(f"first success after PostgreSQL was back: {max(healed_s):.2f} s at most")
    assert max(healed_s) < SUCCESS_MAX_S


def _wait_for_both_sequencers(db: psycopg.Connection) -> None:
    """Returns when one leads and one stands by."""
    deadline = time.monotonic() + WAIT_MAX_S
    while db.execute(_SEQUENCERS).fetchone() != (len(SEQUENCERS),):
        assert time.monotonic() < deadline, "no standby comes up"
        time.sleep(POLL_S)


def _wait_for_a_new_position(db: psycopg.Connection) -> None:
    """Returns when the ledger has grown."""
    head = db.execute(_HEAD).fetchone()
    deadline = time.monotonic() + WAIT_MAX_S
    while db.execute(_HEAD).fetchone() == head:
        assert time.monotonic() < deadline, "the ledger stands still"
        time.sleep(POLL_S)
