"""The sequencer: one leads, others stand by, and whatever fails, every event gets its place and its hint."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import psycopg
import pytest
from dramatiq.brokers.stub import StubBroker

from domain.event_store import NEW_STREAM, Append
from infra.parent import PIPE
from infra.postgres.connection import Connection, connect
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, stream
from workers import sequencer
from workers.hints import QUEUE, HintPublisher
from workers.sequencer import (
    BUSY_PAUSE_MAX_S,
    BUSY_PAUSE_S,
    IDLE_PAUSE_S,
    KEYS_DELETED_MAX,
    KEYS_EVERY_S,
    LEAD_KEY,
    Batch,
    EpochOver,
    Sequencer,
    Sweep,
    expire_keys,
    make_months,
    pause_after,
    sequence,
    try_lead,
)

ROLE = "comanda_sequencer"
END_LEADER = """
select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
where d.datname = current_database() and l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = %s
"""
TAKEOVER_MAX_S = 2.0
WAIT_MAX_S = 15.0


@pytest.fixture
def db(database: str) -> Iterator[Connection]:
    with connect(database, ROLE) as connection:
        yield connection


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(database: str) -> Iterator[PostgresEventStore]:
    opened = PostgresEventStore(database).open()
    yield opened
    opened.close()


def place_orders(store: PostgresEventStore, count: int) -> None:
    for _ in range(count):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))


def one(db: Connection, sql: str) -> Any:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]


def ledger(db: Connection) -> int:
    """How many events have their place, after a look that there is no gap."""
    count, last = db.execute("select count(*), coalesce(max(position), 0) from comanda.ledger").fetchall()[0]
    assert count == last
    return int(count)


def lead(db: Connection) -> int:
    epoch = try_lead(db)
    assert epoch is not None
    return epoch


def until(so: Callable[[], bool]) -> float:
    """Seconds until it was so."""
    begun = time.monotonic()
    while not so():
        assert time.monotonic() - begun < WAIT_MAX_S
        time.sleep(0.01)
    return time.monotonic() - begun


class Heard:
    """Hints that are only written down."""

    def __init__(self) -> None:
        self.announced: list[tuple[int, list[str]]] = []
        self.reminded: list[str] = []

    def announce(self, position: int, categories: Collection[str]) -> None:
        self.announced.append((position, sorted(categories)))

    def remind(self, projection: str) -> None:
        self.reminded.append(projection)


@contextmanager
def running(url: str, hints: sequencer.Hints, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """A sequencer in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(lambda: connect(url, ROLE), hints, stop=stop, clock=clock).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WAIT_MAX_S)
    assert not thread.is_alive()


# Steps


def test_a_step_lays_down_one_bounded_batch(db: Connection, store: PostgresEventStore) -> None:
    place_orders(store, 25)
    epoch = lead(db)
    sizes = [sequence(db, epoch, 10) for _ in range(4)]
    assert sizes == [(0, 10, ["order"]), (10, 20, ["order"]), (20, 25, ["order"]), (25, 25, [])]
    assert ledger(db) == 25


def test_a_step_names_the_categories_that_it_met(db: Connection, store: PostgresEventStore) -> None:
    for category in ("order", "restaurant", "order"):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM, category=category)]))
    assert sorted(sequence(db, lead(db)).categories) == ["order", "restaurant"]


def test_the_pause_is_none_after_a_full_batch_and_grows_with_any_other() -> None:
    full, none = Batch(0, 1000, ["order"]), Batch(9, 9, [])
    one, some, many = (pause_after(Batch(0, size, ["order"])) for size in (1, 20, 999))
    assert [pause_after(batch) for batch in (full, none)] == [0.0, IDLE_PAUSE_S]
    assert BUSY_PAUSE_S < one < some < many == BUSY_PAUSE_MAX_S


# The lead


def test_only_one_leads_and_each_lead_is_a_new_epoch(database: str, db: Connection) -> None:
    first = lead(db)
    with connect(database, ROLE) as other:
        assert try_lead(other) is None
        db.close()
        until(lambda: (try_lead(other) or 0) > first)


