"""What schemathesis cannot guess: ids of records that are there, and which refusals contradict the document."""

import json
import os
import re
import zlib
from typing import Any
from uuid import UUID, uuid4

import schemathesis
from schemathesis import GenerationMode

from api.idempotency import PATTERN

IDS: dict[str, list[str]] = json.loads(os.environ.get("COMANDA_SCHEMATHESIS_IDS", "{}"))
"""Real ids by the name of the path's parameter. Of users only such as may be locked, closed and erased."""
UNTOLD = {"value_error", "int_type", "string_pattern_mismatch", "string_too_short"}
"""Faults of a field that the document does not rule out.

A rule that no JSON Schema can say (a currency that is there, a span that ends after it begins), 1.0 as an integer, a
text of nothing but spaces, which are taken off, and patterns, which are published and which schemathesis misreads.
"""
MALFORMED = {"request_invalid", "body_malformed", "parameter_invalid", "header_invalid", "idempotency_key_malformed"}


@schemathesis.hook
def map_path_parameters(_: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Two of three ids are those of something that is there; whoever asks never ends their own account."""
    if path_parameters is None:
        return None
    return {name: _real(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def before_call(_: Any, case: Any, **__: Any) -> None:
    """Whoever asks keeps their account: schemathesis finds its id in answers, and would go on without a token."""
    if str(case.path_parameters.get("user_id")) in {*IDS.get("whoever_asks", ()), "me"}:
        case.path_parameters["user_id"] = IDS["user_id"][0]
    if _positive(case):
        _repair(case)


def _repair(case: Any) -> None:
    """Its generator loses the quotes of an ETag, and cannot make up what only an earlier answer gives."""
    version = str(case.headers.get("If-Match", ""))
    if version.isdecimal():
        case.headers["If-Match"] = f'"{version}"'
    case.headers.pop("Consistency-Token", None)
    case.query.pop("cursor", None)


@schemathesis.hook
def map_headers(_: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """A sound Idempotency-Key is one that nobody has used: schemathesis likes to take the same again."""
    if headers and re.fullmatch(PATTERN, str(headers.get("Idempotency-Key", ""))):
        return {**headers, "Idempotency-Key": uuid4().hex}
    return headers


def _real(name: str, value: Any) -> Any:
    known = IDS.get(name)
    if not known or not (value == "me" or _is_uuid(value)):
        return value
    chance = zlib.crc32(str(value).encode())
    return value if value != "me" and chance % 3 == 0 else known[chance % len(known)]


def _is_uuid(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


@schemathesis.check
def what_the_schemas_allow_is_well_formed(_: Any, response: Any, case: Any) -> None:
    """A request made after the schemas is not refused for its form."""
    if not _positive(case) or response.status_code not in {400, 422}:
        return
    told = response.json()
    faults = {error["code"] for error in told.get("errors", ())}
    # A list also counts as too short where its entries are at fault: pydantic counts the sound ones.
    if faults and faults - {"too_short"} <= UNTOLD and faults != {"too_short"}:
        return
    code = told.get("code")
    assert code not in MALFORMED, f"allowed by the schemas, and refused as {code}: {response.text}"


def _positive(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
