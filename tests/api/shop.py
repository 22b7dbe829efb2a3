"""A restaurant that a test opens for itself, and orders for it."""

from dataclasses import dataclass, field
from typing import Any

from tests.api.answer import Answer
from tests.api.client import Api

Json = dict[str, Any]

CURRENCY = "EUR"
MENU = (("margherita", "Pizza Margherita", 850), ("diavola", "Pizza Diavola", 1050), ("acqua", "Acqua Minerale", 200))
ADDRESS = {"line1": "1 Market Street", "city": "Rome", "postcode": "00184"}
READY_AT = "2030-01-01T12:00:00Z"
STEPS_BEFORE: dict[str, tuple[str, ...]] = {
    "awaiting_acceptance": (),
    "accepted": ("accept",),
    "preparing": ("accept", "start"),
    "ready": ("accept", "start", "ready"),
    "out_for_delivery": ("accept", "start", "ready", "hand-over"),
    "rejected": ("reject",),
    "cancelled": ("cancel",),
}
BODIES: dict[str, Json] = {"accept": {"ready_at": READY_AT}, "ready-time": {"ready_at": READY_AT}}
BODIES |= {"reject": {"reason": "no dough left"}, "cancel": {"reason": "the customer rang"}}


def euros(amount_minor: int) -> Json:
    return {"amount_minor": amount_minor, "currency": CURRENCY}


def item(item_id: str, name: str, amount_minor: int, **more: Any) -> Json:
    return {"item_id": item_id, "name": name, "price": euros(amount_minor), **more}


@dataclass(frozen=True)
class Shop:
    """Its id, and what a customer or its kitchen asks."""

    api: Api
    id: str
    path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", f"/v1/restaurants/{self.id}")

    @classmethod
    def opened(cls, api: Api, name: str = "Da Ada", time_zone: str = "Europe/Rome") -> "Shop":
        """Register a restaurant and publish its menu."""
        about = {"name": name, "currency": CURRENCY, "time_zone": time_zone}
        registered = api.create("/v1/restaurants", about)
        assert registered.status == 201, registered
        shop = cls(api, registered.json["id"])
        assert api.put(f"{shop.path}/menu", {"items": [item(*entry) for entry in MENU]}).status == 200
        return shop

    def body(self, *lines: tuple[str, int], **changes: Any) -> Json:
        """An order's body: for one margherita to be picked up by Ada, unless something else is said."""
        told = {
            "restaurant_id": self.id,
            "fulfilment": "pickup",
            "lines": [{"item_id": item_id, "quantity": quantity} for item_id, quantity in lines or [("margherita", 1)]],
            "customer": {"name": "Ada"},
        }
        if changes.get("fulfilment") == "delivery":
            told["address"] = ADDRESS
        return {name: value for name, value in {**told, **changes}.items() if value is not None}

    def place(self, *lines: tuple[str, int], **changes: Any) -> Answer:
        """Place an order that must be taken."""
        answer = self.api.create("/v1/orders", self.body(*lines, **changes))
        assert answer.status == 201, answer
        return answer

    def refused(self, *lines: tuple[str, int], **changes: Any) -> Answer:
        """Place an order that must be refused."""
        answer = self.api.create("/v1/orders", self.body(*lines, **changes))
        assert answer.code is not None, answer
        return answer

    def step(self, order: Answer, name: str) -> Answer:
        """Take one step of an order's life."""
        return self.api.post(f"/v1/orders/{order.json['id']}/{name}", BODIES.get(name))

    def order_at(self, stage: str, **changes: Any) -> Answer:
        """An order that has come to ``stage``."""
        order = self.place(**changes)
        for name in STEPS_BEFORE[stage]:
            order = self.step(order, name)
            assert order.status == 200, order
        assert order.json["stage"] == stage
        return order
