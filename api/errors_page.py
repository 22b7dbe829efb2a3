"""``docs/errors.md``: every problem code of the API, from the classes that are raised (``make docs``)."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus

from api.openapi import codes
from api.problems import STATUSES
from api.routes import ROUTES

_WHAT_TO_DO = {
    400: "Correct the request; sent again as it is, it is refused again.",
    401: "Get an access token, or a new one, and send it as `Authorization: Bearer TOKEN`.",
    403: "Ask somebody whose role allows it.",
    404: "Check the id. What is not yours looks exactly like what does not exist.",
    409: "Read the record again: `allowed_actions` and the other members of the answer say what is possible now.",
    412: "Read the record again, decide anew, and send its new `ETag` as `If-Match`.",
    413: "Send less at a time.",
    415: "Send the media type that the operation names.",
    422: "Correct the field that `errors[].pointer` names.",
    429: "Wait as many seconds as `Retry-After` says.",
    500: "Tell the operator the `request_id`; the log has the cause under it.",
    503: "Wait as many seconds as `Retry-After` says, then repeat the request with the same `Idempotency-Key`.",
}
_HEAD = """# Errors

Every error is an RFC 9457 problem (`application/problem+json`) with a `code` that programs may rely on, a `detail` for
people, the `request_id`, and `errors: [{pointer, code, detail}]` where fields are at fault. Only `/v1/oauth/*` answers
in the form of OAuth 2 (RFC 6749, section 5.2). This page is made from the classes that are raised: `make docs`.

| status | what to do |
| --- | --- |
"""
_EVERYWHERE = {
    404: {"not_found": "No such path."},
    405: {"method_not_allowed": "The path has no such method; Allow names those that it has."},
    431: {"request_header_fields_too_large": "The headers are larger than 32 KiB."},
}
"""What the server says before any operation is known."""


def page() -> str:
    """The page."""
    told: dict[int, dict[str, str]] = defaultdict(dict)
    where: dict[str, list[str]] = defaultdict(list)
    for operation in (o for route in ROUTES for o in route.operations().values()):
        for status, meanings in codes(operation).items():
            told[status] |= meanings
            for code in meanings:
                where[code].append(operation.id)
    for status, meanings in _EVERYWHERE.items():
        told[status] |= meanings
    return _HEAD + "".join(_lines(told, where))


def _lines(told: dict[int, dict[str, str]], where: dict[str, list[str]]) -> Iterator[str]:
    for status in sorted({*STATUSES.values(), 500}):
        yield f"| {status} {HTTPStatus(status).phrase} | {_WHAT_TO_DO[status]} |\n"
    operations = sum(len(route.operations()) for route in ROUTES)
    for status in sorted(told):
        yield f"\n## {status} {HTTPStatus(status).phrase}\n\n| code | meaning | operations |\n| --- | --- | --- |\n"
        for code, meaning in sorted(told[status].items()):
            yield f"| `{code}` | {' '.join(meaning.split())} | {_places(where.get(code, []), operations)} |\n"


def _places(names: list[str], operations: int) -> str:
    if not names or len(names) > operations / 2:
        return "most" if names else "all"
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    print(page(), end="")
