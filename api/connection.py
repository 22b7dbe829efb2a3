"""A client's connection: waitress's, with the shorter way that almost every answer can take."""

import time
from functools import lru_cache
from typing import Any

import waitress.channel
import waitress.task
import waitress.utilities

from api.strict_http import Refused, StrictParser

_LENGTH = frozenset({"Content-Length"})
_SPECIAL = _LENGTH | {"Date", "Server"}
LINGER_S = 0.25
"""At the end, how long an idle connection may still bring a request."""


@lru_cache(1024)
def _capitalised(name: str) -> str:
    return "-".join([part.capitalize() for part in name.split("-")])


@lru_cache(4)
def _date(at_s: int) -> str:
    return str(waitress.utilities.build_http_date(at_s))


class Answer(waitress.task.WSGITask):
    """A request's task; once the server takes no more connections its answer is the connection's last, and says so."""

    def build_response_header(self) -> bytes:
        """The head of the answer, with ``Connection: close`` at the end of the connection."""
        request: Any = self.request  # its stub names the class of a refused request only
        if not self.channel.server.accepting:
            request.headers["CONNECTION"] = "close"
        if self.version != "1.1" or "CONNECTION" in request.headers or self.content_length is None:
            return bytes(super().build_response_header())
        # As waitress does, in a third of the time, where there is nothing to decide: HTTP/1.1, kept alive, of a length.
        told = {_capitalised(name): value for name, value in self.response_headers}
        if len(told) < len(self.response_headers) or told.keys() & _SPECIAL != _LENGTH:
            return bytes(super().build_response_header())
        told["Date"] = _date(int(self.start_time))
        lines = [f"{name}: {told[name]}" for name in sorted(told)]
        return "\r\n".join([f"HTTP/1.1 {self.status}", *lines, "\r\n"]).encode("latin-1")

    def write(self, data: bytes) -> None:
        """As waitress does; an answer in one piece leaves in one packet with its head."""
        if self.wrote_header or not self.complete or not data or len(data) != self.content_length or not self.has_body:
            super().write(data)
            return
        whole = self.build_response_header() + data
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(whole)


HTTPChannel: Any = waitress.channel.HTTPChannel  # its stub knows half of it


class Connection(HTTPChannel):  # type: ignore[misc]
    """A client's connection; it tells the server's poller when it waits for something else than before."""

    task_class = Answer
    error_task_class = Refused
    parser_class = StrictParser

    def add_channel(self, *given: Any) -> None:
        """Join the server's connections."""
        super().add_channel(*given)
        self._changed()

    def service(self) -> None:
        """Serve the next request."""
        super().service()
        if self.writable() or self.server.poller.is_deaf(self._fileno):
            self._changed()

    def write_soon(self, data: Any) -> int:
        """Send at once, while nothing else waits to be sent; what the socket does not take is waitress's to keep."""
        sent = 0
        if self.connected and not self.total_outbufs_len and isinstance(data, bytes):
            sent = int(self.send(data, do_close=False))
            if sent == len(data):
                return sent
            data = data[sent:]
        sent += super().write_soon(data)
        self._changed()
        return int(sent)

    def close_if_idle(self) -> None:
        """Let the loop close it in its next turn, unless it brings or awaits something or did so within LINGER_S."""
        idle = not self.requests and self.request is None and not self.total_outbufs_len
        if idle and time.time() - self.last_activity > LINGER_S:
            self.will_close = True
            self._changed()

    def _flush_outbufs_below_high_watermark(self) -> None:
        # Where so much waits to be sent, the thread waits for the loop to send it.
        self._changed()
        super()._flush_outbufs_below_high_watermark()

    def _changed(self) -> None:
        if self._fileno is not None:  # None: closed meanwhile
            self.server.poller.changed(self._fileno)
