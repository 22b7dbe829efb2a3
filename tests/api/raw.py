"""HTTP by hand: bytes in, bytes out, on a connection of their own."""

import socket
from contextlib import suppress
from email.parser import BytesHeaderParser

from tests.api.answer import Answer
from tests.servers.ports import HOST

TIMEOUT_S = 10.0
READ_BYTES = 65_536


def exchange(port: int, *parts: bytes) -> Answer | None:
    """Send the parts, say that there is nothing more, and read to the end; None where the server just hangs up."""
    with socket.create_connection((HOST, port), timeout=TIMEOUT_S) as connection:
        with suppress(OSError):  # it may hang up before it has heard all
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        heard = _read(connection)
    return _answer(heard) if heard else None


def _read(connection: socket.socket) -> bytes:
    heard = b""
    with suppress(ConnectionError):
        while part := connection.recv(READ_BYTES):
            heard += part
            if _whole(heard):
                break
    return heard


def _whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    length = BytesHeaderParser().parsebytes(head.partition(b"\r\n")[2]).get("Content-Length")
    return bool(end) and length is not None and len(body) >= int(length)


def _answer(heard: bytes) -> Answer:
    head, _, body = heard.partition(b"\r\n\r\n")
    first, _, headers = head.partition(b"\r\n")
    return Answer(int(first.split()[1]), BytesHeaderParser().parsebytes(headers), body)
