"""The rules of an order's life: which command causes which event, and what refuses it.

A repeat of the same fact is silence, however late it comes; a contradiction is a refusal.
"""

from datetime import datetime, timedelta
from typing import assert_never

from domain.decider import Decider
from domain.order.basket import AddressDetails, CustomerDetails
from domain.order.commands import (
    AcceptOrder,
    CancelOrder,
    CollectOrder,
    DeliverOrder,
    HandOverOrder,
    MarkReady,
    OrderCommand,
    PlaceOrder,
    RejectOrder,
    ReviseReadyTime,
    StartPreparation,
)
from domain.order.errors import (
    AddressMissing,
    AddressUnexpected,
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
    OrderTransitionRefused,
    OrderUnknown,
    PlacedInTheFuture,
    PreparationNotStarted,
    ReadyBeforePlaced,
)
from domain.order.events import (
    Address,
    Customer,
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
from domain.order.state import Order, Stage, evolve

CLOCK_SKEW_MAX = timedelta(minutes=5)
"""How far ahead of ours a caller's clock may run."""

_PROGRESS = (Stage.AWAITING_ACCEPTANCE, Stage.ACCEPTED, Stage.PREPARING, Stage.READY, Stage.OUT_FOR_DELIVERY)


def decide(command: OrderCommand, order: Order | None) -> list[OrderEvent]:
    """The events that ``command`` causes, none for a repeat; raises a Refusal."""
    if isinstance(command, PlaceOrder):
        return _place(command, order)
    if order is None:
        raise OrderUnknown
    match command:
        case AcceptOrder():
            return _accept(command, order)
        case RejectOrder():
            return _reject(command, order)
        case StartPreparation():
            return _start(command, order)
        case ReviseReadyTime():
            return _revise(command, order)
        case MarkReady():
            return _ready(command, order)
        case CollectOrder():
            return _collect(command, order)
        case HandOverOrder():
            return _hand_over(command, order)
        case DeliverOrder():
            return _deliver(command, order)
        case CancelOrder():
            return _cancel(command, order)
        case _:
            assert_never(command)


def allowed_actions(stage: Stage, fulfilment: Fulfilment) -> list[str]:
    """What can be asked of an order now, by the names of the API's paths."""
    match stage:
        case Stage.AWAITING_ACCEPTANCE:
            return ["accept", "reject", "cancel"]
        case Stage.ACCEPTED:
            return ["start", "ready-time", "cancel"]
        case Stage.PREPARING:
            return ["ready", "ready-time", "cancel"]
        case Stage.READY:
            return ["collect" if fulfilment is Fulfilment.PICKUP else "hand-over", "cancel"]
        case Stage.OUT_FOR_DELIVERY:
            return ["deliver"]
        case Stage.COMPLETED | Stage.REJECTED | Stage.CANCELLED:
            return []
        case _:
            assert_never(stage)


def up_to_restaurant(action: str, stage: Stage) -> bool:
    """Whether the customer's side has to leave this to the restaurant: it cancels freely before acceptance only."""
    return action == "cancel" and stage is not Stage.AWAITING_ACCEPTANCE


def _place(command: PlaceOrder, order: Order | None) -> list[OrderEvent]:
    if order is not None:
        return []
    basket, quote = command.basket, command.quote
    placed_at = basket.placed_at or command.at
    if placed_at > command.at + CLOCK_SKEW_MAX:
        raise PlacedInTheFuture
    delivered = basket.fulfilment is Fulfilment.DELIVERY
    if delivered and basket.address is None:
        raise AddressMissing
    if not delivered and basket.address is not None:
        raise AddressUnexpected
    placed = OrderPlaced(
        at=placed_at,
        breakdown=quote.breakdown,
        business_day=quote.business_day,
        client_reference=basket.client_reference,
        currency=quote.total.currency,
        customer=_customer(basket.customer),
        customer_id=command.customer_id,
        delivery_address=None if basket.address is None else _address(basket.address),
        fulfilment=basket.fulfilment,
        lines=quote.lines,
        note=basket.note,
        order_id=command.id,
        placed_by=command.placed_by,
        quote_id=basket.quote_id,
        restaurant_id=basket.restaurant_id,
        scheduled_for=basket.scheduled_for,
        total_minor=quote.total.amount_minor,
    )
    if quote.ready_at is None:
        return [placed]
    return [placed, OrderAccepted(at=placed_at, ready_at=quote.ready_at)]


def _customer(told: CustomerDetails) -> Customer:
    return Customer(name=told.name, phone=told.phone)


def _address(told: AddressDetails) -> Address:
    return Address(
        city=told.city,
        country=told.country,
        line1=told.line1,
        line2=told.line2,
        note=told.note,
        postcode=told.postcode,
    )


def _accept(command: AcceptOrder, order: Order) -> list[OrderEvent]:
    if order.progress.times.accepted is not None and order.progress.ready_at == command.ready_at:
        return []
    _refuse_if_ended(order)
    if order.progress.times.accepted is not None:
        raise OrderAlreadyAccepted
    _refuse_if_before(order, command.ready_at)
    return [OrderAccepted(at=command.at, ready_at=command.ready_at)]


def _reject(command: RejectOrder, order: Order) -> list[OrderEvent]:
    if order.stage is Stage.REJECTED and order.progress.reason == command.reason:
        return []
    _refuse_if_ended(order)
    if order.stage is not Stage.AWAITING_ACCEPTANCE:
        raise OrderPastAcceptance
    return [OrderRejected(at=command.at, item_ids=command.item_ids, reason=command.reason)]


def _start(command: StartPreparation, order: Order) -> list[OrderEvent]:
    if order.progress.times.preparation_started is not None:
        return []
    _refuse_unless_reached(order, Stage.ACCEPTED, OrderNotAccepted)
    return [PreparationStarted(at=command.at)]


def _revise(command: ReviseReadyTime, order: Order) -> list[OrderEvent]:
    if order.progress.times.accepted is not None and order.progress.ready_at == command.ready_at:
        return []
    _refuse_unless_reached(order, Stage.ACCEPTED, OrderNotAccepted)
    if order.progress.times.ready is not None:
        raise OrderAlreadyReady
    _refuse_if_before(order, command.ready_at)
    return [ReadyTimeRevised(at=command.at, ready_at=command.ready_at)]


def _ready(command: MarkReady, order: Order) -> list[OrderEvent]:
    if order.progress.times.ready is not None:
        return []
    _refuse_unless_reached(order, Stage.ACCEPTED, OrderNotAccepted)
    _refuse_unless_reached(order, Stage.PREPARING, PreparationNotStarted)
    return [OrderReady(at=command.at)]


def _collect(command: CollectOrder, order: Order) -> list[OrderEvent]:
    if order.fulfilment is not Fulfilment.PICKUP:
        raise OrderForDelivery
    if order.stage is Stage.COMPLETED:
        return []
    _refuse_unless_reached(order, Stage.READY, OrderNotReady)
    return [OrderCollected(at=command.at)]


def _hand_over(command: HandOverOrder, order: Order) -> list[OrderEvent]:
    if order.fulfilment is not Fulfilment.DELIVERY:
        raise OrderForPickup
    if order.progress.times.handed_over is not None:
        return []
    _refuse_unless_reached(order, Stage.READY, OrderNotReady)
    return [OrderHandedOver(at=command.at)]


def _deliver(command: DeliverOrder, order: Order) -> list[OrderEvent]:
    if order.fulfilment is not Fulfilment.DELIVERY:
        raise OrderForPickup
    if order.stage is Stage.COMPLETED:
        return []
    _refuse_unless_reached(order, Stage.OUT_FOR_DELIVERY, OrderNotHandedOver)
    return [OrderDelivered(at=command.at)]


def _cancel(command: CancelOrder, order: Order) -> list[OrderEvent]:
    if order.stage is Stage.CANCELLED and order.progress.reason == command.reason:
        return []
    _refuse_if_ended(order)
    if order.stage is Stage.OUT_FOR_DELIVERY:
        raise OrderOutForDelivery
    if command.for_customer and up_to_restaurant("cancel", order.stage):
        raise CancellationUpToRestaurant
    return [OrderCancelled(at=command.at, reason=command.reason)]


def _refuse_unless_reached(order: Order, stage: Stage, refusal: type[OrderTransitionRefused]) -> None:
    _refuse_if_ended(order)
    if _PROGRESS.index(order.stage) < _PROGRESS.index(stage):
        raise refusal


def _refuse_if_ended(order: Order) -> None:
    match order.stage:
        case Stage.COMPLETED:
            raise OrderAlreadyCompleted
        case Stage.REJECTED:
            raise OrderAlreadyRejected
        case Stage.CANCELLED:
            raise OrderAlreadyCancelled
        case _:
            return


def _refuse_if_before(order: Order, ready_at: datetime) -> None:
    if ready_at < order.progress.times.placed:
        raise ReadyBeforePlaced


ORDER: Decider[OrderCommand, Order | None, OrderEvent] = Decider(
    category="order", initial=None, decide=decide, evolve=evolve
)
