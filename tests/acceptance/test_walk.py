"""What a newcomer does: start it, copy the lines that it prints, and walk one order through its life."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.cli.public_api import PublicApi, Unexpected
from tests.acceptance.house import House

CURL_MAX_S = 30
HOUSES = ("house", "house_with_rabbitmq")
PRICE_MINOR = 850


@pytest.fixture(params=HOUSES)
def either_house(request: pytest.FixtureRequest) -> House:
    opened = request.getfixturevalue(request.param)
    assert isinstance(opened, House)
    return opened


def bash(line: str) -> dict[str, Any]:
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, text=True, check=False, timeout=CURL_MAX_S)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def sales(api: PublicApi, restaurant_id: str) -> dict[str, int]:
    total = api.get("/v1/stats/sales", {"restaurant_id": restaurant_id})["total"]
    return {"orders": total["orders"], "revenue_minor": total["revenue_minor"]}


def test_the_printed_lines_place_and_follow_an_order(either_house: House) -> None:
    assert any(either_house.url in line for line in either_house.said)
    sign_in, place, follow = either_house.curl_lines
    placed = bash(f"{sign_in}; {place}")
    assert placed["stage"] == "awaiting_acceptance"
    assert placed["total"] == {"amount_minor": PRICE_MINOR, "currency": "EUR"}
    assert bash(f"{sign_in}; {follow}".replace("ORDER_ID", placed["id"])) == placed


def test_a_printed_line_used_twice_places_two_orders(either_house: House) -> None:
    sign_in, place, _ = either_house.curl_lines
    line = f"{sign_in}; {place}"
    assert bash(line)["id"] != bash(line)["id"]


def test_an_order_goes_through_its_life_and_the_statistics_agree(either_house: House) -> None:
    api = either_house.api("restaurant_staff")
    (restaurant,) = api.pages("/v1/restaurants", {"name": "Trattoria Comanda"})
    before = sales(api, restaurant["id"])
    body = {
        "restaurant_id": restaurant["id"],
        "fulfilment": "pickup",
        "customer": {"name": "Ada"},
        "lines": [{"item_id": "margherita", "quantity": 2, "note": "ben cotta"}],
    }
    key = f"walk {either_house.port}".replace(" ", "-")
    order = api.post("/v1/orders", body, key=key)
    assert api.post("/v1/orders", body, key=key) == order
    path = f"/v1/orders/{order['id']}"
    ready_at = (datetime.now(UTC) + timedelta(minutes=25)).isoformat()
    assert api.post(f"{path}/accept", {"ready_at": ready_at})["stage"] == "accepted"
    assert api.post(f"{path}/start", {})["stage"] == "preparing"
    with pytest.raises(Unexpected, match="order_not_ready") as refused:
        api.post(f"{path}/collect", {})
    assert refused.value.status == 409
    assert api.post(f"{path}/ready", {})["stage"] == "ready"
    assert api.post(f"{path}/collect", {})["stage"] == "completed"
    assert [event["type"] for event in api.pages(f"{path}/events", {})] == [
        "OrderPlaced",
        "OrderAccepted",
        "PreparationStarted",
        "OrderReady",
        "OrderCollected",
    ]
    assert api.get(path)["allowed_actions"] == []
    assert sales(api, restaurant["id"]) == {
        "orders": before["orders"] + 1,
        "revenue_minor": before["revenue_minor"] + 2 * PRICE_MINOR,
    }
