"""What the API answers, field by field.

Answers are written by the read models as JSON text and are never parsed on their way out. These models only describe
them, for ``/openapi.json``; the tests hold every answer against its model.
"""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from domain.account.events import Grant, Kind
from domain.account.state import Standing
from domain.ids import NUMBER_CHARS
from domain.money import Money
from domain.order.events import Address, Customer, Fulfilment, PricedTax
from domain.order.state import Facets, Stage, Times
from domain.restaurant.events import Status
from domain.restaurant.hours import OpeningHours
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import PointInput, StreetAddress, TaxCategory
from projections.kitchen_board import ORDERS_MAX

T = TypeVar("T")

Version = Annotated[int, Field(ge=1, description="How many events the record has; its ETag.")]
MinorUnits = Annotated[int, Field(description="In minor units: pence, cents; yen as they are.")]
Number = Annotated[str, Field(pattern=f"^[0-9A-HJKMNP-TV-Z]{{{NUMBER_CHARS}}}$", description="To be said aloud.")]


class OrderChoice(BaseModel):
    """An option that was chosen with another; the delta is for one."""

    group_id: str
    option_id: str
    name: str
    quantity: int
    price_delta_minor: int


class OrderModifier(OrderChoice):
    """An option that was chosen, and what was chosen with it."""

    modifiers: list[OrderChoice]


class OrderLine(BaseModel):
    """One line of an order, at the price that it was placed for."""

    item_id: str
    name: str
    quantity: Annotated[int, Field(ge=1)]
    unit_price: Money
    total: Money
    note: str | None
    modifiers: list[OrderModifier]
    tax_rate_ppm: int


class Price(BaseModel):
    """What makes up a total, in minor units: the lines less the discount, plus fee and tip, plus taxes not included."""

    subtotal_minor: int
    discount_minor: int
    promo_code: str | None
    delivery_fee_minor: int
    tip_minor: int
    taxes: Annotated[list[PricedTax], Field(description="One for each rate; rounded half up, once for each.")]
    tax_included: Annotated[bool, Field(description="Whether the prices contain the taxes.")]


class Order(BaseModel):
    """An order: what was ordered, where it stands, and what whoever reads it can ask of it now."""

    id: UUID
    number: Number
    restaurant_id: UUID
    business_day: Annotated[date, Field(description="By the calendar of the restaurant's time zone.")]
    fulfilment: Fulfilment
    lines: list[OrderLine]
    price: Price
    total: Money
    scheduled_for: Annotated[datetime | None, Field(description="When it is for; null is as soon as it can be.")]
    customer: Customer
    customer_id: Annotated[UUID | None, Field(description="The customer's account; null for a guest.")]
    placed_by: Annotated[UUID | None, Field(description="The account that placed the order.")]
    address: Address | None
    note: str | None
    client_reference: str | None
    stage: Stage
    facets: Facets
    placed_at: datetime
    ready_at: Annotated[datetime | None, Field(description="The promise; times.ready is what came of it.")]
    reason: Annotated[str | None, Field(description="Why it was rejected or cancelled.")]
    times: Times
    version: Version
    allowed_actions: Annotated[
        list[str], Field(description="The paths under the order that whoever asks may take now; others see others.")
    ]


class Quote(BaseModel):
    """What a basket costs, promised until it expires."""

    id: UUID
    restaurant_id: UUID
    lines: list[OrderLine]
    price: Price
    total: Money
    expires_at: datetime
    order_id: Annotated[UUID | None, Field(description="The order that was placed with it.")]
    usable: Annotated[bool, Field(description="Whether an order may still name it.")]
    version: Version


class Promotion(BaseModel):
    """A promo code of a restaurant; limits that are null do not exist."""

    id: UUID
    restaurant_id: UUID
    code: str
    percent_ppm: int | None
    amount: Money | None
    minimum: Money
    starts_at: datetime | None
    ends_at: datetime | None
    uses_max: int | None
    uses_per_customer_max: int | None
    ended: bool
    uses: Annotated[
        int, Field(description="By orders so far, without those rejected, or cancelled before the meal was made.")
    ]
    version: Version


class OrderEvent(BaseModel):
    """One thing that happened to an order, as it is recorded."""

    position: Annotated[int | None, Field(ge=1, description="In the ledger; null for the blink before it has one.")]
    version: Version
    event_id: UUID
    type: str
    schema_version: Annotated[int, Field(ge=1)]
    recorded_at: datetime
    data: dict[str, Any]
    meta: dict[str, str]


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


class Menu(BaseModel):
    """A restaurant's menu."""

    restaurant_id: UUID
    items: list[MenuItem]
    version: Version


class MenuFile(BaseModel):
    """A whole menu, as ``PUT /menu`` takes it."""

    items: list[MenuItem]


class MenuFieldChange(BaseModel):
    """One field of one item, before and after."""

    item_id: str
    field: str
    before: Annotated[Any, Field(alias="from")]
    after: Annotated[Any, Field(alias="to")]


class MenuDifferences(BaseModel):
    """What an import changes, or would change."""

    dry_run: bool
    added: list[str]
    removed: list[str]
    changed: list[MenuFieldChange]
    reordered: Annotated[bool, Field(description="Whether items that stay stand in another order.")]
    version: Version


