"""HTTP as it goes over the wire: what became of each single request, down to whether a byte of its answer came."""

import json
import socket
from enum import Enum
from typing import NamedTuple, Self

from tests.faults.stories import Json
from tests.servers.ports import HOST

ANSWER_MAX_S = 20.0
RECEIVE_BYTES = 65_536
HEAD_END = b"\r\n\r\n"


class Fate(Enum):
    """What became of a request."""

    ANSWERED = "answered whole"
    UNREAD = "not a byte of an answer"
    CUT = "cut off in the middle of its answer"


class Outcome(NamedTuple):
    """The fate, and for an answer its status and whether it is the connection's last."""

    fate: Fate
    status: int = 0
    last: bool = False
    body: bytes = b""

    @property
    def order_id(self) -> str:
        """The id of the order that the answer shows."""
        return str(json.loads(self.body)["id"])


class Wire:
    """One connection, used for one request after another."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), ANSWER_MAX_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, request: bytes) -> None:
        """Sends bytes; a connection that is gone shows in the outcome."""
        try:
            self._socket.sendall(request)
        except ConnectionError:
            return

    def outcome(self) -> Outcome:
        """Waits for what becomes of the request that was sent."""
        received = b""
        while True:
            try:
                chunk = self._socket.recv(RECEIVE_BYTES)
            except ConnectionError:
                chunk = b""
            if not chunk:
                return Outcome(Fate.CUT if received else Fate.UNREAD)
            received += chunk
            head, end, body = received.partition(HEAD_END)
            fields = _fields(head) if end else {}
            if end and len(body) >= int(fields.get("content-length", "0")):
                return Outcome(Fate.ANSWERED, int(head[9:12]), fields.get("connection") == "close", body)

    def ends_cleanly(self) -> bool:
        """Whether the other side closes, without a reset and without another byte."""
        try:
            return self._socket.recv(RECEIVE_BYTES) == b""
        except ConnectionError:
            return False


def get(path: str) -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def post(path: str, body: Json, key: str, token: str) -> bytes:
    """A POST of whoever has the access token as it goes over the wire."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
