"""The whole of Comanda as a customer meets it: two api processes on one port, the sequencer and a worker."""

import http.client
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from domain.account.events import Grant, Role
from infra.cli.public_api import PublicApi
from infra.settings import Settings
from tests.bench.order_body import CURRENCY, menu, order_body
from tests.bench.processes import BenchProcessFailed, Server, module, running, wait_until, wait_until_listening
from tests.servers.identity import IDENTITY
from tests.servers.people import People
from tests.servers.ports import free_port

API_PROCESSES = 2
PROGRAM = "infra.cli.main"
READY_ANSWER_MAX_S = 2.0
SETTLE_MAX_S = 120.0
SETTLE_POLL_S = 0.02
BYTES_PER_MB = 1_000_000

_SETTLED = """
select s.seq >= (select last_value from comanda.event_seq)
    and s.position <= (select min(c.position) from read_models.checkpoints c)
from comanda.sequencer s
"""


@dataclass(frozen=True, kw_only=True)
class House:
    """Where a running Comanda is reached, and its worker's process."""

    port: int
    url: str
    worker: Server
    people: People

    def app_token(self) -> str:
        """A fresh token of an app, which places orders for its customers."""
        return self.people.one(Grant(role=Role.APP)).token

    def restaurant(self) -> bytes:
        """Open a restaurant with the bench's menu; return an order's body for it. The second call finds it there."""
        api = PublicApi(f"http://127.0.0.1:{self.port}", lambda: self.people.operator.token)
        body = {"name": "The Bench", "currency": CURRENCY, "time_zone": "Europe/London"}
        restaurant_id = str(api.post("/v1/restaurants", body, key="the-bench")["id"])
        items = [
            {
                "item_id": entry.item_id,
                "name": entry.name,
                "category": entry.category,
                "price": {"amount_minor": entry.price_minor, "currency": CURRENCY},
            }
            for entry in menu()
        ]
        api.call("PUT", f"/v1/restaurants/{restaurant_id}/menu", {"items": items})
        return order_body(restaurant_id, tuple(entry.item_id for entry in menu()))

    def settle(self) -> float:
        """Wait until every event is in the ledger and in every read model; return the seconds that it took.

        Raises BenchProcessFailed after SETTLE_MAX_S.
        """
        starts_at = time.monotonic()
        with psycopg.connect(self.url, autocommit=True) as db:
            while time.monotonic() - starts_at < SETTLE_MAX_S:
                if db.execute(_SETTLED).fetchone() == (True,):
                    return time.monotonic() - starts_at
                time.sleep(SETTLE_POLL_S)
        raise BenchProcessFailed(f"the read models are still behind after {SETTLE_MAX_S} s")

    def worker_mb(self) -> float:
        """The memory that the worker and its children hold now."""
        parent = psutil.Process(self.worker.pid)
        held: float = sum(process.memory_info().rss for process in [parent, *parent.children(recursive=True)])
        return held / BYTES_PER_MB


@contextmanager
def open_house(url: str, amqp_url: str | None, log: Path) -> Iterator[House]:
    """Run everything against one migrated database; the end is orderly: api first, worker last."""
    environment = Settings(database_url=url, amqp_url=amqp_url, log_level="warning", **IDENTITY).environment()
    with ExitStack() as stack:
        worker = stack.enter_context(running(module(PROGRAM, "worker"), log, environment))
        stack.enter_context(running(module(PROGRAM, "sequencer"), log, environment))
        port = stack.enter_context(open_api(url, amqp_url, log))
        people = stack.enter_context(People(url))
        yield House(port=port, url=url, worker=worker, people=people)


@contextmanager
def open_api(url: str, amqp_url: str | None, log: Path, program: str = PROGRAM) -> Iterator[int]:
    """Run the api processes alone, for what needs no event; yield their port once they say that they are ready."""
    port = free_port()
    settings = Settings(database_url=url, amqp_url=amqp_url, port=port, log_level="warning", **IDENTITY)
    with ExitStack() as stack:
        for _ in range(API_PROCESSES):
            command = module(program, "api")
            api = stack.enter_context(running(command, log, settings.environment()))
            wait_until_listening(api, port, log)
        wait_until(lambda: says_ready(port), api, log)
        yield port


def says_ready(port: int) -> bool:
    """Whether GET /readyz answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_ANSWER_MAX_S)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    return False
