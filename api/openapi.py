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

from api.answers.problems import Problem
from api.answers.sign_in import OAuthProblem
from api.examples import BODIES
from api.oauth import TOKEN
from api.operation import Convention, Operation, Parameter, Route
from api.policy import POLICY
from api.problems import PROBLEM_JSON, status_of
from api.rate_limits import GIVES, UNLIMITED
from domain.errors import Forbidden, RateExceeded, Refusal, TokenInvalid, TokenMissing

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

API_VERSION = "1.0"
_IN_PATH = re.compile(r"{(\w+)}")
_HEADERS = {
    "Request-Id": "The request's own Request-Id where it sent a sound one, else a new one.",
    "ETag": "The record's version, strong; of an order with a suffix where not everybody is shown the same.",
    "Location": "Where the record is found.",
    "Consistency-Token": "Sent with a later read, that read shows at least this command.",
    "Idempotent-Replayed": "`true` on an answer that was given before.",
    "Link": 'The next page, rel="next"; absent on the last.',
    "Retry-After": "Seconds.",
    "Vary": "`Authorization`: the answer depends on who asks, and a copy of it is nobody else's.",
    "RateLimit": "What is left, and the seconds until all of it is there again (draft-ietf-httpapi-ratelimit-headers).",
    "RateLimit-Policy": "The limit: so many requests in a window of so many seconds.",
    "WWW-Authenticate": "What is asked for: a bearer token (RFC 6750), or that a client proves itself.",
}
_ANY_TOKEN = Convention(refusals=(TokenInvalid, RateExceeded))
"""What every operation says to a wrong token, and to many of them, even one that needs none."""
_A_TOKEN = Convention(refusals=(TokenMissing, TokenInvalid, Forbidden, RateExceeded))
"""What every operation says that is not for everybody."""
BEARER, OAUTH = "bearer", "oauth2"
_FLOWS = ("password", "clientCredentials")
_HEADERS_OF = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(name="item_id", description="The item's id.", schema={"type": "string"}, where="path", required=True),
        Parameter(name="code", description="The promo code.", schema={"type": "string"}, where="path", required=True),
        Parameter(
            name="user_id",
            description="The user's id, or `me` for whoever asks.",
            schema={"anyOf": [{"type": "string", "format": "uuid"}, {"const": "me"}]},
            where="path",
            required=True,
        ),
        Parameter(
            name="role",
            description="A role, with the restaurant's id behind a colon where it is held at one.",
            schema={"type": "string", "examples": ["courier", "restaurant_staff:01a1f9d7-4cf1-720c-b40f-ba53ff667007"]},
            where="path",
            required=True,
        ),
        Parameter(
            name="file",
            description="A file of the documentation.",
            schema={"enum": ["start.js", "swagger_bundle.js", "swagger_style.css"]},
            where="path",
            required=True,
        ),
    )
}
"""What stands in paths and is no id of a record."""


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
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of POST /v1/oauth/token.",
                },
                OAUTH: {
                    "type": "oauth2",
                    "description": "Signs in here, and sends the access token with what follows.",
                    "flows": {flow: {"tokenUrl": TOKEN, "refreshUrl": TOKEN, "scopes": {}} for flow in _FLOWS},
                },
            },
            "headers": {name: {"description": told, "schema": {"type": "string"}} for name, told in _HEADERS.items()},
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[tuple[str, Mode], Json], Json]:
    """The schema of each operation's body and answer by its id and mode, and the components that they refer to."""
    asked: list[tuple[str, Mode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(Problem)),
        ("oauth_problem", "serialization", TypeAdapter(OAuthProblem)),
    ]
    for operation in operations:
        if operation.answer is not None:
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
        "security": [{BEARER: []}, {OAUTH: []}, *([{}] if POLICY[operation.id].open else [])],
        "responses": _responses(path, operation, schemas),
    }
    if operation.body is not None:
        body: Json = {"schema": schemas[operation.id, "validation"]}
        if operation.id in BODIES:
            body["example"] = BODIES[operation.id]
        content = {operation.body_media: body, **_as_text(operation.also_takes)}
        told["requestBody"] = {"required": operation.body_required, "content": content}
    return told


