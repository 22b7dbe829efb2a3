"""How a restaurant does business: where it is, what it charges beside the menu, how far it delivers and how fast."""

from typing import Annotated

from pydantic import AllowInfNan, Field, StrictInt, StringConstraints, model_validator

from domain.event import Part
from domain.values import From, Name, Value

PPM = 1_000_000
"""Rates are in parts per million: 20 % is 200000, and New York's 8.875 % is 88750."""
TAX_CATEGORIES_MAX = 20
POSTCODES_MAX = 500
RADIUS_MAX_M = 100_000
PREPARATION_DEFAULT_MINUTES, PREPARATION_MAX_MINUTES = 20, 240
ACCEPTANCE_DEFAULT_S, ACCEPTANCE_MIN_S, ACCEPTANCE_MAX_S = 11 * 60, 60, 60 * 60
_DEGREE = 1_000_000


class StreetAddress(Part):
    """Where the restaurant is."""

    city: str
    country: str | None = None
    line1: str
    line2: str | None = None
    postcode: str | None = None


class Point(Part):
    """A place on the globe, in millionths of a degree: a tenth of a metre."""

    latitude_e6: int
    longitude_e6: int


class ServiceArea(Part):
    """Where it delivers to: within a radius of a point, or to these postcodes."""

    center: Point | None = None
    postcodes: tuple[str, ...] = ()
    radius_m: int | None = None


class TaxCategory(Part):
    """A rate for the items that name this category."""

    name: str
    rate_ppm: int


class Settings(Part):
    """All that can be set; the defaults are those of a restaurant that has set nothing."""

    acceptance_timeout_s: int = ACCEPTANCE_DEFAULT_S
    address: StreetAddress | None = None
    auto_accept: bool = False
    delivery_fee_minor: int = 0
    minimum_order_minor: int = 0
    preparation_minutes: int = PREPARATION_DEFAULT_MINUTES
    prices_include_tax: bool = True
    service_area: ServiceArea | None = None
    tax_categories: tuple[TaxCategory, ...] = ()
    tax_rate_ppm: int = 0


DEFAULTS = Settings()


# What a request may say

RatePpm = Annotated[StrictInt, Field(ge=0, le=PPM, description="In parts per million: 20 % is 200000.")]
Postcode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{0,14}\*?$")]


class StreetAddressInput(Value):
    """Where the restaurant is."""

    line1: Name
    line2: Name | None = None
    city: Name
    postcode: Name | None = None
    country: Name | None = None


class PointInput(Value):
    """A place on the globe, in degrees; kept to the millionth."""

    latitude: Annotated[float, Field(ge=-90, le=90, strict=True), AllowInfNan(False)]
    longitude: Annotated[float, Field(ge=-180, le=180, strict=True), AllowInfNan(False)]

    def point(self) -> Point:
        """The fact."""
        return Point(latitude_e6=millionths(self.latitude), longitude_e6=millionths(self.longitude))


class ServiceAreaInput(Value):
    """Either ``center`` and ``radius_m`` or ``postcodes``; one that ends in ``*`` means all that begin so."""

    center: PointInput | None = None
    radius_m: Annotated[StrictInt, Field(ge=1, le=RADIUS_MAX_M)] | None = None
    postcodes: Annotated[tuple[Postcode, ...], Field(max_length=POSTCODES_MAX)] = ()

    @model_validator(mode="after")
    def _either(self) -> "ServiceAreaInput":
        if (self.center is None) != (self.radius_m is None) or (self.center is None) == (not self.postcodes):
            msg = "say either center and radius_m, or postcodes"
            raise ValueError(msg)
        return self

    def area(self) -> ServiceArea:
        """The fact."""
        center = self.center.point() if self.center else None
        return ServiceArea(center=center, postcodes=self.postcodes, radius_m=self.radius_m)


class TaxCategoryInput(Value):
    """A rate for the items that name this category."""

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    rate_ppm: RatePpm


GivenAddress = Annotated[StreetAddress, From(StreetAddressInput)]
TaxCategories = Annotated[
    tuple[Annotated[TaxCategory, From(TaxCategoryInput)], ...], Field(max_length=TAX_CATEGORIES_MAX)
]
PreparationMinutes = Annotated[StrictInt, Field(ge=1, le=PREPARATION_MAX_MINUTES)]
AcceptanceS = Annotated[StrictInt, Field(ge=ACCEPTANCE_MIN_S, le=ACCEPTANCE_MAX_S)]


def degrees(millionths: int) -> float:
    """As people write it."""
    return millionths / _DEGREE


def millionths(degrees: float) -> int:
    """As events keep it."""
    return round(degrees * _DEGREE)
