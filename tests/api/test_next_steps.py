"""Whoever sees an order is told of the steps that they may take now, and of nobody else's."""

import uuid
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from domain.account.events import Grant, Role
from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import BODIES, STEPS_BEFORE, Shop
from tests.servers.people import People, Someone

WHO = ("customer", "app", "staff", "owner", "courier", "auditor", "operator")
UNSEEN = (404, "order_unknown")
STANDINGS = [
    *(("pickup", stage) for stage in ("awaiting_acceptance", "accepted", "preparing", "ready")),
    *(("delivery", stage) for stage in ("awaiting_acceptance", "accepted", "preparing", "ready", "out_for_delivery")),
]

# fmt: off
OFFERED = {
    # Everybody who is not named here is offered nothing, or does not see the order at all.
    "awaiting_acceptance": {"customer": ["cancel"], "app": ["cancel"], "house": ["accept", "reject", "cancel"]},
    "accepted":            {"house": ["start", "ready-time", "cancel"]},
    "preparing":           {"house": ["ready", "ready-time", "cancel"]},
    "ready":               {"courier": ["hand-over"], "house": ["hand-over", "cancel"]},
    "out_for_delivery":    {"courier": ["deliver"], "house": ["deliver"]},
    "rejected":            {},
    "cancelled":           {},
}
# fmt: on
HOUSE = frozenset({"staff", "owner", "operator"})


class Town:
    """A restaurant, and somebody of every kind who has to do with its orders."""

    def __init__(self, api: Api, people: People) -> None:
        self.api, self.people, self.shop = api, people, Shop.opened(api)
        self._known: dict[str, Someone] = {}

    def somebody(self, who: str) -> Api:
        """The client of somebody of this kind, the same one each time."""
        if who not in self._known:
            self._known[who] = self.people.someone(self.grant(who))
        return self.api.of(self._known[who])

    def grant(self, who: str) -> Grant:
        place = UUID(self.shop.id)
        match who:
            case "owner":
                return Grant(role=Role.RESTAURANT_OWNER, restaurant_id=place)
            case "staff":
                return Grant(role=Role.RESTAURANT_STAFF, restaurant_id=place)
            case _:
                return Grant(role=Role(who))

    def placed(self, who: str, **changes: Any) -> Answer:
        """An order by this one where they can place one, else by the operator."""
        placer = self.api if who in {"courier", "auditor"} else self.somebody(who)
        order = placer.create("/v1/orders", self.shop.body(**changes))
        assert order.status == 201, order
        return order

    def led_to(self, order: Answer, stage: str) -> Answer:
        """The operator takes the order so far."""
        for step in STEPS_BEFORE[stage]:
            order = self.shop.step(order, step)
            assert order.status == 200, order
        return order


@pytest.fixture
def town(api: Api, people: People) -> Town:
    return Town(api, people)


def offered(order: Answer) -> Any:
    return order.json["allowed_actions"]


def told_everywhere(api: Api, order: Answer) -> Iterator[Any]:
    """What this one is offered wherever the order is shown: by itself, as of now, and in the list."""
    path = order.headers["Location"]
    yield offered(api.get(path))
    yield offered(api.get(path, order.token))
    listed = api.get("/v1/orders", order.token)
    if listed.status == 200:
        (found,) = (one for one in listed.json["data"] if one["id"] == order.json["id"])
        yield found["allowed_actions"]


@pytest.mark.parametrize("stage", OFFERED)
@pytest.mark.parametrize("who", WHO)
def test_everybody_is_offered_what_is_theirs_wherever_the_order_is_shown(town: Town, who: str, stage: str) -> None:
    order = town.led_to(town.placed(who, fulfilment="delivery"), stage)
    api = town.somebody(who)
    town.api.get(order.headers["Location"], order.token)
    town.api.get("/v1/orders", order.token, limit=1)  # the read model has it by now
    if who == "courier" and stage not in {"ready", "out_for_delivery"}:
        seen = api.get(order.headers["Location"], order.token)
        assert (seen.status, seen.code) == UNSEEN
        return
    wanted = OFFERED[stage].get("house" if who in HOUSE else who, [])
    assert list(told_everywhere(api, order)) == [wanted] * (2 if who == "courier" else 3)


@pytest.mark.parametrize("who", ["customer", "app", "staff", "owner", "operator"])
def test_who_places_an_order_is_told_at_once_what_they_may_do_and_the_same_again(town: Town, who: str) -> None:
    key, body = uuid.uuid4().hex, town.shop.body()
    first = town.somebody(who).create("/v1/orders", body, key)
    assert offered(first) == OFFERED["awaiting_acceptance"]["house" if who in HOUSE else who]
    town.led_to(first, "accepted")
    again = town.somebody(who).create("/v1/orders", body, key)
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")


