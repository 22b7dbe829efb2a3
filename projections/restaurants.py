"""The restaurants: their profiles and menus, ready to be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.event_store import Recorded
from domain.restaurant.events import Status
from domain.restaurant.hours import OpeningHours
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import Point, ServiceArea, Settings, degrees, millionths
from domain.restaurant.state import Restaurant, evolve
from projections.projection import Change, Connection, Projection

DDL = """
create table read_models.restaurants (
    restaurant_id uuid    primary key,
    name          text    not null,
    version       integer not null,
    profile       text    not null,
    menu          text    not null
);
create index restaurants_by_name on read_models.restaurants (name, restaurant_id);
"""
_LOAD = "select version, profile, menu from read_models.restaurants where restaurant_id = any (%s)"
_SAVE = """
insert into read_models.restaurants (restaurant_id, name, version, profile, menu)
select * from unnest(%b::uuid[], %b::text[], %b::int[], %b::text[], %b::text[])
on conflict (restaurant_id) do update
set name = excluded.name, version = excluded.version, profile = excluded.profile, menu = excluded.menu
"""
_AMOUNTS = ("delivery_fee", "minimum_order")


@dataclass(frozen=True, slots=True)
class RestaurantRow:
    """A restaurant and the version at which it stands."""

    restaurant: Restaurant
    version: int


def profile(row: RestaurantRow) -> bytes:
    """The restaurant without its menu, as JSON."""
    r = row.restaurant
    return orjson.dumps(
        {
            "id": str(r.id),
            "name": r.name,
            "currency": r.currency,
            "time_zone": r.time_zone,
            "status": r.status,
            "status_until": r.status_until,
            "busy_minutes": r.busy_minutes,
            **_settings_document(r.settings, r.currency),
            "hours": r.hours.model_dump(mode="json") if r.hours else None,
            "version": row.version,
        },
        option=orjson.OPT_UTC_Z,
    )


def menu(row: RestaurantRow) -> bytes:
    """The menu, as JSON."""
    items = [item_document(item) for item in row.restaurant.menu.values()]
    return orjson.dumps({"restaurant_id": str(row.restaurant.id), "items": items, "version": row.version})


def item_document(item: MenuItem) -> dict[str, Any]:
    """One item of the menu as plain JSON values."""
    return item.model_dump(mode="json")


def _settings_document(settings: Settings, currency: str) -> dict[str, Any]:
    told = settings.model_dump(mode="json")
    for name in _AMOUNTS:
        told[name] = {"amount_minor": told.pop(f"{name}_minor"), "currency": currency}
    area = settings.service_area
    if area is not None and area.center is not None:
        center = {
            "latitude": degrees(area.center.latitude_e6),
            "longitude": degrees(area.center.longitude_e6),
        }
        told["service_area"]["center"] = center
    return told


def _settings(told: dict[str, Any]) -> Settings:
    """The settings behind a profile."""
    fields = {name: told[name] for name in Settings.model_fields if name in told}
    for name in _AMOUNTS:
        fields[f"{name}_minor"] = told[name]["amount_minor"]
    area = told["service_area"]
    if area is not None and area["center"] is not None:
        center = Point(
            latitude_e6=millionths(area["center"]["latitude"]), longitude_e6=millionths(area["center"]["longitude"])
        )
        fields["service_area"] = ServiceArea(center=center, radius_m=area["radius_m"])
    return Settings.model_validate(fields)


def _restored(version: int, profile_text: str, menu_text: str) -> RestaurantRow:
    told = orjson.loads(profile_text)
    items = [MenuItem.model_validate(item) for item in orjson.loads(menu_text)["items"]]
    until = told["status_until"]
    restaurant = Restaurant(
        id=UUID(told["id"]),
        name=told["name"],
        currency=told["currency"],
        time_zone=told["time_zone"],
        status=Status(told["status"]),
        status_until=None if until is None else datetime.fromisoformat(until),
        busy_minutes=told["busy_minutes"],
        settings=_settings(told),
        hours=None if told["hours"] is None else OpeningHours.model_validate(told["hours"]),
        menu={item.item_id: item for item in items},
    )
    return RestaurantRow(restaurant, version)


def _evolve(row: RestaurantRow | None, recorded: Recorded, event: Any) -> RestaurantRow:
    return RestaurantRow(evolve(row.restaurant if row else None, event), recorded.version)


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, RestaurantRow]:
    rows = [_restored(*row) for row in db.execute(_LOAD, (list(keys),)).fetchall()]
    return {row.restaurant.id: row for row in rows}


def _save(db: Connection, changes: Sequence[Change[RestaurantRow]]) -> None:
    rows = [c.after for c in changes if c.after is not None]
    db.execute(
        _SAVE,
        (
            [row.restaurant.id for row in rows],
            [row.restaurant.name for row in rows],
            [row.version for row in rows],
            [profile(row).decode() for row in rows],
            [menu(row).decode() for row in rows],
        ),
    )


RESTAURANTS: Projection[RestaurantRow] = Projection(
    name="restaurants",
    category="restaurant",
    types=None,
    tables=("restaurants",),
    ddl=DDL,
    revision=2,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

FIND_PROFILE = "select version, profile from read_models.restaurants where restaurant_id = %s"
FIND_MENU = "select version, menu from read_models.restaurants where restaurant_id = %s"
LIST = """
select restaurant_id, name, profile from read_models.restaurants
where (%(name)s::text is null or name = %(name)s::text)
    and (%(after_name)s::text is null or (name, restaurant_id) > (%(after_name)s::text, %(after_id)s::uuid))
order by name, restaurant_id limit %(limit)s::int
"""
