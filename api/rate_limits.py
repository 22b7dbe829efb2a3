"""Rate limits: how much each principal may ask, by what it is and what it asks; headers as the IETF drafts them.

Reads and writes are counted apart, and each principal by itself: nobody uses up what is another's. Whoever has not
signed in is counted by address, and so, apart from that, is whoever comes with a token that is not valid.
"""

from math import ceil

import falcon

from api.addresses import site_of
from api.context import ANONYMOUS, Principal
from domain.account.events import Role
from domain.errors import RateExceeded
from domain.identity import RateLimits, RatePolicy, Rates

UNLIMITED = frozenset({"/healthz", "/readyz"})
"""What those ask who watch over the process; with a token that is not valid, even this is counted."""
GIVES = ("RateLimit", "RateLimit-Policy")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_MACHINES = frozenset({Role.APP, Role.OPERATOR, Role.AUDITOR})
_HOUSES = frozenset({Role.RESTAURANT_OWNER, Role.RESTAURANT_STAFF, Role.COURIER})

Pair = tuple[RatePolicy, RatePolicy]
"""For reads and for writes."""


class RateLimiting:
    """Falcon middleware, after Authentication: refuses with 429 what exceeds the limit, and tells where it stands."""

    def __init__(self, limits: RateLimits, rates: Rates) -> None:
        """``rates``: requests a second by what a principal is."""
        self._limits = limits
        self._machines, self._houses = _pair("machine", rates.machines), _pair("house", rates.houses)
        self._refused = _pair("wrong-token", rates.anonymous)
        self._customers, self._anonymous = _pair("customer", rates.customers), _pair("anonymous", rates.anonymous)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count the request; raises RateExceeded."""
        if req.path in UNLIMITED:
            return
        principal: Principal = req.context.principal
        if principal.account_id is None:
            self._count(req, resp, f"{ANONYMOUS} {site_of(req)}", self._anonymous)
            return
        # The most that one of its roles gives.
        if not _MACHINES.isdisjoint(principal.roles):
            pair = self._machines
        else:
            pair = self._customers if _HOUSES.isdisjoint(principal.roles) else self._houses
        self._count(req, resp, principal.id, pair)

    def count_refused(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count a token that is not valid, as one of its address; raises RateExceeded.

        Apart from what is asked without a token: who has to sign in anew must be able to.
        """
        self._count(req, resp, f"{ANONYMOUS} {site_of(req)}", self._refused)

    def _count(self, req: falcon.Request, resp: falcon.Response, who: str, pair: Pair) -> None:
        policy = pair[req.method not in _READS]
        wait_s, remaining = self._limits.take(who, policy)
        full_in_s = ceil((policy.burst - remaining) / policy.per_s)
        resp.set_header("RateLimit", f'"{policy.name}";r={remaining};t={full_in_s}')
        resp.set_header("RateLimit-Policy", policy.header)
        if wait_s:
            raise RateExceeded(wait_s)


def _pair(name: str, per_s: float) -> Pair:
    return RatePolicy.of(f"{name}-read", per_s), RatePolicy.of(f"{name}-write", per_s)
