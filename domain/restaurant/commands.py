"""What can be asked of a restaurant. Each model is parsed straight from a request's body."""

from functools import cache
from typing import Annotated, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator
from pydantic.json_schema import SkipJsonSchema

from domain.command import Command
from domain.money import Currency, GivenMoney
from domain.restaurant.events import Status
from domain.restaurant.hours import GivenHours
from domain.restaurant.menu_input import (
    ITEMS_MAX,
    Description,
    GivenGroups,
    GivenItem,
    ImageUrl,
    TaxCategoryName,
    Words,
)
from domain.restaurant.settings import (
    AcceptanceS,
    GivenAddress,
    PreparationMinutes,
    RatePpm,
    ServiceAreaInput,
    TaxCategories,
)
from domain.values import Instant, ItemId, Name, Told

BUSY_MAX_MINUTES = 240


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


class ChangeSettings(Command):
    """Change what is named of how the restaurant does business, and leave the rest; null clears what may be empty."""

    name: Told[Name] = None
    time_zone: Told[Annotated[Name, AfterValidator(_zone)]] = None
    address: GivenAddress | None = None
    tax_rate_ppm: Told[RatePpm] = None
    tax_categories: Told[TaxCategories] = None
    prices_include_tax: Told[StrictBool] = None
    delivery_fee: Told[GivenMoney] = None
    minimum_order: Told[GivenMoney] = None
    service_area: ServiceAreaInput | None = None
    preparation_minutes: Told[PreparationMinutes] = None
    acceptance_timeout_s: Told[AcceptanceS] = None
    auto_accept: Told[StrictBool] = None

    @model_validator(mode="after")
    def _categories_apart(self) -> "ChangeSettings":
        names = [category.name for category in self.tax_categories or ()]
        if len(set(names)) < len(names):
            msg = "a tax category stands twice; give each a name of its own"
            raise ValueError(msg)
        return self


class SetOpeningHours(Command):
    """Say when the restaurant is open; null is always."""

    hours: GivenHours | None


class PublishMenu(Command):
    """Replace the whole menu."""

    items: Annotated[tuple[GivenItem, ...], Field(max_length=ITEMS_MAX)]


class ChangeMenuItem(Command):
    """Change what is named of one item, and leave the rest; null clears what may be empty, but for the category."""

    given: ClassVar[frozenset[str]] = frozenset({"at", "item_id"})

    item_id: SkipJsonSchema[ItemId]
    name: Name | None = None
    category: Name | None = None
    price: GivenMoney | None = None
    available: StrictBool | None = None
    off_until: Instant | None = None
    description: Description | None = None
    allergens: Words | None = None
    tags: Words | None = None
    image_url: ImageUrl | None = None
    tax_category: TaxCategoryName | None = None
    hours: GivenHours | None = None
    modifier_groups: GivenGroups | None = None

    @model_validator(mode="after")
    def _not_both(self) -> "ChangeMenuItem":
        if self.available and self.off_until is not None:
            msg = "off_until says when an item that is off comes back: leave one of the two out"
            raise ValueError(msg)
        return self


class SetStatus(Command):
    """Open, warn of a rush, or pause; ``until`` ends a rush or a pause by itself."""

    status: Status
    until: Instant | None = None
    busy_minutes: Annotated[StrictInt, Field(ge=0, le=BUSY_MAX_MINUTES)] | None = None

    @model_validator(mode="after")
    def _fitting(self) -> "SetStatus":
        if self.status is Status.OPEN and self.until is not None:
            msg = "until ends a rush or a pause; leave it out to open"
            raise ValueError(msg)
        if self.status is not Status.BUSY and self.busy_minutes is not None:
            msg = "busy_minutes go with the status busy"
            raise ValueError(msg)
        return self


RestaurantCommand = RegisterRestaurant | ChangeSettings | SetOpeningHours | PublishMenu | ChangeMenuItem | SetStatus
