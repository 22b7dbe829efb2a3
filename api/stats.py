"""Figures over HTTP: sales by day."""

from collections.abc import Callable
from datetime import date
from typing import Any

import falcon
import orjson

from api import paging
from api.consistency import await_read_model
from api.operation import Parameter
from api.problems import ParameterInvalid
from api.restaurants import profile_of
from domain.event_store import EventStore
from domain.restaurant.errors import RestaurantUnknown
from projections import sales

Fetch = Callable[..., list[Any]]

_DAY = {"type": "string", "format": "date"}
FILTERS = (
    Parameter(name="restaurant_id", description="Of this restaurant.", schema=paging.A_UUID, required=True),
    Parameter(name="from", description="The first day.", schema=_DAY),
    Parameter(name="to", description="The last day.", schema=_DAY),
    Parameter(name="by", description="What one entry covers.", schema={"type": "string", "enum": ["day"]}),
)

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class Sales:
    """``/v1/stats/sales``: orders and revenue of one restaurant, by its own days and in total."""

    def __init__(self, store: EventStore, fetch: Fetch) -> None:
        """``fetch`` reads the read models."""
        self._store, self._fetch = store, fetch

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Days without an order are left out; from and to are both included. Lost orders bring no revenue."""
        paging.known_only(req, *FILTERS)
        restaurant_id = paging.uuid(req, "restaurant_id")
        if restaurant_id is None:
            raise ParameterInvalid("restaurant_id is needed", pointer="/query/restaurant_id")
        req.context.access.restaurant(restaurant_id, "/query/restaurant_id")
        first = paging.parameter(req, "from", _day, "a day such as 2026-11-20") or _FIRST_DAY
        last = paging.parameter(req, "to", _day, "a day such as 2026-11-20") or _LAST_DAY
        by = paging.parameter(req, "by", _by, "day") or "day"
        await_read_model(req, sales.SALES, self._fetch)
        try:
            currency = profile_of(self._store, self._fetch, restaurant_id)["currency"]
        except RestaurantUnknown:
            raise RestaurantUnknown(pointer="/query/restaurant_id") from None
        rows = self._fetch(sales.BY_DAY, {"restaurant_id": restaurant_id, "from": first, "to": last})
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps(
            {
                "restaurant_id": restaurant_id,
                "currency": currency,
                "by": by,
                "data": [{"day": day, "orders": orders, "revenue_minor": revenue} for day, orders, revenue in rows],
                "total": {"orders": sum(row[1] for row in rows), "revenue_minor": sum(row[2] for row in rows)},
            }
        )


def _day(told: str) -> date:
    day = date.fromisoformat(told)
    if day.isoformat() != told:
        raise ValueError
    return day


def _by(told: str) -> str:
    if told != "day":
        raise ValueError
    return told
