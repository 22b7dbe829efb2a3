"""Comanda as a contender: one function per figure, each starting what it needs and ending it."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from statistics import median
from uuid import UUID, uuid4

import psycopg
from uuid_utils.compat import uuid7

import domain.event_store
from domain.event_store import NEW_STREAM, StreamAppend
from infra.postgres.migrate import migrate
from infra.postgres.store import PostgresEventStore
from tests.bench.appending import Append, appends_per_s
from tests.bench.floors_and_peers import CONNECTIONS, IDS_ASKED_FOR, STORED_ORDERS, Bench, clean, flat_out
from tests.bench.history import EVENTS_PER_ORDER, write_history
from tests.bench.house import House, open_api, open_house
from tests.bench.load_plan import Plan, Shape, get, post
from tests.bench.processes import REPOSITORY, BenchProcessFailed, module, run_load
from tests.bench.rounds import Measured, alternate
from tests.bench.sample_order import CATEGORY, placed
from tests.bench.visibility import watch_visibility
from tests.servers.people import People

META = {"actor": "anonymous"}
SMALL_EVENTS = 10_000
GROWTH_ROUNDS = 3
CATCH_UP_MAX_S = 300.0
VISIBLE_ROUNDS_LONG = 4
SAMPLE_EVERY = 10
SLICE_S = 1.0
SLICE_WARMUP_S = 0.3


def place_order(bench: Bench) -> float:
    """Orders a second over POST /v1/orders: two api processes, sequencer and worker on RabbitMQ running."""
    with house(bench, migrated(bench, "comanda_orders")) as comanda:
        rate = flat_out(bench, "place_order", comanda.port, post_order(comanda))
        bench.notes["place_order_settled_after_s"] = round(comanda.settle(), 2)
    return rate


def get_order(bench: Bench) -> float:
    """Orders read a second over GET /v1/orders/{id}, from two api processes: as many orders stored as for the floor."""
    return gets_per_s(bench, "get_order", with_read_model(bench, "comanda_read", STORED_ORDERS * EVENTS_PER_ORDER))


def append(bench: Bench) -> float:
    """Appends a second of the store, from eight threads, each event a new stream."""
    return store_appends_per_s(migrated(bench, "comanda_append"), bench.seconds)


def project(bench: Bench) -> float:
    """Events a second of one projection worker that catches up a ledger."""
    return caught_up_events_per_s(with_history(bench, "comanda_project", bench.ledger_events))


def visible(bench: Bench) -> dict[str, Measured]:
    """How long after its 201 an order is in the read model, at half the peak; and what the worker's memory did."""
    peak = bench.notes.get("place_order_peak_per_s") or place_order(bench)
    with house(bench, migrated(bench, "comanda_orders")) as comanda, psycopg.connect(comanda.url) as db:
        db.autocommit = True
        comanda.settle()
        plan = Plan(
            port=comanda.port,
            shapes=(post_order(comanda),),
            seconds=bench.seconds * VISIBLE_ROUNDS_LONG,
            connections=CONNECTIONS,
            rate_per_s=peak / 2,
            sample_every=SAMPLE_EVERY,
        )
        run_load(replace(plan, seconds=bench.seconds, sample_every=0))
        comanda.settle()
        before_mb = comanda.worker_mb()
        seen = watch_visibility(plan, partial(in_read_model, db))
        after_mb = comanda.worker_mb()
    clean(seen.load)
    bench.notes |= {"visible_rate_per_s": round(seen.load.ok_per_s, 1), "visible_samples": seen.samples}
    bench.notes |= {"worker_mb_before": round(before_mb, 1), "worker_mb_after": round(after_mb, 1)}
    return {
        "visible_ms_p50": Measured(rounds=(seen.p50_ms,)),
        "visible_ms_p99": Measured(rounds=(seen.p99_ms,)),
        "worker_memory_growth": Measured(rounds=(after_mb / before_mb,)),
    }


def sign_in(bench: Bench) -> dict[str, Measured]:
    """Orders a second with all that sign-in does and without: place_order_signed, place_order_unsigned.

    What is looked for is smaller than what the machine changes from one minute to the next. So both apis stand side by
    side in one house, and short slices of load go to the one and the other in turns.
    """
    url = migrated(bench, "comanda_orders")
    with (
        house(bench, url) as comanda,
        open_api(url, bench.amqp_url, bench.log("unsigned"), program="tests.bench.unsigned_api") as unsigned,
    ):
        body, token = comanda.restaurant(), comanda.app_token()

        def slice_of(port: int, token: str = "") -> float:
            shape = post("/v1/orders", body, uuid4().hex, token)
            plan = Plan(port=port, shapes=(shape,), seconds=SLICE_S, warmup_s=SLICE_WARMUP_S, connections=CONNECTIONS)
            return clean(run_load(plan)).ok_per_s

        sides = (partial(slice_of, comanda.port, token), partial(slice_of, unsigned))
        pairs = [in_turns(*sides, backwards=bool(number % 2)) for number in range(bench.slices)]
    return {
        "place_order_signed": Measured(rounds=tuple(signed for signed, _ in pairs)),
        "place_order_unsigned": Measured(rounds=tuple(without for _, without in pairs)),
        "place_order_vs_unsigned": Measured(rounds=(median(signed / without for signed, without in pairs),)),
    }


