"""The query string of lists: typed parameters, page sizes and opaque cursors."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import falcon
import orjson
from pydantic import TypeAdapter, ValidationError

from api.operation import Parameter
from api.problems import ParameterInvalid
from domain.values import Instant

LIMIT_DEFAULT, LIMIT_MAX = 50, 200
TEXT_MAX_CHARS = 200
A_TEXT = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX_CHARS}
A_TIME = {"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"}
A_UUID = {"type": "string", "format": "uuid"}
LIMIT = Parameter(
    name="limit",
    description="How many entries a page has.",
    schema={"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
)
CURSOR = Parameter(name="cursor", description="The next_cursor of the page before; opaque.", schema={"type": "string"})
NAME = Parameter(name="name", description="Exactly this name.", schema=A_TEXT)
_WHOLE = re.compile(r"[1-9][0-9]{0,5}")
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)

T = TypeVar("T")


def parameter(req: falcon.Request, name: str, read: Callable[[str], T], expected: str) -> T | None:
    """The query's parameter ``name`` through ``read``, None where it is absent; raises ParameterInvalid."""
    told = req.params.get(name)
    if told is None:
        return None
    if isinstance(told, list):
        raise ParameterInvalid(f"{name} stands more than once", pointer=f"/query/{name}")
    try:
        return read(told)
    except (ValueError, ValidationError):
        raise ParameterInvalid(f"{name}: {expected} is expected", pointer=f"/query/{name}") from None


def known_only(req: falcon.Request, *parameters: Parameter) -> None:
    """Refuse a parameter that this path does not know: a misspelt filter must not be a wider list."""
    names = {parameter.name for parameter in parameters}
    for name in req.params:
        if name not in names:
            raise ParameterInvalid(
                f"no parameter {name[:TEXT_MAX_CHARS]!a} here; there are {', '.join(sorted(names))}",
                pointer="/query",
            )


def uuid(req: falcon.Request, name: str) -> UUID | None:
    """A UUID parameter."""
    return parameter(req, name, canonical_uuid, "a UUID")


def instant(req: falcon.Request, name: str) -> datetime | None:
    """A moment, RFC 3339."""
    return parameter(req, name, _INSTANT.validate_python, "a time such as 2026-11-20T12:00:00Z")


def text(req: falcon.Request, name: str) -> str | None:
    """A text of at most TEXT_MAX_CHARS characters."""
    return parameter(req, name, plain_text, f"a text of 1 to {TEXT_MAX_CHARS} characters")


def limit(req: falcon.Request) -> int:
    """The page size."""
    return parameter(req, "limit", _limit, f"a whole number from 1 to {LIMIT_MAX}") or LIMIT_DEFAULT


def cursor(req: falcon.Request, kinds: Sequence[Callable[[Any], Any]]) -> tuple[Any, ...] | None:
    """The place where the next page begins, as this path wrote it."""

    def read(told: str) -> tuple[Any, ...]:
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        except (binascii.Error, ValueError) as why:
            raise ValueError from why
        if not isinstance(parts, list) or len(parts) != len(kinds):
            raise ValueError
        try:
            return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
        except (TypeError, AttributeError) as why:
            raise ValueError from why

    return parameter(req, "cursor", read, "a next_cursor of this list")


def page(req: falcon.Request, resp: falcon.Response, documents: list[bytes], after: Sequence[Any] | None) -> None:
    """Send one page of JSON documents; ``after`` is where the next begins, None on the last."""
    following = None if after is None else base64.urlsafe_b64encode(orjson.dumps(list(after))).rstrip(b"=").decode()
    resp.content_type = falcon.MEDIA_JSON
    resp.data = b'{"data":[' + b",".join(documents) + b'],"next_cursor":' + orjson.dumps(following) + b"}"
    if following is not None:
        query = urlencode({**req.params, "cursor": following})
        resp.set_header("Link", f'<{req.path}?{query}>; rel="next"')


def moment(told: str) -> datetime:
    """A time out of a cursor; raises ValueError."""
    return _INSTANT.validate_python(told)


def canonical_uuid(told: str) -> UUID:
    """A UUID as RFC 9562 writes it, not in braces, as a URN or run together; raises ValueError."""
    found = UUID(told)
    if str(found) != told.lower():
        raise ValueError
    return found


def plain_text(told: str) -> str:
    """A text that PostgreSQL can hold, of at most TEXT_MAX_CHARS characters; raises ValueError."""
    if not 1 <= len(told) <= TEXT_MAX_CHARS or "\0" in told or any("\ud800" <= ch <= "\udfff" for ch in told):
        raise ValueError
    return told


def _limit(told: str) -> int:
    if not _WHOLE.fullmatch(told) or int(told) > LIMIT_MAX:
        raise ValueError
    return int(told)
