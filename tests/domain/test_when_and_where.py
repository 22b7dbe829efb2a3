"""An order is taken when the kitchen works and where the restaurant delivers."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Refusal
from domain.order.errors import (
    LocationMissing,
    MenuItemUnavailable,
    OutsideServiceArea,
    RestaurantClosed,
    RestaurantPaused,
    ScheduledTooFar,
    ScheduledTooSoon,
)
from domain.order.pricing import price
from domain.restaurant.events import OpeningHoursSet, Status, StatusChanged
from domain.restaurant.hours import OpeningHours, Weekday, WeeklySpan
from domain.restaurant.settings import Point, ServiceArea
from tests.domain.sample_house import MENU, house, refused, wanted
from tests.domain.sample_menu import CURRY, NOON, minutes, pounds

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
