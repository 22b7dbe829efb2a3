"""The order as its history tells it: four facets, each its own small fold, and the times of what happened."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.event import EventMalformed
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
    PricedLine,
    ReadyTimeRevised,
)


class Stage(StrEnum):
    """The order facet: how far the restaurant is."""

    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    READY = "ready"
    OUT_FOR_DELIVERY = "out_for_delivery"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


ENDED = frozenset({Stage.COMPLETED, Stage.REJECTED, Stage.CANCELLED})
LOST = frozenset({Stage.REJECTED, Stage.CANCELLED})
"""Stages in which an order brings no revenue."""


class Payment(StrEnum):
    """The payment facet; online payment joins here."""

    NONE = "none"


class Delivery(StrEnum):
    """The delivery facet; couriers join between requested and picked up."""

    NONE = "none"
    REQUESTED = "requested"
    PICKED_UP = "picked_up"
    DELIVERED = "delivered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Facets:
    """Where the order stands, by facet. ``requests`` holds what one side proposed and the other has to answer."""

    order: Stage
    payment: Payment
    delivery: Delivery
    requests: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """When each thing happened, by the word of the command that caused it; None until it has."""

    placed: datetime
    accepted: datetime | None = None
    preparation_started: datetime | None = None
    ready: datetime | None = None
    handed_over: datetime | None = None
    completed: datetime | None = None
    rejected: datetime | None = None
    cancelled: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order. ``ready_at`` is the promise, ``times.ready`` what came of it; money is in minor units."""

    id: UUID
    restaurant_id: UUID
    business_day: date
    fulfilment: Fulfilment
    facets: Facets
    lines: tuple[PricedLine, ...]
    total_minor: int
    currency: str
    customer: Customer
    address: Address | None = None
    note: str | None = None
    client_reference: str | None = None
    ready_at: datetime | None = None
    reason: str | None = None
    times: Times

    @property
    def stage(self) -> Stage:
        """The order facet."""
        return self.facets.order

    @property
    def ended(self) -> bool:
        """True when nothing can happen to the order any more."""
        return self.facets.order in ENDED


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after ``event``; raises EventMalformed for a history that does not begin with OrderPlaced."""
    if isinstance(event, OrderPlaced):
        return _placed(event)
    if order is None:
        msg = f"{type(event).__name__} stands before OrderPlaced"
        raise EventMalformed(msg)
    facets = Facets(
        order=_stage(order.facets.order, event),
        payment=order.facets.payment,
        delivery=_delivery(order.facets.delivery, event),
        requests=order.facets.requests,
    )
    return replace(order, facets=facets, times=_times(order.times, event), **_told(event))


def _placed(event: OrderPlaced) -> Order:
    delivered = event.fulfilment is Fulfilment.DELIVERY
    return Order(
        id=event.order_id,
        restaurant_id=event.restaurant_id,
        business_day=event.business_day,
        fulfilment=event.fulfilment,
        facets=Facets(
            order=Stage.AWAITING_ACCEPTANCE,
            payment=Payment.NONE,
            delivery=Delivery.REQUESTED if delivered else Delivery.NONE,
        ),
        lines=event.lines,
        total_minor=event.total_minor,
        currency=event.currency,
        customer=event.customer,
        address=event.delivery_address,
        note=event.note,
        client_reference=event.client_reference,
        times=Times(placed=event.at),
    )


Later = (
    OrderAccepted
    | OrderRejected
    | PreparationStarted
    | ReadyTimeRevised
    | OrderReady
    | OrderCollected
    | OrderHandedOver
    | OrderDelivered
    | OrderCancelled
)
"""All that can follow OrderPlaced."""


def _stage(stage: Stage, event: Later) -> Stage:
    """The fold of the order facet."""
    match event:
        case OrderAccepted():
            return Stage.ACCEPTED
        case PreparationStarted():
            return Stage.PREPARING
        case OrderReady():
            return Stage.READY
        case OrderCollected() | OrderDelivered():
            return Stage.COMPLETED
        case OrderHandedOver():
            return Stage.OUT_FOR_DELIVERY
        case OrderRejected():
            return Stage.REJECTED
        case OrderCancelled():
            return Stage.CANCELLED
        case ReadyTimeRevised():
            return stage
        case _:
            assert_never(event)


def _delivery(delivery: Delivery, event: Later) -> Delivery:
    """The fold of the delivery facet."""
    if isinstance(event, OrderHandedOver):
        return Delivery.PICKED_UP
    if isinstance(event, OrderDelivered):
        return Delivery.DELIVERED
    return delivery


def _times(times: Times, event: Later) -> Times:
    """The fold of the times."""
    match event:
        case OrderAccepted():
            return replace(times, accepted=event.at)
        case PreparationStarted():
            return replace(times, preparation_started=event.at)
        case OrderReady():
            return replace(times, ready=event.at)
        case OrderCollected() | OrderDelivered():
            return replace(times, completed=event.at)
        case OrderHandedOver():
            return replace(times, handed_over=event.at)
        case OrderRejected():
            return replace(times, rejected=event.at)
        case OrderCancelled():
            return replace(times, cancelled=event.at)
        case ReadyTimeRevised():
            return times
        case _:
            assert_never(event)


def _told(event: Later) -> dict[str, datetime | str]:
    """What the event tells beside its having happened."""
    match event:
        case OrderAccepted() | ReadyTimeRevised():
            return {"ready_at": event.ready_at}
        case OrderRejected() | OrderCancelled():
            return {"reason": event.reason}
        case PreparationStarted() | OrderReady() | OrderCollected() | OrderHandedOver() | OrderDelivered():
            return {}
        case _:
            assert_never(event)