def _parameters(path: str, operation: Operation) -> Iterable[Parameter]:
    for name in _IN_PATH.findall(path):
        yield PARAMETERS.get(name) or Parameter(
            name=name,
            description=f"The {name.removesuffix('_id').replace('_', ' ')}'s id.",
            schema={"type": "string", "format": "uuid"},
            where="path",
            required=True,
        )
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


def _limited(path: str) -> tuple[str, ...]:
    """The headers of an operation whose use is limited."""
    return () if path in UNLIMITED else GIVES


def _responses(path: str, operation: Operation, schemas: dict[tuple[str, Mode], Json]) -> Json:
    given = [
        "Request-Id",
        *_limited(path),
        *(name for convention in operation.conventions for name in convention.gives),
    ]
    responses: Json = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "headers": _headers(given),
        }
    }
    if operation.answer is not None:
        answer: Json = {"schema": schemas[operation.id, "serialization"]}
        content = {operation.answer_media: answer, **_as_text(operation.also_gives)}
        responses[str(operation.status)]["content"] = content
    if any(convention.not_modified for convention in operation.conventions):
        responses["304"] = {
            "description": "You have this version already.",
            "headers": _headers(["Request-Id", "ETag", *_limited(path)]),
        }
    for status, meanings in sorted(codes(operation).items()):
        responses[str(status)] = _problem(status, meanings, schemas)
    for status in operation.oauth_statuses:
        responses[str(status)] = _oauth_problem(status, responses.get(str(status)), schemas)
    problem = {PROBLEM_JSON: {"schema": schemas["problem", "serialization"]}}
    responses["default"] = {
        "description": "An HTTP message that cannot be read, or another problem.",
        "content": problem,
    }
    return responses


def _as_text(kinds: Iterable[str]) -> Json:
    return {kind: {"schema": {"type": "string"}} for kind in kinds}


def codes(operation: Operation) -> dict[int, dict[str, str]]:
    """Each status that a problem may have, with its codes and what they mean."""
    told: dict[int, dict[str, str]] = defaultdict(dict)
    who = _ANY_TOKEN if POLICY[operation.id].open else _A_TOKEN
    for refusal in _refusals((*operation.conventions, who), operation.refusals):
        told[status_of(refusal)][refusal.code()] = (refusal.__doc__ or "").strip()
    if operation.reads_store:
        told[500] |= {"internal_error": "The server failed.", "history_unreadable": "A stored event cannot be read."}
        told[503] |= {"store_unavailable": "The store cannot answer at the moment; repeat the request."}
    return told


def _refusals(conventions: Iterable[Convention], own: Iterable[type[Refusal]]) -> Iterable[type[Refusal]]:
    for convention in conventions:
        yield from convention.refusals
    yield from own


def _oauth_problem(status: int, beside: Json | None, schemas: dict[tuple[str, Mode], Json]) -> Json:
    """An error of OAuth, in its own form, ``beside`` the problem of the same status."""
    return {
        "description": "An error in the form of OAuth 2 (RFC 6749, section 5.2).",
        "headers": _headers(["Request-Id", *GIVES, *_HEADERS_OF.get(status, ())]),
        "content": {
            **(beside["content"] if beside else {}),
            falcon.MEDIA_JSON: {"schema": schemas["oauth_problem", "serialization"]},
        },
    }


def _problem(status: int, codes: dict[str, str], schemas: dict[tuple[str, Mode], Json]) -> Json:
    schema = {"allOf": [schemas["problem", "serialization"], {"properties": {"code": {"enum": list(codes)}}}]}
    return {
        "description": "\n".join(f"- `{code}`: {meaning}" for code, meaning in codes.items()),
        "headers": _headers(["Request-Id", *GIVES, *_HEADERS_OF.get(status, ())]),
        "content": {PROBLEM_JSON: {"schema": schema}},
    }


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
