"""What an order looks like, and what has happened to it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Number, Version
from api.answers.pages import Page
from domain.money import Money
from domain.order.events import Address, Customer, Fulfilment, PricedTax
from domain.order.state import Facets, Stage, Times


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


class OrderPage(Page[Order]):
    """Orders, newest first."""


class EventPage(Page[OrderEvent]):
    """Events, oldest first."""
