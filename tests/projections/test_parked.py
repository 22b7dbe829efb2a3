"""An event that cannot be folded stops its own order only, is seen, and is made up for after the fix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.event import Happened
from projections import repair
from projections.orders import ORDERS
from projections.projection import Projection, partition_of, prepare
from projections.registry import PROJECTIONS
from projections.repair import Parked
from projections.restaurants import RESTAURANTS
from projections.sales import SALES
from tests.domain.sample_menu import menu_published, minutes, naan_sold_out, pounds, registered
from tests.domain.sample_orders import accepted, cancelled, placed, ready, started
from tests.projections.books import Books
from tests.projections.counting import COUNTING, stumbling_over
from tests.projections.histories import placed_as
from tests.projections.replayed import assert_equal_to_fresh_replay

PLACED = placed.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True, kw_only=True)
class Poison:
    """An event that should never have been written, and the error that it is parked with."""

    type: str
    data: dict[str, Any] | str
    error: str
    schema_version: int = 1


UNREADABLE = {
    "of no known type": Poison(type="TableReserved", data={}, error="EventTypeUnknown: TableReserved"),
    "of a version of the future": Poison(
        type="OrderAccepted", data={}, schema_version=9, error="SchemaVersionUnknown: OrderAccepted v9"
    ),
    "with data missing": Poison(type="OrderAccepted", data={}, error="EventMalformed: OrderAccepted v1"),
    "with data that are no JSON": Poison(type="OrderAccepted", data="{", error="EventMalformed: OrderAccepted v1"),
    "with data nested endlessly": Poison(
        type="OrderRejected", data='{"a":' * 50_000, error="EventMalformed: OrderRejected v1"
    ),
}
UNWRITABLE = {
    "with a NUL in its text": Poison(type="OrderPlaced", data={**PLACED, "client_reference": "a\0b"}, error="NUL|0x00"),
    "with a number beyond all numbers": Poison(
        type="OrderPlaced", data={**PLACED, "total_minor": 10**30}, error="64-bit|out of range|too large"
    ),
}


def smuggled(books: Books, stream_id: UUID, poison: Poison) -> None:
    """The poison, laid into a stream; an order placed gets the stream's own id."""
    data = poison.data
    if isinstance(data, dict) and "order_id" in data:
        data = {**data, "order_id": str(stream_id)}
    books.smuggle(stream_id, poison.type, data, schema_version=poison.schema_version)


def neighbours(books: Books, count: int = 3) -> list[UUID]:
    """Sound orders beside the poisoned one, in its batch and in its partition."""
    orders = [uuid7() for _ in range(count)]
    for order_id in orders:
        books.record(order_id, placed_as(order_id))
    return orders


def stages(books: Books) -> dict[UUID, str]:
    return dict(books.db.execute("select order_id, stage from read_models.orders").fetchall())


def the_parked(books: Books, projection: Projection[Any] = ORDERS) -> Parked:
    (stream,) = books.parked(projection)
    return stream


