"""Every event takes effect once, whoever is asked how often, and whatever breaks down in between."""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.event_store import SHARDS, Page, Recorded
from infra.postgres.ledger import LedgerConnection
from projections.kitchen_board import KITCHEN_BOARD
from projections.orders import ORDERS
from projections.projection import PARTITIONS, Change, Connection, Projection, partition_of, prepare, shards_of
from projections.registry import PROJECTIONS
from projections.runner import Outcome, Runner, Step
from tests.domain.sample_orders import accepted, cancelled, ready, started
from tests.projections.books import Books
from tests.projections.counting import COUNTING, before_each, stumbling_over
from tests.projections.histories import placed_as
from tests.projections.replayed import ROLE, assert_equal_to_fresh_replay
from workers.projecting import Projecting

WAIT_MAX_S = 10


@pytest.fixture
def counted(books: Books) -> Books:
    """The books with the counting read model beside the others."""
    prepare(books.db, [COUNTING])
    return books


def order_in(partition: int) -> UUID:
    """A new order that falls into a partition."""
    return next(order_id for order_id in iter(uuid7, None) if partition_of(order_id) == partition)


def counts(books: Books) -> dict[UUID, int]:
    return dict(books.db.execute("select order_id, events from read_models.counting").fetchall())


def checkpoint(books: Books, partition: int = 0) -> int:
    query = "select position from read_models.checkpoints where projection = 'counting' and partition = %s"
    return int(books.rows(query, partition)[0][0])