def test_a_leader_that_lost_the_lead_unawares_is_fenced_off_and_writes_nothing(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    former = lead(db)
    place_orders(store, 3)
    db.execute("select pg_advisory_unlock_all()")
    with connect(database, ROLE) as other:
        present = lead(other)
        with pytest.raises(EpochOver, match=f"epoch {former} is over"):
            sequence(db, former)
        assert ledger(other) == 0
        assert sequence(other, present).after == 3
        with pytest.raises(EpochOver):
            sequence(db, former)
        assert ledger(other) == 3


def test_a_step_of_a_former_leader_that_is_under_way_is_finished_before_the_next_epoch_and_not_after(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    former = lead(db)
    place_orders(store, 2)
    db.autocommit = False
    assert sequence(db, former).after == 2
    db.execute("select pg_advisory_unlock_all()")
    with connect(database, ROLE) as other:
        epochs: list[int | None] = []
        thread = threading.Thread(target=lambda: epochs.append(try_lead(other)))
        thread.start()
        time.sleep(0.1)
        assert epochs == []
        db.commit()
        thread.join(WAIT_MAX_S)
        assert epochs == [former + 1]
        place_orders(store, 1)
        assert sequence(other, former + 1) == (2, 3, ["order"])


def test_a_leader_whose_session_was_ended_leads_again(database: str, db: Connection, store: PostgresEventStore) -> None:
    with running(database, Heard()), psycopg.connect(database, autocommit=True) as owner:
        for number in range(1, 4):
            place_orders(store, 1)
            until(lambda: ledger(db) == number)  # noqa: B023  called in this very turn
            owner.execute(END_LEADER, (LEAD_KEY,))
        place_orders(store, 1)
        assert until(lambda: ledger(db) == 4) < TAKEOVER_MAX_S


# Hints


def test_every_batch_is_announced_with_its_last_position(database: str, store: PostgresEventStore) -> None:
    heard = Heard()
    with running(database, heard):
        place_orders(store, 20)
        until(lambda: bool(heard.announced) and heard.announced[-1] == (20, ["order"]))
    assert heard.announced == sorted(heard.announced)


class Broker(StubBroker):
    """A broker that can be away."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.away = False
        self.tries = 0

    def enqueue(self, message: "dramatiq.Message[Any]", *, delay: int | None = None) -> "dramatiq.Message[Any]":
        self.tries += 1
        if self.away:
            raise ConnectionError("away")
        return super().enqueue(message, delay=delay)

    def hints(self) -> list[tuple[Any, ...]]:
        """What came through since the last time."""
        waiting = self.queues[QUEUE]
        return [dramatiq.Message.decode(waiting.get_nowait()).args for _ in range(waiting.qsize())]


def test_sequencing_goes_on_while_the_broker_is_away_and_the_newest_hints_come_after_it(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    broker = Broker()
    publisher = HintPublisher(broker, {"orders": "order", "sales": "order", "menus": "restaurant"})
    publisher.open()
    broker.away = True
    with running(database, publisher):
        for number in range(1, 6):
            place_orders(store, 1)
            until(lambda: ledger(db) == number)  # noqa: B023  called in this very turn
        until(lambda: broker.tries >= 2)
        assert broker.hints() == []
        broker.away = False
        until(lambda: broker.queues[QUEUE].qsize() >= 1)
    publisher.close()
    assert broker.hints() == [("orders", 5)]


# The sweep


def test_a_projection_that_lags_and_has_not_moved_since_the_last_look_is_reminded() -> None:
    sweep = Sweep()
    assert sweep.stalled({"orders": 3, "sales": 5}, 5) == []
    assert sweep.stalled({"orders": 3, "sales": 5}, 5) == ["orders"]


def test_a_projection_that_moves_or_has_arrived_is_left_alone() -> None:
    sweep = Sweep()
    looks = [({"orders": 1, "sales": 9}, 9), ({"orders": 4, "sales": 9}, 9), ({"orders": 9, "sales": 9}, 12)]
    assert [sweep.stalled(*look) for look in looks] == [[], [], ["sales"]]


def test_a_lost_hint_is_repeated_by_the_sweep(database: str, owner: Connection, store: PostgresEventStore) -> None:
    heard = Heard()
    seconds = itertools.count(0.0, 0.5)
    with running(database, heard, seconds.__next__):
        place_orders(store, 4)  # no worker has made the read models yet
        until(lambda: bool(heard.announced) and heard.announced[-1][0] == 4)
        owner.execute(
            """
            set role comanda_worker;
            create table read_models.checkpoints (projection text, partition smallint, position bigint);
            insert into read_models.checkpoints values ('orders', 0, 4), ('orders', 1, 2), ('sales', 0, 4);
            """
        )
        until(lambda: bool(heard.reminded))
    assert set(heard.reminded) == {"orders"}


# Upkeep


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


# Processes


@pytest.fixture
def start(database: str, owner: Connection) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts `comanda sequencer` and waits until it leads or stands by; ends all of them afterwards."""
    ours, theirs = os.pipe()  # should this process die, they end by themselves
    environment = {**os.environ, "COMANDA_DATABASE_URL": database, "COMANDA_LOG_LEVEL": "error", PIPE: str(ours)}
    started: list[subprocess.Popen[bytes]] = []

    def one_more() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "infra.cli.main", "sequencer"]
        before = sessions(owner)
        started.append(subprocess.Popen(command, env=environment, pass_fds=(ours,)))
        until(lambda: sessions(owner) > before)
        return started[-1]

    yield one_more
    for process in started:
        process.kill()
        process.wait(WAIT_MAX_S)
    os.close(ours)
    os.close(theirs)


def epoch(owner: Connection) -> int:
    return int(one(owner, "select epoch from comanda.sequencer"))


def sessions(owner: Connection) -> int:
    """How many sequencers lead or stand by."""
    return int(
        one(
            owner,
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = 'comanda_sequencer'",
        )
    )


@pytest.mark.fault
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_a_standby_takes_over_within_two_seconds_of_a_leader_that_is_killed_or_frozen(
    owner: Connection, store: PostgresEventStore, start: Callable[[], "subprocess.Popen[bytes]"], fault: signal.Signals
) -> None:
    leader = start()
    place_orders(store, 1)
    until(lambda: ledger(owner) == 1)
    start()
    place_orders(store, 1)
    leader.send_signal(fault)
    waited = until(lambda: epoch(owner) == 2)
    place_orders(store, 1)
    assert waited + until(lambda: ledger(owner) == 3) < TAKEOVER_MAX_S
    leader.send_signal(signal.SIGCONT)
    place_orders(store, 1)
    assert until(lambda: ledger(owner) == 4) < TAKEOVER_MAX_S
    assert epoch(owner) == 2


@pytest.mark.fault
def test_a_leader_that_is_asked_to_end_does_so_at_once_and_cleanly(
    owner: Connection, start: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    leader, standby = start(), start()
    until(lambda: epoch(owner) == 1)
    for process in (standby, leader):
        process.terminate()
        assert process.wait(TAKEOVER_MAX_S) == 0
