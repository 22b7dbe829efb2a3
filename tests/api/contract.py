"""Holds what was sent and answered against ``/openapi.json``: schemas, statuses, problem codes and headers."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatch
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator

from api.openapi import document
from api.routes import ROUTES
from tests.api.answer import Answer

Json = dict[str, Any]
OURS = (
    "Etag",
    "Location",
    "Consistency-Token",
    "Idempotent-Replayed",
    "Link",
    "Retry-After",
    "Www-Authenticate",
    "Ratelimit",
    "Ratelimit-Policy",
)
_ANYWHERE = {
    401: "token_invalid",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_exceeded",
    431: "request_header_fields_too_large",
}


class Contract:
    """The document, closed: where the published schemas let answers gain fields, here each field must be described."""

    def __init__(self) -> None:
        self._document = document(ROUTES)
        for schema in self._document["components"]["schemas"].values():
            if schema.get("type") == "object":
                schema.setdefault("additionalProperties", False)
        self._validator = cache(self._make_validator)

    def check(self, method: str, target: str, sent: bytes | None, answer: Answer) -> None:
        """Fails where the answer, or a body that was taken, is not what the document says."""
        assert answer.headers.get("Request-Id")
        if method == "OPTIONS" and answer.status == HTTPStatus.OK:
            assert answer.body == b""
            return
        operation = self._operation("get" if method == "HEAD" else method.lower(), unquote(target.partition("?")[0]))
        described = (operation or {}).get("responses", {}).get(str(answer.status))
        if described is None:
            assert answer.code == _ANYWHERE.get(answer.status), (method, target, answer)
            described = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        else:
            given = {name.title() for name in described.get("headers", {})}
            assert {name for name in OURS if name in answer.headers} <= given, (method, target, answer)
        if operation is not None and sent is not None and sent.strip() and answer.status < HTTPStatus.BAD_REQUEST:
            self._check_sent(operation["requestBody"]["content"], sent)
        self._check_body(method, described, answer)

    def _check_sent(self, content: Mapping[str, Json], sent: bytes) -> None:
        if "application/json" not in content:
            (told,) = content.values()
            self._validator(json.dumps(told["schema"])).validate(dict(parse_qsl(sent.decode())))
        elif sent.lstrip()[:1] == b"{" or len(content) == 1:
            self._validator(json.dumps(content["application/json"]["schema"])).validate(json.loads(sent))

    def _check_body(self, method: str, described: Json, answer: Answer) -> None:
        if method == "HEAD" or "content" not in described:
            assert answer.body == b""
            return
        content: Mapping[str, Json] = described["content"]
        kind = answer.headers["Content-Type"]
        (media,) = (media for media in content if fnmatch(kind, media) or fnmatch(kind, f"{media};*"))
        if not media.endswith("json"):
            assert answer.body.decode()
            return
        schema = content[media]["schema"]
        self._validator(json.dumps(schema)).validate(answer.json)

    def _make_validator(self, schema: str) -> Draft202012Validator:
        whole = {**json.loads(schema), "components": self._document["components"]}
        return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def _operation(self, method: str, path: str) -> Json | None:
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"{\w+}", "[^/]*", template), path, re.DOTALL) and method in operations:
                found: Json = operations[method]
                return found
        return None
