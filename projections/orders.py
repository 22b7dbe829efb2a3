"""The order view: every order as its customer sees it, ready to be sent, and the lists of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from domain.event import EventMalformed
from domain.event_store import Recorded
from domain.ids import order_number
from domain.order.decide import allowed_actions
from domain.order.events import Fulfilment, OrderPlaced
from domain.order.state import Delivery, Facets, Order, Payment, Progress, Stage, Times, advance, evolve
from projections.priced import line_documents, price_document
from projections.projection import Change, Connection, Projection

DDL = """
create table read_models.orders (
    order_id         uuid        primary key,
    restaurant_id    uuid        not null,
    customer_id      uuid,
    placed_by        uuid,
    fulfilment       text        not null,
    stage            text        not null,
    placed_at        timestamptz not null,
    client_reference text,
    version          integer     not null,
    document         text        not null
) with (fillfactor = 85, toast_tuple_target = 8160);
create index orders_by_restaurant on read_models.orders (restaurant_id, placed_at desc, order_id desc);
create index orders_by_stage on read_models.orders (restaurant_id, stage, placed_at desc, order_id desc);
create index orders_by_time on read_models.orders (placed_at desc, order_id desc);
create index orders_by_customer on read_models.orders (customer_id, placed_at desc, order_id desc)
    where customer_id is not null;
create index orders_by_placer on read_models.orders (placed_by, placed_at desc, order_id desc)
    where customer_id is null and placed_by is not null;
create index orders_by_reference on read_models.orders (client_reference) where client_reference is not null;
"""
_LOAD = "select order_id, version, document from read_models.orders where order_id = any (%s)"
_SAVE = """
insert into read_models.orders
    (order_id, restaurant_id, customer_id, placed_by, fulfilment, stage, placed_at, client_reference, version, document)
select * from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::timestamptz[],
    %b::text[], %b::int[], %b::text[])
