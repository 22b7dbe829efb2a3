"""Whether what a start needs is there: a free port, a broker and a database that answer; one line where not."""

import errno
import os
import socket
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg

from infra.refusal import CannotStart

ANSWER_MAX_S = 5


def free_port(host: str, port: int) -> int:
    """The port, or one that is free where it is 0.

    It is bound without SO_REUSEPORT, so that a server which shares its port counts as taking it.

    Raises:
        CannotStart: it is taken, or not ours to take.
    """
    try:
        with socket.create_server((host, port), family=_family(host, port)) as listener:
            bound: int = listener.getsockname()[1]
            return bound
    except OSError as refused:
        raise CannotStart(
            f"cannot listen on {host} port {port} ({_words(refused)}): stop what uses it, or choose another "
            "(make run PORT=8081, comanda up --port 8081)"
        ) from refused


def check_broker(url: str) -> None:
    """Opens and closes one connection.

    Raises:
        CannotStart: nobody answers there, or not with this user, password or virtual host.
    """
    try:
        parameters = pika.URLParameters(url)
        parameters.connection_attempts = 1
        parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = ANSWER_MAX_S
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError, ValueError, TypeError) as failure:
        raise CannotStart(
            f"no RabbitMQ at COMANDA_AMQP_URL, {masked(url)} ({_broker_reason(failure)}): "
            "start it, correct the URL, or unset it for the in-process broker"
        ) from failure


def check_database(url: str) -> None:
    """Opens and closes one connection.

    Raises:
        CannotStart: nobody answers there, or not with this user, password or database.
    """
    try:
        psycopg.connect(url, connect_timeout=ANSWER_MAX_S).close()
    except psycopg.Error as failure:
        raise CannotStart(
            f"no PostgreSQL at COMANDA_DATABASE_URL, {masked(url)} ({_database_reason(failure)}): "
            "start it, correct the URL, or unset it for the embedded one"
        ) from failure


def masked(url: str) -> str:
    """The URL without what may be secret: its password and its parameters."""
    try:
        parts = urlsplit(url)
        place = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{f'{parts.username}@' if parts.username else ''}{place}{parts.path}"


def _family(host: str, port: int) -> socket.AddressFamily:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]


def _broker_reason(failure: Exception) -> str:
    match failure:
        case pika.exceptions.AuthenticationError() | pika.exceptions.ProbableAuthenticationError():
            return "it refuses this user or password"
        case pika.exceptions.ConnectionClosedByBroker() | pika.exceptions.ProbableAccessDeniedError():
            return "it refuses this virtual host"
        case pika.exceptions.AMQPConnectionError() | OSError():
            return "nobody answers"
        case _:
            return "the URL is malformed"


def _database_reason(failure: psycopg.Error) -> str:
    if not isinstance(failure, psycopg.OperationalError):
        return "the URL is malformed"
    telling = [line for line in str(failure).splitlines() if "failed: " in line] or [str(failure)]
    return telling[-1].rpartition("failed: ")[2].strip()


def _words(refused: OSError) -> str:
    known = refused.errno in errno.errorcode
    return os.strerror(refused.errno) if known and refused.errno else str(refused.strerror)
