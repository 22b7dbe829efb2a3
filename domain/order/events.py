"""What can have happened to an order."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from domain.event import Happened, Part, Upcaster


class Fulfilment(StrEnum):
    """How the meal reaches the customer."""

    PICKUP = "pickup"
    DELIVERY = "delivery"


class Customer(Part):
    """Who ordered: the name to call out and, where given, a phone number. Both are sealed (domain.privacy)."""

    name: str
    phone: str | None = None


class Address(Part):
    """Where a delivery goes. All of it is sealed (domain.privacy)."""

    city: str
    country: str | None = None
    line1: str
    line2: str | None = None
    note: str | None = None
    postcode: str | None = None


class PricedChoice(Part):
    """An option that another one brought along; the delta is for one."""

    group_id: str
    name: str
    option_id: str
    price_delta_minor: int
    quantity: int


class PricedModifier(Part):
    """An option that was chosen, with what was chosen with it; deltas are for one."""

    group_id: str
    modifiers: tuple[PricedChoice, ...] | None = None
    name: str
    option_id: str
    price_delta_minor: int
    quantity: int


class PricedLine(Part):
    """One line with the name and the unit price (minor units) that stood on the menu at that moment.

    The unit price has the modifiers in it. Without a tax rate the line is not taxed.
    """

    item_id: str
    modifiers: tuple[PricedModifier, ...] | None = None
    name: str
    note: str | None = None
    quantity: int
    tax_rate_ppm: int | None = None
    unit_price_minor: int


class PricedTax(Part):
    """The tax of one rate, upon or, where prices include it, within what is taxed at it."""

    rate_ppm: int
    tax_minor: int
    taxable_minor: int


class Breakdown(Part):
    """What makes up a total that is more than the sum of the lines, which is the subtotal."""

    delivery_fee_minor: int
    discount_minor: int
    promo_code: str | None = None
    subtotal_minor: int
    tax_included: bool
    taxes: tuple[PricedTax, ...]
    tip_minor: int


class OrderPlaced(Happened):
    """A customer ordered; ``business_day`` is the day in the restaurant's own time zone.

    ``customer_id``: whose order it is, where they have an account; ``placed_by``: the account that placed it. Without a
    breakdown the total is the sum of the lines; without a scheduled time the order is for now.
    """

    breakdown: Breakdown | None = None
    business_day: date
    client_reference: str | None = None
    currency: str
    customer: Customer
    customer_id: UUID | None = None
    delivery_address: Address | None = None
    fulfilment: Fulfilment
    lines: tuple[PricedLine, ...]
    note: str | None = None
    order_id: UUID
    placed_by: UUID | None = None
    quote_id: UUID | None = None
    restaurant_id: UUID
    scheduled_for: datetime | None = None
    total_minor: int


class OrderAccepted(Happened):
    """The restaurant took the order on and promised a ready time."""

    ready_at: datetime


def _name_no_items(data: dict[str, Any]) -> dict[str, Any]:
    """OrderRejected v1 told only the reason; no item was named in it."""
    return {**data, "item_ids": ()}


class OrderRejected(Happened):
    """The restaurant declined the order, naming the items that it is out of (since schema version 2)."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[Mapping[int, Upcaster]] = {1: _name_no_items}

    item_ids: tuple[str, ...]
    reason: str


class PreparationStarted(Happened):
    """The kitchen began."""


class ReadyTimeRevised(Happened):
    """The kitchen promised another ready time."""

    ready_at: datetime


class OrderReady(Happened):
    """The meal stands on the pass."""


class OrderCollected(Happened):
    """The customer took the meal at the counter; the order is completed."""


class OrderHandedOver(Happened):
    """A courier took the meal; it is out for delivery."""


class OrderDelivered(Happened):
    """The meal arrived; the order is completed."""


class OrderCancelled(Happened):
    """The order was called off before it was completed."""

    reason: str


OrderEvent = (
    OrderPlaced
    | OrderAccepted
    | OrderRejected
    | PreparationStarted
    | ReadyTimeRevised
    | OrderReady
    | OrderCollected
    | OrderHandedOver
    | OrderDelivered
    | OrderCancelled
)