on conflict (order_id) do update
set stage = excluded.stage, version = excluded.version, document = excluded.document
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the making of its document: what stays as plain JSON values, and what moves."""

    fixed: Mapping[str, Any]
    progress: Progress
    version: int


def document(row: OrderRow) -> bytes:
    """The order as JSON, the same in every answer that shows one but for its end: see ``ending``."""
    progress, times = row.progress, row.progress.times
    facets = progress.facets
    fixed = row.fixed
    return orjson.dumps(
        {
            **fixed,
            "stage": facets.order,
            "facets": {
                "order": facets.order,
                "payment": facets.payment,
                "delivery": facets.delivery,
                "requests": facets.requests,
            },
            "placed_at": times.placed,
            "ready_at": progress.ready_at,
            "reason": progress.reason,
            "times": {
                "placed": times.placed,
                "accepted": times.accepted,
                "preparation_started": times.preparation_started,
                "ready": times.ready,
                "handed_over": times.handed_over,
                "completed": times.completed,
                "rejected": times.rejected,
                "cancelled": times.cancelled,
            },
            "version": row.version,
            "allowed_actions": allowed_actions(facets.order, Fulfilment(fixed["fulfilment"])),
        },
        option=orjson.OPT_UTC_Z,
    )


ENDING = b',"allowed_actions":'
"""Where the last member of a document begins. No text can pretend to be it: in a text a quote is escaped."""


def ending(actions: Sequence[str]) -> bytes:
    """How a document ends that names these as allowed: it is kept with all that the state allows to anybody."""
    return ENDING + orjson.dumps(actions) + b"}"


def row_of(order: Order, version: int) -> OrderRow:
    """The row of an order whose history was folded elsewhere."""
    currency = order.currency
    fixed = {
        "id": order.id,
        "number": order_number(order.id),
        "restaurant_id": order.restaurant_id,
        "business_day": order.business_day,
        "fulfilment": order.fulfilment.value,
        "lines": line_documents(order.lines, currency),
        "price": price_document(order.breakdown, order.total_minor),
        "total": {"amount_minor": order.total_minor, "currency": currency},
        "customer": order.customer.model_dump(),
        "customer_id": order.customer_id,
        "placed_by": order.placed_by,
        "address": order.address.model_dump() if order.address else None,
        "scheduled_for": order.scheduled_for,
        "note": order.note,
        "client_reference": order.client_reference,
    }
    return OrderRow(fixed, order.progress, version)


_IDS = ("restaurant_id", "customer_id", "placed_by")
_MOVING = ("stage", "facets", "placed_at", "ready_at", "reason", "times", "version", "allowed_actions")


def _restored(version: int, text: str) -> OrderRow:
    """The row behind a document."""
    fixed = orjson.loads(text)
    fixed |= {name: UUID(fixed[name]) for name in _IDS if fixed[name] is not None}
    moving = {name: fixed.pop(name) for name in _MOVING}
    facets, times = moving["facets"], moving["times"]
    progress = Progress(
        facets=Facets(
            order=Stage(facets["order"]),
            payment=Payment(facets["payment"]),
            delivery=Delivery(facets["delivery"]),
            requests=tuple(facets["requests"]),
        ),
        times=Times(**{name: _time(text) for name, text in times.items()}),
        ready_at=_time(moving["ready_at"]),
        reason=moving["reason"],
    )
    return OrderRow(fixed, progress, version)


def _time(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _evolve(row: OrderRow | None, recorded: Recorded, event: Any) -> OrderRow:
    if isinstance(event, OrderPlaced):
        return row_of(evolve(None, event), recorded.version)
    if row is None:
        msg = f"{recorded.type} stands before OrderPlaced"
        raise EventMalformed(msg)
    return OrderRow(row.fixed, advance(row.progress, event), recorded.version)


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, OrderRow]:
    rows = db.execute(_LOAD, (list(keys),)).fetchall()
    return {order_id: _restored(version, text) for order_id, version, text in rows}


def _save(db: Connection, changes: Sequence[Change[OrderRow]]) -> None:
    rows = [(c.stream_id, c.after) for c in changes if c.after is not None]
    db.execute(
        _SAVE,
        (
            [stream_id for stream_id, _ in rows],
            [row.fixed["restaurant_id"] for _, row in rows],
            [row.fixed["customer_id"] for _, row in rows],
            [row.fixed["placed_by"] for _, row in rows],
            [row.fixed["fulfilment"] for _, row in rows],
            [row.progress.facets.order.value for _, row in rows],
            [row.progress.times.placed for _, row in rows],
            [row.fixed["client_reference"] for _, row in rows],
            [row.version for _, row in rows],
            [document(row).decode() for _, row in rows],
        ),
    )


ORDERS: Projection[OrderRow] = Projection(
    name="orders",
    category="order",
    types=None,
    tables=("orders",),
    ddl=DDL,
    revision=3,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

FIND = """
select version, document, customer_id, placed_by, restaurant_id, fulfilment, stage
from read_models.orders where order_id = %s
"""
OWNERS = "select customer_id, placed_by, restaurant_id, fulfilment, stage from read_models.orders where order_id = %s"
LIST = """
select order_id, placed_at, document, customer_id, placed_by, restaurant_id, fulfilment, stage from read_models.orders
where (%(restaurant_id)s::uuid is null or restaurant_id = %(restaurant_id)s::uuid)
    and (%(stage)s::text is null or stage = %(stage)s::text)
    and (%(client_reference)s::text is null or client_reference = %(client_reference)s::text)
    and (%(everything)s::boolean or customer_id = %(customer_id)s::uuid
        or (customer_id is null and placed_by = %(placed_by)s::uuid)
        or restaurant_id = any (%(restaurants)s::uuid[]))
    and (%(placed_after)s::timestamptz is null or placed_at >= %(placed_after)s::timestamptz)
    and (%(placed_before)s::timestamptz is null or placed_at < %(placed_before)s::timestamptz)
    and (%(at)s::timestamptz is null or (placed_at, order_id) < (%(at)s::timestamptz, %(id)s::uuid))
order by placed_at desc, order_id desc limit %(limit)s::int
"""
