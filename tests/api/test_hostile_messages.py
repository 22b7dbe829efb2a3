"""Bytes that are no HTTP/1.1, or that two servers would read in two ways, do nothing and harm nobody."""

import json
import socket

import pytest

from tests.api.client import Api
from tests.api.raw import exchange
from tests.api.running import Running
from tests.api.targets import ROUTES, Target, refused, targets
from tests.servers.ports import HOST

MEBIBYTE = 1024 * 1024
SLOW_CLIENTS = 30
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n"


def malformed(target: Target) -> dict[str, bytes]:
    """Messages that are no HTTP/1.1, or two things at once; each carries a body that would be taken."""
    body = json.dumps(target.body).encode()
    whole = CHUNKED % (len(body), body)
    length = f"Content-Length: {len(body)}"
    chunked = "Transfer-Encoding: chunked"
    return {
        "both lengths": target.raw(length, chunked, body=whole),
        "both lengths the other way round": target.raw(chunked, length, body=whole),
        "chunked twice": target.raw("Transfer-Encoding: chunked, chunked", body=whole),
        "chunked in two headers": target.raw(chunked, chunked, body=whole),
        "chunked on a folded line": target.raw("Transfer-Encoding:\r\n chunked", body=whole),
        "a coding that is not known": target.raw("Transfer-Encoding: gzip, chunked", body=whole),
        "identity": target.raw("Transfer-Encoding: identity", length),
        "almost chunked": target.raw("Transfer-Encoding: \x0bchunked", body=whole),
        "chunked quoted": target.raw('Transfer-Encoding: "chunked"', body=whole),
        "chunked in HTTP/1.0": target.raw(chunked, body=whole, version="HTTP/1.0"),
        "a chunk's length that is none": target.raw(chunked, body=b"xyz\r\n" + body + b"\r\n0\r\n\r\n"),
        "a chunk's negative length": target.raw(chunked, body=b"-5\r\n" + body + b"\r\n0\r\n\r\n"),
        "a chunk that is too long": target.raw(chunked, body=b"1\r\n" + body + b"\r\n0\r\n\r\n"),
        "a chunk of 16 EiB": target.raw(chunked, body=b"FFFFFFFFFFFFFFFF\r\n" + body),
        "a chunk that never ends": target.raw(chunked, body=b"%x\r\n%b" % (len(body), body)),
        "two equal lengths": target.raw(length, length),
        "two lengths": target.raw(length, "Content-Length: 1"),
        "two lengths in one": target.raw(f"{length}, {len(body)}"),
        "a negative length": target.raw("Content-Length: -1"),
        "a length with a plus": target.raw(f"Content-Length: +{len(body)}"),
        "a length with an underscore": target.raw("Content-Length: 1_0"),
        "a length that is none": target.raw("Content-Length: ten"),
        "a hexadecimal length": target.raw("Content-Length: 0x10"),
        "a length of other digits": target.raw("Content-Length: \xb2"),
        "a length of 5000 digits": target.raw("Content-Length: " + "9" * 5000),
        "a length beyond the limit": target.raw(f"Content-Length: {10 * MEBIBYTE}"),
        "a body shorter than its length": target.raw(f"Content-Length: {len(body) + 1}"),
        "a header without a colon": target.raw("Nonsense", length),
        "a header with a space before its colon": target.raw(f"Content-Length : {len(body)}"),
        "a header that begins with a space": target.raw().replace(b"Host: x\r\n", b" Host: x\r\n", 1),
        "a bare line feed": target.raw().replace(b"Host: x\r\n", b"Host: x\n", 1),
        "a bare carriage return": target.raw("X: a\rb", length),
        "NUL in a header": target.raw("X: a\0b", length),
        "an empty header name": target.raw(": x", length),
        "HTTP/0.9": target.raw(version=""),
        "HTTP/2.0": target.raw(version="HTTP/2.0"),
        "HTTP/1.2": target.raw(version="HTTP/1.2"),
        "HTTP/9.9": target.raw(version="HTTP/9.9"),
        "another protocol": target.raw(version="RTSP/1.0"),
        "a version too many": target.raw(version="HTTP/1.1 HTTP/1.1"),
        "a method in small letters": target.raw().replace(target.method.encode(), target.method.lower().encode(), 1),
        "40 KB of headers": target.raw("X: " + "x" * 40_000),
        "10 000 headers": target.raw(*["X: x"] * 10_000),
        "an address that is none": target.raw().replace(b" /", b" http://[::1/", 1),
        "a request line that ends early": target.method.encode() + b"\r\n\r\n",
        "half a head": target.raw()[:40],
    }


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_a_message_that_could_be_read_in_two_ways_is_refused(running: Running, target: Target) -> None:
    wrong = {name: exchange(running.ports[0], message) for name, message in malformed(target).items()}
    assert {name: answer for name, answer in wrong.items() if answer is not None and not refused(answer)} == {}
    told = wrong["chunked twice"]
    assert told is not None
    assert (told.status, told.code, told.headers["Connection"]) == (400, "bad_request", "close")
    assert told.json["request_id"] == told.headers["Request-Id"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_a_body_of_six_megabytes_is_refused(running: Running, target: Target) -> None:
    body = b'{"x":"' + b"x" * 6 * MEBIBYTE + b'"}'
    for message in (
        target.raw(body=body),
        target.raw("Transfer-Encoding: chunked", body=CHUNKED % (len(body), body)),
    ):
        answer = exchange(running.ports[0], message)
        assert answer is None or (answer.status, answer.code) == (413, "body_too_large")


def test_a_chunked_body_is_a_body(running: Running, api: Api) -> None:
    for target in targets(api).values():
        body = json.dumps(target.body).encode()
        message = target.raw("Transfer-Encoding: chunked", "Connection: close", body=CHUNKED % (len(body), body))
        answer = exchange(running.ports[0], message)
        assert answer is not None
        assert answer.status in {200, 201, 409}, target


@pytest.mark.usefixtures("unharmed")
def test_garbage_is_not_answered_with_a_fault(running: Running) -> None:
    for garbage in (
        *(
            b"\r\n" * 100,
            b"\0" * 5000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET",
            b"GET /\r\n",
            b" \r\n\r\n",
        ),
        *(
            b"GET /healthz\r\n\r\n",
            b"GET  /healthz HTTP/1.1\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"x" * 50_000,
        ),
        *(b"*1\r\n$4\r\nPING\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n" + b"\0" * 100, b"\xff" * 40_000),
    ):
        answer = exchange(running.ports[0], garbage)
        assert answer is None or refused(answer), garbage[:40]


@pytest.mark.parametrize("route", ["POST orders"])
@pytest.mark.usefixtures("target", "unharmed")
def test_clients_that_stop_in_the_middle_keep_nobody_from_being_served(
    running: Running, api: Api, target: Target
) -> None:
    message = target.raw()
    slow = []
    try:
        for number in range(SLOW_CLIENTS):
            connection = socket.create_connection((HOST, running.ports[0]))
            slow.append(connection)
            connection.sendall(message[: -1 - number * 15])
        assert api.get("/readyz").status == 200
    finally:
        for connection in slow:
            connection.close()
