"""The kitchen's board shows the open orders, the sales their sums, to the cent."""

import pytest

from tests.api.client import Api
from tests.api.shop import Shop


def test_the_board_shows_open_orders_by_stage_oldest_first(api: Api, shop: Shop) -> None:
    later = shop.place(("acqua", 2), placed_at="2026-01-01T12:30:00Z", note="not for the kitchen")
    earlier = shop.place(placed_at="2026-01-01T12:00:00Z")
    cooking = shop.order_at("preparing", fulfilment="delivery")
    for order in (later, earlier, cooking):
        board = api.get(f"{shop.path}/board", order.token).json
    assert board["restaurant_id"] == shop.id
    assert set(board["stages"]) == {"awaiting_acceptance", "preparing"}
    assert [slip["id"] for slip in board["stages"]["awaiting_acceptance"]] == [earlier.json["id"], later.json["id"]]
    (slip,) = board["stages"]["preparing"]
    assert slip == {
        "id": cooking.json["id"],
        "number": cooking.json["number"],
        "fulfilment": "delivery",
        "customer": "Ada",
        "lines": [{"quantity": 1, "name": "Pizza Margherita", "note": None, "modifiers": []}],
        "placed_at": cooking.json["placed_at"],
        "ready_at": cooking.json["ready_at"],
        "version": 3,
    }


@pytest.mark.parametrize("end", ["collect", "cancel"])
def test_an_order_that_has_ended_leaves_the_board(api: Api, shop: Shop, end: str) -> None:
    ended = shop.step(shop.order_at("ready"), end)
    assert api.get(f"{shop.path}/board", ended.token).json["stages"] == {}


def test_sales_are_counted_by_the_restaurants_own_days(api: Api) -> None:
    auckland = Shop.opened(api, time_zone="Pacific/Auckland")
    for placed_at in ("2026-02-27T12:30:00Z", "2026-02-28T10:30:00Z", "2026-02-28T12:30:00Z"):
        last = auckland.place(("acqua", 1), placed_at=placed_at)
        told = api.get("/v1/stats/sales", last.token, restaurant_id=auckland.id, by="day")
    assert told.json == {
        "restaurant_id": auckland.id,
        "currency": "EUR",
        "by": "day",
        "data": [
            {"day": "2026-02-28", "orders": 2, "revenue_minor": 400},
            {"day": "2026-03-01", "orders": 1, "revenue_minor": 200},
        ],
        "total": {"orders": 3, "revenue_minor": 600},
    }


def test_the_first_and_the_last_day_are_both_counted(api: Api, shop: Shop) -> None:
    for day in (1, 2, 3, 4):
        last = shop.place(("acqua", day), placed_at=f"2026-01-0{day}T12:00:00Z")
        api.get("/v1/stats/sales", last.token, restaurant_id=shop.id)
    told = api.get("/v1/stats/sales", restaurant_id=shop.id, from_="2026-01-02", to="2026-01-03").json
    assert [day["day"] for day in told["data"]] == ["2026-01-02", "2026-01-03"]
    assert told["total"] == {"orders": 2, "revenue_minor": 1000}
    assert api.get("/v1/stats/sales", restaurant_id=shop.id, from_="2026-01-05").json["data"] == []


@pytest.mark.parametrize("end", ["cancelled", "rejected"])
def test_an_order_that_was_lost_leaves_the_revenue(api: Api, shop: Shop, end: str) -> None:
    kept = shop.place(("acqua", 1))
    before = api.get("/v1/stats/sales", kept.token, restaurant_id=shop.id).json
    lost = shop.place()
    counted = api.get("/v1/stats/sales", lost.token, restaurant_id=shop.id).json
    assert counted["total"] == {"orders": 2, "revenue_minor": 1050}
    gone = shop.step(lost, "cancel" if end == "cancelled" else "reject")
    assert api.get("/v1/stats/sales", gone.token, restaurant_id=shop.id).json == before


def test_sales_need_a_restaurant_that_is_there(api: Api) -> None:
    missing = api.get("/v1/stats/sales")
    assert (missing.status, missing.code, missing.pointers) == (400, "parameter_invalid", ["/query/restaurant_id"])
    unknown = api.get("/v1/stats/sales", restaurant_id="01890a5d-ac96-774b-bcce-b302099a8057")
    assert (unknown.status, unknown.code, unknown.pointers) == (404, "restaurant_unknown", ["/query/restaurant_id"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("from_", "20260101"), ("from_", "2026-W01-1"), ("from_", "2026-02-30"), ("from_", "0000-01-01")),
        *(("to", ""), ("to", "today"), ("to", "2026-01-01T00:00:00Z"), ("by", "week"), ("by", "")),
    ],
)
def test_days_are_written_as_days(api: Api, shop: Shop, name: str, value: str) -> None:
    refused = api.get("/v1/stats/sales", restaurant_id=shop.id, **{name: value})
    assert (refused.status, refused.code) == (400, "parameter_invalid")
    assert refused.pointers == [f"/query/{name.rstrip('_')}"]
