"""What goes wrong is told in one form: a status, a code for programs and a sentence for people."""

import re

import pytest

from api.body import BODY_MAX_BYTES
from tests.api.client import Api
from tests.api.shop import Shop


def test_a_refusal_says_what_where_and_under_which_request_id(api: Api, shop: Shop) -> None:
    body = shop.body() | {"lines": [{"item_id": "margherita", "quantity": "two"}], "colour": "red"}
    refused = api.post("/v1/orders", body, {"Idempotency-Key": "a", "Request-Id": "till-7:42"})
    assert refused.status == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Request-Id"] == "till-7:42"
    told = refused.json
    assert told.pop("errors") == [
        {"pointer": "/lines/0/quantity", "code": "int_type", "detail": "Input should be a valid integer"},
        {"pointer": "/colour", "code": "extra_forbidden", "detail": "Extra inputs are not permitted"},
    ]
    assert told == {
        "type": "urn:comanda:problem:request_invalid",
        "title": "Request invalid",
        "status": 422,
        "detail": "Some fields are not what they should be; see errors.",
        "instance": "/v1/orders",
        "code": "request_invalid",
        "request_id": "till-7:42",
    }


def test_a_request_id_of_another_form_is_replaced(api: Api) -> None:
    for told in ("", "spaced out", "x" * 129, "é"):
        assert re.fullmatch(r"[0-9a-f-]{36}", api.get("/healthz", {"Request-Id": told}).headers["Request-Id"])


def test_a_pointer_goes_through_names_with_slashes_and_tildes(shop: Shop) -> None:
    refused = shop.refused(**{"a/b~c": 1})
    assert refused.pointers == ["/a~1b~0c"]


def test_a_field_of_the_servers_cannot_be_sent(api: Api, shop: Shop) -> None:
    order = shop.place()
    refused = api.post(f"/v1/orders/{order.json['id']}/start", {"at": "2020-01-01T00:00:00Z"})
    assert (refused.status, refused.code, refused.pointers) == (422, "request_invalid", ["/at"])


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/order", "/v1/orders/x/y/z", "/v2/orders", "//"])
def test_a_path_that_is_not_there_is_a_404_problem(api: Api, path: str) -> None:
    refused = api.get(path)
    assert (refused.status, refused.code) == (404, "not_found")


def test_a_method_that_a_path_has_not_is_a_405_problem_that_says_which_it_has(api: Api) -> None:
    refused = api.send("DELETE", "/v1/orders")
    assert (refused.status, refused.code) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
    assert api.get("/v1/orders/1/accept").status == 405


def test_options_says_which_methods_there_are(api: Api) -> None:
    told = api.send("OPTIONS", "/v1/restaurants/1/menu")
    assert (told.status, told.body) == (200, b"")
    assert set(told.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT"}


def test_head_is_get_without_the_body(api: Api, shop: Shop) -> None:
    order = shop.place()
    read, looked = api.get(order.headers["Location"]), api.send("HEAD", order.headers["Location"])
    assert (looked.status, looked.body) == (200, b"")
    for header in ("ETag", "Content-Length", "Content-Type"):
        assert looked.headers[header] == read.headers[header]
    assert api.send("HEAD", "/v1/orders/1").status == 404


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "text/htmljson", ";", "json"])
def test_a_body_that_is_not_json_by_its_own_word_is_a_415_problem(api: Api, shop: Shop, kind: str) -> None:
    refused = api.post("/v1/orders", shop.body(), {"Idempotency-Key": "kind", "Content-Type": kind})
    assert (refused.status, refused.code) == (415, "media_type_unsupported")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.till+json"])
def test_json_may_be_called_by_its_other_names(api: Api, shop: Shop, kind: str) -> None:
    assert api.post("/v1/orders", shop.body(), {"Idempotency-Key": shop.id, "Content-Type": kind}).status == 201


def test_a_body_over_the_limit_is_a_413_problem(api: Api, shop: Shop) -> None:
    refused = api.create("/v1/orders", shop.body(note="x" * BODY_MAX_BYTES))
    assert (refused.status, refused.code) == (413, "body_too_large")
    assert api.get("/healthz").status == 200  # on the same connection
