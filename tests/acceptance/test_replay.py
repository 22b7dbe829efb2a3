"""Real history goes in over HTTP and comes out of the read models, to the penny, however often it is sent."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from infra.cli.history import read_history
from infra.cli.public_api import PublicApi
from infra.cli.replay import replay
from infra.cli.sign_in import SignIn

HEADER = "Order Number,Order Date,Item Name,Quantity,Product Price,Total products"
REAL_FILE = Path(__file__).parents[3] / "shared" / "data" / "takeaway-orders.csv"
LINES = (
    "1,01/09/2015 18:30,Curry,1,8.95,3",
    "1,01/09/2015 18:30,Naan,2,2.95,3",
    "2,02/09/2015 18:30,Curry,1,9.95,1",  # the price goes up
    "3,03/09/2015 18:30,Curry,3,9.95,4",  # two prices in one order
    "3,03/09/2015 18:30,Curry,1,11.95,4",
    "4,03/09/2015 18:30,Curry,1,8.95,2",  # and down again
    "4,03/09/2015 18:30,Curry,1,8.95,2",  # one item on two lines
)
REVENUE_MINOR = 895 + 2 * 295 + 995 + 3 * 995 + 1195 + 2 * 895


@dataclass(frozen=True, kw_only=True)
class Outcome:
    exit_code: int
    report: dict[str, Any]
    said: str


def run(file: Path, *options: str) -> Outcome:
    result = CliRunner().invoke(replay, [str(file), *options])
    last = (result.stdout.splitlines() or ["{}"])[-1]
    return Outcome(exit_code=result.exit_code, report=json.loads(last), said=result.stderr)


def totals(outcome: Outcome) -> dict[str, Any]:
    return {key: value for key, value in outcome.report.items() if key != "seconds"}


def expected(orders: int, lines: int, revenue_minor: int) -> dict[str, Any]:
    return {
        "orders": orders,
        "lines": lines,
        "revenue_minor": revenue_minor,
        "currency": "GBP",
        "projected_orders": orders,
        "projected_revenue_minor": revenue_minor,
        "duplicates": 0,
        "errors": 0,
    }


def listed(api: PublicApi, restaurant: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """List the orders, once the list shows all that this client has done."""
    return {order["client_reference"]: order for order in api.pages("/v1/orders", {"restaurant_id": restaurant["id"]})}


def client(server: str) -> PublicApi:
    """A client of whoever the replay signs in as."""
    return PublicApi(server, SignIn(server, os.environ["COMANDA_REPLAY_EMAIL"], os.environ["COMANDA_REPLAY_PASSWORD"]))


def orders_of(server: str, name: str) -> dict[str, dict[str, Any]]:
    api = client(server)
    (restaurant,) = api.pages("/v1/restaurants", {"name": name})
    return listed(api, restaurant)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"{tmp_path.name}.csv"
    path.write_text("\n".join([HEADER, *LINES[5:], *LINES[3:5], LINES[2], *LINES[:2]]))  # newest first
    return path


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Name a restaurant that no other test or run has."""
    return f"{tmp_path.parent.name} {tmp_path.name}"


def test_a_history_is_placed_cooked_handed_over_and_shown(server: str, file: Path, name: str) -> None:
    outcome = run(file, "--url", server, "--restaurant", name)
    assert totals(outcome) == expected(4, 7, REVENUE_MINOR), outcome.said
    assert outcome.exit_code == 0
    orders = orders_of(server, name)
    assert {number: order["stage"] for number, order in orders.items()} == dict.fromkeys("1234", "completed")
    assert {number: order["total"]["amount_minor"] for number, order in orders.items()} == {
        "1": 1485,
        "2": 995,
        "3": 4180,
        "4": 1790,
    }
    assert [line["item_id"] for line in orders["3"]["lines"]] == ["curry", "curry-at-1195"]


def test_a_history_sent_twice_is_there_once(server: str, file: Path, name: str) -> None:
    first = run(file, "--url", server, "--restaurant", name)
    before = orders_of(server, name)
    second = run(file, "--url", server, "--restaurant", name)
    assert totals(second) == totals(first) == expected(4, 7, REVENUE_MINOR), first.said + second.said
    assert orders_of(server, name) == before


