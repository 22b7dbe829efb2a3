"""Paths, queries and headers that make no sense are refused or left alone."""

import pytest

from tests.api.raw import exchange
from tests.api.running import Running
from tests.api.targets import Target
from tests.servers.people import People


def signed(people: People) -> str:
    """The header line of an operator."""
    return f"Authorization: {people.operator.bearer['Authorization']}\r\n"


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "CONNECT", "BREW", "M-SEARCH"]
)
def test_an_address_that_makes_no_sense_is_refused(running: Running, people: People, method: str) -> None:
    for path in (
        *(
            "/v1/orders/%00",
            "/v1/orders/%FF%FE",
            "/v1/orders/%ED%A0%80",
            "/v1/orders/%C0%AF",
            "/v1/orders/%",
            "/v1/orders/%zz",
        ),
        *(
            "/v1/orders/../../etc/passwd",
            "/v1/orders/..%2F..",
            "/v1/orders/" + "x" * 20_000,
            "/v1/orders/" + "a/" * 5000,
        ),
        *(
            "/v1/orders/\xff\xfe",
            "/v1/orders/'%20or%201=1--",
            "/v1/orders/{order_id}",
            "/v1/orders/%0d%0aX:%20y",
            "*",
            "x:80",
        ),
        *(
            "//v1/orders/1",
            "/v1//orders/1",
            "/V1/ORDERS/1",
            "/v1/orders/1;x=y",
            "/v1/orders/1#x",
            "http://x/v1/orders/1",
            "?",
        ),
        *(
            "/v1/orders/" + "0" * 32,
            "/v1/orders/%D9%A0",
            "/v1/restaurants/%00/menu",
            "/v1/restaurants/1/menu/items/%FF%00",
        ),
        *("/v1/restaurants/1/menu/items/" + "x" * 20_000, "/v1/orders/%00/accept", "/v1/orders/%FF/events", "/\x01"),
    ):
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{signed(people)}Content-Length: 2\r\n\r\n{{}}"
        )
        answer = exchange(running.ports[0], head.encode("latin-1"))
        assert answer is not None, path
        assert 400 <= answer.status < 500, (path, answer)
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders",
        "/v1/restaurants",
        "/v1/users",
        "/v1/stats/sales",
        "/v1/orders/01890a5d-ac96-774b-bcce-b302099a8057/events",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(running: Running, people: People, path: str) -> None:
    for query in (
        *(
            "cursor=%00",
            "cursor=%FF",
            "limit=%D9%A3",
            "limit=1&limit=2",
            "x=1",
            "limit",
            "limit=",
            "limit=%00",
            "%00=%00",
        ),
        *(
            "cursor=" + "A" * 20_000,
            "&".join(f"p{number}=1" for number in range(2000)),
            "limit=1;limit=2",
            "%FF=1",
            "%C0=1",
        ),
        *("limit=999999999999999999999", "limit=-0", "limit=1%20", "cursor=W10%00", "limit[]=1", "limit=NaN", "%=%"),
    ):
        head = f"GET {path}?{query} HTTP/1.1\r\nHost: x\r\n{signed(people)}Connection: close\r\n\r\n"
        answer = exchange(running.ports[0], head.encode("latin-1"))
        assert answer is not None, query
        assert (answer.status, answer.code) == (400, "parameter_invalid"), (query, answer)


STRANGE = (
    "",
    " ",
    "x" * 20_000,
    "\xff\xfe",
    "é",
    "\t",
    '"',
    "'",
    ",",
    ";",
    "=",
    "*",
    "null",
    "-1",
    "%00",
    "1" * 400,
    "{}",
)


@pytest.mark.parametrize(
    "name",
    [
        *("Idempotency-Key", "If-Match", "If-None-Match", "Consistency-Token", "Prefer", "Request-Id", "Traceparent"),
        *("Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Cookie", "Authorization", "Host", "Expect"),
        *("Range", "Connection", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Date", "If-Modified-Since"),
    ],
)
@pytest.mark.parametrize("route", ["POST start"])  # refused at this stage, whatever the headers say
@pytest.mark.usefixtures("target", "unharmed")
def test_a_header_that_makes_no_sense_is_refused_or_left_alone(
    running: Running, people: People, target: Target, name: str
) -> None:
    bearer = "" if name == "Authorization" else signed(people)
    fine = {200, 304, 400, 409, 415} if bearer else {400, 401}
    for told in STRANGE:
        for line in (
            f"POST {target.path}",
            f"GET {target.path.removesuffix('/start')}",
            "GET /v1/orders?limit=1",
        ):
            head = f"{line} HTTP/1.1\r\nHost: x\r\n{bearer}{name}: {told}\r\nContent-Length: 0\r\n\r\n"
            answer = exchange(running.ports[0], head.encode("latin-1"))
            assert answer is not None, (line, told)
            assert answer.status in fine, (line, told, answer)
            assert answer.status in {200, 304} or answer.code is not None
