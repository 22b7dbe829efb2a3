"""An order's life as the people at the counter tell it."""

from datetime import timedelta

from domain.event import EventMalformed
from domain.order.commands import AcceptOrder, PlaceOrder, ReviseReadyTime
from domain.order.decide import CLOCK_SKEW_MAX, ORDER
from domain.order.errors import (
    AddressMissing,
    AddressUnexpected,
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
    PlacedInTheFuture,
    PreparationNotStarted,
    ReadyBeforePlaced,
)
from domain.order.state import Delivery, Payment, Stage
from tests.domain.given import given
from tests.domain.sample_menu import NOON, minutes
from tests.domain.sample_orders import (
    HOME,
    accept,
    accept_again,
    accept_for_later,
    accepted,
    basket,
    cancel,
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
    place_basket,
    place_for_delivery,
    placed,
    placed_for_delivery,
    ready,
    reject,
    reject_otherwise,
    rejected,
    revise,
    revised,
    start,
    started,
)

# Placing


def test_an_order_is_placed_at_the_price_of_the_menu() -> None:
    given(ORDER).when(place).then(placed)


def test_an_order_for_delivery_keeps_its_address() -> None:
    order = given(ORDER).when(place_for_delivery).then(placed_for_delivery)
    assert order is not None
    assert order.address == HOME


def test_an_order_is_placed_once() -> None:
    given(ORDER, placed).when(place).silent()


def test_a_new_order_waits_for_the_restaurant_and_owes_nothing_yet() -> None:
    order = ORDER.fold([placed])
    assert order is not None
    assert (order.stage, order.progress.facets.payment) == (Stage.AWAITING_ACCEPTANCE, Payment.NONE)
    assert order.progress.facets.delivery is Delivery.NONE
    assert order.progress.times.placed == NOON


def test_an_order_taken_by_phone_this_morning_keeps_its_time() -> None:
    this_morning = NOON - timedelta(hours=3)
    by_phone = place.basket.model_copy(update={"placed_at": this_morning})
    given(ORDER).when(place_basket(by_phone)).then(placed.model_copy(update={"at": this_morning}))


def test_an_order_cannot_be_placed_tomorrow() -> None:
    tomorrow = place.basket.model_copy(update={"placed_at": NOON + timedelta(days=1)})
    given(ORDER).when(place_basket(tomorrow)).refused(PlacedInTheFuture, at="/placed_at")


def test_a_phone_whose_clock_runs_a_little_ahead_may_order() -> None:
    def place_ahead(by: timedelta) -> PlaceOrder:
        return place_basket(place.basket.model_copy(update={"placed_at": NOON + by}))

    given(ORDER).when(place_ahead(CLOCK_SKEW_MAX)).then(placed.model_copy(update={"at": NOON + CLOCK_SKEW_MAX}))
    given(ORDER).when(place_ahead(CLOCK_SKEW_MAX + timedelta(microseconds=1))).refused(PlacedInTheFuture)


def test_a_delivery_needs_an_address() -> None:
    nowhere = place_for_delivery.basket.model_copy(update={"address": None})
    given(ORDER).when(place_basket(nowhere)).refused(AddressMissing, at="/address")


def test_a_pickup_has_no_address() -> None:
    somewhere = basket().model_copy(update={"address": HOME})
    given(ORDER).when(place_basket(somewhere)).refused(AddressUnexpected, at="/address")


def test_what_was_never_placed_is_unknown() -> None:
    given(ORDER).when(accept).refused(OrderUnknown)
    given(ORDER).when(cancel).refused(OrderUnknown)


# Accepting and rejecting


def test_an_order_is_accepted_with_a_promise() -> None:
    order = given(ORDER, placed).when(accept).then(accepted)
    assert order is not None
    assert (order.stage, order.progress.ready_at) == (Stage.ACCEPTED, minutes(25))


def test_an_order_is_accepted_once() -> None:
    given(ORDER, placed, accepted).when(accept_again).silent()


def test_an_accepted_order_is_not_accepted_for_another_time() -> None:
    given(ORDER, placed, accepted).when(accept_for_later).refused(OrderAlreadyAccepted)


def test_a_late_repeat_of_the_acceptance_is_silence_even_when_the_meal_is_gone() -> None:
    given(ORDER, placed, accepted, started, ready, collected).when(accept_again).silent()


def test_a_meal_cannot_be_promised_before_it_was_ordered() -> None:
    too_early = AcceptOrder(at=minutes(1), ready_at=minutes(-1))
    given(ORDER, placed).when(too_early).refused(ReadyBeforePlaced, at="/ready_at")
    too_early_now = ReviseReadyTime(at=minutes(6), ready_at=minutes(-1))
    given(ORDER, placed, accepted).when(too_early_now).refused(ReadyBeforePlaced, at="/ready_at")


def test_a_restaurant_rejects_an_order_and_says_what_is_out() -> None:
    order = given(ORDER, placed).when(reject).then(rejected)
    assert order is not None
    assert (order.stage, order.progress.reason) == (Stage.REJECTED, "no more naan")


def test_an_order_is_rejected_once_and_for_one_reason() -> None:
    given(ORDER, placed, rejected).when(reject).silent()
    given(ORDER, placed, rejected).when(reject_otherwise).refused(OrderAlreadyRejected)


def test_an_accepted_order_can_be_cancelled_but_no_longer_rejected() -> None:
    given(ORDER, placed, accepted).when(reject).refused(OrderPastAcceptance)
    given(ORDER, placed, accepted).when(cancel).then(cancelled)


def test_a_rejected_order_is_over() -> None:
    given(ORDER, placed, rejected).when(accept).refused(OrderAlreadyRejected)
    given(ORDER, placed, rejected).when(cancel).refused(OrderAlreadyRejected)