class SlipLine(BaseModel):
    """What to cook, how often."""

    quantity: Annotated[int, Field(ge=1)]
    name: str
    note: str | None
    modifiers: list[str]


class Slip(BaseModel):
    """An open order, as much of it as the kitchen needs."""

    id: UUID
    number: Number
    fulfilment: Fulfilment
    customer: str
    lines: list[SlipLine]
    placed_at: datetime
    ready_at: datetime | None
    version: Version


class Board(BaseModel):
    """A restaurant's open orders by stage, oldest first; a stage without an order is left out."""

    restaurant_id: UUID
    stages: Annotated[dict[Stage, list[Slip]], Field(description=f"At most {ORDERS_MAX} orders in all.")]


class Day(BaseModel):
    """What one day brought."""

    day: date
    orders: Annotated[int, Field(ge=1)]
    revenue_minor: MinorUnits


class Total(BaseModel):
    """What all the days together brought."""

    orders: Annotated[int, Field(ge=0)]
    revenue_minor: MinorUnits


class Sales(BaseModel):
    """Orders and revenue of one restaurant; a cancelled or rejected order is in neither."""

    restaurant_id: UUID
    currency: str
    by: Literal["day"]
    data: list[Day]
    total: Total


class User(BaseModel):
    """Somebody, or an app; of an erased account what was personal is null or says so."""

    id: UUID
    kind: Kind
    name: str | None
    email: str | None
    phone: str | None
    operator_id: Annotated[UUID | None, Field(description="Of an app: the operator that it belongs to.")]
    grants: list[Grant]
    status: Standing
    registered_at: datetime
    password_changed_at: datetime | None
    version: Version


class Page(BaseModel, Generic[T]):
    """A part of a list; ``next_cursor`` is null on the last."""

    data: list[T]
    next_cursor: str | None


class OrderPage(Page[Order]):
    """Orders, newest first."""


class EventPage(Page[OrderEvent]):
    """Events, oldest first."""


class UserPage(Page[User]):
    """Users, newest first."""


class PromotionPage(Page[Promotion]):
    """Promotions, by code."""


class RestaurantPage(Page[Restaurant]):
    """Restaurants, by name."""


class Health(BaseModel):
    """Whether the process lives, or can serve."""

    status: Literal["alive", "ready"]


class Token(TypedDict):
    """An access token (RFC 6749, section 5.1), and for a person the refresh token that brings the next."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.")]
    refresh_token: NotRequired[Annotated[str, Field(description="Good for one use.")]]


class OAuthProblem(BaseModel):
    """What went wrong, as libraries of OAuth expect it (RFC 6749, section 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "temporarily_unavailable",
    ]
    error_description: Annotated[str, Field(description="For people.")]


class Jwk(BaseModel):
    """A public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    alg: Literal["EdDSA"]
    kid: str
    use: Literal["sig"]


class Jwks(BaseModel):
    """The keys by which access tokens can be checked (RFC 7517)."""

    keys: list[Jwk]


class AuthorizationServer(BaseModel):
    """What a client library needs to know (RFC 8414)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]


class ClientSecret(BaseModel):
    """What an app signs in with; the secret is told this once."""

    client_id: UUID
    client_secret: str


class Fault(BaseModel):
    """One field at fault."""

    pointer: Annotated[str, Field(description="JSON pointer into the body, or /query/NAME, or /header/NAME.")]
    code: str
    detail: str
    line: Annotated[int, Field(ge=1, description="Of an imported menu: where in the file.")] = 1
    column: Annotated[int, Field(ge=1, description="Of an imported menu: the cell in CSV, the character in JSON.")] = 1


class Problem(TypedDict):
    """What went wrong (RFC 9457); ``code`` is for programs, ``detail`` for people."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: Annotated[str, Field(description="The request's path.")]
    code: str
    request_id: Annotated[str, Field(description="As in the Request-Id header; quote it when you ask for help.")]
    errors: list[Fault]
    stage: NotRequired[Annotated[Stage, Field(description="Of a refused step: where the order stands.")]]
    allowed_actions: NotRequired[
        Annotated[list[str], Field(description="Of a refused step: those that whoever asks may take now.")]
    ]
    version: NotRequired[Annotated[int, Field(description="Of a refused step or If-Match: the present version.")]]
    expected: NotRequired[Annotated[int, Field(description="Of a refused If-Match: the version that it named.")]]
    total: NotRequired[Annotated[Money, Field(description="Of a changed price: the new total.")]]
    minimum: NotRequired[Annotated[Money, Field(description="What the lines have to cost at least.")]]
    opens_at: NotRequired[Annotated[datetime | None, Field(description="Of a closed restaurant: when it serves next.")]]
    earliest: NotRequired[Annotated[datetime, Field(description="Of a time too soon: how soon it can be.")]]
    latest: NotRequired[Annotated[datetime, Field(description="Of a time too far ahead: the latest there is.")]]
    group_id: NotRequired[Annotated[str, Field(description="Of refused modifiers: their group.")]]
    option_id: NotRequired[Annotated[str, Field(description="Of a refused modifier.")]]
    min: NotRequired[Annotated[int, Field(description="Of a group of modifiers: how many must be taken.")]]
    max: NotRequired[Annotated[int, Field(description="Of a group of modifiers: how many may be taken.")]]
    item_id: NotRequired[Annotated[str, Field(description="Of a refused menu item.")]]
