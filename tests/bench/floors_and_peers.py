"""The contenders that are not Comanda: each starts what it needs, measures one round, and ends it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.bench import floor_append, floor_http, peer_eventsourcing, peer_fastapi
from tests.bench.appending import appends_per_s
from tests.bench.databases import Databases
from tests.bench.load_plan import Plan, Result, Shape, get, post
from tests.bench.order_body import anonymous_order_body
from tests.bench.processes import module, run_load, running, wait_until_listening, wait_until_said
from tests.servers.ports import free_port

CONNECTIONS = 32
SERVER_PROCESSES = 2
THREADS_TRIED = (4, 8, 16)
STORED_ORDERS = 10_000
IDS_ASKED_FOR = 1_000
PEER_EVENTS = 20_000
LEDGER_EVENTS = 100_000
LARGE_EVENTS = 1_000_000
SLICES = 30


class RoundSpoilt(Exception):
    """A round had answers other than 2xx or broken connections: its figure would mean nothing."""


@dataclass(kw_only=True)
class Bench:
    """What every contender is given: the databases, a folder for logs, and how long a round lasts."""

    databases: Databases
    folder: Path
    seconds: float
    amqp_url: str | None = None
    peer_events: int = PEER_EVENTS
    ledger_events: int = LEDGER_EVENTS
    large_events: int = LARGE_EVENTS
    slices: int = SLICES
    notes: dict[str, float] = field(default_factory=dict)

    def log(self, name: str) -> Path:
        """Return the file that a process writes to."""
        return self.folder / f"{name}.log"


def clean(result: Result) -> Result:
    """Return a result without a single bad answer; raises RoundSpoilt."""
    if result.broken or any(not status.startswith("2") for status in result.statuses):
        raise RoundSpoilt(f"{result.statuses}, {result.broken} broken connections")
    return result


def flat_out(bench: Bench, name: str, port: int, *shapes: Shape) -> float:
    """Load a server flat out and return what it answered per second, noting what the load cost."""
    result = clean(run_load(Plan(port=port, shapes=shapes, seconds=bench.seconds, connections=CONNECTIONS)))
    bench.notes[f"{name}_load_cpu_share"] = round(result.cpu_share, 3)
    bench.notes[f"{name}_p50_ms"] = round(result.p50_ms, 2)
    bench.notes[f"{name}_p99_ms"] = round(result.p99_ms, 2)
    return result.ok_per_s


@contextmanager
def floor_server(bench: Bench, url: str, threads: int) -> Iterator[int]:
    """Run the floor's two processes on one port; yield the port."""
    port = free_port()
    log = bench.log("floor_http")
    command = module("tests.bench.floor_http", str(port), url, str(threads))
    with ExitStack() as stack:
        for _ in range(SERVER_PROCESSES):
            process = stack.enter_context(running(command, log))
            wait_until_listening(process, port, log)
        yield port


def floor_url(bench: Bench) -> str:
    """Return the floor's database, with the orders that its GET answers."""
    url = bench.databases.with_tables("floor", floor_http.TABLES)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO floor_stored SELECT lpad(to_hex(number), 32, '0')::uuid, %s"
            " FROM generate_series(1, %s) number ON CONFLICT DO NOTHING",
            (anonymous_order_body().decode(), STORED_ORDERS),
        )
    return url


def post_orders() -> Shape:
    """Return the order as the floor and FastAPI take it."""
    return post("/orders", anonymous_order_body(), uuid4().hex)


def get_stored_orders() -> tuple[Shape, ...]:
    """Return a GET for each of IDS_ASKED_FOR stored orders, spread over all of them."""
    step = STORED_ORDERS // IDS_ASKED_FOR
    return tuple(get(f"/orders/00000000-0000-0000-0000-{1 + step * number:012x}") for number in range(IDS_ASKED_FOR))


def floor_write(bench: Bench, threads: int) -> float:
    """Orders a second of the bare INSERT."""
    with floor_server(bench, floor_url(bench), threads) as port:
        return flat_out(bench, "floor_write", port, post_orders())


def floor_read(bench: Bench, threads: int) -> float:
    """Orders read a second by the bare SELECT."""
    with floor_server(bench, floor_url(bench), threads) as port:
        return flat_out(bench, "floor_read", port, *get_stored_orders())


def fastapi(bench: Bench) -> float:
    """Orders a second of FastAPI and SQLAlchemy."""
    url = bench.databases.with_tables("fastapi", peer_fastapi.TABLES)
    port = free_port()
    log = bench.log(f"fastapi-{port}")
    with running(module("tests.bench.peer_fastapi", str(port), url), log) as process:
        wait_until_said(process, "Application startup complete", SERVER_PROCESSES, log)
        return flat_out(bench, "fastapi", port, post_orders())


def append_floor(bench: Bench) -> float:
    """Rows a second of the bare INSERT, without HTTP."""
    url = bench.databases.with_tables("floor_append", floor_append.TABLES)
    return appends_per_s(partial(floor_append.floor_appender, url), bench.seconds)


def append_eventsourcing(bench: Bench, *, database_functions: bool = False) -> float:
    """Appends a second of the library, as it comes or with its optional database functions."""
    settings = peer_eventsourcing.environment(
        bench.databases.ensured("eventsourcing")[1], database_functions=database_functions
    )
    with peer_eventsourcing.opened(settings) as orders:
        return appends_per_s(partial(peer_eventsourcing.peer_appender, orders), bench.seconds)


def project_eventsourcing(bench: Bench) -> float:
    """Events a second of the library's projection runner, from the first event to the last."""
    url = bench.databases.ensured("eventsourcing_projection")[1]
    last_id = peer_eventsourcing.history(url, bench.peer_events)
    return peer_eventsourcing.catch_up_events_per_s(url, last_id)
