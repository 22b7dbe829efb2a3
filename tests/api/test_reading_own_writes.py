"""Who carries the token of a command reads what the command did, from whatever process."""

import uuid

import pytest
from falcon import testing

from tests.api.built import built
from tests.api.client import Api
from tests.api.shop import CURRENCY, Shop

ROUNDS = 15
STRANGER = uuid.UUID(int=0x01890A5DAC96774BBCCEB302099A8057).hex


def test_one_order_is_never_stale_not_even_for_an_instant(other_process: Api, shop: Shop) -> None:
    for _ in range(ROUNDS):
        order = shop.place()
        assert other_process.get(order.headers["Location"]).json == order.json  # not even without the token
        accepted = shop.step(order, "accept")
        token = {"Consistency-Token": accepted.headers["Consistency-Token"]}
        assert other_process.get(order.headers["Location"], token).json == accepted.json


def test_a_restaurant_and_its_menu_are_never_stale_for_the_bearer_of_a_token(api: Api, other_process: Api) -> None:
    shop = Shop.opened(api)
    for price in range(ROUNDS):
        amount = {"amount_minor": price, "currency": CURRENCY}
        changed = api.patch(f"{shop.path}/menu/items/acqua", {"price": amount})
        token = {"Consistency-Token": changed.headers["Consistency-Token"]}
        menu = other_process.get(f"{shop.path}/menu", token)
        assert menu.json["items"][2] == changed.json
        assert menu.headers["ETag"] == changed.headers["ETag"]


def test_a_list_waits_until_it_shows_the_bearers_order(other_process: Api, shop: Shop) -> None:
    for _ in range(ROUNDS):
        order = shop.place()
        newest = other_process.get("/v1/orders", order.token, restaurant_id=shop.id, limit=1)
        assert newest.json["data"] == [order.json]


def test_a_token_of_another_kind_of_record_makes_nobody_wait(api: Api, shop: Shop) -> None:
    for _ in range(3):
        api.put(f"{shop.path}/status", {"status": "busy"})
        changed = api.put(f"{shop.path}/status", {"status": "open"})
        at_once = changed.token | {"Prefer": "wait=0"}
        assert api.get("/v1/orders", at_once, restaurant_id=shop.id).json["data"] == []


def test_a_restaurant_of_this_instant_has_a_board_and_sales(api: Api, other_process: Api) -> None:
    for _ in range(ROUNDS):
        body = {"name": "New", "currency": "EUR", "time_zone": "Europe/Rome"}
        restaurant_id = api.create("/v1/restaurants", body).json["id"]
        assert other_process.get(f"/v1/restaurants/{restaurant_id}/board").json["stages"] == {}
        assert other_process.get("/v1/stats/sales", restaurant_id=restaurant_id).json["total"]["orders"] == 0


@pytest.mark.parametrize(
    "told",
    ["", "1", "null", f"{STRANGER}", f"{STRANGER}.0", f"{STRANGER}.-1", f"{STRANGER}.1.1", f"{STRANGER}.9999999999"],
)
def test_a_token_of_another_form_is_refused(api: Api, shop: Shop, told: str) -> None:
    order = shop.place()
    for path in (order.headers["Location"], shop.path, f"{shop.path}/menu", f"{shop.path}/board", "/v1/orders"):
        refused = api.get(path, {"Consistency-Token": told})
        assert (refused.status, refused.code) == (400, "header_invalid")
        assert refused.pointers == ["/header/Consistency-Token"]


def test_a_token_of_the_future_is_refused(api: Api, shop: Shop) -> None:
    order = shop.place()
    future = order.headers["Consistency-Token"].replace(".1", ".2")
    menu = {"Consistency-Token": shop.id.replace("-", "") + ".99"}
    for path, headers in (
        (order.headers["Location"], {"Consistency-Token": future}),
        ("/v1/orders", {"Consistency-Token": future}),
        ("/v1/orders", {"Consistency-Token": f"{STRANGER}.1"}),
        (shop.path, menu),
        (f"{shop.path}/menu", menu),
    ):
        refused = api.get(path, headers)
        assert (refused.status, refused.code) == (400, "header_invalid")


def test_a_token_of_another_order_says_nothing_about_this_one(api: Api, shop: Shop) -> None:
    order, other = shop.place(), shop.order_at("accepted")
    assert api.get(order.headers["Location"], other.token).json == order.json


def test_a_read_model_that_stays_behind_is_a_503_that_says_when_to_ask_again() -> None:
    def fetch(sql: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0,)] if "checkpoints" in sql else [(1, "restaurant")]

    alone = testing.TestClient(built(fetch))
    headers = {"Consistency-Token": f"{STRANGER}.1", "Prefer": "wait=0"}
    refused = alone.simulate_get("/v1/restaurants", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (503, "read_model_behind")
    assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize("prefer", ["wait=", "wait=x", "wait=-1", "wait=99999999999", "respond-async, wait=1;x", "é"])
def test_a_preference_that_makes_no_sense_is_not_followed(api: Api, shop: Shop, prefer: str) -> None:
    token = shop.place().headers["Consistency-Token"]
    assert api.get("/v1/orders", {"Consistency-Token": token, "Prefer": prefer}).status == 200
