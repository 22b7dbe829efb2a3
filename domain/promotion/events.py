"""What can have happened to a promotion. Its uses are counted where orders are appended, not here."""

from datetime import datetime
from uuid import UUID

from domain.event import Happened


class PromotionCreated(Happened):
    """A code takes off a part of the lines or a fixed amount; limits that are not named do not exist."""

    code: str
    currency: str
    ends_at: datetime | None = None
    fixed_minor: int | None = None
    minimum_minor: int = 0
    promotion_id: UUID
    rate_ppm: int | None = None
    restaurant_id: UUID
    starts_at: datetime | None = None
    uses_max: int | None = None
    uses_per_customer_max: int | None = None


class PromotionEnded(Happened):
    """The restaurant called it off."""


PromotionEvent = PromotionCreated | PromotionEnded
