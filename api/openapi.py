"""``/openapi.json``: the route table as an OpenAPI 3.1 document, generated from the models that parse the requests."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any, Literal

import falcon
import orjson
from pydantic import TypeAdapter

from api.answers import Problem
from api.operation import Convention, Operation, Parameter, Route
from api.problems import PROBLEM_JSON, status_of
from domain.errors import Refusal

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

API_VERSION = "1.0"
_IN_PATH = re.compile(r"{(\w+)}")
_HEADERS = {
    "Request-Id": "The request's own Request-Id where it sent a sound one, else a new one.",
    "ETag": "The record's version, strong.",
    "Location": "Where the record is found.",
    "Consistency-Token": "Sent with a later read, that read shows at least this command.",
    "Idempotent-Replayed": "`true` on an answer that was given before.",
    "Link": 'The next page, rel="next"; absent on the last.',
    "Retry-After": "Seconds.",
}


class Description:
    """``/openapi.json``."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Describe ``routes``, when first asked."""
        self._routes = routes

    @cached_property
    def _text(self) -> bytes:
        # Docstrings mark code with two backticks, Markdown with one.
        return orjson.dumps(document(self._routes)).replace(b"``", b"`")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The document."""
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._text


def document(routes: Sequence[Route]) -> Json:
    """The OpenAPI document of ``routes``."""
    schemas, components = _schemas([o for route in routes for o in route.operations().values()])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Comanda",
            "version": API_VERSION,
            "description": (
                "Orders from placement to the kitchen to the customer. Money is in integer minor units, times are "
                "RFC 3339 in UTC. Answers may gain fields; requests with a field that is not known are refused. "
                "GET operations answer HEAD too."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            route.path: {
                method: _operation(route.path, operation, schemas) for method, operation in route.operations().items()
            }
            for route in routes
        },
        "components": {
            "schemas": components,
            "headers": {name: {"description": told, "schema": {"type": "string"}} for name, told in _HEADERS.items()},
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[tuple[str, Mode], Json], Json]:
    """The schema of each operation's body and answer by its id and mode, and the components that they refer to."""
    asked: list[tuple[str, Mode, TypeAdapter[Any]]] = [("problem", "serialization", TypeAdapter(Problem))]
    for operation in operations:
        asked.append((operation.id, "serialization", TypeAdapter(operation.answer)))
        if operation.body is not None:
            asked.append((operation.id, "validation", TypeAdapter(operation.body)))
    found, rest = TypeAdapter.json_schemas(asked, ref_template="#/components/schemas/{model}")
    return {(str(name), mode): schema for (name, mode), schema in found.items()}, rest["$defs"]


def _operation(path: str, operation: Operation, schemas: dict[tuple[str, Mode], Json]) -> Json:
    told: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [path.split("/")[2] if path.startswith("/v1/") else "process"],
        "parameters": [_parameter(p) for p in _parameters(path, operation)],
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": operation.body_required,
            "content": {
                falcon.MEDIA_JSON: {"schema": schemas[operation.id, "validation"]},
                **{kind: {"schema": {"type": "string"}} for kind in operation.also_takes},
            },
        }
    return told


def _parameters(path: str, operation: Operation) -> Iterable[Parameter]:
    for name in _IN_PATH.findall(path):
        schema = {"type": "string"} if name in {"item_id", "code"} else {"type": "string", "format": "uuid"}
        what = name.removesuffix("_id").replace("_", " ")
        description = f"The {what}'s id." if name.endswith("_id") else f"The {what}."
        yield Parameter(name=name, description=description, schema=schema, where="path", required=True)
    yield from operation.query
    for convention in operation.conventions:
        yield from convention.takes


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _responses(operation: Operation, schemas: dict[tuple[str, Mode], Json]) -> Json:
    given = ["Request-Id", *(name for convention in operation.conventions for name in convention.gives)]
    responses: Json = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "headers": _headers(given),
            "content": {
                falcon.MEDIA_JSON: {"schema": schemas[operation.id, "serialization"]},
                **{kind: {"schema": {"type": "string"}} for kind in operation.also_gives},
            },
        }
    }
    if any(convention.not_modified for convention in operation.conventions):
        responses["304"] = {
            "description": "You have this version already.",
            "headers": _headers(["Request-Id", "ETag"]),
        }
    for status, codes in sorted(_codes(operation).items()):
        responses[str(status)] = _problem(codes, schemas, retry=status == HTTPStatus.SERVICE_UNAVAILABLE)
    problem = {PROBLEM_JSON: {"schema": schemas["problem", "serialization"]}}
    responses["default"] = {
        "description": "An HTTP message that cannot be read, or another problem.",
        "content": problem,
    }
    return responses


def _codes(operation: Operation) -> dict[int, dict[str, str]]:
    """Each status that a problem may have, with its codes and what they mean."""
    told: dict[int, dict[str, str]] = defaultdict(dict)
    for refusal in _refusals(operation.conventions, operation.refusals):
        told[status_of(refusal)][refusal.code()] = (refusal.__doc__ or "").strip()
    if operation.reads_store:
        told[500] |= {"internal_error": "The server failed.", "history_unreadable": "A stored event cannot be read."}
        told[503] |= {"store_unavailable": "The store cannot answer at the moment; repeat the request."}
    return told


def _refusals(conventions: Iterable[Convention], own: Iterable[type[Refusal]]) -> Iterable[type[Refusal]]:
    for convention in conventions:
        yield from convention.refusals
    yield from own


def _problem(codes: dict[str, str], schemas: dict[tuple[str, Mode], Json], *, retry: bool) -> Json:
    schema = {"allOf": [schemas["problem", "serialization"], {"properties": {"code": {"enum": list(codes)}}}]}
    return {
        "description": "\n".join(f"- `{code}`: {meaning}" for code, meaning in codes.items()),
        "headers": _headers(["Request-Id", "Retry-After"] if retry else ["Request-Id"]),
        "content": {PROBLEM_JSON: {"schema": schema}},
    }


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
