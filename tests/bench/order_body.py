"""The order that every contender is sent: five lines from a menu of fifty items."""

import json
from dataclasses import dataclass
from uuid import UUID

MENU_ITEMS = 50
ORDER_LINES = 5
CURRENCY = "GBP"
FIRST_PRICE_MINOR = 295


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """One item of the bench's menu, as a restaurant would register it."""

    item_id: str
    name: str
    price_minor: int
    category: str


def menu() -> tuple[MenuEntry, ...]:
    """Fifty items in five categories, the same in every run."""
    return tuple(
        MenuEntry(
            item_id=f"item-{number:03d}",
            name=f"Dish number {number}",
            price_minor=FIRST_PRICE_MINOR + 10 * number,
            category=f"category-{number % 5}",
        )
        for number in range(MENU_ITEMS)
    )


def order_body(restaurant_id: str, item_ids: tuple[str, ...]) -> bytes:
    """An order for pickup as JSON: ORDER_LINES different items, customer and note included."""
    step = len(item_ids) // ORDER_LINES
    lines = [
        {"item_id": item_ids[line * step], "quantity": 1 + line % 3, "note": "no onions, please"}
        for line in range(ORDER_LINES)
    ]
    return json.dumps(
        {
            "restaurant_id": restaurant_id,
            "fulfilment": "pickup",
            "lines": lines,
            "customer": {"name": "Ada Lovelace", "phone": "+442071234567"},
            "note": "ring twice",
        },
        separators=(",", ":"),
    ).encode()


def anonymous_order_body() -> bytes:
    """The same order for servers that know no restaurants: of the size that Comanda is sent."""
    items = tuple(str(UUID(int=number)) for number in range(1, MENU_ITEMS + 1))
    return order_body(str(UUID(int=0)), items)
