"""What can have happened to a restaurant and its menu."""

from enum import StrEnum
from uuid import UUID

from pydantic import StrictBool

from domain.event import Happened, Part
from domain.money import Money
from domain.values import ItemId, Name


class Status(StrEnum):
    """Whether orders are taken: busy takes them and warns, paused takes none."""

    OPEN = "open"
    BUSY = "busy"
    PAUSED = "paused"


class MenuItem(Part):
    """One thing that can be ordered."""

    available: StrictBool = True
    category: Name | None = None
    item_id: ItemId
    name: Name
    price: Money


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
    """An item ran out or came back."""

    available: bool
    item_id: str


class ItemDescribed(Happened):
    """An item got another name or category."""

    category: str | None = None
    item_id: str
    name: str


class StatusChanged(Happened):
    """The restaurant opened, got busy or paused."""

    status: Status


RestaurantEvent = (
    RestaurantRegistered | MenuPublished | ItemPriceChanged | ItemAvailabilityChanged | ItemDescribed | StatusChanged
)
