"""The whole price of an order: modifiers, discount, taxes, fee and tip; the parts always sum to the total."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.money import AMOUNT_MAX_MINOR, Money
from domain.order.basket import QUANTITY_MAX, Basket
from domain.order.commands import PlaceOrder
from domain.order.decide import ORDER
from domain.order.discount import Discount
from domain.order.errors import (
    LocationMissing,
    MenuItemUnavailable,
    MinimumOrderNotReached,
    ModifierCountRefused,
    ModifierUnavailable,
    ModifierUnknown,
    OutsideServiceArea,
    RestaurantClosed,
    RestaurantPaused,
    ScheduledTooFar,
    ScheduledTooSoon,
    TotalTooLarge,
)
from domain.order.events import OrderAccepted, OrderPlaced
from domain.order.pricing import Quote, price, total_of
from domain.order.tax import shares, tax_upon, tax_within
from domain.restaurant.errors import CurrenciesMixed
from domain.restaurant.events import (
    MenuPublished,
    OpeningHoursSet,
    RestaurantEvent,
    SettingsChanged,
    Status,
    StatusChanged,
)
from domain.restaurant.hours import OpeningHours, Weekday, WeeklySpan
from domain.restaurant.menu import Choice, ChoiceGroup, MenuItem, ModifierGroup, Option
from domain.restaurant.settings import Point, ServiceArea, Settings, TaxCategory
from domain.restaurant.state import Restaurant
from tests.domain.sample_menu import CURRY, NAAN, NOON, minutes, pounds, restaurant
from tests.domain.sample_orders import ORDER_ID, basket
from tests.domain.strategies import PATIENT

VAT = 200_000
CRUST = ChoiceGroup(
    group_id="crust", max=1, name="Crust", options=(Choice(name="Stuffed", option_id="stuffed", price_delta_minor=150),)
)
SIZE = ModifierGroup(
    group_id="size",
    max=1,
    min=1,
    name="Size",
    options=(
        Option(name="Small", option_id="small", price_delta_minor=-200),
        Option(name="Large", option_id="large", price_delta_minor=300, modifier_groups=(CRUST,)),
        Option(name="Giant", option_id="giant", price_delta_minor=900, available=False),
    ),
)
EXTRAS = ModifierGroup(
    group_id="extras", max=3, name="Extras", options=(Option(name="Cheese", option_id="cheese", price_delta_minor=50),)
)
PIZZA = MenuItem(item_id="pizza", name="Pizza", price=pounds(900), modifier_groups=(SIZE, EXTRAS))
WINE = MenuItem(item_id="wine", name="Wine", price=pounds(700), tax_category="alcohol")
MENU = MenuPublished(at=NOON, items=(CURRY, NAAN, PIZZA, WINE))


def house(*later: RestaurantEvent, **settings: Any) -> Restaurant:
    told = Settings(tax_categories=(TaxCategory(name="alcohol", rate_ppm=250_000),), **settings)
    return restaurant(
        MENU, SettingsChanged(at=NOON, name="The Tiffin", settings=told, time_zone="Europe/London"), *later
    )


def wanted(*lines: dict[str, Any], **more: Any) -> Basket:
    told = basket().model_dump(exclude={"lines"}) | {"lines": lines or ({"item_id": "curry", "quantity": 1},)} | more
    return Basket.model_validate(told)


def pizza(*modifiers: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    return {"item_id": "pizza", "quantity": quantity, "modifiers": modifiers}


def chosen(group_id: str, option_id: str, **more: Any) -> dict[str, Any]:
    return {"group_id": group_id, "option_id": option_id, **more}


def refused(refusal: type[Refusal], at: str, cart: Basket, where: Restaurant, when: datetime = NOON) -> Refusal:
    with pytest.raises(refusal) as raised:
        price(cart, where, when)
    assert raised.value.at == at
    return raised.value


# Modifiers


def test_what_is_chosen_changes_the_price_of_one() -> None:
    large = chosen("size", "large", modifiers=[chosen("crust", "stuffed")])
    quote = price(wanted(pizza(large, chosen("extras", "cheese", quantity=2), quantity=3)), house(), NOON)
    (line,) = quote.lines
    assert line.unit_price_minor == 900 + 300 + 150 + 2 * 50
    assert quote.total == pounds(3 * 1450)
    assert line.modifiers is not None
    assert [(m.name, m.quantity) for m in line.modifiers] == [("Large", 1), ("Cheese", 2)]


@pytest.mark.parametrize(
    ("modifiers", "refusal", "at"),
    [
        ([], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "small", quantity=2)], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "small"), chosen("extras", "cheese", quantity=4)], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "tiny")], ModifierUnknown, "/lines/0/modifiers/0/option_id"),
        ([chosen("colour", "red")], ModifierUnknown, "/lines/0/modifiers/0/group_id"),
        ([chosen("size", "giant")], ModifierUnavailable, "/lines/0/modifiers/0/option_id"),
        (
            [chosen("size", "small", modifiers=[chosen("crust", "stuffed")])],
            ModifierUnknown,
            "/lines/0/modifiers/0/modifiers/0/group_id",
        ),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(modifiers: list[Any], refusal: type[Refusal], at: str) -> None:
    refused(refusal, at, wanted(pizza(*modifiers)), house())


# Taxes, fee, tip, minimum


def test_prices_that_include_tax_say_how_much_of_it_there_is() -> None:
    quote = price(
        wanted({"item_id": "curry", "quantity": 1}, {"item_id": "wine", "quantity": 2}), house(tax_rate_ppm=VAT), NOON
    )
    assert quote.total == pounds(895 + 1400)
    assert quote.breakdown is not None
    assert [(t.rate_ppm, t.taxable_minor, t.tax_minor) for t in quote.breakdown.taxes] == [
        (200_000, 895, 149),
        (250_000, 1400, 280),
    ]


def test_prices_without_tax_have_it_added_with_fee_and_tip() -> None:
    where = house(tax_rate_ppm=88_750, prices_include_tax=False, delivery_fee_minor=300)
    home = basket().model_copy(update={}).customer
    cart = wanted(fulfilment="delivery", address={"city": "London", "line1": "1"}, tip=pounds(100), customer=home)
    quote = price(cart, where, NOON)
    assert quote.breakdown is not None
    (tax,) = quote.breakdown.taxes
    assert (tax.taxable_minor, tax.tax_minor) == (1195, 106)
    assert quote.total == pounds(895 + 300 + 106 + 100)


def test_a_pickup_pays_no_delivery() -> None:
    assert price(wanted(), house(delivery_fee_minor=300), NOON).breakdown is None


def test_a_minimum_is_held_against_the_lines() -> None:
    refusal = refused(MinimumOrderNotReached, "/lines", wanted(), house(minimum_order_minor=896))
    assert refusal.facts == {"minimum": pounds(896).model_dump()}
    assert price(wanted(), house(minimum_order_minor=895), NOON).total == pounds(895)


def test_a_tip_is_in_the_currency_of_the_house_and_the_total_has_its_bound() -> None:
    euros = {"amount_minor": 1, "currency": "EUR"}
    refused(CurrenciesMixed, "/tip/currency", wanted(tip=euros), restaurant())
    refused(TotalTooLarge, "/lines", wanted(tip=pounds(AMOUNT_MAX_MINOR)), restaurant())


def test_a_simple_order_is_written_as_it_always_was() -> None:
    placed = PlaceOrder(at=NOON, id=ORDER_ID, basket=basket(), quote=price(basket(), restaurant(), NOON))
    (event,) = ORDER.decide(placed, None)
    assert not {"breakdown", "scheduled_for", "quote_id", "modifiers", "tax_rate_ppm"} & set(
        event.canonical().split('"')
    )


def test_a_restaurant_that_accepts_by_itself_has_accepted_already() -> None:
    where = house(auto_accept=True, preparation_minutes=30)
    placed, accepted = ORDER.decide(
        PlaceOrder(at=NOON, id=ORDER_ID, basket=basket(), quote=price(basket(), where, NOON)), None
    )
    assert isinstance(placed, OrderPlaced)
    assert accepted == OrderAccepted(at=NOON, ready_at=minutes(30))


# By chance

RATES = st.sampled_from([0, 1, 50_000, 88_750, 100_000, 200_000, 333_333, 1_000_000])
AMOUNTS = st.integers(0, 10**7)
DISCOUNTS = st.none() | st.builds(
    Discount, code=st.just("X"), rate_ppm=st.none() | RATES, amount_minor=st.integers(0, 5000)
)


@PATIENT
@given(
    lines=st.lists(st.tuples(AMOUNTS, st.integers(1, QUANTITY_MAX), st.booleans()), min_size=1, max_size=6),
    rates=st.tuples(RATES, RATES),
    extra=st.tuples(st.integers(0, 1000), st.integers(0, 1000)),
    discount=DISCOUNTS,
    included=st.booleans(),
    delivered=st.booleans(),
)
def test_the_parts_always_sum_to_the_total_and_none_is_negative(
    lines: list[tuple[int, int, bool]],
    rates: tuple[int, int],
    extra: tuple[int, int],
    discount: Discount | None,
    included: bool,
    delivered: bool,
) -> None:
    items = tuple(
        MenuItem(item_id=str(n), name="Dish", price=pounds(amount), tax_category="other" if other else None)
        for n, (amount, _, other) in enumerate(lines)
    )
    settings = Settings(
        delivery_fee_minor=extra[0],
        prices_include_tax=included,
        tax_categories=(TaxCategory(name="other", rate_ppm=rates[1]),),
        tax_rate_ppm=rates[0],
    )
    where = restaurant(
        MenuPublished(at=NOON, items=items),
        SettingsChanged(at=NOON, name="The Tiffin", settings=settings, time_zone="Europe/London"),
    )
    more: dict[str, Any] = {"tip": pounds(extra[1])}
    if delivered:
        more |= {"fulfilment": "delivery", "address": {"city": "London", "line1": "1"}}
    ordered = [{"item_id": str(n), "quantity": quantity} for n, (_, quantity, _) in enumerate(lines)]
    assert_sums(price(wanted(*ordered, **more), where, NOON, discount), tip=extra[1], fee=extra[0] * delivered)


def assert_sums(quote: Quote, *, tip: int, fee: int) -> None:
    subtotal = sum(line.quantity * line.unit_price_minor for line in quote.lines)
    parts = quote.breakdown
    if parts is None:
        assert (quote.total.amount_minor, tip, fee) == (subtotal, 0, 0)
        return
    assert (parts.subtotal_minor, parts.tip_minor, parts.delivery_fee_minor) == (subtotal, tip, fee)
    assert 0 <= parts.discount_minor <= subtotal
    assert quote.total.amount_minor == total_of(parts) >= 0
    assert all(0 <= tax.tax_minor <= tax.taxable_minor for tax in parts.taxes)
    taxed = sum(tax.taxable_minor for tax in parts.taxes)
    assert taxed <= subtotal - parts.discount_minor + fee
    if all(line.tax_rate_ppm for line in quote.lines) and not fee:
        assert taxed == subtotal - parts.discount_minor


@PATIENT
@given(st.integers(0, 10**12), st.integers(0, 1_000_000))
def test_tax_upon_a_net_is_the_tax_within_its_gross(net: int, rate: int) -> None:
    tax = tax_upon(net, rate)
    assert tax_within(net + tax, rate) == tax
    assert abs(2 * (tax * 1_000_000 - net * rate)) <= 1_000_000  # half a minor unit at most


@PATIENT
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(0, 10**10))
def test_shares_sum_to_the_whole_and_none_is_more_than_its_own(weights: list[int], amount: int) -> None:
    amount = min(amount, sum(weights))
    parts = shares(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


# When and where

EVENINGS = OpeningHoursSet(
    at=NOON,
    hours=OpeningHours(weekly=tuple(WeeklySpan(day=day, opens="18:00", closes="23:00") for day in Weekday)),
)


def test_a_closed_restaurant_takes_orders_for_later_only() -> None:
    refusal = refused(RestaurantClosed, "/restaurant_id", wanted(), house(EVENINGS))
    assert refusal.facts == {"opens_at": minutes(6 * 60)}
    assert price(wanted(scheduled_for=minutes(7 * 60)), house(EVENINGS), NOON).total == pounds(895)
    assert price(wanted(), house(EVENINGS), minutes(6 * 60)).total == pounds(895)


@pytest.mark.parametrize(
    ("at_minutes", "refusal"),
    [
        (19, ScheduledTooSoon),
        (30, RestaurantClosed),
        (6 * 60 + 19, RestaurantClosed),  # open, but the kitchen would have to begin before
        (6 * 60 + 20, None),
        (11 * 60 - 1, None),
        (11 * 60, RestaurantClosed),
        (31 * 24 * 60, ScheduledTooFar),
    ],
)
def test_a_promised_time_leaves_the_kitchen_its_time_within_the_hours(
    at_minutes: int, refusal: type[Refusal] | None
) -> None:
    cart = wanted(scheduled_for=minutes(at_minutes))
    if refusal is None:
        assert price(cart, house(EVENINGS), NOON).total == pounds(895)
    else:
        refused(refusal, "/scheduled_for", cart, house(EVENINGS))


def test_a_promise_is_read_by_the_wall_clock_of_its_own_day() -> None:
    """London's clocks go forward on 29 March 2026: six in the evening is an hour earlier in UTC from then on."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    for promised, taken in (
        (datetime(2026, 3, 28, 18, 20, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 17, 20, tzinfo=UTC), True),
    ):
        assert bool(price(wanted(scheduled_for=promised), house(EVENINGS), before)) is taken
    late = wanted(scheduled_for=datetime(2026, 3, 29, 22, 30, tzinfo=UTC))
    refused(RestaurantClosed, "/scheduled_for", late, house(EVENINGS), before)


