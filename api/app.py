"""The WSGI application: every route of the table, and a problem body for whatever goes wrong."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import falcon

from api import problems
from api.access import Policy
from api.authentication import Authentication
from api.context import RequestContext
from api.idempotency import Fingerprints
from api.menus import Menus
from api.operation import Services, alone
from api.policy import rules
from api.proxies import Network, TrustedProxies
from api.rate_limits import RateLimiting
from api.routes import ROUTES
from domain.event_store import EventStore
from domain.identity import Identity
from domain.privacy import Vault


def build(
    store: EventStore,
    fetch: Callable[..., list[Any]],
    clock: Callable[[], datetime],
    *,
    identity: Identity,
    vault: Vault,
    fingerprint_keys: Sequence[bytes],
    trusted_proxies: Sequence[Network] = (),
    abreast: Callable[[], None] = alone,
) -> falcon.App[Any, Any]:
    """The WSGI application. ``fetch`` reads the read models; ``clock`` tells the time in UTC.

    ``fingerprint_keys``: under the first, requests are remembered; under the others, they were.
    ``trusted_proxies``: who may name the client that asks through them. ``abreast`` is that of Services.
    Raises PolicyIncomplete for a route that the policy does not name.
    """
    middleware = [RequestContext(Fingerprints(fingerprint_keys)), *guards(identity)]
    if trusted_proxies:
        middleware.insert(0, TrustedProxies(trusted_proxies))
    app: falcon.App[Any, Any] = falcon.App(middleware=middleware)
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.auto_parse_qs_csv = False
    app.req_options.keep_blank_qs_values = True
    problems.install(app)
    services = Services(
        store=store,
        fetch=fetch,
        menus=Menus(store),
        vault=vault,
        clock=clock,
        identity=identity,
        abreast=abreast,
    )
    for route in ROUTES:
        resource: Any = route.resource(services)
        if route.get is not None:
            resource.on_head = resource.on_get  # Falcon leaves the body out of an answer to HEAD.
        app.add_route(route.path, resource)
    return app


def guards(identity: Identity) -> list[Any]:
    """The middleware that every request must pass: who it is, how often it may ask, and what of all this it may do."""
    limiting = RateLimiting(identity.rate_limits, identity.rates)
    return [Authentication(identity.tokens, limiting), limiting, Policy(rules(ROUTES))]
