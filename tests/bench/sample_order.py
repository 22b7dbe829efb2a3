"""The life of one order as Comanda's own events: what is appended, and what histories are made of."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.event import Happened
from domain.order.events import (
    Customer,
    Fulfilment,
    OrderAccepted,
    OrderCollected,
    OrderPlaced,
    OrderReady,
    PreparationStarted,
    PricedLine,
)
from tests.bench.order_body import CURRENCY, ORDER_LINES, menu

PLACED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORDER_ID = UUID("00000000-0000-7000-8000-000000000000")
RESTAURANT_ID = UUID("00000000-0000-7000-8000-000000000001")
CATEGORY = "order"


def placed(order_id: UUID = ORDER_ID) -> OrderPlaced:
    """An order of five priced lines, about 1 KB as JSON."""
    lines = tuple(
        PricedLine(
            item_id=entry.item_id,
            name=entry.name,
            note="no onions, please",
            quantity=1 + number % 3,
            unit_price_minor=entry.price_minor,
        )
        for number, entry in enumerate(menu()[:ORDER_LINES])
    )
    return OrderPlaced(
        at=PLACED_AT,
        business_day=date(2026, 11, 20),
        currency=CURRENCY,
        customer=Customer(name="Ada Lovelace", phone="+442071234567"),
        fulfilment=Fulfilment.PICKUP,
        lines=lines,
        note="ring twice",
        order_id=order_id,
        restaurant_id=RESTAURANT_ID,
        total_minor=sum(line.quantity * line.unit_price_minor for line in lines),
    )


def life() -> tuple[Happened, ...]:
    """All five events of an order that was collected, in order."""
    after = [PLACED_AT + timedelta(minutes=minutes) for minutes in (1, 2, 15, 20)]
    return (
        placed(),
        OrderAccepted(at=after[0], ready_at=after[2]),
        PreparationStarted(at=after[1]),
        OrderReady(at=after[2]),
        OrderCollected(at=after[3]),
    )