def test_a_rush_and_a_pause_count_as_long_as_they_last() -> None:
    rush = StatusChanged(at=NOON, busy_minutes=40, status=Status.BUSY, until=minutes(60))
    refusal = refused(ScheduledTooSoon, "/scheduled_for", wanted(scheduled_for=minutes(59)), house(rush))
    assert refusal.facts == {"earliest": minutes(60)}
    pause = StatusChanged(at=NOON, status=Status.PAUSED, until=minutes(30))
    refused(RestaurantPaused, "/restaurant_id", wanted(), house(pause), minutes(29))
    assert price(wanted(), house(pause), minutes(30)).total == pounds(895)


def test_an_item_that_is_off_until_a_time_can_be_ordered_for_later() -> None:
    off = CURRY.model_copy(update={"available": False, "off_until": minutes(60)})
    where = house(MENU.model_copy(update={"items": (off,)}))
    refused(MenuItemUnavailable, "/lines/0/item_id", wanted(), where)
    assert price(wanted(scheduled_for=minutes(61)), where, NOON).total == pounds(895)
    breakfast = OpeningHours(weekly=(WeeklySpan(day=Weekday.FRIDAY, opens="08:00", closes="11:00"),))
    where = house(MENU.model_copy(update={"items": (CURRY.model_copy(update={"hours": breakfast}),)}))
    refused(MenuItemUnavailable, "/lines/0/item_id", wanted(), where)
    assert price(wanted(), where, NOON - timedelta(hours=2)).total == pounds(895)


