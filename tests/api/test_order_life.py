"""An order goes its way step by step; a repeat is silence, and a refused step says what would be taken."""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.shop import BODIES, READY_AT, STEPS_BEFORE, Shop
from tests.servers.people import CLIENT

NEXT = {
    "awaiting_acceptance": ["accept", "reject", "cancel"],
    "accepted": ["start", "ready-time", "cancel"],
    "preparing": ["ready", "ready-time", "cancel"],
    "out_for_delivery": ["deliver"],
    "rejected": [],
    "cancelled": [],
}
REFUSED = [
    ("pickup", "awaiting_acceptance", "start", "order_not_accepted"),
    ("pickup", "awaiting_acceptance", "ready", "order_not_accepted"),
    ("pickup", "awaiting_acceptance", "ready-time", "order_not_accepted"),
    ("pickup", "awaiting_acceptance", "collect", "order_not_ready"),
    ("pickup", "accepted", "reject", "order_past_acceptance"),
    ("pickup", "accepted", "ready", "preparation_not_started"),
    ("pickup", "ready", "hand-over", "order_for_pickup"),
    ("pickup", "ready", "deliver", "order_for_pickup"),
    ("delivery", "ready", "collect", "order_for_delivery"),
    ("delivery", "ready", "deliver", "order_not_handed_over"),
    ("delivery", "preparing", "hand-over", "order_not_ready"),
    ("delivery", "out_for_delivery", "cancel", "order_out_for_delivery"),
    ("pickup", "rejected", "accept", "order_already_rejected"),
    ("pickup", "cancelled", "accept", "order_already_cancelled"),
]


def test_a_pickup_is_accepted_cooked_and_collected(api: Api, shop: Shop) -> None:
    order = shop.order_at("ready")
    assert order.json["allowed_actions"] == ["collect", "cancel"]
    done = shop.step(order, "collect")
    assert (done.json["stage"], done.json["version"], done.json["allowed_actions"]) == ("completed", 5, [])
    times = done.json["times"]
    assert times["placed"] < times["accepted"] < times["preparation_started"] < times["ready"] < times["completed"]
    assert (times["handed_over"], times["rejected"], times["cancelled"]) == (None, None, None)
    assert done.json["ready_at"] == READY_AT
    assert api.get(done.headers["Location"], done.token).json == done.json


def test_a_delivery_is_handed_over_and_delivered(api: Api, shop: Shop) -> None:
    order = shop.order_at("ready", fulfilment="delivery")
    assert (order.json["facets"]["delivery"], order.json["allowed_actions"]) == ("requested", ["hand-over", "cancel"])
    away = shop.step(order, "hand-over")
    assert (away.json["stage"], away.json["facets"]["delivery"]) == ("out_for_delivery", "picked_up")
    done = shop.step(away, "deliver")
    assert (done.json["stage"], done.json["facets"]["delivery"]) == ("completed", "delivered")
    assert api.get(done.headers["Location"], done.token).json == done.json


@pytest.mark.parametrize("stage", NEXT)
def test_at_each_stage_the_order_says_what_can_be_asked_of_it(shop: Shop, stage: str) -> None:
    assert shop.order_at(stage, fulfilment="delivery").json["allowed_actions"] == NEXT[stage]


@pytest.mark.parametrize(("fulfilment", "stage", "step", "code"), REFUSED)
def test_a_step_out_of_turn_is_refused_and_says_what_would_be_taken(
    shop: Shop, fulfilment: str, stage: str, step: str, code: str
) -> None:
    order = shop.order_at(stage, fulfilment=fulfilment)
    refused = shop.step(order, step)
    assert (refused.status, refused.code) == (409, code)
    for fact in ("stage", "version", "allowed_actions"):
        assert refused.json[fact] == order.json[fact]


@pytest.mark.parametrize("step", ["accept", "start", "ready", "collect", "cancel", "ready-time"])
def test_the_same_step_again_is_silence(shop: Shop, step: str) -> None:
    stage = {"collect": "ready", "ready": "preparing", "start": "accepted", "ready-time": "accepted"}
    first = shop.step(shop.order_at(stage.get(step, "awaiting_acceptance")), step)
    again = shop.step(first, step)
    assert (first.status, again.status) == (200, 200)
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])


def test_an_order_that_was_accepted_for_another_time_is_refused(api: Api, shop: Shop) -> None:
    order = shop.order_at("accepted")
    refused = api.post(f"{order.headers['Location']}/accept", {"ready_at": "2031-01-01T00:00:00Z"})
    assert (refused.status, refused.code) == (409, "order_already_accepted")


