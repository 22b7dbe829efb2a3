"""Request bodies: strict JSON (RFC 8259 without its loose ends) into commands."""

import json
import re
from datetime import datetime
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import falcon
import orjson
from pydantic import BaseModel, ValidationError

from domain.errors import Refusal

BODY_MAX_BYTES = 262_144
MENU_MAX_BYTES = 4 * 1_048_576
"""A whole menu: 2000 items with a long text each, and what can be chosen with them."""
_JSON = re.compile(r"application/([!#$&^_.+a-z0-9-]+\+)?json")

_NONE: frozenset[str] = frozenset()

M = TypeVar("M", bound=BaseModel)


class BodyMalformed(Refusal):
    """The body is not the JSON object that is expected here."""


class BodyTooLarge(Refusal):
    """The body is larger than is taken here (256 KiB, a whole menu 4 MiB); send less at a time."""


class MediaTypeUnsupported(Refusal):
    """The body must be JSON: send it with Content-Type: application/json."""


class RequestInvalid(Refusal):
    """Some fields are not what they should be; see errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        """``errors``: pointer, code and detail of each field at fault."""
        super().__init__()
        self.errors = errors


def read(req: falcon.Request, max_bytes: int = BODY_MAX_BYTES) -> bytes:
    """The bytes of a JSON body, within the limit."""
    raw = read_any(req, max_bytes)
    if raw and req.content_type is not None and not _JSON.fullmatch(media_type(req)):
        raise MediaTypeUnsupported
    return raw


def read_any(req: falcon.Request, max_bytes: int) -> bytes:
    """The bytes of a body of whatever kind, within the limit."""
    length = req.content_length
    if length is not None and length > max_bytes:
        raise BodyTooLarge
    raw: bytes = req.bounded_stream.read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise BodyTooLarge
    return raw


def media_type(req: falcon.Request) -> str:
    """The kind of the body, without its parameters."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def parse(model: type[M], raw: bytes, **given: UUID | datetime | str) -> M:
    """The model that the body and what the server gives make together; raises BodyMalformed or RequestInvalid."""
    told = strict_json(raw)
    for name in given.keys() | getattr(model, "given", _NONE):
        if name in told:
            raise RequestInvalid([_error(f"/{name}", "extra_forbidden", "this field is the server's to set")])
    try:
        return model.model_validate({**told, **given})
    except ValidationError as why:
        raise RequestInvalid([_of_pydantic(e) for e in why.errors(include_url=False, include_input=False)]) from None


def strict_json(raw: bytes) -> dict[str, Any]:
    """A JSON object: UTF-8, no key twice, no NaN or Infinity, no lone surrogate, no abyss of brackets."""
    plain = _compact(raw)
    if plain is not None:
        return plain
    if not raw.strip():
        return {}
    try:
        told = _STRICT.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            _refuse_lone_surrogates(told)
    except UnicodeDecodeError:
        raise BodyMalformed("the body is not UTF-8") from None
    except RecursionError:
        raise BodyMalformed("the body is nested too deeply") from None
    except ValueError as why:
        raise BodyMalformed(f"the body is not JSON: {_printable(str(why))}") from None
    if not isinstance(told, dict):
        raise BodyMalformed("a JSON object is expected, in braces")
    return told


def _compact(raw: bytes) -> dict[str, Any] | None:
    """The object, if it is written as orjson writes it: then it is strict, for nothing that is not would come back.

    Most programs write so, and their bodies are read in a third of the time.
    """
    try:
        told = orjson.loads(raw)
        return told if type(told) is dict and orjson.dumps(told) == raw else None
    except (ValueError, TypeError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return told


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _refuse_lone_surrogates(told: Any) -> None:
    try:
        json.dumps(told, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BodyMalformed("half of a surrogate pair stands alone in a text") from None


def _of_pydantic(error: Any) -> dict[str, str]:
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
    detail = error["msg"].removeprefix("Value error, ")
    code = error["type"]
    if code == "string_pattern_mismatch" and "x00" in str(error.get("ctx", {}).get("pattern")):
        code, detail = "control_character", "control characters are not allowed"
    return _error(pointer, code, detail)


def _error(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": _printable(pointer), "code": code, "detail": _printable(detail)}


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
