"""The promotions of each restaurant, ready to be sent; how often one was used stands beside them, in comanda.claims."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.event import EventMalformed
from domain.event_store import Recorded
from domain.promotion.decide import Promotion
from domain.promotion.events import PromotionCreated
from projections.projection import Change, Connection, Projection

DDL = """
create table read_models.promotions (
    promotion_id  uuid    primary key,
    restaurant_id uuid    not null,
    code          text    not null,
    version       integer not null,
    document      text    not null
);
create index promotions_by_code on read_models.promotions (restaurant_id, code);
"""
_LOAD = """
select promotion_id, restaurant_id, code, version, document
from read_models.promotions where promotion_id = any (%s)
"""
_SAVE = """
insert into read_models.promotions (promotion_id, restaurant_id, code, version, document)
select * from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::int[], %b::text[])
on conflict (promotion_id) do update set version = excluded.version, document = excluded.document
"""


class Row(NamedTuple):
    """One promotion; ``document`` is JSON text."""

    promotion_id: UUID
    restaurant_id: UUID
    code: str
    version: int
    document: str


def document(promotion: Promotion, version: int) -> dict[str, Any]:
    """The promotion as plain JSON values, but for its uses."""
    told = promotion.created
    return {
        "id": str(told.promotion_id),
        "restaurant_id": str(told.restaurant_id),
        "code": told.code,
        "percent_ppm": told.rate_ppm,
        "amount": None if told.fixed_minor is None else {"amount_minor": told.fixed_minor, "currency": told.currency},
        "minimum": {"amount_minor": told.minimum_minor, "currency": told.currency},
        "starts_at": told.starts_at,
        "ends_at": told.ends_at,
        "uses_max": told.uses_max,
        "uses_per_customer_max": told.uses_per_customer_max,
        "ended": promotion.ended,
        "version": version,
    }


def _evolve(row: Row | None, recorded: Recorded, event: Any) -> Row:
    if isinstance(event, PromotionCreated):
        text = _text(document(Promotion(created=event), recorded.version))
        return Row(event.promotion_id, event.restaurant_id, event.code, recorded.version, text)
    if row is None:
        raise EventMalformed(f"{recorded.type} stands before PromotionCreated")
    told = orjson.loads(row.document) | {"ended": True, "version": recorded.version}
    return row._replace(version=recorded.version, document=_text(told))


def _text(told: dict[str, Any]) -> str:
    return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Row]:
    return {row[0]: Row._make(row) for row in db.execute(_LOAD, (list(keys),)).fetchall()}


def _save(db: Connection, changes: Sequence[Change[Row]]) -> None:
    rows = [c.after for c in changes if c.after is not None]
    db.execute(_SAVE, [list(column) for column in zip(*rows, strict=True)])


PROMOTIONS: Projection[Row] = Projection(
    name="promotions",
    category="promotion",
    types=None,
    tables=("promotions",),
    ddl=DDL,
    revision=1,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

LIST = """
select p.code, p.document, coalesce(c.uses, 0) from read_models.promotions p
left join comanda.claims c on c.subject = p.promotion_id and c.holder = ''
where p.restaurant_id = %(restaurant_id)s::uuid and (%(after)s::text is null or p.code > %(after)s::text)
order by p.code limit %(limit)s::int
"""
USES = "select uses from comanda.claims where subject = %s and holder = ''"