def test_who_orders_where_orders_are_accepted_by_themselves_is_offered_nothing(town: Town) -> None:
    assert town.api.patch(town.shop.path, {"auto_accept": True}).status == 200
    assert offered(town.placed("customer")) == []
    assert offered(town.placed("staff")) == ["start", "ready-time", "cancel"]


def test_a_step_answers_with_what_the_one_who_took_it_may_do_next(town: Town) -> None:
    customer, courier = town.somebody("customer"), town.somebody("courier")
    ready = town.led_to(town.placed("customer", fulfilment="delivery"), "ready")
    away = courier.post(f"{ready.headers['Location']}/hand-over")
    assert (away.json["stage"], offered(away)) == ("out_for_delivery", ["deliver"])
    assert offered(customer.post(f"{town.placed('customer').headers['Location']}/cancel", BODIES["cancel"])) == []


def test_a_refused_step_says_what_the_one_who_asked_may_do_instead(town: Town) -> None:
    customer, courier, staff = (town.somebody(who) for who in ("customer", "courier", "staff"))
    order = town.led_to(town.placed("customer", fulfilment="delivery"), "accepted")
    path = order.headers["Location"]
    refused = customer.post(f"{path}/cancel", BODIES["cancel"])
    assert (refused.code, offered(refused)) == ("cancellation_up_to_restaurant", [])
    early = staff.post(f"{path}/ready")
    assert (early.code, offered(early)) == ("preparation_not_started", ["start", "ready-time", "cancel"])
    for step in ("start", "ready"):
        order = town.shop.step(order, step)
    early = courier.post(f"{path}/deliver")
    assert (early.code, offered(early)) == ("order_not_handed_over", ["hand-over"])


def test_who_works_at_one_restaurant_and_eats_at_another_is_offered_both(town: Town, people: People) -> None:
    elsewhere = Shop.opened(town.api)
    api = town.api.of(people.someone(Grant(role=Role.CUSTOMER), town.grant("staff")))
    at_work = api.create("/v1/orders", town.shop.body())
    at_lunch = api.create("/v1/orders", elsewhere.body())
    assert (offered(at_work), offered(at_lunch)) == (["accept", "reject", "cancel"], ["cancel"])
    for order in (at_work, at_lunch):
        town.api.get("/v1/orders", order.token, limit=1)
        assert set(map(tuple, told_everywhere(api, order))) == {tuple(offered(order))}


def test_who_may_see_every_order_is_offered_only_what_they_may_do_by_another_role(town: Town, people: People) -> None:
    watchful = town.api.of(people.someone(Grant(role=Role.AUDITOR), Grant(role=Role.CUSTOMER)))
    own, foreign = watchful.create("/v1/orders", town.shop.body()), town.placed("customer")
    for order, wanted in ((own, ["cancel"]), (foreign, [])):
        town.api.get("/v1/orders", order.token, limit=1)
        assert list(told_everywhere(watchful, order)) == [wanted] * 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("fulfilment", "stage"), STANDINGS)
def test_what_is_offered_is_taken_and_what_is_not_is_refused(town: Town, fulfilment: str, stage: str) -> None:
    possible = offered(town.led_to(town.placed("operator", fulfilment=fulfilment), stage))
    for who in WHO:
        api = town.somebody(who)
        for step in possible:
            order = town.led_to(town.placed(who, fulfilment=fulfilment), stage)
            seen = api.get(order.headers["Location"], order.token)
            wanted = seen.status == 200 and step in offered(seen)
            taken = api.post(f"{order.headers['Location']}/{step}", BODIES.get(step))
            assert (taken.status == 200) is wanted, (who, step, taken)


def test_a_copy_that_one_was_given_is_not_passed_on_to_another(town: Town) -> None:
    order = town.placed("customer")
    for headers in ({}, {"If-None-Match": '"1"'}):
        answer = town.api.get(order.headers["Location"], headers)
        assert answer.headers["Vary"] == "Authorization", answer


def test_a_copy_is_known_by_what_it_offers_and_a_command_may_rest_on_it(town: Town) -> None:
    order = town.placed("customer")
    path = order.headers["Location"]
    tags = {who: town.somebody(who).get(path).headers["ETag"] for who in ("customer", "staff", "auditor")}
    assert tags["staff"] == town.api.get(path).headers["ETag"] == '"1"'
    assert len(set(tags.values())) == len(tags)
    for who, tag in tags.items():
        for whose, other in tags.items():
            assert town.somebody(who).get(path, {"If-None-Match": other}).status == (304 if who == whose else 200)
        assert tag.startswith('"1')
    cancelled = town.somebody("customer").post(f"{path}/cancel", BODIES["cancel"], {"If-Match": tags["customer"]})
    assert cancelled.status == 200
    stale = town.api.post(f"{path}/accept", BODIES["accept"], {"If-Match": tags["customer"]})
    assert (stale.status, stale.code) == (412, "precondition_failed")
