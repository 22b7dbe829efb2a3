"""Serves a WSGI application with waitress: several processes on one port, and no request cut off at the end.

At the end every connection is told: an answer says ``Connection: close``, and a connection that is idle is closed
between two requests. Closing happens in the loop that reads, so that no request is read and then forgotten.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import waitress.server
import waitress.wasyncore

from api.body import MENU_MAX_BYTES
from api.connection import Connection
from api.poller import Poller
from api.together import Together

THREADS = 12
CONNECTIONS_MAX = 500
BACKLOG = 1024
BODY_MAX_BYTES = MENU_MAX_BYTES + 1_048_576
"""Above what any path takes, so that each says its own limit."""
HEADERS_MAX_BYTES = 32_768
CHANNEL_TIMEOUT_S = 60
LOOK_S = 0.2
"""How long the loop sleeps at most before it looks whether to stop."""
DRAIN_S = 8.0
DRAIN_LOOK_S = 0.02
THREADS_END_S = 1.0

AtOnce = Callable[[str | None], bool]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Dispatcher:
    """Hands requests to those who serve them: those of ``paths`` to Together, the others to waitress's threads."""

    def __init__(self, together: Together, paths: frozenset[tuple[str, str]], at_once: AtOnce, threads: Any) -> None:
        """``paths``: method and path of the requests that do little else than append; see ``serve`` for ``at_once``."""
        self._together, self._paths, self._at_once, self._threads = together, paths, at_once, threads

    def add_task(self, task: Any) -> None:
        """Serve a connection's next request."""
        request = task.requests[0]
        # One that could not be read has neither method nor path.
        if (
            not request.error
            and (request.command, request.path) in self._paths
            and self._at_once(request.headers.get("AUTHORIZATION"))
        ):
            self._together.add(task)
        else:
            self._threads.add_task(task)

    def shutdown(self, timeout: float) -> None:
        """Finish what is under way."""
        self._together.close()
        self._threads.shutdown(timeout=timeout)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that other processes of ours may share; raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    return sock


def serve(
    app: WsgiApp,
    sock: socket.socket,
    stop: threading.Event,
    *,
    together: Together,
    appending: frozenset[tuple[str, str]],
    at_once: AtOnce,
    threads: int = THREADS,
) -> None:
    """Serve until ``stop`` is set, then finish what is under way, at most DRAIN_S.

    ``appending``: method and path of the requests that ``together`` serves, unless its sender must first be found out:
    ``at_once`` tells of an Authorization header whether that takes no time.
    """
    server: Any = waitress.server.create_server(
        app,
        sockets=[sock],
        threads=threads,
        connection_limit=CONNECTIONS_MAX,
        max_request_body_size=BODY_MAX_BYTES,
        max_request_header_size=HEADERS_MAX_BYTES,
        channel_timeout=CHANNEL_TIMEOUT_S,
        channel_request_lookahead=0,
        clear_untrusted_proxy_headers=False,
        asyncore_use_poll=True,
        ident=None,
    )
    server.channel_class = Connection
    server.poller = poller = Poller(server._map, server.trigger.pull_trigger)
    # Connections tell the poller themselves what has changed; waitress would wake the loop after every answer.
    server.pull_trigger = _nothing
    together.open(server.trigger.pull_trigger, poller)
    server.task_dispatcher = Dispatcher(together, appending, at_once, server.task_dispatcher)
    more = False
    while not stop.is_set():
        poller.turn(0.0 if more else LOOK_S)
        more = together.turn()
    _stop_listening(server)
    deadline = time.monotonic() + DRAIN_S
    while server.active_channels and time.monotonic() < deadline:
        for connection in list(server.active_channels.values()):
            connection.close_if_idle()
        poller.turn(DRAIN_LOOK_S)
        together.turn()
    server.task_dispatcher.shutdown(timeout=THREADS_END_S)
    waitress.wasyncore.close_all(server._map, ignore_all=True)
    poller.close()


def _nothing() -> None:
    pass


def _stop_listening(server: Any) -> None:
    """Take the connections that wait already, for closing the socket would reset them, and no other."""
    taken = -1
    while taken < len(server.active_channels):
        taken = len(server.active_channels)
        server.handle_accept()
    server.accepting = False
    server.del_channel()
    server.socket.close()
