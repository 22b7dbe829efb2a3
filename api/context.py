"""What every request carries: who asks, its id and its trace (W3C Trace Context)."""

import re
from dataclasses import dataclass
from typing import Any

import falcon
from uuid_utils import uuid7

from api.idempotency import Fingerprints

ANONYMOUS = "anonymous"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Until there is sign-in, everybody is anonymous."""

    id: str = ANONYMOUS


_ANYBODY = Principal()


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
        req.context.principal = _ANYBODY
        req.context.fingerprints = self._fingerprints
        resp.set_header("Request-Id", request_id)


def meta(req: falcon.Request) -> dict[str, str]:
    """What events remember of the request that caused them."""
    told: dict[str, Any] = {"actor": req.context.principal.id, "correlation_id": req.context.request_id}
    trace = req.get_header("TRACEPARENT")
    if trace and _TRACEPARENT.fullmatch(trace):
        told["traceparent"] = trace
    return told