def test_a_run_that_stopped_early_is_continued(server: str, file: Path, name: str) -> None:
    begun = run(file, "--url", server, "--restaurant", name, "--limit", "2", "--clients", "1")
    assert totals(begun) == expected(2, 3, 895 + 2 * 295 + 995), begun.said
    ended = run(file, "--url", server, "--restaurant", name, "--rate", "50")
    assert totals(ended) == expected(4, 7, REVENUE_MINOR), ended.said


def test_an_order_that_was_left_on_the_board_is_completed(server: str, tmp_path: Path, file: Path, name: str) -> None:
    other = tmp_path / "longer.csv"
    other.write_text(file.read_text() + "\n5,04/09/2015 18:30,Naan,1,2.95,1")
    run(file, "--url", server, "--restaurant", name)
    api = client(server)
    (restaurant,) = api.pages("/v1/restaurants", {"name": name})
    body = {
        "restaurant_id": restaurant["id"],
        "fulfilment": "pickup",
        "lines": [{"item_id": "naan", "quantity": 1}],
        "customer": {"name": "Walk-in"},
        "client_reference": "5",
        "placed_at": "2015-09-04T17:30:00Z",
    }
    left = api.post("/v1/orders", body, key=f"{restaurant['id']}:left-on-the-board")
    api.post(f"/v1/orders/{left['id']}/accept", {"ready_at": "2015-09-04T18:30:00Z"})
    listed(api, restaurant)
    outcome = run(other, "--url", server, "--restaurant", name)
    assert totals(outcome) == expected(5, 8, REVENUE_MINOR + 295), outcome.said
    assert orders_of(server, name)["5"]["id"] == left["id"]


def test_an_order_that_was_called_off_is_an_error_and_not_placed_again(server: str, file: Path, name: str) -> None:
    run(file, "--url", server, "--restaurant", name, "--limit", "3")
    api = client(server)
    (restaurant,) = api.pages("/v1/restaurants", {"name": name})
    body = {
        "restaurant_id": restaurant["id"],
        "fulfilment": "pickup",
        "lines": [{"item_id": "curry", "quantity": 2}],
        "customer": {"name": "Walk-in"},
        "client_reference": "4",
    }
    order = api.post("/v1/orders", body, key=f"{restaurant['id']}:called-off")
    api.post(f"/v1/orders/{order['id']}/cancel", {"reason": "the customer rang"})
    listed(api, restaurant)
    outcome = run(file, "--url", server, "--restaurant", name)
    assert outcome.exit_code == 1
    assert "order 4: " in outcome.said
    assert totals(outcome) == expected(3, 5, REVENUE_MINOR - 2 * 895) | {"errors": 1}


def test_the_oldest_real_orders_come_out_as_they_went_in(server: str, name: str) -> None:
    assert REAL_FILE.exists(), f"{REAL_FILE} is missing: the real orders lie in shared/data, beside the clone"
    orders = read_history(REAL_FILE.read_bytes()).orders[:300]
    outcome = run(REAL_FILE, "--url", server, "--restaurant", name, "--limit", "300")
    lines = sum(len(order.lines) for order in orders)
    assert totals(outcome) == expected(300, lines, sum(order.total_minor for order in orders)), outcome.said


def test_a_bad_cell_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(f"{HEADER}\n1,01/09/2015 18:30,Curry,none,8.95,3\n")
    outcome = run(bad)
    assert outcome.exit_code == 2
    assert outcome.said.count("\n") == 1
    assert "line 2, column Quantity: 'none'" in outcome.said


def test_who_does_not_sign_in_replays_nothing(server: str, file: Path) -> None:
    wrong = run(file, "--url", server, "--password", "not this one")
    assert (wrong.exit_code, wrong.said.count("\n")) == (2, 1)
    assert "invalid_grant" in wrong.said
    assert "not this one" not in wrong.said
    forged = run(file, "--url", server, "--token", "x.y.z")
    assert (forged.exit_code, "token_invalid" in forged.said) == (2, True)


def test_an_address_where_nobody_listens_is_one_clear_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.cli.replay.CONTACT_WINDOW_S", 0.1)
    with socket.socket() as taken:  # bound, not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        outcome = run(file, "--url", f"http://127.0.0.1:{taken.getsockname()[1]}", "--token", "any")
    assert outcome.exit_code == 2
    assert outcome.said.count("\n") == 1
    assert "no Comanda is ready at http://127.0.0.1:" in outcome.said
