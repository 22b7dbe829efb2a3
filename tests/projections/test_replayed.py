"""Whatever happened and however it was cut into batches, the read models are what a fresh replay makes of it."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.account.commands import AccountCommand
from domain.account.decide import ACCOUNT
from domain.account.events import AccountEvent
from domain.errors import Refusal
from domain.order.basket import Basket
from domain.restaurant.commands import RestaurantCommand
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.events import RestaurantEvent
from projections.accounts import AccountRow, document
from projections.projection import PARTITIONS
from projections.registry import PROJECTIONS
from projections.sales import BY_DAY, SALES
from tests.domain import sample_accounts
from tests.domain.sample_menu import RESTAURANT_ID, menu_published, registered
from tests.domain.sample_orders import cancelled, rejected
from tests.domain.strategies import PATIENT, account_commands, restaurant_commands
from tests.projections.books import Books
from tests.projections.histories import Fragment, Life, placed_as, tales
from tests.projections.replayed import assert_equal_to_fresh_replay, dump
from tests.servers.postgres import Databases

EXAMPLES = settings(PATIENT, max_examples=20)

# What the two tables of sales must agree on: each day's sum is the sum of its orders that are counted.
_SUMS_APART = """
with by_day as (
    select restaurant_id, day, currency, sum(orders) orders, sum(revenue_minor) revenue
    from read_models.sales_by_day group by 1, 2, 3
), by_order as (
    select restaurant_id, day, currency, count(*) filter (where counted) orders,
        coalesce(sum(total_minor) filter (where counted), 0) revenue
    from read_models.sales_orders group by 1, 2, 3
)
select * from by_day full join by_order using (restaurant_id, day, currency)
where by_day.orders is distinct from by_order.orders or by_day.revenue is distinct from by_order.revenue
"""
# And with the orders' own documents: what is neither cancelled nor rejected brings its total.
_REVENUE_OF_ORDERS = """
select count(*), coalesce(sum((document::json -> 'total' ->> 'amount_minor')::bigint), 0)
from read_models.orders where stage not in ('cancelled', 'rejected')
"""
_REVENUE_OF_DAYS = "select coalesce(sum(orders), 0), coalesce(sum(revenue_minor), 0) from read_models.sales_by_day"
_BOARD_APART = """
select order_id from read_models.kitchen_board b
full join (select * from read_models.orders where stage not in ('completed', 'cancelled', 'rejected')) o
    using (order_id)