def in_turns(one: Callable[[], float], other: Callable[[], float], *, backwards: bool) -> tuple[float, float]:
    """Measure both, the other one first if asked for; return both in the order given."""
    if backwards:
        second = other()
        return one(), second
    return one(), other()


def growth(bench: Bench) -> dict[str, Measured]:
    """Rates of append and GET on 10 000 and on 1 000 000 events: append_small, append_large, get_small, get_large."""
    small = with_read_model(bench, "comanda_small", SMALL_EVENTS)
    large = with_read_model(bench, "comanda_large", bench.large_events)
    contenders = {
        "append_small": partial(store_appends_per_s, small, bench.seconds),
        "append_large": partial(store_appends_per_s, large, bench.seconds),
        "get_small": partial(gets_per_s, bench, "get_small", small),
        "get_large": partial(gets_per_s, bench, "get_large", large),
    }
    return alternate(contenders, GROWTH_ROUNDS, bench.databases.calm, lambda *_: None)


@contextmanager
def house(bench: Bench, url: str) -> Iterator[House]:
    """Run all of Comanda on one database."""
    with open_house(url, bench.amqp_url, bench.log("comanda")) as comanda:
        yield comanda


def post_order(comanda: House) -> Shape:
    """Return the order as Comanda takes it, with keys that no other run has."""
    return post("/v1/orders", comanda.restaurant(), uuid4().hex, comanda.app_token())


def gets_per_s(bench: Bench, name: str, url: str) -> float:
    """GET orders spread over all that one database's read model has."""
    with psycopg.connect(url) as db:
        rows = db.execute("select order_id from read_models.orders order by order_id").fetchall()
    step = max(len(rows) // IDS_ASKED_FOR, 1)
    with open_api(url, bench.amqp_url, bench.log("comanda")) as port, People(url) as people:
        token = people.operator.token
        shapes = [get(f"/v1/orders/{order_id}", token) for (order_id,) in rows[::step][:IDS_ASKED_FOR]]
        return flat_out(bench, name, port, *shapes)


def in_read_model(db: psycopg.Connection, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return which of some orders the order view has."""
    query = "select order_id from read_models.orders where order_id = any (%s)"
    return [order_id for (order_id,) in db.execute(query, (list(order_ids),))]


def store_appends_per_s(url: str, seconds: float) -> float:
    """Append to the store on one database: all threads share the store, as those of one api process do."""
    store = PostgresEventStore(url).open()
    try:
        return appends_per_s(partial(store_appender, store), seconds)
    finally:
        store.close()


@contextmanager
def store_appender(store: PostgresEventStore) -> Iterator[Append]:
    """Each call appends one event to a new stream."""
    event = placed()

    def append_one() -> None:
        stream = StreamAppend(stream_id=uuid7(), category=CATEGORY, expected=NEW_STREAM, events=(event,))
        store.append(domain.event_store.Append(streams=(stream,), meta=META))

    yield append_one


def migrated(bench: Bench, name: str) -> str:
    """Return a database of ours, brought to the present schema when it is made."""
    made, url = bench.databases.ensured(name)
    if made:
        migrate(url)
    return url


def with_history(bench: Bench, name: str, events: int) -> str:
    """Return a database of ours with a past of so many events, written when it is made."""
    made, url = bench.databases.ensured(name)
    if made:
        migrate(url)
        write_history(url, events)
    return url


def with_read_model(bench: Bench, name: str, events: int) -> str:
    """Return a database of ours with a past and the order view of it."""
    made, url = bench.databases.ensured(name)
    if made:
        migrate(url)
        write_history(url, events)
        caught_up_events_per_s(url)
    return url


def caught_up_events_per_s(url: str) -> float:
    """Let a process of its own catch up the order view from nothing; return events a second."""
    done = subprocess.run(
        module("tests.bench.catch_up", url),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=CATCH_UP_MAX_S,
        check=False,
    )
    if done.returncode:
        raise BenchProcessFailed(f"the projection did not catch up:\n{done.stderr[-2_000:]}")
    return float(done.stdout.splitlines()[-1])


# The figures that have no rival, by the names of the values that each measurement returns.
ALONE: Mapping[frozenset[str], Callable[[Bench], dict[str, Measured]]] = {
    frozenset({"visible_ms_p50", "visible_ms_p99", "worker_memory_growth"}): visible,
    frozenset({"place_order_vs_unsigned"}): sign_in,
    frozenset({"append_small", "append_large", "get_small", "get_large"}): growth,
}
