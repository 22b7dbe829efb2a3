"""Every route, for everybody, on what is theirs, what is another's and what is nowhere: nobody reaches too far."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import falcon
import pytest
from falcon import testing

from api import policy, problems
from api.access import Policy
from api.context import Principal
from api.operation import Operation, Route
from api.policy import POLICY, PolicyIncomplete, Rule, rules
from api.routes import ROUTES
from domain.account.events import Grant, Role
from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.policy_matrix import PLACES, WHO, expected
from tests.api.shop import ADDRESS, BODIES, CURRENCY, MENU, STEPS_BEFORE, Shop, item
from tests.servers.people import CLIENT, PASSWORD, People, Someone

FORMS = {
    "get_token": f"grant_type=password&client_id={CLIENT}&username=x&password=y".encode(),
    "revoke_token": f"token=x&client_id={CLIENT}".encode(),
}
CODE = "SUMMER"
UNSERVED = {"401": "token_missing", "403": "forbidden"}
WITHOUT_A_BEARER = ("/v1/oauth/token", "/v1/oauth/revoke")
"""Where a client proves itself otherwise."""


@dataclass(frozen=True)
class Cell:
    """One operation of a route, asked by somebody at a place."""

    route: Route
    method: str
    operation: Operation
    who: str
    place: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.operation.id, self.who, self.place


def cells() -> Iterator[Cell]:
    for route in ROUTES:
        for method, operation in route.operations().items():
            for who in WHO:
                for place in PLACES:
                    yield Cell(route, method.upper(), operation, who, place)


class Town:
    """Two restaurants, somebody of every kind at the first, and whatever a cell needs."""

    def __init__(self, api: Api, people: People) -> None:
        self.api, self.people = api, people
        self.ours, self.theirs = Shop.opened(api), Shop.opened(api)
        for shop in (self.ours, self.theirs):
            assert api.create(f"{shop.path}/promotions", {"code": CODE, "percent_ppm": 1}).status == 201

    def somebody(self, who: str) -> Someone | None:
        """Somebody new of this kind."""
        place = UUID(self.ours.id)
        match who:
            case "guest":
                return None
            case "owner":
                return self.people.someone(Grant(role=Role.RESTAURANT_OWNER, restaurant_id=place))
            case "staff":
                return self.people.someone(Grant(role=Role.RESTAURANT_STAFF, restaurant_id=place))
            case _:
                return self.people.someone(Grant(role=Role(who)))

    def ask(self, cell: Cell, who: Someone | None, *, garbage: bool = False) -> Answer:
        """Ask what the cell says; ``garbage``: with a body that nobody could read."""
        path, query = cell.route.path, ""
        for name in ("order_id", "restaurant_id", "quote_id", "item_id", "code", "user_id", "role", "file"):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", self._at(cell, name, who))
        if cell.operation.id == "get_sales":
            query = "?" + urlencode({"restaurant_id": self._restaurant(cell)})
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        body: Any = b"{" if garbage and cell.operation.body else self._body(cell)
        if path in WITHOUT_A_BEARER:
            who, headers["Content-Type"] = None, "application/x-www-form-urlencoded"
        return self.api.of(who).send(cell.method, path + query, body, headers)

    def _at(self, cell: Cell, name: str, who: Someone | None) -> str:
        match name:
            case "order_id":
                return self._order(cell, who)
            case "restaurant_id":
                return self._restaurant(cell)
            case "user_id":
                return self._user(cell, who)
            case "quote_id":
                return self._quote(cell, who)
            case "item_id":
                return "acqua"
            case "code":
                return CODE
            case "file":
                return "start.js"
            case _:
                return f"restaurant_staff:{self.ours.id}"

    def _restaurant(self, cell: Cell) -> str:
        return {"own": self.ours.id, "foreign": self.theirs.id, "none": str(uuid.uuid4())}[cell.place]

    def _user(self, cell: Cell, who: Someone | None) -> str:
        if cell.place == "none":
            return str(uuid.uuid4())
        if cell.place == "foreign" or who is None:
            return str(self.people.someone().id)
        if cell.who == "owner" and cell.operation.id in {"get_user", "grant_role", "revoke_role"}:
            who = self.somebody("staff")
            assert who is not None
        return str(who.id)

    def _order(self, cell: Cell, who: Someone | None) -> str:
        """An own order: the customer's or the app's, one of the own restaurant, or one to be brought."""
        if cell.place == "none":
            return str(uuid.uuid4())
        own = cell.place == "own"
        if cell.who == "courier":
            stage = "out_for_delivery" if cell.operation.id == "deliver_order" else "ready"
            return self._placed(self.ours, None, STEPS_BEFORE[stage] if own else (), fulfilment="delivery")
        if cell.who in {"customer", "app"}:
            return self._placed(self.ours, who if own else self.people.someone(*(who.grants if who else ())))
        return self._placed(self.ours if own else self.theirs, None)

    def _quote(self, cell: Cell, who: Someone | None) -> str:
        """An own quote: the customer's or the app's, or one of the own restaurant."""
        if cell.place == "none":
            return str(uuid.uuid4())
        own, asker, shop = cell.place == "own", self.api.who, self.ours
        if cell.who in {"customer", "app"}:
            asker = who if own else self.people.someone(*(who.grants if who else ()))
        elif not own:
            shop = self.theirs
        answer = self.api.of(asker).create("/v1/quotes", _cart(shop.body()))
        assert answer.status == 201
        return str(answer.json["id"])

    def _placed(self, shop: Shop, who: Someone | None, steps: tuple[str, ...] = (), **changes: Any) -> str:
        api = self.api if who is None else self.api.of(who)
        order = api.create("/v1/orders", shop.body(**changes))
        assert order.status == 201
        for step in steps:
            assert shop.step(order, step).status == 200
        return str(order.json["id"])

    def _body(self, cell: Cell) -> Any:
        bodies: dict[str, Callable[[], Any]] = {
            "place_order": lambda: {**self.ours.body(), "restaurant_id": self._restaurant(cell)},
            "create_quote": lambda: _cart({**self.ours.body(), "restaurant_id": self._restaurant(cell)}),
            "create_promotion": lambda: {"code": uuid.uuid4().hex[:12], "percent_ppm": 1},
            "change_restaurant": dict,
            "set_opening_hours": lambda: {"hours": None},
            "import_menu": lambda: {"items": [item(*entry) for entry in MENU]},
            "register_restaurant": lambda: {"name": "Da Ada", "currency": CURRENCY, "time_zone": "Europe/Rome"},
            "publish_menu": lambda: {"items": [item(*entry) for entry in MENU]},
            "change_menu_item": dict,
            "set_restaurant_status": lambda: {"status": "open"},
            "register_user": lambda: {"name": "Ada", "email": f"{uuid.uuid4()}@example.org", "password": PASSWORD},
            "change_user": lambda: {"name": "Ada"},
            "change_password": lambda: {"password": PASSWORD, "current_password": PASSWORD},
        }
        if cell.operation.id in FORMS:
            return FORMS[cell.operation.id]
        if cell.operation.id in bodies:
            return bodies[cell.operation.id]()
        return BODIES.get(cell.route.path.rpartition("/")[2], {}) if cell.operation.body else None


def _cart(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "customer"}


def served(answer: Answer) -> bool:
    return answer.status < 500 and answer.status not in {401, 403, 404}


def right(word: str, answer: Answer) -> bool:
    if word == "yes":
        return served(answer)
    if word == "404":
        return answer.status == 404 and (str(answer.code).endswith("_unknown") or answer.code == "no_such_quote")
    return (str(answer.status), answer.code) == (word, UNSERVED[word])


@pytest.mark.timeout(600)
def test_nobody_reaches_further_than_the_matrix_says(api: Api, people: People, report: Callable[[str], None]) -> None:
    town, words = Town(api, people), expected()
    wrong, unknown, walked = {}, dict[tuple[str, str], set[tuple[str | None, str]]](), 0
    for cell in cells():
        word = words[cell.key]
        answer = town.ask(cell, town.somebody(cell.who), garbage=word in UNSERVED)
        walked += 1
        if not right(word, answer):
            wrong[cell.key] = (word, answer.status, answer.body[:200])
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        if answer.status == 404:
            unknown.setdefault(cell.key[:2], set()).add((answer.code, answer.json["detail"]))
    assert wrong == {}
    assert {key: said for key, said in unknown.items() if len(said) > 1} == {}, "another's can be told from nobody's"
    assert walked == len(words) == len(POLICY) * len(WHO) * len(PLACES)
    report(f"policy matrix: {walked} cells")


def test_lists_show_what_is_ones_own_and_nothing_else(api: Api, people: People) -> None:
    town = Town(api, people)
    customer, app, staff = town.somebody("customer"), town.somebody("app"), town.somebody("staff")
    own = api.of(customer).create("/v1/orders", town.theirs.body())
    placed = api.of(app).create("/v1/orders", town.theirs.body())
    at_ours = api.create("/v1/orders", town.ours.body())

    def listed(who: Someone | None, **query: Any) -> set[str]:
        seen = set[str]()
        for order in (own, placed, at_ours):
            api.get("/v1/orders", order.token, limit=1)
        for order in api.of(who).get("/v1/orders", **query).json["data"]:
            seen.add(order["id"])
        return seen

    assert customer is not None
    assert own.json["customer_id"] == own.json["placed_by"] == str(customer.id)
    assert (placed.json["customer_id"], app and str(app.id)) == (None, placed.json["placed_by"])
    assert listed(customer) == {own.json["id"]}
    assert listed(app) == {placed.json["id"]}
    assert listed(staff) == {at_ours.json["id"]}
    assert listed(customer, restaurant_id=town.ours.id) == set()
    assert {own.json["id"], placed.json["id"]} == listed(api.who, restaurant_id=town.theirs.id)


def test_a_customer_calls_an_order_off_until_the_restaurant_takes_it_on(api: Api, people: People) -> None:
    shop = Shop.opened(api)
    customer = api.of(people.someone())
    early, late = (customer.create("/v1/orders", shop.body()) for _ in range(2))
    shop.step(late, "accept")
    called_off = customer.post(f"{early.headers['Location']}/cancel", BODIES["cancel"])
    assert (called_off.status, called_off.json["stage"]) == (200, "cancelled")
    refused = customer.post(f"{late.headers['Location']}/cancel", BODIES["cancel"])
    assert (refused.status, refused.code) == (409, "cancellation_up_to_restaurant")
    assert shop.step(late, "cancel").status == 200
    spoken_for = customer.post(f"{early.headers['Location']}/cancel", {**BODIES["cancel"], "for_customer": False})
    assert (spoken_for.status, spoken_for.code) == (422, "request_invalid")


def test_only_those_who_take_orders_elsewhere_date_them_back(api: Api, people: People) -> None:
    town = Town(api, people)
    body = town.ours.body(placed_at="2026-01-01T12:00:00Z")
    refused = api.of(town.somebody("customer")).create("/v1/orders", body)
    assert (refused.status, refused.code, refused.pointers) == (403, "forbidden", ["/placed_at"])
    for who in ("app", "staff", "owner", "operator"):
        assert api.of(town.somebody(who)).create("/v1/orders", body).status == 201, who


def test_who_works_at_one_restaurant_and_eats_at_another_does_both(api: Api, people: People) -> None:
    town = Town(api, people)
    staff = Grant(role=Role.RESTAURANT_STAFF, restaurant_id=UUID(town.ours.id))
    someone = people.someone(Grant(role=Role.CUSTOMER), staff)
    at_work = api.of(someone).create("/v1/orders", town.ours.body())
    at_lunch = api.of(someone).create("/v1/orders", town.theirs.body())
    assert (at_work.json["customer_id"], at_lunch.json["customer_id"]) == (None, str(someone.id))
    assert api.of(someone).post(f"{at_lunch.headers['Location']}/accept", BODIES["accept"]).code == "order_unknown"
    assert api.of(someone).post(f"{at_work.headers['Location']}/accept", BODIES["accept"]).status == 200


def test_a_delivery_is_the_couriers_while_it_is_ready_or_under_way(api: Api, people: People) -> None:
    shop = Shop.opened(api)
    courier = api.of(people.someone(Grant(role=Role.COURIER)))
    order = shop.place(fulfilment="delivery")
    path = order.headers["Location"]
    assert courier.get(path).code == "order_unknown"
    for step in ("accept", "start", "ready"):
        ready = shop.step(order, step)
    assert courier.get(path, ready.token).json["address"]["line1"] == ADDRESS["line1"]
    assert courier.post(f"{path}/hand-over").status == 200
    delivered = courier.post(f"{path}/deliver")
    assert delivered.json["stage"] == "completed"
    assert courier.get(path, delivered.token).code == "order_unknown"


def test_a_route_without_a_row_and_a_row_without_a_route_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = ROUTES
    assert first.get is not None
    unnamed = replace(first, get=replace(first.get, id="list_secrets"))
    with pytest.raises(PolicyIncomplete, match=r"GET /v1/orders \(list_secrets\) has no row"):
        rules([unnamed, *rest])
    spare: dict[str, Rule] = {**POLICY, "list_secrets": POLICY["alive"]}
    monkeypatch.setattr(policy, "POLICY", spare)
    with pytest.raises(PolicyIncomplete, match="without an operation: list_secrets"):
        rules(ROUTES)


class Forgetful:
    """Answers without asking whose its record is."""

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"card": "a secret"}


class Customer:
    """Says that a customer asks."""

    def process_request(self, req: falcon.Request, _: falcon.Response) -> None:
        req.context.request_id = "x"
        req.context.principal = Principal("ada", uuid.uuid4(), "", frozenset({Grant(role=Role.CUSTOMER)}))


def test_a_resource_that_forgets_whose_its_record_is_answers_nothing() -> None:
    app: falcon.App[Any, Any] = falcon.App(middleware=[Customer(), Policy({("/x", "GET"): POLICY["get_order"]})])
    problems.install(app)
    app.add_route("/x", Forgetful())
    told = testing.TestClient(app).simulate_get("/x")
    assert (told.status_code, told.json["code"]) == (500, "internal_error")
    assert "secret" not in told.text
