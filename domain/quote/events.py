"""What can have happened to a quote."""

from datetime import date, datetime
from uuid import UUID

from domain.event import Happened
from domain.order.events import Breakdown, PricedLine


class QuoteGiven(Happened):
    """A basket was priced for ``principal``; ``cart`` is its fingerprint, for its notes and address are not kept."""

    breakdown: Breakdown | None = None
    business_day: date
    cart: str
    currency: str
    expires_at: datetime
    lines: tuple[PricedLine, ...]
    principal: str
    quote_id: UUID
    restaurant_id: UUID
    total_minor: int


class QuoteUsed(Happened):
    """An order was placed at the quoted price."""

    order_id: UUID


QuoteEvent = QuoteGiven | QuoteUsed
