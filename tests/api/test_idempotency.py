"""The same request twice is one request and has one answer, byte for byte, however often and wherever it is sent."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.running import Running
from tests.api.shop import Shop

AT_ONCE = 50


def orders_of(api: Api, shop: Shop, seen: Answer) -> int:
    return len(api.get("/v1/orders", seen.token, restaurant_id=shop.id).json["data"])


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/restaurants"])
def test_what_creates_needs_a_key(api: Api, path: str) -> None:
    refused = api.post(path, {})
    assert (refused.status, refused.code) == (400, "idempotency_key_missing")


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "two words", "clé", "tab\tbed"])
def test_a_key_is_1_to_200_printable_ascii_characters(api: Api, shop: Shop, key: str) -> None:
    refused = api.post("/v1/orders", shop.body(), {"Idempotency-Key": key})
    assert (refused.status, refused.code) == (400, "idempotency_key_malformed")
    assert api.create("/v1/orders", shop.body(), uuid.uuid4().hex + "x" * 168).status == 201


def test_a_request_sent_again_has_the_same_answer_byte_for_byte(api: Api, other_process: Api, shop: Shop) -> None:
    body, key = shop.body(), uuid.uuid4().hex
    first = api.create("/v1/orders", body, key)
    assert "Idempotent-Replayed" not in first.headers
    shop.step(first, "accept")
    for client in (api, other_process):
        again = client.create("/v1/orders", body, key)
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["Idempotent-Replayed"] == "true"
        for header in ("Location", "ETag", "Consistency-Token", "Content-Type"):
            assert again.headers[header] == first.headers[header]
    assert orders_of(api, shop, first) == 1


def test_a_key_names_one_request_only(api: Api, shop: Shop) -> None:
    key = uuid.uuid4().hex
    api.create("/v1/orders", shop.body(), key)
    for path, body in (("/v1/orders", shop.body(note="more")), ("/v1/restaurants", shop.body()), ("/v1/orders", {})):
        refused = api.create(path, body, key)
        assert (refused.status, refused.code) == (422, "key_reused")


def test_a_refused_first_attempt_may_be_tried_again_under_its_key(api: Api, shop: Shop) -> None:
    key = uuid.uuid4().hex
    api.put(f"{shop.path}/status", {"status": "paused"})
    assert api.create("/v1/orders", shop.body(), key).code == "restaurant_paused"
    api.put(f"{shop.path}/status", {"status": "open"})
    placed = api.create("/v1/orders", shop.body(), key)
    assert (placed.status, placed.headers.get("Idempotent-Replayed")) == (201, None)


def test_a_repeat_is_answered_as_before_even_if_it_would_be_refused_by_now(api: Api, shop: Shop) -> None:
    key = uuid.uuid4().hex
    first = api.create("/v1/orders", shop.body(), key)
    api.put(f"{shop.path}/status", {"status": "paused"})
    assert api.create("/v1/orders", shop.body(), key).body == first.body


def test_a_repeat_of_an_order_tells_of_it_as_it_was_placed_however_far_it_is(api: Api, shop: Shop) -> None:
    key = uuid.uuid4().hex
    first = api.create("/v1/orders", shop.body(), key)
    for step in ("accept", "start", "ready", "collect"):
        shop.step(first, step)
    again = api.create("/v1/orders", shop.body(), key)
    assert (again.body, again.headers["ETag"]) == (first.body, '"1"')


def test_answers_that_were_kept_whole_are_given_as_they_were_kept(running: Running, api: Api, shop: Shop) -> None:
    key = uuid.uuid4().hex
    kept = api.create("/v1/orders", shop.body(), key).body.replace(b'"reason":null', b'"reason":"kept whole"')
    with psycopg.connect(running.database_url) as owner:
        owner.execute("update comanda.idempotency_keys set body = %s where key = %s", (kept.decode(), key))
    assert api.create("/v1/orders", shop.body(), key).body == kept


def test_one_key_fifty_times_at_once_is_one_order_and_equal_answers(api: Api, other_process: Api, shop: Shop) -> None:
    body, key = shop.body(), uuid.uuid4().hex

    def place(client: Api) -> Answer:
        own = client.another()
        try:
            return own.create("/v1/orders", body, key)
        finally:
            own.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(place, [api, other_process] * (AT_ONCE // 2)))
    placed = [answer for answer in answers if answer.status == 201]
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body for answer in placed}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in placed) == 1
    assert orders_of(api, shop, placed[0]) == 1


def test_a_restaurant_is_registered_once_under_its_key(api: Api) -> None:
    name = uuid.uuid4().hex
    body = {"name": name, "currency": "EUR", "time_zone": "Europe/Rome"}
    first, again = api.create("/v1/restaurants", body, name), api.create("/v1/restaurants", body, name)
    assert (first.status, again.body) == (201, first.body)
    assert len(api.get("/v1/restaurants", first.token, name=name).json["data"]) == 1
