"""The restaurant as its history tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.event import EventMalformed
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    ItemDescribed,
    ItemPriceChanged,
    MenuItem,
    MenuPublished,
    RestaurantEvent,
    RestaurantRegistered,
    Status,
    StatusChanged,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restaurant:
    """A restaurant; ``menu`` is by item id, in the order of the printed menu."""

    id: UUID
    name: str
    currency: str
    time_zone: str
    status: Status = Status.OPEN
    menu: Mapping[str, MenuItem] = field(default_factory=dict)


def business_day(restaurant: Restaurant, at: datetime) -> date:
    """The day of ``at`` on the restaurant's own wall calendar."""
    return at.astimezone(ZoneInfo(restaurant.time_zone)).date()


def evolve(restaurant: Restaurant | None, event: RestaurantEvent) -> Restaurant:
    """The restaurant after ``event``; raises EventMalformed for a history that does not begin with its registration."""
    if isinstance(event, RestaurantRegistered):
        return Restaurant(id=event.restaurant_id, name=event.name, currency=event.currency, time_zone=event.time_zone)
    if restaurant is None:
        msg = f"{type(event).__name__} stands before RestaurantRegistered"
        raise EventMalformed(msg)
    match event:
        case MenuPublished():
            return replace(restaurant, menu={item.item_id: item for item in event.items})
        case ItemPriceChanged():
            return _with(restaurant, event.item_id, price=event.price)
        case ItemAvailabilityChanged():
            return _with(restaurant, event.item_id, available=event.available)
        case ItemDescribed():
            return _with(restaurant, event.item_id, name=event.name, category=event.category)
        case StatusChanged():
            return replace(restaurant, status=event.status)
        case _:
            assert_never(event)


def _with(restaurant: Restaurant, item_id: str, **changes: object) -> Restaurant:
    item = restaurant.menu[item_id].model_copy(update=changes)
    return replace(restaurant, menu={**restaurant.menu, item_id: item})