def test_a_delivery_goes_to_these_postcodes() -> None:
    where = house(service_area=ServiceArea(postcodes=("NW1 6XE", "SW1*")))
    for postcode, taken in (("nw16xe", True), ("SW1A 1AA", True), ("NW10 6XE", False), (None, False)):
        address = {"city": "London", "line1": "1", "postcode": postcode}
        cart = wanted(fulfilment="delivery", address=address)
        if taken:
            assert price(cart, where, NOON).total == pounds(895)
        else:
            refused(OutsideServiceArea, "/address/postcode", cart, where)
    assert price(wanted(), where, NOON).total == pounds(895)  # who comes to fetch it may live anywhere


def test_a_delivery_goes_so_far_and_no_farther() -> None:
    where = house(service_area=ServiceArea(center=Point(latitude_e6=51_501_364, longitude_e6=-141_890), radius_m=1000))
    home = {"fulfilment": "delivery", "address": {"city": "London", "line1": "1"}}
    refused(LocationMissing, "/location", wanted(**home), where)
    near, far = {"latitude": 51.503, "longitude": -0.1310}, {"latitude": 51.5138, "longitude": -0.0984}
    assert price(wanted(**home, location=near), where, NOON).total == pounds(895)
    refused(OutsideServiceArea, "/location", wanted(**home, location=far), where)


def test_a_price_that_was_expected_has_everything_in_it() -> None:
    cart = wanted(tip=pounds(105), expected_total=pounds(1000))
    assert price(cart, restaurant(), NOON).total == Money(amount_minor=1000, currency="GBP")
