"""What the leader does beside: it forgets old answers and makes new months, and nobody waits for it."""

import itertools
import threading
import time

import psycopg

from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.workers.sequencing import TAKEOVER_MAX_S, WAIT_MAX_S, Heard, one, place_orders, running, until
from workers.sequencer import KEYS_DELETED_MAX, KEYS_EVERY_S, expire_keys, make_months


def remember(owner: Connection, count: int, age: str) -> None:
    owner.execute(
        "insert into comanda.idempotency_keys select 'anna', %s || n, '', 201, '{}', '{}', now() - %s::interval"
        " from generate_series(1, %s) n",
        (age, age, count),
    )


def remembered(owner: Connection) -> int:
    return int(one(owner, "select count(*) from comanda.idempotency_keys"))


def test_answers_are_forgotten_after_three_days_a_bounded_number_at_a_time(owner: Connection, db: Connection) -> None:
    remember(owner, 25, "73 hours")
    remember(owner, 5, "71 hours")
    assert [expire_keys(db, 10) for _ in range(4)] == [10, 10, 5, 0]
    assert remembered(owner) == 5


def test_while_there_are_more_answers_to_forget_the_next_ones_do_not_wait_for_an_hour(
    database: str, owner: Connection
) -> None:
    remember(owner, 2 * KEYS_DELETED_MAX + 1, "80 hours")
    seconds = itertools.count(0.0, 0.5)
    with running(database, Heard(), seconds.__next__):
        until(lambda: remembered(owner) == 0)
    assert next(seconds) < KEYS_EVERY_S


def test_new_months_are_made_ahead_and_a_second_time_is_silence(owner: Connection, db: Connection) -> None:
    before = one(owner, "select count(*) from pg_inherits where inhparent = 'comanda.events'::regclass")
    assert make_months(db, 26)
    assert make_months(db, 26)
    assert one(owner, "select count(*) from pg_inherits where inhparent = 'comanda.events'::regclass") == before + 2


def test_new_months_wait_for_a_reader_but_appends_do_not_wait_behind_them(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    place_orders(store, 1)
    with psycopg.connect(database) as reading:
        reading.execute("select count(*) from comanda.events")
        made: list[bool] = []
        thread = threading.Thread(target=lambda: made.append(make_months(db, 26)))
        begun = time.monotonic()
        thread.start()
        place_orders(store, 50)
        assert time.monotonic() - begun < TAKEOVER_MAX_S
        thread.join(WAIT_MAX_S)
        assert made == [False]
    assert make_months(db, 26)