where (b.stage, b.version) is distinct from (o.stage, o.version)
"""


@pytest.fixture(scope="module")
def ever_growing(databases: Databases, template: str) -> Iterator[Books]:
    """One history for all examples: each adds its orders to those of the examples before."""
    with databases.one(template=template) as url, Books(url) as opened:
        yield opened


@EXAMPLES
@given(tale=tales())
def test_read_models_equal_a_fresh_replay_after_any_history(
    ever_growing: Books, tale: tuple[list[Basket], list[Fragment]]
) -> None:
    books = ever_growing
    baskets, fragments = tale
    lives = [Life(basket) for basket in baskets]
    for life in lives:
        books.record(life.id, *life.begin())
    for fragment in fragments:
        for which, command in fragment:
            if events := lives[which].ask(command):
                books.record(lives[which].id, *events)
        books.project()
        assert books.rows(_SUMS_APART) == []
        assert books.rows(_REVENUE_OF_ORDERS) == books.rows(_REVENUE_OF_DAYS)
        assert books.rows(_BOARD_APART) == []
    assert assert_equal_to_fresh_replay(books.url) >= len(lives)


@EXAMPLES
@given(commands=st.lists(restaurant_commands(), max_size=12), cut=st.integers(0, 12))
def test_a_restaurants_profile_and_menu_equal_a_fresh_replay(
    ever_growing: Books, commands: list[RestaurantCommand], cut: int
) -> None:
    books, restaurant_id = ever_growing, uuid7()
    events: list[RestaurantEvent] = [registered.model_copy(update={"restaurant_id": restaurant_id}), menu_published]
    restaurant = RESTAURANT.fold(events)
    for command in commands:
        try:
            decided = RESTAURANT.decide(command, restaurant)
        except Refusal:
            continue
        events += decided
        restaurant = RESTAURANT.fold(decided, restaurant)
    books.record(restaurant_id, *events[: cut + 1], category="restaurant")
    books.project(PROJECTIONS["restaurants"])
    if events[cut + 1 :]:
        books.record(restaurant_id, *events[cut + 1 :], category="restaurant")
    books.project()
    assert assert_equal_to_fresh_replay(books.url) >= 1


@EXAMPLES
@given(commands=st.lists(account_commands(), max_size=16), cut=st.integers(0, 16))
def test_an_account_equals_a_fresh_replay_wherever_its_history_was_cut(
    ever_growing: Books, commands: list[AccountCommand], cut: int
) -> None:
    books, account_id = ever_growing, uuid7()
    events: list[AccountEvent] = [sample_accounts.registered.model_copy(update={"id": account_id})]
    account = ACCOUNT.fold(events)
    for command in commands:
        try:
            decided = ACCOUNT.decide(command, account)
        except Refusal:
            continue
        events += decided
        account = ACCOUNT.fold(decided, account)
    for part in (events[: cut + 1], events[cut + 1 :]):
        if part:
            books.record(account_id, *part, category="account")
            books.project()
    assert account is not None
    shown = books.rows("select version, document from read_models.accounts where account_id = %s", account_id)
    assert shown == [(len(events), document(AccountRow(account, len(events))).decode())]
    assert assert_equal_to_fresh_replay(books.url) >= 1


def test_a_day_on_which_every_order_fell_through_sold_nothing(books: Books) -> None:
    one, other = uuid7(), uuid7()
    books.record(one, placed_as(one))
    books.project()
    books.record(one, cancelled)
    books.record(other, placed_as(other), rejected)
    books.project()
    assert_equal_to_fresh_replay(books.url)
    assert [row for row in dump(books.url, SALES) if row[0] == "sales_by_day"] == []
    period = {"restaurant_id": RESTAURANT_ID, "from": date(2026, 11, 20), "to": date(2026, 11, 20)}
    assert books.db.execute(BY_DAY, period).fetchall() == []


def test_a_free_order_is_an_order_all_the_same(books: Books) -> None:
    order_id = uuid7()
    books.record(order_id, placed_as(order_id, lines=(), total_minor=0))
    books.project()
    assert [row[5:] for row in dump(books.url, SALES) if row[0] == "sales_by_day"] == [(1, 0)]


# What the comparison itself is worth


def test_a_row_that_was_changed_by_hand_is_found(books: Books) -> None:
    order_id = uuid7()
    books.record(order_id, placed_as(order_id))
    books.project()
    books.db.execute("update read_models.sales_by_day set revenue_minor = revenue_minor + 1")
    with pytest.raises(AssertionError, match="sales differs from its replay: 1 rows against 1"):
        assert_equal_to_fresh_replay(books.url)


def test_a_read_model_that_is_behind_is_not_compared(books: Books) -> None:
    order_id = uuid7()
    books.record(order_id, placed_as(order_id))
    books.sequence()
    with pytest.raises(AssertionError, match="not at the ledger's head 1"):
        assert_equal_to_fresh_replay(books.url)


def test_a_parked_stream_is_compared_too(books: Books) -> None:
    order_id = uuid7()
    books.record(order_id, placed_as(order_id))
    books.smuggle(order_id, "TableReserved", {})
    books.project()
    stood = {projection.name: dump(books.url, projection) for projection in PROJECTIONS.values()}
    assert [row[0] for row in stood["orders"]] == ["parked", "orders"]
    assert assert_equal_to_fresh_replay(books.url) == sum(map(len, stood.values())) > PARTITIONS
