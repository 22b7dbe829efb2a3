"""The published document: valid, complete, and made from what the server does."""

import re

from openapi_spec_validator import validate

from api.operation import Operation
from api.paging import LIMIT_MAX
from api.routes import ROUTES
from tests.api.built import built
from tests.api.client import Api


def operations() -> dict[str, Operation]:
    return {operation.id: operation for route in ROUTES for operation in route.operations().values()}


def test_the_document_is_valid_openapi_3_1_and_the_same_each_time(api: Api) -> None:
    told = api.get("/openapi.json")
    assert told.status == 200
    assert told.json["openapi"] == "3.1.0"
    validate(told.json)
    assert api.get("/openapi.json").body == told.body


def test_every_method_that_a_path_serves_is_described_and_every_described_method_is_served(api: Api) -> None:
    described = api.get("/openapi.json").json["paths"]
    assert set(described) == {route.path for route in ROUTES}
    for path, methods in described.items():
        allowed = api.send("OPTIONS", re.sub(r"{\w+}", "1", path))
        served = {method.lower() for method in allowed.headers["Allow"].split(", ")} - {"head", "options"}
        assert served == set(methods), path


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len(operations()) == sum(len(route.operations()) for route in ROUTES)


def test_what_creates_needs_a_key_and_what_lists_has_limits(api: Api) -> None:
    paths = api.get("/openapi.json").json["paths"]
    for path in ("/v1/orders", "/v1/restaurants"):
        creating = {p["name"]: p for p in paths[path]["post"]["parameters"]}
        assert creating["Idempotency-Key"]["required"]
        listing = {p["name"]: p for p in paths[path]["get"]["parameters"]}
        assert listing["limit"]["schema"]["maximum"] == LIMIT_MAX
        assert {"cursor", "Consistency-Token", "Prefer"} <= set(listing)


def test_a_step_names_the_refusals_that_only_it_can_utter(api: Api) -> None:
    refused = api.get("/openapi.json").json["paths"]["/v1/orders/{order_id}/collect"]["post"]["responses"]["409"]
    codes = refused["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    assert {"order_for_delivery", "order_not_ready", "order_already_cancelled"} <= set(codes)
    assert "order_past_acceptance" not in codes


def test_a_body_is_described_by_the_model_that_parses_it_without_the_fields_of_the_server(api: Api) -> None:
    schemas = api.get("/openapi.json").json["components"]["schemas"]
    assert set(schemas["AcceptOrder"]["properties"]) == {"ready_at"}
    assert set(schemas["RegisterRestaurant"]["properties"]) == {"name", "currency", "time_zone"}
    assert {"name", "category", "price", "available", "off_until"} <= set(schemas["ChangeMenuItem"]["properties"])
    assert not {"at", "item_id"} & set(schemas["ChangeMenuItem"]["properties"])
    assert {"restaurant_id", "lines", "placed_at", "expected_total"} <= set(schemas["Basket"]["properties"])


def test_the_application_is_built_without_a_connection() -> None:
    assert callable(built(list))
