"""What a basket costs, and what stands in its way."""

from datetime import UTC, date, datetime

import pytest

from domain.errors import Refusal
from domain.money import AMOUNT_MAX_MINOR, Money
from domain.order.basket import LINES_MAX, QUANTITY_MAX, Line
from domain.order.errors import (
    LinesMissing,
    LinesTooMany,
    MenuItemUnavailable,
    OrderedItemUnknown,
    PriceChanged,
    QuantityOutOfRange,
    RestaurantPaused,
    TotalTooLarge,
)
from domain.order.pricing import Quote, price
from domain.restaurant.errors import CurrenciesMixed
from domain.restaurant.events import ItemPriceChanged, RestaurantEvent
from tests.domain.sample_menu import NOON, busy, naan_sold_out, paused, pounds, restaurant
from tests.domain.sample_orders import basket


def quoted(*lines: Line, expected: Money | None = None, later: tuple[RestaurantEvent, ...] = ()) -> Quote:
    """The Tiffin's price for these lines, after what happened there later."""
    wanted = basket().model_copy(update={"lines": lines, "expected_total": expected})
    return price(wanted, restaurant(*later), NOON)


def refused(refusal: type[Refusal], at: str, *lines: Line, expected: Money | None = None) -> Refusal:
    with pytest.raises(refusal) as raised:
        quoted(*lines, expected=expected)
    assert (type(raised.value), raised.value.at) == (refusal, at)
    return raised.value


def line(item_id: str = "curry", quantity: int = 1, note: str | None = None) -> Line:
    return Line(item_id=item_id, quantity=quantity, note=note)


# What it costs


def test_a_basket_costs_the_sum_of_its_lines() -> None:
    assert quoted(line("curry", 2), line("naan", 3)).total == pounds(2 * 895 + 3 * 295)


def test_the_same_item_may_stand_on_two_lines() -> None:
    twice = quoted(line("curry", 1, "mild"), line("curry", 2, "hot"))
    assert [(priced.quantity, priced.note) for priced in twice.lines] == [(1, "mild"), (2, "hot")]
    assert twice.total == pounds(3 * 895)


def test_a_line_keeps_its_note_and_the_name_and_price_of_that_moment() -> None:
    (priced,) = quoted(line("naan", 2, "well done")).lines
    assert (priced.name, priced.unit_price_minor, priced.note) == ("Peshwari Naan", 295, "well done")


def test_tap_water_is_free() -> None:
    assert quoted(line("water", 4)).total == pounds(0)


def test_a_new_price_counts_from_the_moment_it_stands_on_the_menu() -> None:
    dearer = ItemPriceChanged(at=NOON, item_id="curry", price=pounds(995))
    assert quoted(line("curry"), later=(dearer,)).total == pounds(995)


def test_a_customer_who_knows_the_price_gets_it() -> None:
    assert quoted(line("curry"), expected=pounds(895)).total == pounds(895)


def test_a_basket_may_be_as_large_as_it_may_be() -> None:
    whole = quoted(*[line("curry", QUANTITY_MAX)] * LINES_MAX)
    assert whole.total == pounds(895 * QUANTITY_MAX * LINES_MAX)


def test_a_busy_restaurant_takes_orders() -> None:
    assert quoted(line(), later=(busy,)).total == pounds(895)


# What stands in its way


def test_a_paused_restaurant_takes_none() -> None:
    with pytest.raises(RestaurantPaused) as raised:
        quoted(line(), later=(paused,))
    assert raised.value.at == "/restaurant_id"


def test_an_empty_basket_is_no_order() -> None:
    refused(LinesMissing, "/lines")


def test_one_line_too_many_is_refused() -> None:
    refused(LinesTooMany, "/lines", *[line()] * (LINES_MAX + 1))


@pytest.mark.parametrize("quantity", [-1, 0, QUANTITY_MAX + 1, 10**30])
def test_a_quantity_is_from_1_to_999(quantity: int) -> None:
    refused(QuantityOutOfRange, "/lines/1/quantity", line(), line("naan", quantity))


def test_what_is_not_on_the_menu_cannot_be_ordered() -> None:
    refusal = refused(OrderedItemUnknown, "/lines/1/item_id", line(), line("pizza"))
    assert refusal.facts == {"item_id": "pizza"}


def test_what_is_sold_out_cannot_be_ordered() -> None:
    with pytest.raises(MenuItemUnavailable) as raised:
        quoted(line(), line("naan"), later=(naan_sold_out,))
    assert (raised.value.at, raised.value.facts) == ("/lines/1/item_id", {"item_id": "naan"})


@pytest.mark.parametrize("expected_minor", [0, 894, 896])
def test_a_customer_who_expects_another_total_is_told_the_new_one(expected_minor: int) -> None:
    refusal = refused(PriceChanged, "/expected_total", line(), expected=pounds(expected_minor))
    assert refusal.facts == {"total": {"amount_minor": 895, "currency": "GBP"}}


def test_a_total_in_euros_is_no_total_in_pounds() -> None:
    refused(CurrenciesMixed, "/expected_total/currency", line(), expected=Money(amount_minor=895, currency="EUR"))


def test_a_basket_dearer_than_any_amount_of_money_is_refused() -> None:
    gold = ItemPriceChanged(at=NOON, item_id="curry", price=pounds(AMOUNT_MAX_MINOR))
    assert quoted(line("curry"), later=(gold,)).total == pounds(AMOUNT_MAX_MINOR)
    with pytest.raises(TotalTooLarge) as raised:
        quoted(line("curry", QUANTITY_MAX), later=(gold,))
    assert raised.value.at == "/lines"


# The restaurant's own day


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        # Winter in London is UTC: midnight is midnight.
        ("Europe/London", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        ("Europe/London", datetime(2026, 11, 21, 0, 0, tzinfo=UTC), date(2026, 11, 21)),
        # Summer in London is an hour ahead: the day ends at 23:00 UTC.
        ("Europe/London", datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        ("Europe/London", datetime(2026, 7, 1, 23, 0, tzinfo=UTC), date(2026, 7, 2)),
        # The clocks went forward on 29 March and back on 25 October 2026, both at 01:00 UTC.
        ("Europe/London", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 28)),
        ("Europe/London", datetime(2026, 3, 29, 23, 30, tzinfo=UTC), date(2026, 3, 30)),
        ("Europe/London", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), date(2026, 10, 25)),
        ("Europe/London", datetime(2026, 10, 25, 23, 30, tzinfo=UTC), date(2026, 10, 25)),
        # Auckland is 13 hours ahead in its summer, 12 in its winter; it changed on 5 April and 27 September 2026.
        ("Pacific/Auckland", datetime(2026, 11, 20, 10, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        ("Pacific/Auckland", datetime(2026, 11, 20, 11, 0, tzinfo=UTC), date(2026, 11, 21)),
        ("Pacific/Auckland", datetime(2026, 4, 4, 11, 30, tzinfo=UTC), date(2026, 4, 5)),
        ("Pacific/Auckland", datetime(2026, 4, 5, 11, 30, tzinfo=UTC), date(2026, 4, 5)),
        ("Pacific/Auckland", datetime(2026, 9, 26, 11, 30, tzinfo=UTC), date(2026, 9, 26)),
        ("Pacific/Auckland", datetime(2026, 9, 27, 11, 30, tzinfo=UTC), date(2026, 9, 28)),
    ],
)
def test_an_order_belongs_to_the_day_on_the_restaurants_wall(zone: str, at: datetime, day: date) -> None:
    assert price(basket(), restaurant(time_zone=zone), at).business_day == day
