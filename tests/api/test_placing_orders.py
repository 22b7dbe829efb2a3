"""An order is priced by the server, and each reason to refuse it has its own name."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.client import Api
from tests.api.shop import ADDRESS, Shop, euros, item

NOTHING_ELSE: dict[str, object] = {
    "discount_minor": 0,
    "promo_code": None,
    "delivery_fee_minor": 0,
    "tip_minor": 0,
    "taxes": [],
    "tax_included": True,
}
UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_an_order_comes_back_whole_and_priced_from_the_menu(shop: Shop) -> None:
    order = shop.place(("margherita", 2), ("acqua", 3), note="ring twice", client_reference="till-7")
    told = order.json
    assert order.headers["Location"] == f"/v1/orders/{told['id']}"
    assert order.headers["ETag"] == '"1"'
    assert re.fullmatch(r"[0-9a-f]{32}\.1", order.headers["Consistency-Token"])
    assert told["total"] == euros(2 * 850 + 3 * 200)
    assert told["lines"][0] == {
        "item_id": "margherita",
        "name": "Pizza Margherita",
        "quantity": 2,
        "unit_price": euros(850),
        "total": euros(1700),
        "note": None,
        "modifiers": [],
        "tax_rate_ppm": 0,
    }
    assert told["price"] == {**NOTHING_ELSE, "subtotal_minor": 2 * 850 + 3 * 200}
    assert (told["stage"], told["version"]) == ("awaiting_acceptance", 1)
    assert told["facets"] == {
        "order": "awaiting_acceptance",
        "payment": "none",
        "delivery": "none",
        "requests": [],
    }
    assert told["allowed_actions"] == ["accept", "reject", "cancel"]
    assert (told["note"], told["client_reference"]) == ("ring twice", "till-7")
    assert told["number"] in {told["number"].upper()}


def test_the_same_order_is_told_by_the_answer_the_read_model_and_the_list(api: Api, shop: Shop) -> None:
    order = shop.place(fulfilment="delivery", note="Grüße, 你好 🍕")
    assert api.get(order.headers["Location"], order.token).json == order.json
    assert api.get("/v1/orders", order.token, restaurant_id=shop.id).json["data"] == [order.json]


def test_times_are_rfc_3339_in_utc_and_money_is_whole_minor_units(shop: Shop) -> None:
    told = shop.place(placed_at="2026-03-01T01:30:00.250+02:00").json
    assert told["placed_at"] == told["times"]["placed"] == "2026-02-28T23:30:00.250000Z"
    assert isinstance(told["total"]["amount_minor"], int)
    assert told["total"]["currency"] == "EUR"


def test_an_order_of_the_past_keeps_its_time_beside_the_time_of_its_recording(api: Api, shop: Shop) -> None:
    order = shop.place(placed_at="2019-08-03T20:25:00Z")
    (event,) = api.get(f"{order.headers['Location']}/events").json["data"]
    assert order.json["placed_at"] == event["data"]["at"] == "2019-08-03T20:25:00Z"
    assert datetime.fromisoformat(event["recorded_at"]) > datetime.now(UTC) - timedelta(minutes=5)


def test_the_day_of_an_order_is_that_of_the_restaurants_wall_calendar(api: Api) -> None:
    auckland = Shop.opened(api, time_zone="Pacific/Auckland")
    assert auckland.place(placed_at="2026-02-28T12:30:00Z").json["business_day"] == "2026-03-01"


def test_the_same_item_may_stand_on_two_lines(shop: Shop) -> None:
    lines = [
        {"item_id": "margherita", "quantity": 1, "note": "no basil"},
        {"item_id": "margherita", "quantity": 2},
    ]
    told = shop.place(lines=lines).json
    assert [(line["quantity"], line["note"]) for line in told["lines"]] == [(1, "no basil"), (2, None)]
    assert told["total"] == euros(3 * 850)


def test_the_limits_themselves_are_legal(shop: Shop) -> None:
    assert shop.place(*[("acqua", 1)] * 100).json["total"] == euros(100 * 200)
    assert shop.place(("acqua", 999)).json["total"] == euros(999 * 200)


def test_an_expected_total_that_holds_is_no_obstacle(shop: Shop) -> None:
    assert shop.place(("acqua", 2), expected_total=euros(400)).status == 201


def test_a_total_that_has_changed_is_refused_with_the_new_one(shop: Shop) -> None:
    refused = shop.refused(("acqua", 2), expected_total=euros(399))
    assert (refused.status, refused.code, refused.pointers) == (409, "price_changed", ["/expected_total"])
    assert refused.json["total"] == euros(400)


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**30])
def test_a_quantity_is_from_1_to_999(shop: Shop, quantity: int) -> None:
    refused = shop.refused(("acqua", 1), ("margherita", quantity))
    assert (refused.status, refused.code) == (422, "quantity_out_of_range")
    assert refused.pointers == ["/lines/1/quantity"]


def test_an_order_has_1_to_100_lines(shop: Shop) -> None:
    empty, long = shop.refused(lines=[]), shop.refused(*[("acqua", 1)] * 101)
    assert (empty.status, empty.code, empty.pointers) == (422, "lines_missing", ["/lines"])
    assert (long.status, long.code, long.pointers) == (422, "lines_too_many", ["/lines"])


def test_an_item_that_the_menu_has_not_is_refused(shop: Shop) -> None:
    refused = shop.refused(("acqua", 1), ("calzone", 1))
    assert (refused.status, refused.code) == (422, "ordered_item_unknown")
    assert (refused.pointers, refused.json["item_id"]) == (["/lines/1/item_id"], "calzone")


def test_an_item_that_ran_out_is_refused_until_it_is_back(api: Api, shop: Shop) -> None:
    api.patch(f"{shop.path}/menu/items/diavola", {"available": False})
    refused = shop.refused(("diavola", 1))
    assert (refused.status, refused.code) == (409, "menu_item_unavailable")
    assert (refused.pointers, refused.json["item_id"]) == (["/lines/0/item_id"], "diavola")
    api.patch(f"{shop.path}/menu/items/diavola", {"available": True})
    shop.place(("diavola", 1))


def test_a_paused_restaurant_takes_no_order_and_a_busy_one_does(api: Api, shop: Shop) -> None:
    api.put(f"{shop.path}/status", {"status": "paused"})
    refused = shop.refused()
    assert (refused.status, refused.code, refused.pointers) == (409, "restaurant_paused", ["/restaurant_id"])
    api.put(f"{shop.path}/status", {"status": "busy"})
    shop.place()


def test_a_restaurant_that_is_not_there_is_refused(shop: Shop) -> None:
    for stranger in (UNKNOWN_ID, shop.place().json["id"]):
        refused = shop.refused(restaurant_id=stranger)
        assert (refused.status, refused.code, refused.pointers) == (404, "restaurant_unknown", ["/restaurant_id"])


def test_currencies_are_not_mixed(api: Api, shop: Shop) -> None:
    refused = shop.refused(expected_total={"amount_minor": 850, "currency": "GBP"})
    assert (refused.status, refused.code) == (422, "currencies_mixed")
    assert refused.pointers == ["/expected_total/currency"]
    menu = {"items": [item("a", "A", 100), item("b", "B", 100) | {"price": {"amount_minor": 1, "currency": "USD"}}]}
    refused = api.put(f"{shop.path}/menu", menu)
    assert (refused.status, refused.code, refused.pointers) == (422, "currencies_mixed", ["/items/1/price/currency"])


def test_a_total_beyond_all_measure_is_refused(api: Api, shop: Shop) -> None:
    assert api.put(f"{shop.path}/menu", {"items": [item("gold", "Gold Leaf", 10**12)]}).status == 200
    refused = shop.refused(("gold", 2))
    assert (refused.status, refused.code, refused.pointers) == (422, "total_too_large", ["/lines"])


def test_a_delivery_needs_an_address_and_a_pickup_has_none(shop: Shop) -> None:
    missing = shop.refused(fulfilment="delivery", address=None)
    assert (missing.status, missing.code, missing.pointers) == (422, "address_missing", ["/address"])
    unexpected = shop.refused(address=ADDRESS)
    assert (unexpected.status, unexpected.code, unexpected.pointers) == (422, "address_unexpected", ["/address"])


def test_an_order_of_the_future_is_refused_but_for_a_clock_that_runs_ahead_a_little(shop: Shop) -> None:
    now = datetime.now(UTC)
    refused = shop.refused(placed_at=rfc3339(now + timedelta(minutes=10)))
    assert (refused.status, refused.code, refused.pointers) == (422, "placed_in_the_future", ["/placed_at"])
    shop.place(placed_at=rfc3339(now + timedelta(minutes=2)))


@pytest.mark.parametrize(
    "told", ["1732104000", "2026-11-20", "2026-11-20T12:00:00", "20261120T120000Z", "noon", "", 1732104000, True]
)
def test_a_time_is_rfc_3339_with_its_offset(shop: Shop, told: object) -> None:
    refused = shop.refused(placed_at=told)
    assert (refused.status, refused.code, refused.pointers) == (422, "request_invalid", ["/placed_at"])


@pytest.mark.parametrize("amount", [1.0, 8.5, "850", -1, 10**12 + 1, None, True])
def test_an_amount_is_a_whole_number_of_minor_units(shop: Shop, amount: object) -> None:
    refused = shop.refused(expected_total={"amount_minor": amount, "currency": "EUR"})
    assert (refused.status, refused.code) == (422, "request_invalid")
    assert refused.pointers == ["/expected_total/amount_minor"]


@pytest.mark.parametrize("control", ["\0", "\x07", "\x1b[2J", "\x7f", "\x9b2J", "\r"])
def test_no_text_carries_control_characters_to_the_kitchens_printer(shop: Shop, control: str) -> None:
    refused = shop.refused(note=f"no onions{control}, please")
    assert (refused.status, refused.pointers) == (422, ["/note"])
    assert refused.json["errors"][0]["code"] == "control_character"


def test_a_text_may_have_lines_and_every_script(shop: Shop) -> None:
    assert shop.place(note="first\nsecond\tthird — Ünïcødé 🍕 漢字").json["note"].startswith("first\nsecond\tthird")
