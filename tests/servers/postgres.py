"""The PostgreSQL of a test run, and databases on it that are cloned from a template in a blink."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from testcontainers.core.container import DockerContainer

from infra.embedded import EmbeddedPostgres
from tests.servers.engine import docker_answers
from tests.servers.ports import HOST, free_port
from tests.servers.quick_folder import quick_folder

GIVEN_URL = "COMANDA_TEST_DATABASE_URL"
CHOICE = "COMANDA_TEST_POSTGRES"
IMAGE = "COMANDA_TEST_POSTGRES_IMAGE"
DEFAULT_IMAGE = "postgres:18"

# A test's server may lose everything in a power cut, never in a kill -9: the kernel holds what was written.
FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}

CONTAINER_START_MAX_S = 60

_PASSWORD = "comanda"
_POLL_S = 0.1


class Databases:
    """One server, and how to make and drop databases on it."""

    def __init__(self, owner_url: str, description: str) -> None:
        self.owner_url = owner_url
        self.description = description

    def url_of(self, database: str) -> str:
        """Where one database is reached, as the server's owner."""
        return urlsplit(self.owner_url)._replace(path=f"/{database}").geturl()

    def create(self, *, template: str = "template0") -> str:
        """A new database like its template; returns its name."""
        name = f"comanda_{uuid.uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Drops a database, and whatever connection a failed test left open."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def one(self, *, template: str = "template0") -> Iterator[str]:
        """The URL of a database that lives as long as the block."""
        name = self.create(template=template)
        try:
            yield self.url_of(name)
        finally:
            self.drop(name)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def embedded_server() -> Iterator[EmbeddedPostgres]:
    """A private embedded server in a temporary folder; for tests that stop or kill it."""
    with quick_folder("comanda-test-") as folder, EmbeddedPostgres(folder, settings=FAST) as server:
        yield server


@contextmanager
def any_server(report: Callable[[str], None]) -> Iterator[Databases]:
    """The given server, else a container where a Docker engine answers, else the embedded one; says which."""
    with ExitStack() as stack:
        given = os.environ.get(GIVEN_URL)
        databases = Databases(given, f"given by {GIVEN_URL}") if given else _container(stack, report)
        if databases is None:
            databases = Databases(stack.enter_context(embedded_server()).url, "embedded")
        report(f"PostgreSQL: {databases.description}")
        yield databases


def _container(stack: ExitStack, report: Callable[[str], None]) -> Databases | None:
    if os.environ.get(CHOICE) == "embedded" or not docker_answers():
        return None
    image = os.environ.get(IMAGE, DEFAULT_IMAGE)
    port = free_port()
    container = DockerContainer(image).with_env("POSTGRES_PASSWORD", _PASSWORD).with_bind_ports(5432, port)
    try:
        stack.enter_context(container)
        url = f"postgresql://postgres:{_PASSWORD}@{HOST}:{port}/postgres"
        _wait_for(url)
    except Exception as failure:  # an engine without this image is no reason to fail: we have another
        report(f"PostgreSQL: no container of {image} ({failure}); name another in {IMAGE}")
        return None
    return Databases(url, f"container of {image}")


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + CONTAINER_START_MAX_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return
