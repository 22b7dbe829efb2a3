"""What can have happened to a restaurant and its menu."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.event import Happened
from domain.money import Money
from domain.restaurant.hours import OpeningHours
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import Settings


class Status(StrEnum):
    """Whether orders are taken: busy takes them and warns, paused takes none."""

    OPEN = "open"
    BUSY = "busy"
    PAUSED = "paused"


class RestaurantRegistered(Happened):
    """A restaurant joined."""

    currency: str
    name: str
    restaurant_id: UUID
    time_zone: str


class MenuPublished(Happened):
    """The whole menu was replaced."""

    items: tuple[MenuItem, ...]


class ItemPriceChanged(Happened):
    """An item costs something else from now on."""

    item_id: str
    price: Money


class ItemAvailabilityChanged(Happened):
    """An item ran out, for as long as ``off_until`` says, or came back."""

    available: bool
    item_id: str
    off_until: datetime | None = None


class ItemDescribed(Happened):
    """An item got another name or category."""

    category: str | None = None
    item_id: str
    name: str


class ItemRevised(Happened):
    """Something else about an item changed: what it is said to be, what can be chosen with it, when it is served."""

    item: MenuItem


class StatusChanged(Happened):
    """The restaurant opened, got busy or paused; ``until`` ends it, ``busy_minutes`` are added to the preparation."""

    busy_minutes: int | None = None
    status: Status
    until: datetime | None = None


class SettingsChanged(Happened):
    """The restaurant does business otherwise from now on."""

    name: str
    settings: Settings
    time_zone: str


class OpeningHoursSet(Happened):
    """The restaurant said when it is open; without hours it always is."""

    hours: OpeningHours | None = None


RestaurantEvent = (
    RestaurantRegistered
    | MenuPublished
    | ItemPriceChanged
    | ItemAvailabilityChanged
    | ItemDescribed
    | ItemRevised
    | StatusChanged
    | SettingsChanged
    | OpeningHoursSet
)
