"""What a restaurant looks like."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Version
from api.answers.pages import Page
from domain.money import Money
from domain.restaurant.events import Status
from domain.restaurant.hours import OpeningHours
from domain.restaurant.settings import PointInput, StreetAddress, TaxCategory


class ServiceArea(BaseModel):
    """Where a restaurant delivers to: within a radius of a point, or to these postcodes."""

    center: PointInput | None
    radius_m: int | None
    postcodes: list[str]


class Restaurant(BaseModel):
    """A restaurant without its menu."""

    id: UUID
    name: str
    currency: str
    time_zone: Annotated[str, Field(description="IANA")]
    status: Annotated[Status, Field(description="As it was set; open again once status_until has passed.")]
    status_until: datetime | None
    busy_minutes: Annotated[int, Field(description="Added to the preparation while the status is busy.")]
    address: StreetAddress | None
    tax_rate_ppm: Annotated[int, Field(description="Of items without a category, and of the delivery fee.")]
    tax_categories: list[TaxCategory]
    prices_include_tax: bool
    delivery_fee: Money
    minimum_order: Money
    service_area: ServiceArea | None
    preparation_minutes: int
    acceptance_timeout_s: int
    auto_accept: bool
    hours: Annotated[OpeningHours | None, Field(description="By the wall clock; null is always open.")]
    version: Version


class RestaurantPage(Page[Restaurant]):
    """Restaurants, by name."""