def test_the_ready_time_moves_until_the_meal_is_ready(api: Api, shop: Shop) -> None:
    order = shop.order_at("preparing")
    path = f"{order.headers['Location']}/ready-time"
    assert api.post(path, {"ready_at": "2030-01-01T13:00:00+01:00"}).json["ready_at"] == "2030-01-01T12:00:00Z"
    assert api.post(path, {"ready_at": "2030-01-01T13:00:00Z"}).json["ready_at"] == "2030-01-01T13:00:00Z"
    shop.step(order, "ready")
    refused = api.post(path, {"ready_at": "2030-01-01T14:00:00Z"})
    assert (refused.status, refused.code) == (409, "order_already_ready")


def test_no_order_is_ready_before_it_was_placed(api: Api, shop: Shop) -> None:
    order = shop.place()
    refused = api.post(f"{order.headers['Location']}/accept", {"ready_at": "2001-01-01T00:00:00Z"})
    assert (refused.status, refused.code, refused.pointers) == (422, "ready_before_placed", ["/ready_at"])


def test_a_rejection_names_its_reason_and_the_items_that_are_out(api: Api, shop: Shop) -> None:
    order = shop.place()
    told = api.post(f"{order.headers['Location']}/reject", {"reason": "no dough", "item_ids": ["margherita"]})
    assert (told.json["stage"], told.json["reason"]) == ("rejected", "no dough")
    assert shop.step(order, "reject").code == "order_already_rejected"  # for another reason
    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "x", "item_ids": ["x"] * 101}):
        assert api.post(f"{shop.place().headers['Location']}/reject", body).code == "request_invalid"


def test_a_step_without_anything_to_say_needs_no_body(api: Api, shop: Shop) -> None:
    order = shop.order_at("accepted")
    assert api.send("POST", f"{order.headers['Location']}/start").status == 200


@pytest.mark.parametrize("step", ["accept", "reject", "start", "ready", "collect", "cancel", "ready-time"])
@pytest.mark.parametrize("order_id", ["01890a5d-ac96-774b-bcce-b302099a8057", "1", "{}", "null"])
def test_a_step_of_an_order_that_is_not_there_is_refused(api: Api, step: str, order_id: str) -> None:
    refused = api.post(f"/v1/orders/{order_id}/{step}", BODIES.get(step))
    assert (refused.status, refused.code) == (404, "order_unknown")


def test_a_restaurants_id_names_no_order(api: Api, shop: Shop) -> None:
    for answer in (
        api.get(f"/v1/orders/{shop.id}"),
        api.get(f"/v1/orders/{shop.id}/events"),
        api.post(f"/v1/orders/{shop.id}/start"),
    ):
        assert (answer.status, answer.code) == (404, "order_unknown")


def test_the_history_tells_each_step_with_its_position_in_the_ledger(api: Api, shop: Shop) -> None:
    order = shop.step(shop.order_at("ready"), "collect")
    api.get("/v1/orders", order.token, limit=1)  # the sequencer has been there
    told = api.get(f"{order.headers['Location']}/events").json
    assert told["next_cursor"] is None
    history = told["data"]
    assert [event["type"] for event in history] == [
        "OrderPlaced",
        "OrderAccepted",
        "PreparationStarted",
        "OrderReady",
        "OrderCollected",
    ]
    assert [event["version"] for event in history] == [1, 2, 3, 4, 5]
    positions = [event["position"] for event in history]
    assert positions == sorted(set(positions))
    assert history[1]["data"]["ready_at"] == READY_AT
    assert api.who is not None
    assert {(e["meta"]["actor"], e["meta"]["client"]) for e in history} == {(str(api.who.id), CLIENT)}


def test_the_history_remembers_the_request_and_the_trace_that_caused_each_event(api: Api, shop: Shop) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    order = shop.place()
    api.post(f"{order.headers['Location']}/accept", BODIES["accept"], {"Request-Id": "till-7", "Traceparent": trace})
    history = api.get(f"{order.headers['Location']}/events").json["data"]
    assert api.who is not None
    who = {"actor": str(api.who.id), "client": CLIENT}
    assert history[1]["meta"] == {**who, "correlation_id": "till-7", "traceparent": trace}


def test_the_history_comes_in_pages(api: Api, shop: Shop) -> None:
    order = shop.order_at("ready")
    path = f"{order.headers['Location']}/events"
    versions: list[int] = []
    cursor: dict[str, Any] = {}
    for _ in STEPS_BEFORE["ready"] + ("placed",):
        page = api.get(path, limit=1, **cursor)
        versions += [event["version"] for event in page.json["data"]]
        cursor = {"cursor": page.json["next_cursor"]}
    assert (versions, cursor) == ([1, 2, 3, 4], {"cursor": None})