@pytest.mark.parametrize("poison", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_event_that_cannot_be_read_parks_its_order_and_nothing_else(books: Books, poison: Poison) -> None:
    poisoned = uuid7()
    before = neighbours(books)
    books.record(poisoned, placed_as(poisoned), accepted)
    smuggled(books, poisoned, poison)
    books.record(poisoned, cancelled)
    after = neighbours(books)
    books.project()
    stream = the_parked(books)
    assert (stream.stream_id, stream.version, stream.attempts) == (poisoned, 3, 1)
    assert stream.partition == partition_of(poisoned)
    assert poison.error in stream.error
    assert stages(books) == {poisoned: "accepted", **dict.fromkeys(before + after, "awaiting_acceptance")}
    # What comes later goes on for the others and waits for the poisoned one.
    for order_id in (poisoned, before[0]):
        books.record(order_id, accepted if order_id != poisoned else started)
    books.project()
    assert stages(books)[poisoned] == "accepted"
    assert stages(books)[before[0]] == "accepted"
    assert_equal_to_fresh_replay(books.url)


@pytest.mark.parametrize("poison", UNWRITABLE.values(), ids=UNWRITABLE.keys())
def test_a_row_that_cannot_be_written_parks_its_order_and_nothing_else(books: Books, poison: Poison) -> None:
    poisoned = uuid7()
    before = neighbours(books)
    smuggled(books, poisoned, poison)
    after = neighbours(books)
    books.project()
    stream = the_parked(books)
    assert (stream.stream_id, stream.version) == (poisoned, 1)
    assert any(word in stream.error for word in poison.error.split("|")), stream.error
    assert set(stages(books)) == {*before, *after}
    error = repair.retry(books.db, ORDERS, books.store, stream)
    assert error == the_parked(books).error
    assert the_parked(books).attempts == 2
    assert_equal_to_fresh_replay(books.url)


def test_every_read_model_survives_a_poisoned_batch_in_which_nothing_else_is(books: Books) -> None:
    for poison in (UNREADABLE | UNWRITABLE).values():
        smuggled(books, uuid7(), poison)
    books.project()
    assert {p.name for p in PROJECTIONS.values() if books.parked(p)} == {"orders", "kitchen_board", "sales"}
    assert_equal_to_fresh_replay(books.url)


def test_a_history_without_its_beginning_is_parked(books: Books) -> None:
    headless = uuid7()
    books.smuggle(headless, "OrderAccepted", accepted.model_dump(mode="json"))
    books.project()
    assert "stands before OrderPlaced" in the_parked(books).error
    called_off = uuid7()
    books.smuggle(called_off, "OrderCancelled", cancelled.model_dump(mode="json"))
    books.project()
    assert "stands before OrderPlaced" in the_parked(books, SALES).error


def test_a_fold_that_raises_parks_its_restaurant(books: Books) -> None:
    broken, sound = uuid7(), uuid7()
    pizza_sold_out = naan_sold_out.model_copy(update={"item_id": "pizza"})
    for restaurant_id, last in ((broken, pizza_sold_out), (sound, naan_sold_out)):
        joined = registered.model_copy(update={"restaurant_id": restaurant_id})
        books.record(restaurant_id, joined, menu_published, last, category="restaurant")
    books.project()
    stream = the_parked(books, RESTAURANTS)
    assert (stream.stream_id, stream.version, stream.error) == (broken, 3, "KeyError: 'pizza'")
    assert dict(books.rows("select restaurant_id, version from read_models.restaurants")) == {broken: 2, sound: 3}


def test_an_unwritable_row_before_an_unreadable_event_is_parked_at_the_first_of_the_two(books: Books) -> None:
    poisoned = uuid7()
    smuggled(books, poisoned, UNWRITABLE["with a NUL in its text"])
    smuggled(books, poisoned, UNREADABLE["of no known type"])
    books.project()
    assert the_parked(books).version == 1


def test_a_row_is_kept_up_to_the_event_that_the_database_refuses(books: Books) -> None:
    """However the events fell into batches: else a replay would differ."""
    books.db.execute("alter table read_models.orders add check (version < 3)")
    at_once, one_by_one = uuid7(), uuid7()
    books.record(at_once, placed_as(at_once), accepted, started, ready)
    for event in (placed_as(one_by_one), accepted, started, ready):
        books.record(one_by_one, event)
        books.project(ORDERS)
    assert stages(books) == {at_once: "accepted", one_by_one: "accepted"}
    assert [stream.version for stream in books.parked(ORDERS)] == [3, 3]
    books.project()
    assert_equal_to_fresh_replay(books.url)


def test_the_operator_sees_what_is_parked(books: Books) -> None:
    poisoned = [uuid7() for _ in range(3)]
    for order_id in poisoned:
        books.smuggle(order_id, "TableReserved", {})
    books.project()
    standing = {s.name: (s.position, s.parked) for s in repair.standings(books.db)}
    clean = dict.fromkeys(("sales", "restaurants", "promotions", "accounts"), (3, 0))
    assert standing == {"orders": (3, 3), "kitchen_board": (3, 3), **clean}
    everything = repair.parked(books.db)
    assert {(s.projection, s.stream_id) for s in everything} == {
        (name, order_id) for name in ("orders", "kitchen_board") for order_id in poisoned
    }
    assert [s.position for s in everything] == sorted(s.position for s in everything)


# After the fix


def parked_count(books: Books, bug: Projection[int], *later: Happened) -> Parked:
    """An order that stopped at its second event because of a bug; ``later`` came after it was parked."""
    prepare(books.db, [COUNTING])
    order_id = uuid7()
    books.record(order_id, placed_as(order_id), accepted)
    books.project(bug)
    for event in later:
        books.record(order_id, event)
        books.project(bug)
    return the_parked(books, COUNTING)


def counts(books: Books) -> Sequence[tuple[Any, ...]]:
    return books.rows("select order_id, events from read_models.counting")


BUG = stumbling_over("OrderAccepted")


def test_after_the_fix_a_retry_drains_the_order_with_all_that_came_later(books: Books) -> None:
    stream = parked_count(books, BUG, started, ready)
    assert counts(books) == [(stream.stream_id, 1)]
    assert repair.retry(books.db, COUNTING, books.store, stream) is None
    assert counts(books) == [(stream.stream_id, 4)]
    assert books.parked(COUNTING) == []
    books.record(stream.stream_id, cancelled)
    books.project(COUNTING)
    assert counts(books) == [(stream.stream_id, 5)]


def test_what_the_runner_has_not_reached_is_left_to_the_runner(books: Books) -> None:
    stream = parked_count(books, BUG)
    books.record(stream.stream_id, started, ready)
    books.sequence()
    books.record(stream.stream_id, cancelled)  # not even in the ledger yet
    assert repair.retry(books.db, COUNTING, books.store, stream) is None
    assert counts(books) == [(stream.stream_id, 2)]
    books.project(COUNTING)
    assert counts(books) == [(stream.stream_id, 5)]


def test_a_retry_goes_on_in_order_and_stops_at_the_next_obstacle(books: Books) -> None:
    stream = parked_count(books, BUG, started, ready)
    error = repair.retry(books.db, stumbling_over("OrderReady"), books.store, stream)
    stopped = the_parked(books, COUNTING)
    assert (stopped.version, stopped.attempts, stopped.error) == (4, 2, error)
    assert counts(books) == [(stream.stream_id, 3)]
    assert repair.retry(books.db, COUNTING, books.store, stopped) is None
    assert counts(books) == [(stream.stream_id, 4)]


def test_without_a_fix_a_retry_only_counts_the_attempts(books: Books) -> None:
    stream = parked_count(books, BUG, started)
    for attempts in (2, 3):
        assert repair.retry(books.db, BUG, books.store, stream) == "ZeroDivisionError: OrderAccepted"
        assert (the_parked(books, COUNTING).version, the_parked(books, COUNTING).attempts) == (2, attempts)
    assert counts(books) == [(stream.stream_id, 1)]


def test_a_retry_that_another_operator_has_done_already_does_nothing(books: Books) -> None:
    stream = parked_count(books, BUG, started)
    for _ in range(2):
        assert repair.retry(books.db, COUNTING, books.store, stream) is None
    assert counts(books) == [(stream.stream_id, 3)]


def test_a_retry_goes_as_far_as_the_database_lets_it(books: Books) -> None:
    stream = parked_count(books, BUG, started, ready)
    books.db.execute("alter table read_models.counting add constraint few check (events < 3)")
    error = repair.retry(books.db, COUNTING, books.store, stream)
    assert error is not None
    assert "few" in error
    assert counts(books) == [(stream.stream_id, 2)]
    assert (the_parked(books, COUNTING).version, the_parked(books, COUNTING).attempts) == (3, 2)
    books.db.execute("alter table read_models.counting drop constraint few")
    assert repair.retry(books.db, COUNTING, books.store, the_parked(books, COUNTING)) is None
    assert counts(books) == [(stream.stream_id, 4)]


def test_a_long_wait_is_drained_page_by_page(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "HISTORY_PAGE", 2)
    stream = parked_count(books, BUG, started, ready, cancelled)
    assert repair.retry(books.db, COUNTING, books.store, stream) is None
    assert counts(books) == [(stream.stream_id, 5)]


def test_sales_are_exact_when_a_parked_order_is_made_up_for(books: Books) -> None:
    """Of a stream that was parked, sales must take only the events that sales know of."""
    broken = replace(SALES, evolve=_raise)
    order_id, other = uuid7(), uuid7()
    books.record(order_id, placed_as(order_id), accepted)
    books.project(broken)
    books.record(order_id, cancelled)
    books.record(other, placed_as(other, at=minutes(1), total_minor=pounds(500).amount_minor))
    books.project(SALES)
    for stream in books.parked(SALES):
        assert repair.retry(books.db, SALES, books.store, stream) is None
    assert books.rows("select sum(orders), sum(revenue_minor) from read_models.sales_by_day") == [(1, 500)]
    books.project()
    assert_equal_to_fresh_replay(books.url)


def _raise(*_: object) -> Any:
    raise ZeroDivisionError


def test_a_rebuild_after_the_fix_parks_nothing(books: Books) -> None:
    stream = parked_count(books, BUG, started)
    steps: list[int] = []
    repair.rebuild(books.db, COUNTING, books.ledger, lambda _, step: steps.append(step.events))
    assert counts(books) == [(stream.stream_id, 3)]
    assert books.parked(COUNTING) == []
    assert sum(steps) == 3
