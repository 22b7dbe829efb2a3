"""Orders with modifiers, taxes, fee, tip and a promised time, over HTTP and in the read models."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.client import Api
from tests.api.shop import Shop, euros
from tests.api.targets import RICH

LARGE = [{"group_id": "size", "option_id": "large"}]


def test_an_order_shows_all_that_makes_up_its_total(api: Api, shop: Shop) -> None:
    api.put(f"{shop.path}/menu", {"items": [{**RICH, "price": euros(1000)}]})
    api.patch(shop.path, {"tax_rate_ppm": 100_000, "prices_include_tax": False, "delivery_fee": euros(300)})
    lines = [{"item_id": "acqua", "quantity": 2, "modifiers": LARGE}]
    order = shop.place(lines=lines, fulfilment="delivery", tip=euros(150))
    assert order.json["price"] == {
        "subtotal_minor": 2100,
        "discount_minor": 0,
        "promo_code": None,
        "delivery_fee_minor": 300,
        "tip_minor": 150,
        "taxes": [{"rate_ppm": 100_000, "tax_minor": 240, "taxable_minor": 2400}],
        "tax_included": False,
    }
    assert order.json["total"] == euros(2100 + 300 + 150 + 240)
    assert order.json["lines"][0]["modifiers"][0]["name"] == "Large"
    assert api.get(order.headers["Location"], order.token).json == order.json
    board = api.get(f"{shop.path}/board", order.token).json["stages"]["awaiting_acceptance"]
    assert board[0]["lines"] == [{"quantity": 2, "name": "A", "note": None, "modifiers": ["Large"]}]
    sales = api.get("/v1/stats/sales", order.token, restaurant_id=shop.id).json
    assert sales["total"] == {"orders": 1, "revenue_minor": 2790}


def test_a_choice_that_is_missing_is_refused_by_its_group(api: Api, shop: Shop) -> None:
    api.put(f"{shop.path}/menu", {"items": [RICH]})
    refused = shop.refused(("acqua", 1))
    assert (refused.status, refused.code, refused.pointers) == (422, "modifier_count_refused", ["/lines/0/modifiers"])
    assert (refused.json["group_id"], refused.json["min"], refused.json["max"]) == ("size", 1, 1)


def test_a_restaurant_that_is_closed_says_when_it_opens_and_takes_orders_for_then(api: Api, shop: Shop) -> None:
    api.put(f"{shop.path}/hours", {"hours": {"weekly": [], "exceptions": [all_day_soon()]}})
    refused = shop.refused()
    assert (refused.status, refused.code, refused.pointers) == (409, "restaurant_closed", ["/restaurant_id"])
    opens_at = refused.json["opens_at"]
    too_early = shop.refused(scheduled_for=opens_at)
    assert (too_early.code, too_early.pointers) == ("restaurant_closed", ["/scheduled_for"])
    order = shop.place(scheduled_for=too_early.json["opens_at"])
    assert order.json["scheduled_for"] == too_early.json["opens_at"]
    assert api.get(order.headers["Location"], order.token).json == order.json
    api.put(f"{shop.path}/hours", {"hours": None})
    shop.place()


def test_a_restaurant_that_accepts_by_itself_answers_with_an_accepted_order(api: Api, shop: Shop) -> None:
    api.patch(shop.path, {"auto_accept": True})
    order = shop.place()
    assert (order.json["stage"], order.json["version"], order.headers["ETag"]) == ("accepted", 2, '"2"')
    assert api.get(order.headers["Location"], order.token).json == order.json


def all_day_soon() -> dict[str, Any]:
    """A date two days ahead, all day."""
    day = datetime.now(UTC).date() + timedelta(days=2)
    return {"date": day.isoformat(), "spans": [{"opens": "00:00", "closes": "24:00"}]}
