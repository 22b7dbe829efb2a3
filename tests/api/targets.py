"""Every route that changes something, each with a body that would be taken."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import BODIES, CURRENCY, Shop, euros, item

USERS = ("POST users", "PATCH user", "PUT password")
STEPS = ("accept", "reject", "start", "ready", "ready-time", "collect", "hand-over", "deliver", "cancel")
ROUTES = (
    "POST import",
    *(
        "POST orders",
        "POST quotes",
        "POST promotions",
        "POST restaurants",
        "PATCH restaurant",
        "PUT hours",
        "PUT menu",
        "PATCH item",
        "PUT status",
    ),
    *USERS,
    *(f"POST {s}" for s in STEPS),
)

HOURS = {
    "weekly": [{"day": "monday", "opens": "11:00", "closes": "24:00"}],
    "exceptions": [{"date": "2026-12-25", "spans": [{"opens": "12:00", "closes": "02:00"}]}],
}
SETTINGS = {
    "name": "Da Bruno",
    "time_zone": "Europe/Paris",
    "tax_rate_ppm": 100_000,
    "delivery_fee": euros(250),
    "prices_include_tax": False,
    "preparation_minutes": 25,
}
PROMOTION = {"code": "SUMMER", "amount": euros(100), "ends_at": "2030-01-01T00:00:00Z"}
RICH = item(
    "acqua",
    "A",
    1,
    category="B",
    available=True,
    image_url="https://example.com/a.jpg",
    modifier_groups=[
        {
            "group_id": "size",
            "name": "Size",
            "min": 1,
            "max": 1,
            "options": [{"option_id": "large", "name": "Large", "price_delta_minor": 50}],
        }
    ],
)


@dataclass(frozen=True)
class Target:
    """One thing that can be asked, with a body that would be taken."""

    method: str
    path: str
    body: Any
    bearer: Mapping[str, str]
    nothing_is_fine: bool = False

    def raw(self, *headers: str, body: bytes | None = None, version: str = "HTTP/1.1") -> bytes:
        """The whole message; a Content-Length is added where ``headers`` say nothing about the body."""
        text = json.dumps(self.body).encode() if body is None else body
        told = [f"{self.method} {self.path} {version}".rstrip(), "Host: x", "Content-Type: application/json", *headers]
        told += [f"{name}: {value}" for name, value in self.bearer.items()]
        told.append(f"Idempotency-Key: {uuid.uuid4().hex}")
        if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
            told.append(f"Content-Length: {len(text)}")
        return "\r\n".join(told).encode("latin-1") + b"\r\n\r\n" + text


def targets(api: Api) -> dict[str, Target]:
    """Every route that changes something, on a restaurant, an order and a user of their own."""
    assert api.who is not None
    bearer = api.who.bearer
    shop = Shop.opened(api)
    order = shop.place().headers["Location"]
    change: dict[str, Any] = {
        "name": "x",
        "category": "y",
        "price": {"amount_minor": 1, "currency": CURRENCY},
        "available": False,
    }
    about = {"name": "Da Ada", "currency": "EUR", "time_zone": "Europe/Rome"}
    body = shop.body(note="ring", client_reference="7", placed_at="2026-01-01T12:00:00Z", fulfilment="delivery")
    body["expected_total"] = {"amount_minor": 850, "currency": CURRENCY}
    body["lines"][0]["note"] = "no basil"
    body["tip"] = euros(0)
    body["location"] = {"latitude": 41.9, "longitude": 12.5}
    cart = {
        name: part for name, part in body.items() if name in {"restaurant_id", "fulfilment", "lines", "address", "tip"}
    }
    person = {"name": "Ada", "email": f"{uuid.uuid4()}@example.org", "phone": "+39 06 1234"}
    user = api.create("/v1/users", {**person, "password": "ten letters or more"}).headers["Location"]
    staff = {"role": "restaurant_staff", "restaurant_id": shop.id}
    new = {**person, "email": "staff@example.org", "password": "ten letters or more", "grants": [staff]}
    told: dict[str, tuple[Any, ...]] = {
        "POST users": ("POST", "/v1/users", new),
        "PATCH user": ("PATCH", user, {**person, "name": "Ada Lovelace"}, True),
        "PUT password": ("PUT", f"{user}/password", {"password": "ten other letters"}),
        "POST orders": ("POST", "/v1/orders", body),
        "POST quotes": ("POST", "/v1/quotes", cart),
        "POST promotions": ("POST", f"{shop.path}/promotions", PROMOTION),
        "POST restaurants": ("POST", "/v1/restaurants", about),
        "PATCH restaurant": ("PATCH", shop.path, SETTINGS, True),
        "PUT hours": ("PUT", f"{shop.path}/hours", {"hours": HOURS}),
        "PUT menu": ("PUT", f"{shop.path}/menu", {"items": [RICH]}),
        "POST import": ("POST", f"{shop.path}/menu/import", {"items": [RICH]}),
        "PATCH item": ("PATCH", f"{shop.path}/menu/items/acqua", change, True),
        "PUT status": ("PUT", f"{shop.path}/status", {"status": "busy"}),
        **{f"POST {step}": ("POST", f"{order}/{step}", BODIES.get(step, {})) for step in STEPS},
    }
    return {name: Target(method, path, body, bearer, *fine) for name, (method, path, body, *fine) in told.items()}


def refused(answer: Answer | None) -> bool:
    return answer is not None and 400 <= answer.status < 500 and answer.code is not None
