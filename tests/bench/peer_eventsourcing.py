"""The event store peer: the library `eventsourcing` on the same Postgres, as its docs use it.

The append goes through the application's recorder with an event already encoded, which leaves out
the library's aggregates and transcoders, in its favour. The projection is its ProjectionRunner on a
tracking recorder of its own: one event, one upsert and the tracking record in one transaction.

Its option POSTGRES_ENABLE_DB_FUNCTIONS is measured beside, not instead: it appends 2.6 times as fast
because its function takes no table lock, and a follower of 8 writers then missed 183 of 13 097 events
(with the default lock 0 of 5 770; version 9.5.6, two cores).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from uuid_utils.compat import uuid7

from tests.bench.appending import THREADS, Append
from tests.bench.sample_order import placed

SAVE_BATCH = 100
CATCH_UP_TIMEOUT_S = 120.0
REACHED_POLL_S = 0.005
STAGES = ("accepted", "preparing", "ready", "completed")
EVENTS_PER_ORDER = 1 + len(STAGES)


class PeerStopped(Exception):
    """The library's projection did not get to the end of its history."""


class PeerOrder(Aggregate):
    """An order with as many events as Comanda's has on its way to completed."""

    class Placed(Aggregate.Created):
        body: str

    class StageChanged(Aggregate.Event):
        stage: str

    @event(Placed)
    def __init__(self, body: str) -> None:
        self.body = body
        self.stage = "placed"

    @event(StageChanged)
    def move_to(self, stage: str) -> None:
        self.stage = stage


class PeerOrders(Application[UUID]):
    """The library's application object."""


class OrderStages(PostgresTrackingRecorder):
    """The view: a row per order, written with the tracking record in one transaction."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        table = Identifier(self.datastore.schema), Identifier("peer_order_stages")
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {}.{} (id uuid PRIMARY KEY, stage text NOT NULL, version int NOT NULL)"
            ).format(*table)
        )
        self.reached = 0
        self._upsert = SQL(
            "INSERT INTO {}.{} VALUES (%s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, version = excluded.version"
        ).format(*table)

    def write(self, order_id: UUID, stage: str, version: int, tracking: Tracking) -> None:
        """Upsert one row and move the tracking record."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._upsert, (order_id, stage, version), prepare=True)
        self.reached = tracking.notification_id


class OrderStagesProjection(Projection[OrderStages]):
    """One upsert per event."""

    name = "orderstages"
    topics = (get_topic(PeerOrder.Placed), get_topic(PeerOrder.StageChanged))

    @singledispatchmethod
    def process_event(self, _: object, tracking: Tracking) -> None:
        """Track an event that the view does not show."""
        self.view.insert_tracking(tracking)

    @process_event.register
    def _(self, domain_event: PeerOrder.Placed, tracking: Tracking) -> None:
        self.view.write(domain_event.originator_id, "placed", domain_event.originator_version, tracking)

    @process_event.register
    def _(self, domain_event: PeerOrder.StageChanged, tracking: Tracking) -> None:
        self.view.write(domain_event.originator_id, domain_event.stage, domain_event.originator_version, tracking)


def environment(url: str, *, pool_size: int = THREADS, database_functions: bool = False) -> dict[str, str]:
    """Return the library's settings for a libpq address."""
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts.get("host", "127.0.0.1")),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_POOL_SIZE": str(pool_size),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "yes" if database_functions else "no",
    }


@contextmanager
def opened(settings: dict[str, str]) -> Iterator[PeerOrders]:
    """Open the application, with its tables made; close its pool at the end."""
    orders = PeerOrders(settings)
    try:
        yield orders
    finally:
        orders.close()


@contextmanager
def peer_appender(orders: PeerOrders) -> Iterator[Append]:
    """Each call records one event of a new stream; all threads share the application and its pool."""
    event = placed()
    topic, state = type(event).__name__, event.canonical().encode()

    def append() -> None:
        orders.recorder.insert_events(
            [StoredEvent(originator_id=uuid7(), originator_version=1, topic=topic, state=state)]
        )

    yield append


def history(url: str, events: int) -> int:
    """Return the last notification's id of a history of at least `events`, written by the first call."""
    body = placed().canonical()
    with opened(environment(url)) as orders:
        last_id = orders.recorder.max_notification_id() or 0
        for _ in range(last_id, events, SAVE_BATCH * EVENTS_PER_ORDER):
            batch = [PeerOrder(body) for _ in range(SAVE_BATCH)]
            for order in batch:
                for stage in STAGES:
                    order.move_to(stage)
            orders.save(*batch)
        return orders.recorder.max_notification_id() or 0


def catch_up_events_per_s(url: str, last_id: int) -> float:
    """Run the projection over an empty view to the last notification; return events a second."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS peer_order_stages, orderstages_tracking")
    runner = ProjectionRunner(
        application_class=PeerOrders,
        projection_class=OrderStagesProjection,
        view_class=OrderStages,
        env=environment(url),
    )
    starts_at = time.monotonic()
    with runner:
        await_position(runner, last_id)
        return last_id / (time.monotonic() - starts_at)


def await_position(runner: ProjectionRunner[PeerOrders, OrderStages], last_id: int) -> None:
    """Return when the view has reached a position. The runner's own wait() looks only every 0.8 s, too coarse here.

    Raises PeerStopped when the runner ended, or after CATCH_UP_TIMEOUT_S.
    """
    gives_up_at = time.monotonic() + CATCH_UP_TIMEOUT_S
    while runner.view.reached < last_id:
        if runner.is_interrupted.wait(REACHED_POLL_S) or time.monotonic() > gives_up_at:
            raise PeerStopped(f"the projection stopped at {runner.view.reached} of {last_id}")
