"""What the kitchen is shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Number, Version
from domain.order.events import Fulfilment
from domain.order.state import Stage
from projections.kitchen_board import ORDERS_MAX


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
