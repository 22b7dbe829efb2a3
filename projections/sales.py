"""Sales: orders and revenue per restaurant and day, exact to the penny at every position of the ledger.

A row per order remembers what it brought, so that a cancelled or rejected order takes exactly that out again. The
days' sums are kept per partition, so that two partitions never wait for one row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from domain.event import EventMalformed
from domain.event_store import Recorded
from domain.order.events import OrderCancelled, OrderPlaced, OrderRejected
from projections.projection import Change, Connection, Projection, partition_of

DDL = """
create table read_models.sales_orders (
    order_id      uuid    primary key,
    restaurant_id uuid    not null,
    day           date    not null,
    currency      text    not null,
    total_minor   bigint  not null,
    counted       boolean not null
) with (fillfactor = 90);
create table read_models.sales_by_day (
    restaurant_id uuid     not null,
    day           date     not null,
    currency      text     not null,
    partition     smallint not null,
    orders        bigint   not null,
    revenue_minor bigint   not null,
    primary key (restaurant_id, day, currency, partition)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05);
"""
_LOAD = """
select order_id, restaurant_id, day, currency, total_minor, counted
from read_models.sales_orders where order_id = any (%s)
"""
_SAVE = """
insert into read_models.sales_orders (order_id, restaurant_id, day, currency, total_minor, counted)
select * from unnest(%b::uuid[], %b::uuid[], %b::date[], %b::text[], %b::bigint[], %b::boolean[])
on conflict (order_id) do update set counted = excluded.counted
"""
_ADD = """
insert into read_models.sales_by_day as s (restaurant_id, day, currency, partition, orders, revenue_minor)
select * from unnest(%b::uuid[], %b::date[], %b::text[], %b::smallint[], %b::bigint[], %b::bigint[])
on conflict (restaurant_id, day, currency, partition) do update
set orders = s.orders + excluded.orders, revenue_minor = s.revenue_minor + excluded.revenue_minor
"""
# A day whose every order was called off leaves no row, as if it had never begun: so does a replay.
_CLEAR = """
delete from read_models.sales_by_day s
using unnest(%s::uuid[], %s::date[], %s::text[], %s::smallint[]) as k (restaurant_id, day, currency, partition)
where s.restaurant_id = k.restaurant_id and s.day = k.day and s.currency = k.currency
    and s.partition = k.partition and s.orders = 0
"""


class Sale(NamedTuple):
    """What one order brings, as long as it is counted."""

    order_id: UUID
    restaurant_id: UUID
    day: date
    currency: str
    total_minor: int
    counted: bool


def _evolve(sale: Sale | None, recorded: Recorded, event: Any) -> Sale | None:
    if isinstance(event, OrderPlaced):
        return Sale(
            event.order_id, event.restaurant_id, event.business_day, event.currency, event.total_minor, counted=True
        )
    if not isinstance(event, OrderCancelled | OrderRejected):
        return sale
    if sale is None:
        msg = f"{recorded.type} stands before OrderPlaced"
        raise EventMalformed(msg)
    return sale._replace(counted=False)


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Sale]:
    return {row[0]: Sale._make(row) for row in db.execute(_LOAD, (list(keys),)).fetchall()}


def _save(db: Connection, changes: Sequence[Change[Sale]]) -> None:
    sales = [c.after for c in changes if c.after is not None]
    db.execute(_SAVE, [list(column) for column in zip(*sales, strict=True)])
    sums: dict[tuple[UUID, date, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for change in changes:
        for sale, sign in ((change.before, -1), (change.after, 1)):
            if sale is not None and sale.counted:
                total = sums[sale.restaurant_id, sale.day, sale.currency, partition_of(sale.order_id)]
                total[0] += sign
                total[1] += sign * sale.total_minor
    # In one order everywhere, so that no two transactions wait for each other in a ring.
    rows = [(*key, *total) for key, total in sorted(sums.items()) if total != [0, 0]]
    if rows:
        db.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])
    emptied = [key for key, (orders, _) in sums.items() if orders < 0]
    if emptied:
        db.execute(_CLEAR, [list(column) for column in zip(*emptied, strict=True)])


SALES: Projection[Sale] = Projection(
    name="sales",
    category="order",
    types=frozenset({"OrderPlaced", "OrderCancelled", "OrderRejected"}),
    tables=("sales_orders", "sales_by_day"),
    ddl=DDL,
    revision=1,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

BY_DAY = """
select day, sum(orders)::bigint, sum(revenue_minor)::bigint from read_models.sales_by_day
where restaurant_id = %(restaurant_id)s and day >= %(from)s::date and day <= %(to)s::date
group by day having sum(orders) > 0 order by day
"""
