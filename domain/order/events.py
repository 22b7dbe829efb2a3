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


class PricedLine(Part):
    """One line with the name and the unit price (minor units) that stood on the menu at that moment."""

    item_id: str
    name: str
    note: str | None = None
    quantity: int
    unit_price_minor: int


class OrderPlaced(Happened):
    """A customer ordered; ``business_day`` is the day in the restaurant's own time zone.

    ``customer_id``: whose order it is, where they have an account; ``placed_by``: the account that placed it.
    """

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
    restaurant_id: UUID
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
