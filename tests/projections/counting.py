"""The most delicate of read models: how many events each order has had. Whatever is folded twice or never shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.event_store import Recorded
from projections.projection import Change, Connection, Projection

DDL = "create table read_models.counting (order_id uuid primary key, events integer not null)"
_LOAD = "select order_id, events from read_models.counting where order_id = any (%s)"
_SAVE = """
insert into read_models.counting select * from unnest(%s::uuid[], %s::int[])
on conflict (order_id) do update set events = excluded.events
"""

Fold = Callable[[int | None, Recorded, Any], int | None]


def _evolve(count: int | None, _recorded: Recorded, _event: Any) -> int:
    return (count or 0) + 1


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, int]:
    return dict(db.execute(_LOAD, (list(keys),)).fetchall())


def _save(db: Connection, changes: Sequence[Change[int]]) -> None:
    db.execute(_SAVE, ([c.stream_id for c in changes], [c.after for c in changes]))


COUNTING: Projection[int] = Projection(
    name="counting",
    category="order",
    types=None,
    tables=("counting",),
    ddl=DDL,
    revision=1,
    load=_load,
    evolve=_evolve,
    save=_save,
)


def before_each(doing: Callable[[Recorded], None]) -> Projection[int]:
    """The same read model, doing something before it folds an event."""

    def evolve(count: int | None, recorded: Recorded, event: Any) -> int:
        doing(recorded)
        return _evolve(count, recorded, event)

    return replace(COUNTING, evolve=evolve)


def stumbling_over(event_type: str) -> Projection[int]:
    """The same read model with a bug: it cannot count events of one type."""

    def stumble(recorded: Recorded) -> None:
        if recorded.type == event_type:
            raise ZeroDivisionError(event_type)

    return before_each(stumble)