# Cooking


def test_the_kitchen_cooks_what_was_accepted() -> None:
    given(ORDER, placed).when(start).refused(OrderNotAccepted)
    given(ORDER, placed, accepted).when(start).then(started)
    given(ORDER, placed, accepted, started).when(start).silent()


def test_the_kitchen_may_promise_another_time_until_the_meal_is_ready() -> None:
    given(ORDER, placed).when(revise).refused(OrderNotAccepted)
    given(ORDER, placed, accepted).when(revise).then(revised)
    given(ORDER, placed, accepted, started).when(revise).then(revised)
    given(ORDER, placed, accepted, started, revised).when(revise).silent()
    given(ORDER, placed, accepted, started, ready).when(revise).refused(OrderAlreadyReady)


def test_a_revised_time_replaces_the_promise_and_changes_nothing_else() -> None:
    order = given(ORDER, placed, accepted, started).when(revise).then(revised)
    assert order is not None
    assert (order.stage, order.progress.ready_at) == (Stage.PREPARING, minutes(35))


def test_a_meal_is_ready_once_it_was_begun() -> None:
    given(ORDER, placed).when(mark_ready).refused(OrderNotAccepted)
    given(ORDER, placed, accepted).when(mark_ready).refused(PreparationNotStarted)
    given(ORDER, placed, accepted, started).when(mark_ready).then(ready)
    given(ORDER, placed, accepted, started, ready).when(mark_ready).silent()


# Pickup


def test_a_customer_collects_what_is_ready() -> None:
    given(ORDER, placed, accepted, started).when(collect).refused(OrderNotReady)
    order = given(ORDER, placed, accepted, started, ready).when(collect).then(collected)
    assert order is not None
    assert order.stage is Stage.COMPLETED
    given(ORDER, placed, accepted, started, ready, collected).when(collect).silent()


def test_no_courier_takes_a_pickup() -> None:
    given(ORDER, placed, accepted, started, ready).when(hand_over).refused(OrderForPickup)
    given(ORDER, placed, accepted, started, ready).when(deliver).refused(OrderForPickup)


# Delivery


def test_a_courier_takes_what_is_ready_and_brings_it_home() -> None:
    cooked = (placed_for_delivery, accepted, started, ready)
    order = given(ORDER, *cooked).when(hand_over).then(handed_over)
    assert order is not None
    assert (order.stage, order.progress.facets.delivery) == (Stage.OUT_FOR_DELIVERY, Delivery.PICKED_UP)
    home = given(ORDER, *cooked, handed_over).when(deliver).then(delivered)
    assert home is not None
    assert (home.stage, home.progress.facets.delivery) == (Stage.COMPLETED, Delivery.DELIVERED)


def test_a_courier_takes_nothing_raw() -> None:
    given(ORDER, placed_for_delivery, accepted, started).when(hand_over).refused(OrderNotReady)


def test_a_meal_is_not_delivered_before_a_courier_took_it() -> None:
    given(ORDER, placed_for_delivery, accepted, started, ready).when(deliver).refused(OrderNotHandedOver)


def test_a_courier_who_says_it_twice_is_heard_once() -> None:
    gone = (placed_for_delivery, accepted, started, ready, handed_over)
    given(ORDER, *gone).when(hand_over).silent()
    given(ORDER, *gone, delivered).when(deliver).silent()
    given(ORDER, *gone, delivered).when(hand_over).silent()


def test_nobody_collects_a_delivery_at_the_counter() -> None:
    given(ORDER, placed_for_delivery, accepted, started, ready).when(collect).refused(OrderForDelivery)


# Cancelling


def test_an_order_can_be_called_off_until_it_leaves_the_house() -> None:
    for history in ([placed], [placed, accepted], [placed, accepted, started], [placed, accepted, started, ready]):
        given(ORDER, *history).when(cancel).then(cancelled)


def test_what_is_on_its_way_is_not_called_back() -> None:
    given(ORDER, placed_for_delivery, accepted, started, ready, handed_over).when(cancel).refused(OrderOutForDelivery)


def test_an_order_is_cancelled_once_and_for_one_reason() -> None:
    given(ORDER, placed, cancelled).when(cancel).silent()
    given(ORDER, placed, cancelled).when(cancel_otherwise).refused(OrderAlreadyCancelled)


def test_nobody_cooks_a_cancelled_order() -> None:
    given(ORDER, placed, accepted, cancelled).when(start).refused(OrderAlreadyCancelled)
    given(ORDER, placed, cancelled).when(accept).refused(OrderAlreadyCancelled)


def test_a_completed_order_stays_as_it_is() -> None:
    done = (placed, accepted, started, ready, collected)
    given(ORDER, *done).when(cancel).refused(OrderAlreadyCompleted)
    given(ORDER, *done).when(reject).refused(OrderAlreadyCompleted)
    given(ORDER, *done).when(revise).refused(OrderAlreadyCompleted)


# The tale as a whole


def test_every_step_leaves_its_time() -> None:
    order = ORDER.fold([placed_for_delivery, accepted, started, revised, ready, handed_over, delivered])
    assert order is not None
    times = order.progress.times
    assert (times.placed, times.accepted, times.preparation_started) == (NOON, minutes(1), minutes(5))
    assert (times.ready, times.handed_over, times.completed) == (minutes(20), minutes(26), minutes(40))
    assert (times.rejected, times.cancelled) == (None, None)


def test_a_history_that_does_not_begin_with_the_order_is_not_believed() -> None:
    for event in (accepted, rejected, started, revised, ready, collected, handed_over, delivered, cancelled):
        try:
            ORDER.fold([event])
        except EventMalformed:
            continue
        raise AssertionError(f"{type(event).__name__} was believed")
