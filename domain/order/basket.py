"""What a customer wants, before it has a price."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictInt

from domain.money import GivenMoney
from domain.order.events import Address, Customer, Fulfilment
from domain.values import Instant, ItemId, Name, Note, Value

LINES_MAX = 100
QUANTITY_MAX = 999


class Line(Value):
    """One line of a basket; the same item may stand on several lines."""

    item_id: ItemId
    quantity: Annotated[StrictInt, Field(json_schema_extra={"minimum": 1, "maximum": QUANTITY_MAX})]
    note: Note | None = None


class Basket(Value):
    """What a customer wants: the body of ``POST /v1/orders``. Prices are the server's business.

    ``placed_at`` is for orders taken elsewhere, by phone or before the server stood.
    """

    restaurant_id: UUID
    fulfilment: Fulfilment
    lines: Annotated[tuple[Line, ...], Field(json_schema_extra={"minItems": 1, "maxItems": LINES_MAX})]
    customer: Customer
    address: Address | None = None
    note: Note | None = None
    client_reference: Name | None = None
    expected_total: GivenMoney | None = None
    placed_at: Instant | None = None
