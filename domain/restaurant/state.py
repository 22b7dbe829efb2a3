"""The restaurant as its history tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.event import EventMalformed
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    ItemDescribed,
    ItemPriceChanged,
    ItemRevised,
    MenuPublished,
    OpeningHoursSet,
    RestaurantEvent,
    RestaurantRegistered,
    SettingsChanged,
    Status,
    StatusChanged,
)
from domain.restaurant.hours import OpeningHours
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import DEFAULTS, Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Restaurant:
    """A restaurant; ``menu`` is by item id, in the order of the printed menu. Without hours it is always open."""

    id: UUID
    name: str
    currency: str
    time_zone: str
    status: Status = Status.OPEN
    status_until: datetime | None = None
    busy_minutes: int = 0
    settings: Settings = DEFAULTS
    hours: OpeningHours | None = None
    menu: Mapping[str, MenuItem] = field(default_factory=dict)


def status_at(restaurant: Restaurant, at: datetime) -> Status:
    """The status as it is at ``at``: open again once its end has come."""
    if restaurant.status_until is not None and at >= restaurant.status_until:
        return Status.OPEN
    return restaurant.status


def preparation(restaurant: Restaurant, at: datetime) -> timedelta:
    """How long the kitchen needs for an order that comes at ``at``."""
    added = restaurant.busy_minutes if status_at(restaurant, at) is Status.BUSY else 0
    return timedelta(minutes=restaurant.settings.preparation_minutes + added)


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
            return _with(restaurant, event.item_id, available=event.available, off_until=event.off_until)
        case ItemDescribed():
            return _with(restaurant, event.item_id, name=event.name, category=event.category)
        case ItemRevised():
            return replace(restaurant, menu={**restaurant.menu, event.item.item_id: event.item})
        case StatusChanged():
            return replace(
                restaurant, status=event.status, status_until=event.until, busy_minutes=event.busy_minutes or 0
            )
        case SettingsChanged():
            return replace(restaurant, name=event.name, time_zone=event.time_zone, settings=event.settings)
        case OpeningHoursSet():
            return replace(restaurant, hours=event.hours)
        case _:
            assert_never(event)


def _with(restaurant: Restaurant, item_id: str, **changes: object) -> Restaurant:
    item = restaurant.menu[item_id].model_copy(update=changes)
    return replace(restaurant, menu={**restaurant.menu, item_id: item})
