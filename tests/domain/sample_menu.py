"""A restaurant that the stories are set in: what it is called, what it offers and what it did."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.money import Money
from domain.restaurant.commands import PublishMenu, RegisterRestaurant, SetStatus
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    MenuPublished,
    RestaurantEvent,
    RestaurantRegistered,
    Status,
    StatusChanged,
)
from domain.restaurant.menu import MenuItem
from domain.restaurant.state import Restaurant

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RESTAURANT_ID = UUID("019aa0c0-0000-7000-8000-000000000001")


def minutes(after_noon: float) -> datetime:
    """So many minutes after noon, when all stories begin."""
    return NOON + timedelta(minutes=after_noon)


def pounds(minor: int) -> Money:
    """An amount in pence."""
    return Money(amount_minor=minor, currency="GBP")


CURRY = MenuItem(item_id="curry", name="Korma", category="Mains", price=pounds(895))
NAAN = MenuItem(item_id="naan", name="Peshwari Naan", price=pounds(295))
WATER = MenuItem(item_id="water", name="Tap water", price=pounds(0))

registered = RestaurantRegistered(
    at=NOON, currency="GBP", name="The Tiffin", restaurant_id=RESTAURANT_ID, time_zone="Europe/London"
)
menu_published = MenuPublished(at=NOON, items=(CURRY, NAAN, WATER))
naan_sold_out = ItemAvailabilityChanged(at=NOON, available=False, item_id="naan")
busy = StatusChanged(at=NOON, status=Status.BUSY)
paused = StatusChanged(at=NOON, status=Status.PAUSED)

register = RegisterRestaurant(at=NOON, id=RESTAURANT_ID, name="The Tiffin", currency="GBP", time_zone="Europe/London")
publish = PublishMenu(at=NOON, items=(CURRY, NAAN, WATER))
pause = SetStatus(at=NOON, status=Status.PAUSED)


def restaurant(*later: RestaurantEvent, time_zone: str = "Europe/London") -> Restaurant:
    """The Tiffin with its menu, after what happened later; or its twin in another time zone."""
    joined = registered.model_copy(update={"time_zone": time_zone})
    folded = RESTAURANT.fold([joined, menu_published, *later])
    assert folded is not None
    return folded
