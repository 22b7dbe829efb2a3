"""Every request at every stage: what happens, what is silence, and who refuses it in which words."""

from collections.abc import Iterator

import pytest

from domain.errors import Refusal
from domain.order.commands import OrderCommand
from domain.order.decide import ORDER, allowed_actions, up_to_restaurant
from domain.order.errors import (
    CancellationUpToRestaurant,
    OrderAlreadyAccepted,
    OrderAlreadyCancelled,
    OrderAlreadyCompleted,
    OrderAlreadyReady,
    OrderAlreadyRejected,
    OrderForDelivery,
    OrderForPickup,
    OrderNotAccepted,
    OrderNotHandedOver,
    OrderNotReady,
    OrderOutForDelivery,
    OrderPastAcceptance,
    OrderUnknown,
    PreparationNotStarted,
)
from domain.order.events import (
    Fulfilment,
    OrderAccepted,
    OrderCancelled,
    OrderCollected,
    OrderDelivered,
    OrderEvent,
    OrderHandedOver,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    PreparationStarted,
    ReadyTimeRevised,
)
from domain.order.state import Stage
from tests.domain.sample_orders import (
    accept_for_later,
    accepted,
    cancel_otherwise,
    cancelled,
    collect,
    collected,
    deliver,
    delivered,
    hand_over,
    handed_over,
    mark_ready,
    place,
    placed,
    placed_for_delivery,
    ready,
    reject_otherwise,
    rejected,
    revise,
    start,
    started,
)

# "happens": the request's own event. "-": silence. Any other word: a refusal.
TABLE = """
pickup                place    accept     reject     start       ready-time  ready       collect     hand-over   deliver       cancel
never_placed          happens  unknown    unknown    unknown     unknown     unknown     unknown     unknown     unknown       unknown
awaiting_acceptance   -        happens    happens    unaccepted  unaccepted  unaccepted  unready     for-pickup  for-pickup    happens
accepted              -        accepted   too-late   happens     happens     unstarted   unready     for-pickup  for-pickup    happens
preparing             -        accepted   too-late   -           happens     happens     unready     for-pickup  for-pickup    happens
ready                 -        accepted   too-late   -           is-ready    -           happens     for-pickup  for-pickup    happens
completed             -        completed  completed  -           completed   -           -           for-pickup  for-pickup    completed
rejected              -        rejected   rejected   rejected    rejected    rejected    rejected    for-pickup  for-pickup    rejected
cancelled             -        cancelled  cancelled  cancelled   cancelled   cancelled   cancelled   for-pickup  for-pickup    cancelled

delivery              place    accept     reject     start       ready-time  ready       collect       hand-over   deliver     cancel
awaiting_acceptance   -        happens    happens    unaccepted  unaccepted  unaccepted  for-delivery  unready     not-gone    happens
accepted              -        accepted   too-late   happens     happens     unstarted   for-delivery  unready     not-gone    happens
preparing             -        accepted   too-late   -           happens     happens     for-delivery  unready     not-gone    happens
ready                 -        accepted   too-late   -           is-ready    -           for-delivery  happens     not-gone    happens
out_for_delivery      -        accepted   too-late   -           is-ready    -           for-delivery  -           happens     gone
completed             -        completed  completed  -           completed   -           for-delivery  -           -           completed
rejected              -        rejected   rejected   rejected    rejected    rejected    for-delivery  rejected    rejected    rejected
cancelled             -        cancelled  cancelled  cancelled   cancelled   cancelled   for-delivery  cancelled   cancelled   cancelled
"""  # noqa: E501  a table is as wide as it is

REFUSALS: dict[str, type[Refusal]] = {
    "unknown": OrderUnknown,
    "accepted": OrderAlreadyAccepted,
    "too-late": OrderPastAcceptance,
    "unaccepted": OrderNotAccepted,
    "unstarted": PreparationNotStarted,
    "unready": OrderNotReady,
    "is-ready": OrderAlreadyReady,
    "not-gone": OrderNotHandedOver,
    "gone": OrderOutForDelivery,
    "for-pickup": OrderForPickup,
    "for-delivery": OrderForDelivery,
    "completed": OrderAlreadyCompleted,
    "rejected": OrderAlreadyRejected,
    "cancelled": OrderAlreadyCancelled,
}

