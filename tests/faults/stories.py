"""The orders that flow while things break: what is sent, step by step, and what history must hold of it."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

ITEMS = ("soup", "bread", "tea")
FIRST_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAYS = 200
LINES_MAX = 3
QUANTITY_MAX = 4

EVENTS = {
    "accept": "OrderAccepted",
    "reject": "OrderRejected",
    "ready-time": "ReadyTimeRevised",
    "start": "PreparationStarted",
    "ready": "OrderReady",
    "collect": "OrderCollected",
    "hand-over": "OrderHandedOver",
    "deliver": "OrderDelivered",
    "cancel": "OrderCancelled",
}
LIVES = (
    (),
    ("cancel",),
    ("reject",),
    ("accept", "start"),
    ("accept", "ready-time", "cancel"),
    ("accept", "start", "ready", "collect"),
    ("accept", "start", "ready", "hand-over", "deliver"),
)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One order to be: its key, its body and the steps of its life."""

    key: str
    body: Json
    steps: tuple[str, ...]
    ready_at: datetime

    def step_body(self, step: str) -> Json:
        """What is sent with a step; the same however often it is sent."""
        match step:
            case "accept":
                return {"ready_at": self.ready_at.isoformat()}
            case "ready-time":
                return {"ready_at": (self.ready_at + timedelta(minutes=10)).isoformat()}
            case "reject" | "cancel":
                return {"reason": f"so it goes with {self.key}"}
            case _:
                return {}


@dataclass(kw_only=True)
class Acknowledged:
    """What the API has confirmed of one order."""

    order_id: str
    story: Story
    steps: list[str] = field(default_factory=list)

    @property
    def events(self) -> list[str]:
        """The history that these confirmations promise."""
        return ["OrderPlaced", *(EVENTS[step] for step in self.steps)]


def chance(seed: int) -> random.Random:
    """Chance that comes out the same for the same seed."""
    return random.Random(seed)  # noqa: S311  it hides nothing


def tell(restaurant_id: str, key: str, rng: random.Random) -> Story:
    """A story at random: any life, any basket, any day of a long season."""
    steps = rng.choice(LIVES)
    placed_at = FIRST_DAY + timedelta(days=rng.randrange(DAYS), minutes=rng.randrange(600))
    delivered = "deliver" in steps
    body: Json = {
        "restaurant_id": restaurant_id,
        "fulfilment": "delivery" if delivered else "pickup",
        "lines": [
            {"item_id": rng.choice(ITEMS), "quantity": rng.randint(1, QUANTITY_MAX)}
            for _ in range(rng.randint(1, LINES_MAX))
        ],
        "customer": {"name": "Ada"},
        "client_reference": key,
        "placed_at": placed_at.isoformat(),
    }
    if delivered:
        body["address"] = {"line1": "12 St James's Square", "city": "London"}
    return Story(key=key, body=body, steps=steps, ready_at=placed_at + timedelta(minutes=25))


def menu() -> Json:
    """The menu that the stories order from."""
    return {
        "items": [
            {
                "item_id": item,
                "name": item.title(),
                "category": "Menu",
                "price": {"amount_minor": 250 + 105 * place, "currency": "GBP"},
            }
            for place, item in enumerate(ITEMS)
        ]
    }
