"""Serves a WSGI application with waitress: several processes on one port, and no request cut off at the end."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
import waitress.channel
import waitress.server

THREADS = 12
CONNECTIONS_MAX = 500
BACKLOG = 1024
BODY_MAX_BYTES = 1_048_576
HEADERS_MAX_BYTES = 32_768
CHANNEL_TIMEOUT_S = 60
DRAIN_S = 8.0
_POLL_S = 0.02

log = structlog.get_logger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Draining:
    """Counts the requests under way and, once draining, asks every client to close its connection."""

    def __init__(self, app: WsgiApp) -> None:
        """Stand before ``app``."""
        self._app = app
        self._lock = threading.Lock()
        self._under_way = 0
        self.draining = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request; Comanda's answers are whole when the application returns."""
        with self._lock:
            self._under_way += 1
        try:
            if self.draining:
                return self._app(environ, _closing(start_response))
            return self._app(environ, start_response)
        finally:
            with self._lock:
                self._under_way -= 1

    @property
    def idle(self) -> bool:
        """True while no request is being decided."""
        return self._under_way == 0


def _closing(start_response: Callable[..., Any]) -> Callable[..., Any]:
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [*headers, ("Connection", "close")], exc_info)

    return start


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that other processes of ours may share; raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    return sock


def serve(app: WsgiApp, sock: socket.socket, stop: threading.Event, *, threads: int = THREADS) -> None:
    """Serve until ``stop`` is set, then finish what is under way, at most DRAIN_S."""
    draining = Draining(app)
    server = waitress.server.create_server(
        draining,
        sockets=[sock],
        threads=threads,
        connection_limit=CONNECTIONS_MAX,
        max_request_body_size=BODY_MAX_BYTES,
        max_request_header_size=HEADERS_MAX_BYTES,
        channel_timeout=CHANNEL_TIMEOUT_S,
        channel_request_lookahead=0,
        clear_untrusted_proxy_headers=True,
        asyncore_use_poll=True,
        ident=None,
    )
    thread = threading.Thread(target=_run, args=(server,), name="waitress", daemon=True)
    thread.start()
    stop.wait()
    _drain(server, draining)


def _run(server: Any) -> None:
    try:
        server.run()
    except OSError:  # The loop meets its sockets closed at the end.
        log.debug("server loop ended")


def _drain(server: Any, draining: Draining) -> None:
    """Take no new connection, let every open one have the answer it waits for, then close."""
    draining.draining = True
    server.accepting = False
    server.del_channel()
    server.socket.close()
    deadline = time.monotonic() + DRAIN_S
    quiet_since = None
    while time.monotonic() < deadline:
        waiting = any(c.requests or c.total_outbufs_len for c in list(server.active_channels.values()))
        if draining.idle and not waiting:
            quiet_since = quiet_since or time.monotonic()
            if time.monotonic() - quiet_since > 5 * _POLL_S:
                break
        else:
            quiet_since = None
        time.sleep(_POLL_S)
    server.task_dispatcher.shutdown()
