"""What was priced, as orders and quotes show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.order.events import Breakdown, PricedLine, PricedModifier

_NOTHING_ELSE: Mapping[str, Any] = {
    "discount_minor": 0,
    "promo_code": None,
    "delivery_fee_minor": 0,
    "tip_minor": 0,
    "taxes": [],
    "tax_included": True,
}


def line_documents(lines: Sequence[PricedLine], currency: str) -> list[dict[str, Any]]:
    """The lines as plain JSON values."""
    return [
        {
            "item_id": line.item_id,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": {"amount_minor": line.unit_price_minor, "currency": currency},
            "total": {"amount_minor": line.unit_price_minor * line.quantity, "currency": currency},
            "note": line.note,
            "modifiers": [] if line.modifiers is None else [_modifier(m) for m in line.modifiers],
            "tax_rate_ppm": line.tax_rate_ppm or 0,
        }
        for line in lines
    ]


def price_document(parts: Breakdown | None, total_minor: int) -> dict[str, Any]:
    """What makes up the total, in minor units."""
    if parts is None:
        return {"subtotal_minor": total_minor, **_NOTHING_ELSE}
    return {
        "subtotal_minor": parts.subtotal_minor,
        "discount_minor": parts.discount_minor,
        "promo_code": parts.promo_code,
        "delivery_fee_minor": parts.delivery_fee_minor,
        "tip_minor": parts.tip_minor,
        "taxes": [tax.model_dump() for tax in parts.taxes],
        "tax_included": parts.tax_included,
    }


def _modifier(modifier: PricedModifier) -> dict[str, Any]:
    return {**modifier.model_dump(), "modifiers": [choice.model_dump() for choice in modifier.modifiers or ()]}
