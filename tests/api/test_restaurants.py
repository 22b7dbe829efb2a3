"""A restaurant, its menu and its doors; what is changed through one process is honoured by the other at once."""

import threading
from typing import Any

import pytest

from domain.restaurant.menu_input import ITEMS_MAX
from tests.api.client import Api
from tests.api.shop import MENU, Shop, euros, item

ROUNDS = 20
RACING_ORDERS = 40

AS_REGISTERED: dict[str, Any] = {
    "status_until": None,
    "busy_minutes": 0,
    "address": None,
    "tax_rate_ppm": 0,
    "tax_categories": [],
    "prices_include_tax": True,
    "delivery_fee": euros(0),
    "minimum_order": euros(0),
    "service_area": None,
    "preparation_minutes": 20,
    "acceptance_timeout_s": 660,
    "auto_accept": False,
    "hours": None,
}
PLAIN: dict[str, Any] = {
    "category": None,
    "available": True,
    "off_until": None,
    "description": None,
    "allergens": [],
    "tags": [],
    "image_url": None,
    "tax_category": None,
    "hours": None,
    "modifier_groups": [],
}


def test_a_restaurant_is_registered_open_and_without_a_menu(api: Api) -> None:
    body = {"name": "  Da Ada  ", "currency": "EUR", "time_zone": "Europe/Rome"}
    registered = api.create("/v1/restaurants", body)
    told = registered.json
    assert registered.headers["Location"] == f"/v1/restaurants/{told['id']}"
    assert {**told, "id": None} == {
        "id": None,
        "name": "Da Ada",
        "currency": "EUR",
        "time_zone": "Europe/Rome",
        "status": "open",
        **AS_REGISTERED,
        "version": 1,
    }
    assert api.get(registered.headers["Location"], registered.token).json == told
    assert api.get(f"{registered.headers['Location']}/menu").json["items"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("currency", "EURO"), ("currency", "eur"), ("currency", "XXX"), ("currency", None), ("currency", 978)),
        *(("time_zone", "Rome"), ("time_zone", "../../etc/passwd"), ("time_zone", "europe/rome"), ("time_zone", "")),
        *(("name", ""), ("name", " "), ("name", "x" * 201), ("name", 1), ("name", "a\0b"), ("id", "1"), ("at", "now")),
    ],
)
def test_a_restaurant_needs_a_name_a_currency_and_a_time_zone_that_exist(api: Api, field: str, value: object) -> None:
    body = {"name": "Da Ada", "currency": "EUR", "time_zone": "Europe/Rome", field: value}
    refused = api.create("/v1/restaurants", body)
    assert (refused.status, refused.code, refused.pointers) == (422, "request_invalid", [f"/{field}"])


def test_a_menu_is_replaced_as_a_whole_and_keeps_its_order(api: Api, shop: Shop) -> None:
    items = [item(*MENU[2]), item("calzone", "Calzone", 950, category="Pizza", available=False)]
    published = api.put(f"{shop.path}/menu", {"items": items})
    assert [entry["item_id"] for entry in published.json["items"]] == ["acqua", "calzone"]
    assert published.json["items"] == [{**PLAIN, **told} for told in items]
    assert api.get(f"{shop.path}/menu", published.token).json == published.json
    assert shop.refused(("margherita", 1)).code == "ordered_item_unknown"


def test_the_same_menu_again_is_silence(api: Api, shop: Shop) -> None:
    menu = {"items": [item(*entry) for entry in MENU]}
    first, again = api.put(f"{shop.path}/menu", menu), api.put(f"{shop.path}/menu", menu)
    assert again.headers["ETag"] == first.headers["ETag"] == '"2"'


def test_a_menu_names_each_item_once(api: Api, shop: Shop) -> None:
    refused = api.put(f"{shop.path}/menu", {"items": [item("a", "A", 1), item("b", "B", 1), item("a", "C", 1)]})
    assert (refused.status, refused.code, refused.pointers) == (422, "item_id_doubled", ["/items/2/item_id"])


def test_a_menu_has_at_most_2000_items(api: Api, shop: Shop) -> None:
    items = [item(str(number), "A", 1) for number in range(ITEMS_MAX + 1)]
    refused = api.put(f"{shop.path}/menu", {"items": items})
    assert (refused.status, refused.code, refused.pointers) == (422, "request_invalid", ["/items"])
    assert api.put(f"{shop.path}/menu", {"items": items[1:]}).status == 200


@pytest.mark.parametrize("item_id", ["", "a b", "x" * 65, "a/b", "ä", "a\n", None, 7])
def test_an_items_id_is_of_letters_digits_and_a_few_signs(api: Api, shop: Shop, item_id: object) -> None:
    refused = api.put(f"{shop.path}/menu", {"items": [{**item("a", "A", 1), "item_id": item_id}]})
    assert (refused.status, refused.pointers) == (422, ["/items/0/item_id"])


def test_an_item_is_changed_in_what_is_named_and_nothing_else(api: Api, shop: Shop) -> None:
    path = f"{shop.path}/menu/items/diavola"
    dearer = api.patch(path, {"price": euros(1150)})
    assert dearer.json == {**PLAIN, **item("diavola", "Pizza Diavola", 1150)}
    all_at_once = api.patch(path, {"name": "Diavola", "category": "Pizza", "price": euros(1200), "available": False})
    assert all_at_once.json == {**PLAIN, **item("diavola", "Diavola", 1200, category="Pizza"), "available": False}
    menu = api.get(f"{shop.path}/menu", all_at_once.token)
    assert menu.json["items"][1] == all_at_once.json
    assert menu.headers["ETag"] == all_at_once.headers["ETag"]


