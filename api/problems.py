"""Errors as RFC 9457 problems: one table from what went wrong to a status, one place that writes the body."""

from http import HTTPStatus
from typing import Any

import falcon
import orjson
import structlog

from api.body import BodyMalformed, BodyTooLarge, MediaTypeUnsupported, RequestInvalid
from domain.errors import (
    Contradiction,
    Forbidden,
    KeyReused,
    PreconditionFailed,
    Refusal,
    TokenInvalid,
    TooMany,
    Unacceptable,
    Unauthenticated,
    Unknown,
)
from domain.event import EventUnreadable
from domain.event_store import StoreUnavailable

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 1

log = structlog.get_logger(__name__)


class IdempotencyKeyMissing(Refusal):
    """This request creates something: send an Idempotency-Key header, a new one for each new thing."""


class IdempotencyKeyMalformed(Refusal):
    """An Idempotency-Key is 1 to 200 printable ASCII characters without spaces."""


class ReadModelBehind(Refusal):
    """The read model has not reached your Consistency-Token yet; ask again, or without the token."""


class ParameterInvalid(Refusal):
    """A parameter of the query is not what it should be."""


class HeaderInvalid(Refusal):
    """A header is not what it should be."""


STATUSES: dict[type[Exception], int] = {
    BodyMalformed: 400,
    ParameterInvalid: 400,
    HeaderInvalid: 400,
    IdempotencyKeyMissing: 400,
    IdempotencyKeyMalformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    Unknown: 404,
    Contradiction: 409,
    PreconditionFailed: 412,
    BodyTooLarge: 413,
    MediaTypeUnsupported: 415,
    RequestInvalid: 422,
    Unacceptable: 422,
    KeyReused: 422,
    TooMany: 429,
    ReadModelBehind: 503,
}


def status_of(refusal: type[Exception]) -> int:
    """The status of a refusal: that of the nearest class in the table."""
    return next(STATUSES[cls] for cls in refusal.__mro__ if cls in STATUSES)


def install(app: falcon.App[Any, Any]) -> None:
    """Answer every error of ``app`` with a problem body."""
    app.add_error_handler(Exception, _on_fault)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    app.add_error_handler(StoreUnavailable, _on_store_unavailable)
    app.add_error_handler(Refusal, _on_refusal)


def _on_refusal(req: falcon.Request, resp: falcon.Response, refusal: Refusal, params: dict[str, Any]) -> None:
    status = status_of(type(refusal))
    code, detail = refusal.code(), refusal.detail
    if isinstance(refusal, RequestInvalid):
        errors = refusal.errors
    elif refusal.at is not None:
        errors = [{"pointer": refusal.at, "code": code, "detail": detail}]
    else:
        errors = []
    _write(req, resp, status, code, detail, errors=errors, **refusal.facts)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        resp.set_header("Retry-After", str(RETRY_AFTER_S))
    elif isinstance(refusal, TooMany):
        resp.set_header("Retry-After", str(refusal.retry_after_s))
    elif isinstance(refusal, Unauthenticated):
        resp.set_header("WWW-Authenticate", _challenge(refusal))


def _challenge(refusal: Unauthenticated) -> str:
    """What a client is asked for (RFC 6750, section 3); it hears of an error only where it sent a token."""
    if isinstance(refusal, TokenInvalid):
        return f'Bearer realm="comanda", error="invalid_token", error_description="{refusal.detail}"'
    return 'Bearer realm="comanda"'


def _on_store_unavailable(req: falcon.Request, resp: falcon.Response, why: StoreUnavailable, params: Any) -> None:
    log.warning("store unavailable", reason=str(why))
    _write(req, resp, 503, "store_unavailable", "The store cannot answer at the moment; repeat the request.")
    resp.set_header("Retry-After", str(RETRY_AFTER_S))


def _on_http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
    status = HTTPStatus(error.status_code)
    for name, value in dict(error.headers or {}).items():
        resp.set_header(name, value)
    _write(req, resp, status.value, status.name.lower(), error.description or f"{status.phrase}: {status.description}")


def _on_fault(req: falcon.Request, resp: falcon.Response, why: Exception, params: Any) -> None:
    code = "history_unreadable" if isinstance(why, EventUnreadable) else "internal_error"
    log.error("request failed", path=req.path, method=req.method, exc_info=why)
    _write(req, resp, 500, code, "The server failed; the log has the details under this request_id.")


def _write(req: falcon.Request, resp: falcon.Response, status: int, code: str, detail: str, **more: Any) -> None:
    resp.status = status
    resp.content_type = PROBLEM_JSON
    resp.data = problem(status, code, detail, _printable(req.path), req.context.request_id, **more)


def problem(status: int, code: str, detail: str, instance: str, request_id: str, **more: Any) -> bytes:
    """The body of a problem; ``more`` are the members that only some have."""
    return orjson.dumps(
        {
            "type": f"urn:comanda:problem:{code}",
            "title": code.replace("_", " ").capitalize(),
            "status": status,
            "detail": detail,
            "instance": instance,
            "code": code,
            "request_id": request_id,
            "errors": [],
            **more,
        },
        option=orjson.OPT_UTC_Z,
    )


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
