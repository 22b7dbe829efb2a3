"""What a price that was promised looks like."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Version
from api.answers.orders import OrderLine, Price
from domain.money import Money


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
