"""What every request carries: who asks, its id and its trace (W3C Trace Context)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import falcon
from uuid_utils import uuid7

from api.idempotency import Fingerprints
from domain.account.events import Grant, Role

ANONYMOUS = "anonymous"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, through which client, and what they may do.

    ``id`` is what events remember as the actor and under which keyed answers are kept. The other facts are worked out
    once, when a token is first seen, and are only looked up afterwards.
    """

    id: str = ANONYMOUS
    account_id: UUID | None = None
    client_id: str = ""
    grants: frozenset[Grant] = frozenset()
    roles: frozenset[Role] = field(init=False)
    at: Mapping[UUID, frozenset[Role]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work out the roles, all of them and those ``at`` each restaurant."""
        at: dict[UUID, frozenset[Role]] = {}
        for grant in self.grants:
            if grant.restaurant_id is not None:
                at[grant.restaurant_id] = at.get(grant.restaurant_id, frozenset()) | {grant.role}
        object.__setattr__(self, "roles", frozenset(grant.role for grant in self.grants))
        object.__setattr__(self, "at", at)

    def has(self, role: Role) -> bool:
        """Whether the role is held, anywhere."""
        return role in self.roles

    def restaurants(self, *roles: Role) -> frozenset[UUID]:
        """The restaurants at which one of these roles is held."""
        held = (grant.restaurant_id for grant in self.grants if grant.role in roles)
        return frozenset(restaurant_id for restaurant_id in held if restaurant_id is not None)


ANYBODY = Principal()


class RequestContext:
    """Falcon middleware that fills ``req.context`` and stamps every answer."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        """``fingerprints``: by what a repeated request is known."""
        self._fingerprints = fingerprints

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take over the caller's request id and trace where they are well formed, else make an id."""
        told = req.get_header("REQUEST-ID")
        request_id = told if told and _REQUEST_ID.fullmatch(told) else str(uuid7())
        req.context.request_id = request_id
        req.context.principal = ANYBODY
        req.context.fingerprints = self._fingerprints
        resp.set_header("Request-Id", request_id)


def meta(req: falcon.Request) -> dict[str, str]:
    """What events remember of the request that caused them."""
    principal: Principal = req.context.principal
    told = {"actor": principal.id, "correlation_id": req.context.request_id}
    if principal.client_id:
        told["client"] = principal.client_id
    trace = req.get_header("TRACEPARENT")
    if trace and _TRACEPARENT.fullmatch(trace):
        told["traceparent"] = trace
    return told
