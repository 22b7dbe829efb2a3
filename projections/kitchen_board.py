"""The kitchen board: a restaurant's open orders by stage. A row leaves when its order ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.event_store import Recorded
from domain.ids import order_number
from domain.order.events import OrderAccepted, OrderPlaced, PricedChoice, PricedLine, PricedModifier, ReadyTimeRevised
from domain.order.state import ENDED, Stage, stage_after
from projections.projection import Change, Connection, Projection

ORDERS_MAX = 500
"""Orders on one board; what is beyond waits for those to leave."""

DDL = """
create table read_models.kitchen_board (
    order_id      uuid        primary key,
    restaurant_id uuid        not null,
    stage         text        not null,
    fulfilment    text        not null,
    number        text        not null,
    customer      text        not null,
    lines         text        not null,
    placed_at     timestamptz not null,
    ready_at      timestamptz,
    version       integer     not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index kitchen_board_by_restaurant on read_models.kitchen_board (restaurant_id, placed_at, order_id);
"""
_LOAD = """
select order_id, restaurant_id, stage, fulfilment, number, customer, lines, placed_at, ready_at, version
from read_models.kitchen_board where order_id = any (%s)
"""
_SAVE = """
insert into read_models.kitchen_board
    (order_id, restaurant_id, stage, fulfilment, number, customer, lines, placed_at, ready_at, version)
select * from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::timestamptz[], %b::timestamptz[], %b::int[])
on conflict (order_id) do update
set stage = excluded.stage, ready_at = excluded.ready_at, version = excluded.version
"""
_DELETE = "delete from read_models.kitchen_board where order_id = any (%s)"


class Slip(NamedTuple):
    """One open order, as much of it as the kitchen needs; ``lines`` is JSON text."""

    order_id: UUID
    restaurant_id: UUID
    stage: Stage
    fulfilment: str
    number: str
    customer: str
    lines: str
    placed_at: datetime
    ready_at: datetime | None
    version: int


def _evolve(slip: Slip | None, recorded: Recorded, event: Any) -> Slip | None:
    if isinstance(event, OrderPlaced):
        return _slip(event, recorded.version)
    if slip is None:
        return None
    stage = stage_after(slip.stage, event)
    if stage in ENDED:
        return None
    ready_at = event.ready_at if isinstance(event, OrderAccepted | ReadyTimeRevised) else slip.ready_at
    return slip._replace(stage=stage, ready_at=ready_at, version=recorded.version)


def _slip(event: OrderPlaced, version: int) -> Slip:
    lines = [
        {"quantity": line.quantity, "name": line.name, "note": line.note, "modifiers": _said(line)}
        for line in event.lines
    ]
    return Slip(
        order_id=event.order_id,
        restaurant_id=event.restaurant_id,
        stage=Stage.AWAITING_ACCEPTANCE,
        fulfilment=event.fulfilment.value,
        number=order_number(event.order_id),
        customer=event.customer.name,
        lines=orjson.dumps(lines).decode(),
        placed_at=event.at,
        ready_at=None,
        version=version,
    )


def _said(line: PricedLine) -> list[str]:
    """What was chosen, as the kitchen reads it: "2 x Extra cheese"."""
    chosen: list[PricedModifier | PricedChoice] = []
    for modifier in line.modifiers or ():
        chosen += [modifier, *(modifier.modifiers or ())]
    return [m.name if m.quantity == 1 else f"{m.quantity} x {m.name}" for m in chosen]


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Slip]:
    rows = db.execute(_LOAD, (list(keys),)).fetchall()
    return {row[0]: Slip._make(row)._replace(stage=Stage(row[2])) for row in rows}


def _save(db: Connection, changes: Sequence[Change[Slip]]) -> None:
    gone = [c.stream_id for c in changes if c.after is None and c.before is not None]
    slips = [c.after for c in changes if c.after is not None]
    if gone:
        db.execute(_DELETE, (gone,))
    if slips:
        columns = [list(column) for column in zip(*slips, strict=True)]
        columns[2] = [slip.stage.value for slip in slips]
        db.execute(_SAVE, columns)


KITCHEN_BOARD: Projection[Slip] = Projection(
    name="kitchen_board",
    category="order",
    types=None,
    tables=("kitchen_board",),
    ddl=DDL,
    revision=2,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

BOARD = """
select order_id, number, stage, fulfilment, customer, lines, placed_at, ready_at, version
from read_models.kitchen_board where restaurant_id = %s order by placed_at, order_id limit %s::int
"""