# Each asks for something that the histories below do not hold yet: another time, another reason.
REQUESTS: dict[str, tuple[OrderCommand, type[OrderEvent]]] = {
    "place": (place, OrderPlaced),
    "accept": (accept_for_later, OrderAccepted),
    "reject": (reject_otherwise, OrderRejected),
    "start": (start, PreparationStarted),
    "ready-time": (revise, ReadyTimeRevised),
    "ready": (mark_ready, OrderReady),
    "collect": (collect, OrderCollected),
    "hand-over": (hand_over, OrderHandedOver),
    "deliver": (deliver, OrderDelivered),
    "cancel": (cancel_otherwise, OrderCancelled),
}

HISTORIES: dict[str, list[OrderEvent]] = {
    "never_placed": [],
    "pickup awaiting_acceptance": [placed],
    "pickup accepted": [placed, accepted],
    "pickup preparing": [placed, accepted, started],
    "pickup ready": [placed, accepted, started, ready],
    "pickup completed": [placed, accepted, started, ready, collected],
    "pickup rejected": [placed, rejected],
    "pickup cancelled": [placed, cancelled],
    "delivery awaiting_acceptance": [placed_for_delivery],
    "delivery accepted": [placed_for_delivery, accepted],
    "delivery preparing": [placed_for_delivery, accepted, started],
    "delivery ready": [placed_for_delivery, accepted, started, ready],
    "delivery out_for_delivery": [placed_for_delivery, accepted, started, ready, handed_over],
    "delivery completed": [placed_for_delivery, accepted, started, ready, handed_over, delivered],
    "delivery rejected": [placed_for_delivery, rejected],
    "delivery cancelled": [placed_for_delivery, cancelled],
}


def cells() -> Iterator[tuple[str, str, str]]:
    for half in TABLE.strip().split("\n\n"):
        head, *rows = (line.split() for line in half.splitlines())
        fulfilment, *requests = head
        for standing, *outcomes in rows:
            where = standing if standing == "never_placed" else f"{fulfilment} {standing}"
            yield from ((where, request, outcome) for request, outcome in zip(requests, outcomes, strict=True))


@pytest.mark.parametrize(("where", "request_name", "outcome"), list(cells()))
def test_the_table_of_stages_and_requests_holds(where: str, request_name: str, outcome: str) -> None:
    command, event = REQUESTS[request_name]
    order = ORDER.fold(HISTORIES[where])
    if outcome in REFUSALS:
        with pytest.raises(REFUSALS[outcome]) as raised:
            ORDER.decide(command, order)
        assert type(raised.value) is REFUSALS[outcome]
    else:
        decided = [type(e) for e in ORDER.decide(command, order)]
        assert decided == ([event] if outcome == "happens" else [])


def test_the_table_leaves_no_stage_and_no_request_out() -> None:
    assert {(where, request) for where, request, _ in cells()} == {(w, r) for w in HISTORIES for r in REQUESTS}
    assert {type(command) for command, _ in REQUESTS.values()} == set(OrderCommand.__args__)
    assert {event for _, event in REQUESTS.values()} == set(OrderEvent.__args__)
    assert {where.split()[-1] for where in HISTORIES} == {"never_placed", *Stage}


@pytest.mark.parametrize("where", [w for w in HISTORIES if w != "never_placed"])
def test_what_an_order_says_can_be_asked_of_it_is_what_would_happen(where: str) -> None:
    fulfilment, stage = where.split()
    order = ORDER.fold(HISTORIES[where])
    assert order is not None
    assert (order.fulfilment.value, order.stage.value) == (fulfilment, stage)
    said = allowed_actions(Stage(stage), Fulfilment(fulfilment))
    assert sorted(said) == sorted(request for w, request, outcome in cells() if (w, outcome) == (where, "happens"))


@pytest.mark.parametrize("where", [where for where, request, out in cells() if (request, out) == ("cancel", "happens")])
def test_a_customer_cancels_what_is_not_said_to_be_up_to_the_restaurant(where: str) -> None:
    order = ORDER.fold(HISTORIES[where])
    assert order is not None
    asked = cancel_otherwise.model_copy(update={"for_customer": True})
    if up_to_restaurant("cancel", order.stage):
        with pytest.raises(CancellationUpToRestaurant):
            ORDER.decide(asked, order)
    else:
        assert [type(event) for event in ORDER.decide(asked, order)] == [OrderCancelled]
