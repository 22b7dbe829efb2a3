"""Read models are made once, kept while their definition stands, and made anew when it changes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from uuid_utils.compat import uuid7

from domain.event_store import Page
from infra.postgres.ledger import LedgerConnection
from projections.projection import Projection, partition_of, prepare
from tests.domain.sample_orders import accepted
from tests.projections.books import Books
from tests.projections.counting import COUNTING, DDL
from tests.projections.histories import placed_as
from tests.projections.replayed import ROLE

WAIT_MAX_S = 10


def counts(books: Books) -> list[tuple[int]]:
    return books.db.execute("select events from read_models.counting").fetchall()


@pytest.fixture
def counted(books: Books) -> Books:
    """Two events that are counted."""
    assert prepare(books.db, [COUNTING]) == ["counting"]
    order_id = uuid7()
    books.record(order_id, placed_as(order_id), accepted)
    books.project(COUNTING)
    assert counts(books) == [(2,)]
    return books


def test_a_definition_that_stands_keeps_its_rows(counted: Books) -> None:
    assert prepare(counted.db, [COUNTING]) == []
    assert counts(counted) == [(2,)]


@pytest.mark.parametrize(
    "changed",
    [replace(COUNTING, revision=2), replace(COUNTING, ddl=DDL.replace("integer", "bigint"))],
    ids=["another revision", "another table"],
)
def test_a_changed_definition_is_made_anew_from_the_ledger(counted: Books, changed: Projection[int]) -> None:
    assert prepare(counted.db, [changed]) == ["counting"]
    assert counts(counted) == []
    counted.project(changed)
    assert counts(counted) == [(2,)]
    assert prepare(counted.db, [changed]) == []


def test_making_one_anew_leaves_the_others_alone(counted: Books) -> None:
    other = replace(COUNTING, name="other", tables=("other",), ddl=DDL.replace("counting", "other"))
    assert prepare(counted.db, [COUNTING, other]) == ["other"]
    assert counts(counted) == [(2,)]


def test_what_was_parked_is_tried_again_when_a_model_is_made_anew(counted: Books) -> None:
    counted.smuggle(uuid7(), "TableReserved", {})
    counted.project(COUNTING)
    assert len(counted.parked(COUNTING)) == 1
    prepare(counted.db, [replace(COUNTING, revision=2)])
    assert counted.parked(COUNTING) == []
    counted.project(COUNTING)
    assert len(counted.parked(COUNTING)) == 1


def test_workers_that_start_together_make_a_model_once(books: Books) -> None:
    workers = [books.connection() for _ in range(4)]
    together = threading.Barrier(len(workers))

    def start(worker: int) -> list[str]:
        together.wait(WAIT_MAX_S)
        return prepare(workers[worker], [COUNTING])

    with ThreadPoolExecutor(len(workers)) as pool:
        made = list(pool.map(start, range(len(workers))))
    assert sorted(made) == [[], [], [], ["counting"]]


def test_a_model_is_made_anew_while_a_worker_is_at_it(counted: Books) -> None:
    """The new program waits for the old worker's step; neither fails because of the other."""
    reached, go = threading.Event(), threading.Event()

    class Slow(LedgerConnection):
        """A ledger that keeps the worker waiting, with its checkpoint locked and no table touched yet."""

        def read(self, after: int, limit: int, category: str, types: frozenset[str] | None, shards: list[int]) -> Page:
            reached.set()
            assert go.wait(WAIT_MAX_S)
            return super().read(after, limit, category, types, shards)

    order_id = uuid7()
    counted.record(order_id, placed_as(order_id))
    counted.sequence()
    slow = Slow(counted.url, ROLE)
    old = counted.runner(COUNTING, partition_of(order_id), slow)
    old_db, new_db = counted.connection(), counted.connection()
    with ThreadPoolExecutor(2) as pool:
        step = pool.submit(old.step, old_db)
        assert reached.wait(WAIT_MAX_S)
        made = pool.submit(prepare, new_db, [replace(COUNTING, revision=2)])
        counted.wait_until_blocked(new_db.info.backend_pid)
        go.set()
        assert step.result(WAIT_MAX_S).events == 1
        assert made.result(WAIT_MAX_S) == ["counting"]
    slow.close()
    counted.project(COUNTING)
    assert sorted(counts(counted)) == [(1,), (2,)]
