"""The routes, and what serves each of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import falcon

from api import problems
from api.context import RequestContext
from api.health import Alive, Ready
from api.menus import Menus
from api.orders import OneOrder, OrderHistory, Orders, OrderStep
from api.restaurants import KitchenBoard, Menu, MenuItems, OneRestaurant, Restaurants, RestaurantStatus
from api.stats import Sales
from domain.command import Command
from domain.event_store import EventStore
from domain.order.commands import (
    AcceptOrder,
    CancelOrder,
    CollectOrder,
    DeliverOrder,
    HandOverOrder,
    MarkReady,
    RejectOrder,
    ReviseReadyTime,
    StartPreparation,
)
from projections import restaurants as restaurant_view
from projections.restaurants import profile

STEPS: dict[str, type[Command]] = {
    "accept": AcceptOrder,
    "reject": RejectOrder,
    "start": StartPreparation,
    "ready": MarkReady,
    "collect": CollectOrder,
    "hand-over": HandOverOrder,
    "deliver": DeliverOrder,
    "cancel": CancelOrder,
    "ready-time": ReviseReadyTime,
}


def build(store: EventStore, fetch: Callable[..., list[Any]], clock: Callable[[], datetime]) -> falcon.App[Any, Any]:
    """The WSGI application. ``fetch`` reads the read models; ``clock`` tells the time in UTC."""
    app = falcon.App(middleware=[RequestContext()])
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.auto_parse_qs_csv = False
    app.req_options.keep_blank_qs_values = True
    problems.install(app)
    app.add_route("/healthz", Alive())
    app.add_route("/readyz", Ready(fetch))
    app.add_route("/v1/restaurants", Restaurants(store, fetch, clock))
    app.add_route("/v1/restaurants/{restaurant_id}", OneRestaurant(store, fetch, restaurant_view.FIND_PROFILE, profile))
    app.add_route("/v1/restaurants/{restaurant_id}/menu", Menu(store, fetch, clock))
    app.add_route("/v1/restaurants/{restaurant_id}/menu/items/{item_id}", MenuItems(store, clock))
    app.add_route("/v1/restaurants/{restaurant_id}/status", RestaurantStatus(store, clock))
    app.add_route("/v1/restaurants/{restaurant_id}/board", KitchenBoard(fetch))
    app.add_route("/v1/orders", Orders(store, fetch, Menus(store), clock))
    app.add_route("/v1/orders/{order_id}", OneOrder(store, fetch))
    app.add_route("/v1/orders/{order_id}/events", OrderHistory(store))
    for name, command in STEPS.items():
        app.add_route(f"/v1/orders/{{order_id}}/{name}", OrderStep(store, clock, command))
    app.add_route("/v1/stats/sales", Sales(fetch))
    return app