def test_a_change_that_changes_nothing_is_silence(api: Api, shop: Shop) -> None:
    path = f"{shop.path}/menu/items/diavola"
    for body in ({}, {"price": euros(1050)}, {"available": True, "name": "Pizza Diavola"}):
        assert api.patch(path, body).headers["ETag"] == '"2"'


@pytest.mark.parametrize("item_id", ["calzone", "x" * 65, "a%20b", "%C3%A4", "%00", "%FF", "..%2F.."])
def test_an_item_that_the_menu_has_not_cannot_be_changed(api: Api, shop: Shop, item_id: str) -> None:
    refused = api.patch(f"{shop.path}/menu/items/{item_id}", {"available": False})
    assert refused.status == 404
    assert refused.code in {"menu_item_unknown", "not_found"}


def test_the_doors_are_open_busy_or_paused(api: Api, shop: Shop) -> None:
    for status in ("busy", "paused", "open"):
        told = api.put(f"{shop.path}/status", {"status": status})
        assert told.json["status"] == status
        assert api.get(shop.path, told.token).json == told.json
    assert api.put(f"{shop.path}/status", {"status": "open"}).headers["ETag"] == told.headers["ETag"]
    assert api.put(f"{shop.path}/status", {"status": "closed"}).pointers == ["/status"]


@pytest.mark.parametrize("restaurant_id", ["01890a5d-ac96-774b-bcce-b302099a8057", "1", "null"])
def test_a_restaurant_that_is_not_there_is_a_404(api: Api, restaurant_id: str) -> None:
    path = f"/v1/restaurants/{restaurant_id}"
    for refused in (
        api.get(path),
        api.get(f"{path}/menu"),
        api.get(f"{path}/board"),
        api.put(f"{path}/menu", {"items": []}),
        api.put(f"{path}/status", {"status": "open"}),
        api.patch(f"{path}/menu/items/a", {}),
    ):
        assert (refused.status, refused.code) == (404, "restaurant_unknown")


def test_an_order_has_no_menu(api: Api, shop: Shop) -> None:
    order_id = shop.place().json["id"]
    assert api.get(f"/v1/restaurants/{order_id}/menu").code == "restaurant_unknown"
    assert api.put(f"/v1/restaurants/{order_id}/status", {"status": "busy"}).code == "restaurant_unknown"


def test_a_price_that_one_process_changed_is_the_price_at_the_other_at_once(
    api: Api, other_process: Api, shop: Shop
) -> None:
    customer = Shop(other_process, shop.id)
    for price in range(100, 100 + ROUNDS):
        customer.place(("acqua", 1))  # the other process knows the menu, as it was
        api.patch(f"{shop.path}/menu/items/acqua", {"price": euros(price)})
        assert customer.place(("acqua", 2)).json["total"] == euros(2 * price)


def test_what_one_process_took_off_the_menu_is_off_at_the_other_at_once(
    api: Api, other_process: Api, shop: Shop
) -> None:
    customer = Shop(other_process, shop.id)
    for _ in range(ROUNDS // 2):
        customer.place()
        api.patch(f"{shop.path}/menu/items/margherita", {"available": False})
        assert customer.refused().code == "menu_item_unavailable"
        api.patch(f"{shop.path}/menu/items/margherita", {"available": True})
        customer.place()
        api.put(f"{shop.path}/status", {"status": "paused"})
        assert customer.refused().code == "restaurant_paused"
        api.put(f"{shop.path}/status", {"status": "open"})


def test_an_expected_total_is_held_against_the_newest_menu(api: Api, other_process: Api, shop: Shop) -> None:
    customer = Shop(other_process, shop.id)
    customer.place(("acqua", 1), expected_total=euros(200))
    api.patch(f"{shop.path}/menu/items/acqua", {"price": euros(300)})
    assert customer.refused(("acqua", 1), expected_total=euros(200)).json["total"] == euros(300)
    customer.place(("acqua", 1), expected_total=euros(300))


def test_orders_that_race_with_price_changes_cost_a_price_of_their_time(
    api: Api, other_process: Api, shop: Shop
) -> None:
    """No order is placed at a price after a later one has been acknowledged."""
    acknowledged = [200]
    stop = threading.Event()

    def keep_raising() -> None:
        while not stop.is_set():
            price = acknowledged[-1] + 1
            assert api.patch(f"{shop.path}/menu/items/acqua", {"price": euros(price)}).status == 200
            acknowledged.append(price)

    raising = threading.Thread(target=keep_raising)
    raising.start()
    try:
        customer = Shop(other_process, shop.id)
        for _ in range(RACING_ORDERS):
            at_least = acknowledged[-1]
            told = other_process.create("/v1/orders", customer.body(("acqua", 1)))
            assert told.status == 201 or told.code == "version_moved", told
            if told.status == 201:
                assert at_least <= told.json["total"]["amount_minor"] <= acknowledged[-1] + 1
    finally:
        stop.set()
        raising.join()
