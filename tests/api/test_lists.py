"""Lists come in pages that miss nothing and double nothing, and a filter that is not understood is refused."""

import base64
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import Shop


def pages(api: Api, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """Follow next_cursor to the end; the Link must say the same."""
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, **query, **cursor)
        assert page.status == 200, page
        yield page.json["data"]
        following = page.json["next_cursor"]
        if following is None:
            assert "Link" not in page.headers
            return
        target, relation = page.headers["Link"].split("; ")
        assert relation == 'rel="next"'
        assert parse_qs(urlsplit(target.strip("<>")).query) == {
            name.rstrip("_"): [str(value)] for name, value in {**query, "cursor": following}.items()
        }
        cursor = {"cursor": following}


def await_all(api: Api, orders: list[Answer]) -> None:
    """Return once the list shows all of them: each partition of a read model goes at its own pace."""
    for order in orders:
        assert api.get("/v1/orders", order.token, limit=1).status == 200


def test_pages_follow_each_other_newest_first(api: Api, shop: Shop) -> None:
    # Two of each moment: the id decides between them.
    placed = [shop.place(placed_at=f"2026-01-0{1 + day // 2}T12:00:00Z") for day in range(7)]
    await_all(api, placed)
    for limit in (1, 2, 3, 7, 8):
        told = list(pages(api, "/v1/orders", restaurant_id=shop.id, limit=limit))
        assert [len(page) for page in told[:-1]] == [limit] * (len(told) - 1)
        listed = [(order["placed_at"], order["id"]) for page in told for order in page]
        assert listed == sorted(((p.json["placed_at"], p.json["id"]) for p in placed), reverse=True)


def test_no_order_is_missed_or_doubled_while_new_ones_come_in(api: Api, other_process: Api, shop: Shop) -> None:
    there = [shop.place(placed_at=f"2026-01-01T12:{minute:02}:00Z") for minute in range(40)]
    await_all(api, there)
    stop, arrived = threading.Event(), []

    def keep_ordering() -> None:
        customer = Shop(other_process, shop.id)
        while not stop.is_set():
            arrived.append(customer.place(placed_at="2026-01-01T12:20:30Z").json["id"])
            arrived.append(customer.place().json["id"])

    ordering = threading.Thread(target=keep_ordering)
    ordering.start()
    try:
        listed = [order["id"] for page in pages(api, "/v1/orders", restaurant_id=shop.id, limit=2) for order in page]
    finally:
        stop.set()
        ordering.join()
    assert len(listed) == len(set(listed))
    assert {order.json["id"] for order in there} <= set(listed) <= {o.json["id"] for o in there} | set(arrived)


def test_orders_are_filtered_by_stage_time_and_restaurant(api: Api, shop: Shop) -> None:
    early = shop.place(placed_at="2026-01-01T10:00:00Z")
    late = shop.order_at("accepted", placed_at="2026-01-01T11:00:00Z")
    elsewhere = Shop.opened(api).place(placed_at="2026-01-01T10:00:00Z")
    await_all(api, [early, late, elsewhere])

    def listed(**query: str) -> set[str]:
        return {order["id"] for order in api.get("/v1/orders", **query).json["data"]}

    here = {"restaurant_id": shop.id}
    assert listed(**here) == {early.json["id"], late.json["id"]}
    assert listed(**here, stage="accepted") == {late.json["id"]}
    assert listed(**here, stage="ready") == set()
    assert listed(**here, placed_after="2026-01-01T11:00:00Z") == {late.json["id"]}
    assert listed(**here, placed_before="2026-01-01T11:00:00Z") == {early.json["id"]}
    assert listed(**here, placed_after="2026-01-01T12:00:00+02:00", placed_before="2026-01-01T10:00:01Z") == {
        early.json["id"]
    }
    assert elsewhere.json["id"] in listed(placed_after="2026-01-01T10:00:00Z", placed_before="2026-01-01T10:00:01Z")


def test_an_order_is_found_by_the_callers_own_reference(api: Api, shop: Shop) -> None:
    reference = f"Tisch 7 / {uuid.uuid4()} & 100 % ünïcode"
    order = shop.place(client_reference=reference)
    found = api.get("/v1/orders", order.token, client_reference=reference).json
    assert (found["data"], found["next_cursor"]) == ([order.json], None)
    assert api.get("/v1/orders", client_reference=reference + "!").json["data"] == []


