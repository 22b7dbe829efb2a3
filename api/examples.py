"""One example of each body, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_RESTAURANT_ID = "01a1f9d7-4cf1-720c-b40f-ba53ff667007"


def _pounds(amount_minor: int) -> Json:
    return {"amount_minor": amount_minor, "currency": "GBP"}


_MENU: Json = {
    "items": [
        {
            "item_id": "chicken-tikka",
            "name": "Chicken Tikka",
            "category": "Mains",
            "price": _pounds(995),
            "allergens": ["milk"],
            "modifier_groups": [
                {
                    "group_id": "heat",
                    "name": "How hot",
                    "options": [
                        {"option_id": "mild", "name": "Mild"},
                        {"option_id": "hot", "name": "Hot", "price_delta_minor": 50},
                    ],
                }
            ],
        },
        {"item_id": "garlic-naan", "name": "Garlic Naan", "category": "Bread", "price": _pounds(295)},
    ]
}

BODIES: Mapping[str, Json] = {
    "place_order": {
        "restaurant_id": _RESTAURANT_ID,
        "fulfilment": "delivery",
        "lines": [
            {"item_id": "chicken-tikka", "quantity": 2},
            {"item_id": "garlic-naan", "quantity": 1, "note": "well done"},
        ],
        "customer": {"name": "Ada Lovelace", "phone": "+44 20 7946 0958"},
        "address": {"line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH"},
        "note": "the bell is broken",
        "expected_total": _pounds(2285),
    },
    "create_quote": {
        "restaurant_id": _RESTAURANT_ID,
        "fulfilment": "pickup",
        "lines": [{"item_id": "chicken-tikka", "quantity": 2}],
        "tip": _pounds(200),
        "promo_code": "SUMMER",
    },
    "create_promotion": {
        "code": "SUMMER",
        "percent_ppm": 100_000,
        "minimum": _pounds(1500),
        "ends_at": "2026-09-01T00:00:00Z",
        "uses_per_customer_max": 1,
    },
    "end_promotion": {},
    "accept_order": {"ready_at": "2026-11-20T19:40:00Z"},
    "ready_time_order": {"ready_at": "2026-11-20T19:55:00Z"},
    "reject_order": {"reason": "out of naan", "item_ids": ["garlic-naan"]},
    "start_order": {},
    "ready_order": {},
    "collect_order": {},
    "hand_over_order": {},
    "deliver_order": {},
    "cancel_order": {"reason": "ordered by mistake"},
    "register_restaurant": {"name": "The Analytical Kitchen", "currency": "GBP", "time_zone": "Europe/London"},
    "change_restaurant": {
        "tax_rate_ppm": 200_000,
        "delivery_fee": _pounds(250),
        "service_area": {"postcodes": ["SW1*", "W1*"]},
        "preparation_minutes": 25,
    },
    "set_opening_hours": {
        "hours": {
            "weekly": [
                {"day": "friday", "opens": "11:30", "closes": "02:00"},
                {"day": "saturday", "opens": "11:30", "closes": "02:00"},
            ],
            "exceptions": [{"date": "2026-12-25", "spans": []}],
        }
    },
    "publish_menu": _MENU,
    "import_menu": _MENU,
    "change_menu_item": {"price": _pounds(325), "available": True},
    "set_restaurant_status": {"status": "busy"},
    "get_token": {
        "grant_type": "password",
        "username": "ada@example.com",
        "password": "correct horse battery",
        "client_id": "comanda",
    },
    "revoke_token": {"token": "the refresh token of an earlier answer", "client_id": "comanda"},
    "register_user": {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+44 20 7946 0958",
        "password": "correct horse battery",
    },
    "change_user": {"name": "Ada King", "phone": "+44 20 7946 0959"},
    "lock_user": {},
    "unlock_user": {},
    "close_user": {},
    "change_password": {"current_password": "correct horse battery", "password": "staple correct horse"},
}
