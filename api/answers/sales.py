"""What a restaurant has sold."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

MinorUnits = Annotated[int, Field(description="In minor units: pence, cents; yen as they are.")]


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