class Held:
    """A worker that stands still at its first event, with its partition locked, until it is let go."""

    def __init__(self, books: Books, projection: Projection[int] = COUNTING) -> None:
        self._reached, self._go = threading.Event(), threading.Event()
        evolve = projection.evolve

        def hold(recorded: Recorded) -> None:
            self._reached.set()
            assert self._go.wait(WAIT_MAX_S)
            evolve(None, recorded, None)

        self.db = books.connection()
        self.runner = books.runner(before_each(hold), 0, books.reader())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While the worker stands still; at the end it finishes its step."""
        with ThreadPoolExecutor(1) as pool:
            step = pool.submit(self.runner.step, self.db)
            try:
                assert self._reached.wait(WAIT_MAX_S)
                yield
            finally:
                self._go.set()
            assert step.result(WAIT_MAX_S).outcome is Outcome.MOVED


# Once, and only once


def test_every_event_counts_once_however_often_a_worker_is_asked(counted: Books) -> None:
    order_id = uuid7()
    counted.record(order_id, placed_as(order_id), accepted)
    for _ in range(3):
        counted.project(COUNTING)
    counted.record(order_id, started)
    for _ in range(3):
        counted.project(COUNTING)
    assert counts(counted) == {order_id: 3}


def test_rows_and_checkpoint_move_together_or_not_at_all(counted: Books) -> None:
    def save_and_lose_the_connection(db: Connection, changes: Sequence[Change[int]]) -> None:
        COUNTING.save(db, changes)
        with psycopg.connect(counted.url) as owner:
            owner.execute("select pg_terminate_backend(%s, 5000)", (db.info.backend_pid,))

    order_id = order_in(0)
    counted.record(order_id, placed_as(order_id), accepted)
    counted.sequence()
    doomed = counted.runner(replace(COUNTING, save=save_and_lose_the_connection), 0)
    with pytest.raises(psycopg.OperationalError):
        doomed.step(counted.connection())
    assert (counts(counted), checkpoint(counted)) == ({}, 0)
    counted.project(COUNTING)
    assert (counts(counted), checkpoint(counted)) == ({order_id: 2}, 2)


def test_a_batch_ends_where_it_is_told_and_the_next_goes_on_from_there(counted: Books) -> None:
    order_id = order_in(0)
    counted.record(order_id, placed_as(order_id), accepted, started, ready, cancelled)
    counted.sequence()
    runner = counted.runner(COUNTING, 0)
    steps = [runner.step(counted.db, limit=2) for _ in range(4)]
    assert [step.position for step in steps] == [2, 4, 5, 5]
    assert steps[-1] == Step(Outcome.CAUGHT_UP, 5, 0)
    assert counts(counted) == {order_id: 5}


def test_events_of_other_streams_move_the_checkpoint_too(counted: Books) -> None:
    order_id = order_in(1)
    counted.record(order_id, placed_as(order_id))
    counted.project(COUNTING)
    assert [checkpoint(counted, partition) for partition in range(PARTITIONS)] == [1, 1]
    assert counts(counted) == {order_id: 1}


# One worker at a time


def test_two_workers_are_never_at_one_partition(counted: Books) -> None:
    order_id = order_in(0)
    counted.record(order_id, placed_as(order_id))
    counted.sequence()
    with Held(counted).at_work():
        assert counted.runner(COUNTING, 0).step(counted.db).outcome is Outcome.BUSY
        assert counted.runner(COUNTING, 0).catch_up(counted.db) == 0
        assert counted.runner(COUNTING, 1).step(counted.db).outcome is Outcome.MOVED
    assert counts(counted) == {order_id: 1}


def test_what_comes_while_another_is_at_it_is_not_lost(counted: Books) -> None:
    """The second worker goes away from the locked partition, so the first must look again when it is done."""
    order_id = order_in(0)
    outcomes: list[Outcome] = []

    class News(LedgerConnection):
        """A ledger that grows just after it was found to hold nothing new."""

        def read(self, after: int, limit: int, category: str, types: frozenset[str] | None, shards: list[int]) -> Page:
            page = super().read(after, limit, category, types, shards)
            if not outcomes:
                counted.record(order_id, placed_as(order_id))
                counted.sequence()
                outcomes.append(counted.runner(COUNTING, 0).step(counted.connection()).outcome)
            return page

    news = News(counted.url, ROLE)
    assert Runner(projection=COUNTING, partition=0, ledger=news).catch_up(counted.db) == 1
    news.close()
    assert outcomes == [Outcome.BUSY]
    assert counts(counted) == {order_id: 1}


def test_a_stream_parked_at_the_last_moment_stays_parked(counted: Books) -> None:
    """A worker that began to ask for the lock before another parked a stream must still see it parked."""
    order_id = order_in(0)
    counted.record(order_id, placed_as(order_id), accepted)
    counted.sequence()
    counted.db.execute("alter table read_models.checkpoints enable row level security, force row level security")
    counted.db.execute(
        """create policy late on read_models.checkpoints using (
            current_setting('application_name') <> 'late' or pg_advisory_xact_lock_shared(1)::text is not null)"""
    )
    late = counted.connection()
    late.execute("set application_name = 'late'")
    gate = counted.connection()
    gate.execute("select pg_advisory_lock(1)")
    with ThreadPoolExecutor(1) as pool:
        with Held(counted, stumbling_over("OrderAccepted")).at_work():
            step = pool.submit(counted.runner(COUNTING, 0).step, late)
            counted.wait_until_blocked(late.info.backend_pid)
            counted.record(order_id, started)
            counted.sequence()
        gate.execute("select pg_advisory_unlock(1)")
        assert step.result(WAIT_MAX_S).position == 3
    assert counts(counted) == {order_id: 1}
    assert [(p.stream_id, p.version) for p in counted.parked(COUNTING)] == [(order_id, 2)]


# All partitions together


def test_every_stream_belongs_to_exactly_one_partition() -> None:
    shards = [shard for partition in range(PARTITIONS) for shard in shards_of(partition)]
    assert sorted(shards) == list(range(SHARDS))
    for stream_id in (uuid7() for _ in range(100)):
        assert [p for p in range(PARTITIONS) if stream_id.int % SHARDS in shards_of(p)] == [partition_of(stream_id)]


def test_the_partitions_together_read_every_event_once(counted: Books) -> None:
    orders = [uuid7() for _ in range(64)]
    for order_id in orders:
        counted.record(order_id, placed_as(order_id))
    counted.sequence()
    read = [
        recorded
        for partition in range(PARTITIONS)
        for recorded in counted.ledger.read(0, 100, "order", None, shards_of(partition)).events
    ]
    assert sorted(recorded.position or 0 for recorded in read) == list(range(1, 65))
    assert all(partition_of(recorded.stream_id) == recorded.stream_id.int % 2 for recorded in read)
    counted.project(COUNTING)
    assert counts(counted) == dict.fromkeys(orders, 1)


# Hints are only hints


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_doubled_shuffled_and_false_hints_change_no_row(counted: Books, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a test's dice
    known = {**PROJECTIONS, COUNTING.name: COUNTING}
    projecting = Projecting(known, counted.connection, counted.reader)
    hints: list[tuple[str, int]] = []
    for _ in range(6):
        orders = [uuid7() for _ in range(5)]
        for order_id in orders:
            counted.record(order_id, placed_as(order_id), accepted)
            counted.record(order_id, *chance.choice(((started, ready), (cancelled,))))
        counted.sequence()
        hints += [(name, counted.ledger.head()) for name in known]
        told = hints * 2 + [(chance.choice(list(known)), chance.randrange(10**6)), ("forgotten", 7)]
        chance.shuffle(told)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(projecting.hinted, *zip(*told, strict=True)))
    expected = dict(counted.rows("select stream_id, count(*) from comanda.ledger group by stream_id"))
    assert counts(counted) == expected
    assert assert_equal_to_fresh_replay(counted.url, known.values()) > 0


def test_a_hint_while_the_database_fails_is_forgotten_and_the_next_one_makes_up_for_it(counted: Books) -> None:
    order_id = order_in(0)
    opened: list[Connection] = []

    def connection() -> Connection:
        opened.append(counted.connection())
        return opened[-1]

    projecting = Projecting({COUNTING.name: COUNTING}, connection, counted.reader)
    counted.record(order_id, placed_as(order_id))
    counted.sequence()
    projecting.hinted("counting", 1)
    counted.record(order_id, accepted)
    counted.sequence()
    opened[0].close()
    projecting.hinted("counting", 2)
    assert counts(counted) == {order_id: 1}
    projecting.hinted("counting", 2)
    assert (counts(counted), len(opened)) == ({order_id: 2}, 2)


# A kitchen's board


def test_the_board_shows_open_orders_only(books: Books) -> None:
    waiting, cooking, gone = uuid7(), uuid7(), uuid7()
    for order_id, later in ((waiting, []), (cooking, [accepted, started]), (gone, [accepted, cancelled])):
        books.record(order_id, placed_as(order_id), *later)
    books.project(KITCHEN_BOARD, ORDERS)
    shown = dict(books.rows("select order_id, stage from read_models.kitchen_board"))
    assert shown == {waiting: "awaiting_acceptance", cooking: "preparing"}
    assert len(books.rows("select from read_models.orders")) == 3
