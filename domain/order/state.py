"""The order as its history tells it: four facets, each its own small fold, and the times of what happened."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, assert_never
from uuid import UUID

from domain.event import EventMalformed
from domain.order.events import (
    Address,
    Breakdown,
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


class Progress(NamedTuple):
    """All of an order that moves. ``ready_at`` is the promise, ``times.ready`` what came of it."""

    facets: Facets
    times: Times
    ready_at: datetime | None = None
    reason: str | None = None


class Order(NamedTuple):
    """An order: what was ordered, which stays, and its progress. Money is in minor units."""

    id: UUID
    restaurant_id: UUID
    business_day: date
    fulfilment: Fulfilment
    lines: tuple[PricedLine, ...]
    total_minor: int
    currency: str
    customer: Customer
    customer_id: UUID | None
    placed_by: UUID | None
    address: Address | None
    note: str | None
    client_reference: str | None
    progress: Progress
    breakdown: Breakdown | None = None
    scheduled_for: datetime | None = None

    @property
    def stage(self) -> Stage:
        """The order facet."""
        return self.progress.facets.order


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after ``event``; raises EventMalformed for a history that does not begin with OrderPlaced."""
    if isinstance(event, OrderPlaced):
        return _placed(event)
    if order is None:
        msg = f"{type(event).__name__} stands before OrderPlaced"
        raise EventMalformed(msg)
    return order._replace(progress=advance(order.progress, event))


def _placed(event: OrderPlaced) -> Order:
    delivered = event.fulfilment is Fulfilment.DELIVERY
    facets = Facets(
        order=Stage.AWAITING_ACCEPTANCE,
        payment=Payment.NONE,
        delivery=Delivery.REQUESTED if delivered else Delivery.NONE,
    )
    return Order(
        id=event.order_id,
        restaurant_id=event.restaurant_id,
        business_day=event.business_day,
        fulfilment=event.fulfilment,
        lines=event.lines,
        total_minor=event.total_minor,
        currency=event.currency,
        customer=event.customer,
        customer_id=event.customer_id,
        placed_by=event.placed_by,
        address=event.delivery_address,
        note=event.note,
        client_reference=event.client_reference,
        progress=Progress(facets=facets, times=Times(placed=event.at)),
        breakdown=event.breakdown,
        scheduled_for=event.scheduled_for,
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


def advance(progress: Progress, event: Later) -> Progress:
    """The progress after ``event``: each facet by its own fold."""
    facets = Facets(
        order=stage_after(progress.facets.order, event),
        payment=progress.facets.payment,
        delivery=_delivery(progress.facets.delivery, event),
        requests=progress.facets.requests,
    )
    times = _times(progress.times, event)
    match event:
        case OrderAccepted() | ReadyTimeRevised():
            return Progress(facets=facets, times=times, ready_at=event.ready_at, reason=progress.reason)
        case OrderRejected() | OrderCancelled():
            return Progress(facets=facets, times=times, ready_at=progress.ready_at, reason=event.reason)
        case PreparationStarted() | OrderReady() | OrderCollected() | OrderHandedOver() | OrderDelivered():
            return Progress(facets=facets, times=times, ready_at=progress.ready_at, reason=progress.reason)
        case _:
            assert_never(event)


def stage_after(stage: Stage, event: Later) -> Stage:
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
