"""A busy worker looks by itself and is not hinted meanwhile; nothing is left lying when it stops, or is stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from projections.projection import PARTITIONS, prepare
from tests.domain.sample_orders import accepted
from tests.projections.books import Books
from tests.projections.counting import COUNTING, DDL
from tests.projections.histories import placed_as
from tests.workers.sequencing import Heard, running, until
from workers import awake, projecting
from workers.hints import LOOK
from workers.projecting import Projecting

NEVER = replace(COUNTING, name="never", category="never", tables=("never",), ddl=DDL.replace("counting", "never"))
"""Reads a category of which there is no event."""
ORDERS = 12
SOON_S = 0.1
ENDS_S = 5.0


@pytest.fixture
def counted(database: str) -> Iterator[Books]:
    """Read models, the one that counts among them, and nothing recorded yet."""
    with Books(database) as books:
        prepare(books.db, [COUNTING, NEVER])
        yield books


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is taken for that of a worker with much to do."""
    monkeypatch.setattr(projecting, "rest_after", lambda _: SOON_S)


def place(books: Books) -> None:
    order_id = uuid7()
    books.record(order_id, placed_as(order_id), accepted)


def counts(books: Books) -> int:
    return int(books.rows("select coalesce(sum(events), 0) from read_models.counting")[0][0])


def a_worker(books: Books) -> Projecting:
    return Projecting({COUNTING.name: COUNTING}, books.connection, books.reader)


@contextmanager
def at_work(act: Callable[..., None], *told: Any) -> Iterator[threading.Thread]:
    """Do it beside; at the end it must have come to its end."""
    thread = threading.Thread(target=act, args=told)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(ENDS_S)
    assert not thread.is_alive()


@pytest.mark.usefixtures("busy")
def test_a_busy_worker_finds_what_comes_without_a_hint_and_is_not_awake_when_it_has_ended(counted: Books) -> None:
    place(counted)
    counted.sequence()
    with at_work(a_worker(counted).hinted, COUNTING.name, 1):
        until(lambda: awake.awake(counted.db) == {COUNTING.category})
        for number in range(2, ORDERS):
            place(counted)
            counted.sequence()
            until(lambda: counts(counted) == 2 * number)  # noqa: B023  called in this very turn
    assert awake.awake(counted.db) == set()


def test_nothing_is_hinted_to_who_is_awake_and_all_of_it_is_when_the_promise_is_taken_back(counted: Books) -> None:
    promise = awake.Promise(counted.connection(), "order")
    heard = Heard()
    counted.leave_the_lead()
    promise.give()
    with running(counted.url, heard):
        for _ in range(ORDERS):
            place(counted)
        until(lambda: counted.ledger.head() == 2 * ORDERS)
        assert heard.announced == []
        promise.take_back()
        until(lambda: heard.announced == [(2 * ORDERS, ["order"])])


def test_the_promise_of_a_worker_that_died_is_over_soon(counted: Books) -> None:
    heard = Heard()
    counted.leave_the_lead()
    awake.Promise(counted.connection(), "order").give()
    with running(counted.url, heard):
        place(counted)
        waited_s = until(lambda: heard.announced == [(2, ["order"])])
    assert waited_s < awake.PROMISED_S + SOON_S * 2


def test_other_categories_are_hinted_all_the_time(counted: Books) -> None:
    heard = Heard()
    counted.leave_the_lead()
    awake.Promise(counted.connection(), "restaurant").give()
    with running(counted.url, heard):
        place(counted)
        assert until(lambda: heard.announced == [(2, ["order"])]) < awake.PROMISED_S


def test_a_run_ends_though_the_ledger_goes_on_growing(counted: Books) -> None:
    """It looked at the ledger's head after every step, and found that it had grown, for as long as orders came."""
    stop = threading.Event()

    def cook() -> None:
        while not stop.is_set():
            place(counted)
            counted.sequence()

    with at_work(cook):
        until(lambda: counted.ledger.head() > ORDERS)
        try:
            with at_work(
                Projecting({NEVER.name: NEVER}, counted.connection, counted.reader).hinted, NEVER.name, LOOK
            ) as run:
                run.join(ENDS_S)
                ended = not run.is_alive()
        finally:
            stop.set()
    assert ended


@pytest.mark.usefixtures("busy")
def test_a_run_that_takes_too_long_hands_on_to_another_message(counted: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "RUN_MAX_S", 3 * SOON_S)
    handed: list[str] = []
    worker = a_worker(counted)
    worker.hand_on_with(handed.append)

    def placed_until_handed_on() -> bool:
        place(counted)
        counted.sequence()
        return bool(handed)

    placed_until_handed_on()
    with at_work(worker.hinted, COUNTING.name, LOOK):
        until(placed_until_handed_on)
    assert handed == [COUNTING.name]
    assert awake.awake(counted.db) == set()
    with at_work(worker.hinted, COUNTING.name, LOOK):
        pass
    assert counts(counted) == counted.ledger.head()


def test_what_another_worker_holds_is_looked_at_again_when_it_lets_go(counted: Books) -> None:
    place(counted)
    counted.sequence()
    other = counted.connection()
    other.execute("begin")
    held = other.execute("select from read_models.checkpoints where projection = 'counting' for update")
    assert held.rowcount == PARTITIONS
    with at_work(a_worker(counted).hinted, COUNTING.name, counted.ledger.head()):
        time.sleep(SOON_S)
        assert counts(counted) == 0
        other.execute("rollback")
    assert counts(counted) == counted.ledger.head()
