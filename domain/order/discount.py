"""What a promo code takes off the lines of an order."""

from dataclasses import dataclass

from domain.order.tax import part_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Discount:
    """A part of the lines, or a fixed amount, never more than they cost."""

    code: str
    rate_ppm: int | None = None
    amount_minor: int = 0
    minimum_minor: int = 0

    def of(self, subtotal_minor: int) -> int:
        """In minor units, rounded half up."""
        less = self.amount_minor if self.rate_ppm is None else part_of(subtotal_minor, self.rate_ppm)
        return min(less, subtotal_minor)
