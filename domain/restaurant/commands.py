"""What can be asked of a restaurant. Each model is parsed straight from a request's body."""

from functools import cache
from typing import Annotated, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool
from pydantic.json_schema import SkipJsonSchema

from domain.command import Command
from domain.money import Currency, Money
from domain.restaurant.events import MenuItem, Status
from domain.values import ItemId, Name

ITEMS_MAX = 2000


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        msg = "an IANA time zone is expected, such as Europe/London"
        raise ValueError(msg)
    return name


class RegisterRestaurant(Command):
    """Join, with the currency of all its prices and the time zone of its days."""

    given: ClassVar[frozenset[str]] = frozenset({"at", "id"})

    id: SkipJsonSchema[UUID]
    name: Name
    currency: Currency
    time_zone: Annotated[Name, AfterValidator(_zone)]


class PublishMenu(Command):
    """Replace the whole menu."""

    items: Annotated[tuple[MenuItem, ...], Field(max_length=ITEMS_MAX)]


class ChangeMenuItem(Command):
    """Change what is named of one item, and leave the rest."""

    given: ClassVar[frozenset[str]] = frozenset({"at", "item_id"})

    item_id: SkipJsonSchema[ItemId]
    name: Name | None = None
    category: Name | None = None
    price: Money | None = None
    available: StrictBool | None = None


class SetStatus(Command):
    """Open, warn of a rush, or pause."""

    status: Status


RestaurantCommand = RegisterRestaurant | PublishMenu | ChangeMenuItem | SetStatus
