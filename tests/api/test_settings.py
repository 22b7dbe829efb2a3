"""How a restaurant does business, over HTTP: settings, opening hours, pauses that end, and menus as large as life."""

import json

import pytest

from domain.restaurant.menu_input import DESCRIPTION_MAX_CHARS, ITEMS_MAX
from tests.api.client import Api
from tests.api.shop import Shop, euros, item
from tests.api.targets import HOURS, RICH

ADDRESS = {"line1": "Via Roma 1", "city": "Rome", "postcode": "00184", "country": "IT", "line2": None}
CENTER = {"latitude": 41.889931, "longitude": 12.495537}


def test_what_is_named_is_changed_and_the_read_model_says_the_same(api: Api, shop: Shop) -> None:
    told = api.patch(
        shop.path,
        {
            "address": ADDRESS,
            "tax_rate_ppm": 100_000,
            "tax_categories": [{"name": "alcohol", "rate_ppm": 220_000}],
            "delivery_fee": euros(250),
            "minimum_order": euros(1000),
            "service_area": {"center": CENTER, "radius_m": 3000},
        },
    )
    assert told.status == 200
    assert (told.json["address"], told.json["delivery_fee"]) == (ADDRESS, euros(250))
    assert told.json["service_area"] == {"center": CENTER, "radius_m": 3000, "postcodes": []}
    assert api.get(shop.path, told.token).json == told.json
    again = api.patch(shop.path, {"delivery_fee": euros(250), "auto_accept": False})
    assert again.headers["ETag"] == told.headers["ETag"]
    cleared = api.patch(shop.path, {"service_area": None, "address": None})
    assert (cleared.json["service_area"], cleared.json["address"]) == (None, None)
    assert cleared.json["delivery_fee"] == euros(250)


def test_a_change_upon_a_change_rests_on_what_the_read_model_restored(api: Api, shop: Shop) -> None:
    """The worker goes on from its own document: each field must come back out of it."""
    api.patch(shop.path, {"service_area": {"postcodes": ["00184", "001*"]}, "tax_rate_ppm": 88_750})
    told = api.put(f"{shop.path}/hours", {"hours": HOURS})
    assert api.get(shop.path, told.token).json == told.json
    told = api.put(f"{shop.path}/status", {"status": "busy", "busy_minutes": 10, "until": "2099-01-01T00:00:00Z"})
    shown = api.get(shop.path, told.token)
    assert shown.json == told.json
    assert (shown.json["busy_minutes"], shown.json["status_until"]) == (10, "2099-01-01T00:00:00Z")
    assert shown.json["tax_rate_ppm"] == 88_750
    assert shown.json["hours"]["weekly"] == HOURS["weekly"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"currency": "GBP"}, "/currency"),
        ({"tax_rate_ppm": 1_000_001}, "/tax_rate_ppm"),
        ({"tax_rate_ppm": 0.2}, "/tax_rate_ppm"),
        ({"delivery_fee": {"amount_minor": -1, "currency": "EUR"}}, "/delivery_fee/amount_minor"),
        ({"delivery_fee": {"amount_minor": 1, "currency": "GBP"}}, "/delivery_fee/currency"),
        ({"service_area": {"radius_m": 1}}, "/service_area"),
        ({"preparation_minutes": 0}, "/preparation_minutes"),
        ({"preparation_minutes": None}, "/preparation_minutes"),
        ({"time_zone": "Rome"}, "/time_zone"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(api: Api, shop: Shop, body: object, pointer: str) -> None:
    refused = api.patch(shop.path, body)
    assert (refused.status, refused.pointers) == (422, [pointer])


def test_an_item_is_off_until_a_time(api: Api, shop: Shop) -> None:
    path = f"{shop.path}/menu/items/diavola"
    gone = api.patch(path, {"off_until": "2099-01-01T00:00:00Z"})
    assert (gone.json["available"], gone.json["off_until"]) == (False, "2099-01-01T00:00:00Z")
    assert api.get(f"{shop.path}/menu", gone.token).json["items"][1] == gone.json
    past = api.patch(path, {"off_until": "2020-01-01T00:00:00Z"})
    assert (past.status, past.code, past.pointers) == (422, "until_in_the_past", ["/off_until"])
    assert api.patch(path, {"available": True}).json["off_until"] is None


def test_a_rich_menu_is_read_as_it_was_published(api: Api, shop: Shop) -> None:
    told = api.put(f"{shop.path}/menu", {"items": [RICH]})
    assert told.json["items"][0]["modifier_groups"][0]["options"][0]["price_delta_minor"] == 50
    assert api.get(f"{shop.path}/menu", told.token).json == told.json
    dearer = api.patch(f"{shop.path}/menu/items/acqua", {"price": euros(300)})
    assert api.get(f"{shop.path}/menu", dearer.token).json["items"] == [dearer.json]


def test_a_menu_of_2000_long_items_is_taken_and_no_other_body_of_its_size(api: Api, shop: Shop) -> None:
    long = "x" * DESCRIPTION_MAX_CHARS
    items = [item(str(n), "y" * 200, 100, description=long, category="z" * 100) for n in range(ITEMS_MAX)]
    body = json.dumps({"items": items}).encode()
    assert len(body) > 2_500_000
    told = api.put(f"{shop.path}/menu", body)
    assert told.status == 200
    assert len(api.get(f"{shop.path}/menu", told.token).json["items"]) == ITEMS_MAX
    refused = api.patch(f"{shop.path}/menu/items/1", body)
    assert (refused.status, refused.code) == (413, "body_too_large")
    refused = api.put(f"{shop.path}/menu", b'{"items":[' + b" " * 4_200_000 + b"]}")
    assert (refused.status, refused.code) == (413, "body_too_large")
