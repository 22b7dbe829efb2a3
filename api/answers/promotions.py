"""What a promo code looks like."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Version
from api.answers.pages import Page
from domain.money import Money


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


class PromotionPage(Page[Promotion]):
    """Promotions, by code."""
