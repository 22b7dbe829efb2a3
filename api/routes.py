"""The one table of routes: what adds them to the application and what ``/openapi.json`` is made from."""

from api.openapi import Description
from api.operation import Operation, Route
from api.order_routes import ORDER_ROUTES
from api.process_routes import PROCESS_ROUTES
from api.promotion_routes import PROMOTION_ROUTES
from api.restaurant_routes import RESTAURANT_ROUTES
from api.sign_in_routes import SIGN_IN_ROUTES
from api.user_routes import USER_ROUTES

APPENDING = frozenset({("POST", "/v1/orders")})
"""Requests that do little else than append: api.together serves them side by side."""

ROUTES: tuple[Route, ...] = (
    *ORDER_ROUTES,
    *RESTAURANT_ROUTES,
    *PROMOTION_ROUTES,
    *SIGN_IN_ROUTES,
    *USER_ROUTES,
    *PROCESS_ROUTES,
    Route(
        path="/openapi.json",
        resource=lambda _: Description(ROUTES),
        get=Operation(id="describe", summary="This document.", answer=dict[str, object], reads_store=False),
    ),
)
