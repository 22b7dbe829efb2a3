"""What a customer wants, before it has a price."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictInt, StringConstraints

from domain.money import GivenMoney
from domain.order.events import Fulfilment
from domain.restaurant.settings import PointInput
from domain.values import Instant, ItemId, Name, Note, Value

LINES_MAX = 100
QUANTITY_MAX = 999
MODIFIERS_MAX = 100
MODIFIER_QUANTITY_MAX = 50

PromoCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{3,40}$")]
"""Letters of either case mean the same."""
_ModifierQuantity = Annotated[StrictInt, Field(ge=1, le=MODIFIER_QUANTITY_MAX)]


class NestedChoice(Value):
    """An option of a group that another option brought along."""

    group_id: ItemId
    option_id: ItemId
    quantity: _ModifierQuantity = 1


class Chosen(NestedChoice):
    """An option of one of the item's groups, and what was chosen with it."""

    modifiers: Annotated[tuple[NestedChoice, ...], Field(max_length=MODIFIERS_MAX)] = ()


class Line(Value):
    """One line of a basket; the same item may stand on several lines."""

    item_id: ItemId
    quantity: Annotated[StrictInt, Field(json_schema_extra={"minimum": 1, "maximum": QUANTITY_MAX})]
    modifiers: Annotated[tuple[Chosen, ...], Field(max_length=MODIFIERS_MAX)] = ()
    note: Note | None = None


class CustomerDetails(Value):
    """Who orders: the name to call out and, where given, a phone number."""

    name: Name
    phone: Name | None = None


class AddressDetails(Value):
    """Where a delivery is to go."""

    city: Name
    country: Name | None = None
    line1: Name
    line2: Name | None = None
    note: Note | None = None
    postcode: Name | None = None


class Cart(Value):
    """All of a basket that its price depends on: the body of ``POST /v1/quotes``. Prices are the server's business.

    ``location`` is where a delivery goes, for a restaurant that delivers within a radius: it is looked at and not kept.
    """

    restaurant_id: UUID
    fulfilment: Fulfilment
    lines: Annotated[tuple[Line, ...], Field(json_schema_extra={"minItems": 1, "maxItems": LINES_MAX})]
    address: AddressDetails | None = None
    location: PointInput | None = None
    scheduled_for: Instant | None = None
    tip: GivenMoney | None = None
    promo_code: PromoCode | None = None


class Basket(Cart):
    """What a customer wants: the body of ``POST /v1/orders``.

    ``placed_at`` is for orders taken elsewhere, by phone or before the server stood.
    """

    customer: CustomerDetails
    note: Note | None = None
    client_reference: Name | None = None
    expected_total: GivenMoney | None = None
    quote_id: UUID | None = None
    placed_at: Instant | None = None