def test_restaurants_are_listed_by_name_and_found_by_it(api: Api) -> None:
    tag = uuid.uuid4().hex
    shops = [Shop.opened(api, name=f"{tag} {name}") for name in ("b", "a", "c", "a")]
    for shop in shops:
        busy = api.put(f"{shop.path}/status", {"status": "busy"})
        api.get("/v1/restaurants", busy.token)
    listed = [r for page in pages(api, "/v1/restaurants", limit=3) for r in page]
    ours = [(r["name"], r["id"]) for r in listed if r["name"].startswith(tag)]
    assert ours == sorted(ours)
    assert len(ours) == 4
    assert [r["id"] for r in api.get("/v1/restaurants", name=f"{tag} b").json["data"]] == [shops[0].id]
    found = [r["id"] for page in pages(api, "/v1/restaurants", name=f"{tag} a", limit=1) for r in page]
    assert set(found) == {shops[1].id, shops[3].id}


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e2", "1.0", "", "ten", "٣", " 1", "9" * 400])
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/restaurants"])
def test_a_page_has_1_to_200_entries(api: Api, path: str, limit: str) -> None:
    refused = api.get(path, limit=limit)
    assert (refused.status, refused.code, refused.pointers) == (400, "parameter_invalid", ["/query/limit"])


def test_a_page_of_200_is_legal(api: Api, shop: Shop) -> None:
    assert api.get("/v1/orders", limit=200).status == 200
    assert api.get(f"{shop.place().headers['Location']}/events", limit=200).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("restaurant_id", "1"),
        ("restaurant_id", ""),
        ("restaurant_id", "01890a5d_ac96_774b_bcce_b302099a8057"),
        ("restaurant_id", "{01890a5d-ac96-774b-bcce-b302099a8057}"),
        ("restaurant_id", "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057"),
        ("restaurant_id", "\u0660" * 32),
        ("stage", "cooking"),
        ("stage", ""),
        ("client_reference", ""),
        ("client_reference", "x" * 201),
        ("client_reference", "nul\0nul"),
        ("placed_after", "yesterday"),
        ("placed_after", "2026-01-01"),
        ("placed_before", "2026-01-01T12:00:00"),
        ("placed_before", "1732104000"),
        ("placed_before", "9999-01-01T12:00:00Z"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(api: Api, name: str, value: str) -> None:
    refused = api.get("/v1/orders", **{name: value})
    assert (refused.status, refused.code, refused.pointers) == (400, "parameter_invalid", [f"/query/{name}"])


@pytest.mark.parametrize(
    "query", ["state=ready", "Stage=ready", "stage[]=ready", "limits=1", "restaurant_id.=", "&=&x"]
)
def test_a_filter_that_is_not_known_is_refused_and_not_ignored(api: Api, query: str) -> None:
    for path in ("/v1/orders", "/v1/restaurants", "/v1/stats/sales"):
        refused = api.get(f"{path}?{query}")
        assert (refused.status, refused.code, refused.pointers) == (400, "parameter_invalid", ["/query"])


def test_a_filter_that_stands_twice_is_refused(api: Api) -> None:
    refused = api.get("/v1/orders?stage=ready&stage=accepted")
    assert (refused.status, refused.code, refused.pointers) == (400, "parameter_invalid", ["/query/stage"])


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


ORDER_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "=", "é", "bnVsbA", "W10", "A" * 5000, forged(), forged("a", "b"), forged(None, None)),
        *(forged([], {}), forged("a\0b", ORDER_ID), forged("a", ORDER_ID, 1), forged("2026-01-01T12:00:00Z", 1)),
        *(forged("", ORDER_ID), forged(1732104000, ORDER_ID), forged(-1), forged(2**31)),
        *(forged("\ud800", ORDER_ID), forged("x" * 9000, ORDER_ID), forged(1.5), forged("1"), forged(True)),
    ],
)
def test_a_cursor_of_another_hand_is_refused(api: Api, shop: Shop, cursor: str) -> None:
    for path in ("/v1/orders", "/v1/restaurants", f"{shop.place().headers['Location']}/events"):
        refused = api.get(path, cursor=cursor)
        assert (refused.status, refused.code, refused.pointers) == (400, "parameter_invalid", ["/query/cursor"])
