"""Uses that are claimed and given back by many processes at once, and over connections that break: counted exactly."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.event_store import NEW_STREAM, Append, Claim, LimitReached, StoreUnavailable, Use, VersionMoved
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, ready, stream

PROCESSES, THREADS, TURNS, SUBJECTS, MOST = 3, 18, 40, 3, 4
KEPT_ONE_IN = 300
CUTS = 25

_CLAIMED = """
select c.subject, c.uses, count(e.*) filter (where e.versions = 1), count(e.*)
from comanda.claims c
left join (
    select meta::json ->> 'subject' as subject, max(version) as versions from comanda.events group by stream_id, 1
) e on e.subject = c.subject::text
where c.holder = '' group by c.subject, c.uses
"""
_OF_HOLDERS = "select coalesce(sum(uses), 0) from comanda.claims where subject = %s and holder <> ''"
_DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


class Shopper:
    """Uses something up and gives it back, turn after turn, like orders that are placed and called off."""

    def __init__(self, number: int, store: PostgresEventStore, subjects: list[UUID]) -> None:
        self._holder, self._store, self._subjects = f"holder {number}", store, subjects
        self._dice = random.Random(number)  # noqa: S311  dice, and the same ones in every run

    def turn(self) -> None:
        subject, order = self._dice.choice(self._subjects), uuid7()
        placed = stream(accepted, on=NEW_STREAM, stream_id=order)
        claim, meta = Claim(subject, self._holder, MOST, None), {"subject": str(subject)}
        if not self._done(Append(streams=[placed], claims=[claim], meta=meta)) or not self._dice.randrange(KEPT_ONE_IN):
            return
        back = Use(subject, self._holder)
        for version in (7, 1, 1):  # a refused attempt, the one that counts, and its repeat
            self._done(Append(streams=[stream(ready, on=version, stream_id=order)], meta=meta, releases=[back]))

    def _done(self, request: Append) -> bool:
        try:
            self._store.append(request)
        except (LimitReached, VersionMoved, StoreUnavailable):
            return False
        return True


def shop(url: str, subjects: list[UUID], until: Callable[[], bool]) -> None:
    """Shoppers of several processes, each at it until told to stop."""
    stores = [PostgresEventStore(url).open() for _ in range(PROCESSES)]

    def at_it(number: int) -> None:
        shopper = Shopper(number, stores[number % PROCESSES], subjects)
        for _ in range(TURNS):
            shopper.turn()
        while not until():
            shopper.turn()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(at_it, range(THREADS)))
    for store in stores:
        store.close()


def assert_counted(url: str) -> None:
    """What is counted is what history says: an order that was not called off is a use of its code."""
    with psycopg.connect(url) as db:
        rows = db.execute(_CLAIMED).fetchall()
        assert len(rows) == SUBJECTS
        for subject, uses, standing, all_of_them in rows:
            assert uses == standing <= MOST
            assert all_of_them > 10 * MOST
            assert db.execute(_OF_HOLDERS, (subject,)).fetchone() == (uses,)


def test_processes_that_claim_and_give_back_the_same_never_wait_in_a_ring(database: str) -> None:
    shop(database, [uuid7() for _ in range(SUBJECTS)], lambda: True)
    assert_counted(database)
    with psycopg.connect(database) as db:
        assert db.execute(_DEADLOCKS).fetchone() == (0,)


@pytest.mark.fault
def test_though_connections_are_cut_at_any_moment_each_use_is_given_back_once(database: str) -> None:
    over = threading.Event()
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database, autocommit=True) as db:
        shopping = threads.submit(shop, database, [uuid7() for _ in range(SUBJECTS)], over.is_set)
        cuts = 0
        for _ in range(CUTS):
            time.sleep(random.uniform(0.01, 0.15))  # noqa: S311  any moment will do
            cuts += db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'comanda_app'"
            ).rowcount
        over.set()
        shopping.result()
    assert cuts >= CUTS
    assert_counted(database)
