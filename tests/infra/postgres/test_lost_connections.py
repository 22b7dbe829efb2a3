"""A connection is cut and a server goes away: what was acknowledged is there, once."""

import random
import threading
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.event_store import ANY_VERSION, NEW_STREAM, AlreadyAnswered, Append, StoreUnavailable
from domain.order.events import OrderCancelled
from infra.embedded import EmbeddedPostgres
from infra.postgres.migrate import migrate
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import AT, accepted, answer, started, stream
from tests.infra.postgres.looks import WAIT_MAX_S, blocked, until
from tests.infra.postgres.relay import Relay

# Cut off


@pytest.mark.fault
def test_an_append_whose_connection_was_lost_is_there_once(url: str) -> None:
    with Relay(url) as relay, psycopg.connect(url, autocommit=True) as db:
        store = PostgresEventStore(relay.url).open()
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))
        append = stream(accepted, on=ANY_VERSION)
        asked: list[dict[UUID, int]] = []
        with psycopg.connect(url) as holder:
            # The append waits before it has looked at its stream; the relay ends; the next append need not wait.
            holder.execute("select pg_advisory_xact_lock((77::bigint << 48) | s.last_value) from comanda.event_seq s")
            thread = threading.Thread(target=lambda: asked.append(store.append(Append(streams=[append]))))
            thread.start()
            until(lambda: blocked(url) == 1)
            relay.cut()
            db.execute("select nextval('comanda.event_seq')")
            time.sleep(0.5)
        thread.join(WAIT_MAX_S)
        until(lambda: blocked(url) == 0)
        time.sleep(0.1)
        assert [recorded.version for recorded in store.load(append.stream_id)] == [1]
        assert asked == [{append.stream_id: 1}]
        store.close()


class Customer(threading.Thread):
    """Appends one marked event after the other, on new streams and on its own, keyed and not, until told to stop."""

    def __init__(self, store: PostgresEventStore, name: str, stop: threading.Event) -> None:
        super().__init__(name=name)
        self.acknowledged: list[str] = []
        self.unknown = 0
        self._store, self._stop_asked = store, stop
        self._own, self._version = uuid7(), 0

    def run(self) -> None:
        number = 0
        while not self._stop_asked.is_set():
            number += 1
            self._ask(f"{self.name}-{number}", number % 4)

    def _ask(self, marker: str, way: int) -> None:
        event = OrderCancelled(at=AT, reason=marker)
        append = [
            stream(event, on=NEW_STREAM),
            stream(event, on=ANY_VERSION, stream_id=self._own),
            stream(event, on=self._version, stream_id=self._own),
            stream(event, started, on=NEW_STREAM),
        ][way]
        request = Append(streams=[append], answer=answer(marker) if way in {0, 2} else None)
        try:
            self._version = self._store.append(request).get(self._own, self._version)
        except StoreUnavailable:
            self.unknown += 1
            if request.answer is None:
                self._version = len(self._store.load(self._own))
                return
            self._repeat(request)
        self.acknowledged.append(marker)

    def _repeat(self, request: Append) -> None:
        try:
            self._version = self._store.append(request).get(self._own, self._version)
        except AlreadyAnswered:
            self._version = len(self._store.load(self._own))


@pytest.mark.fault
def test_though_connections_are_cut_at_any_moment_nothing_acknowledged_is_lost_or_doubled(database: str) -> None:
    store = PostgresEventStore(database).open()
    stop = threading.Event()
    customers = [Customer(store, f"customer {n}", stop) for n in range(8)]
    for customer in customers:
        customer.start()
    cuts = 0
    with psycopg.connect(database, autocommit=True) as db:
        for _ in range(40):
            time.sleep(random.uniform(0.01, 0.15))  # noqa: S311  any moment will do
            cuts += db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'comanda_app'"
            ).rowcount
    stop.set()
    for customer in customers:
        customer.join(WAIT_MAX_S)
    store.close()
    with psycopg.connect(database) as db:
        rows: list[Any] = db.execute(
            "select data::json ->> 'reason', count(*) from comanda.events where type = 'OrderCancelled' group by 1"
        ).fetchall()
        gaps = db.execute("select 1 from comanda.events group by stream_id having max(version) <> count(*)").fetchall()
    found: dict[str, int] = dict(rows)
    acknowledged = [marker for customer in customers for marker in customer.acknowledged]
    assert cuts >= 20
    assert len(acknowledged) > 500
    assert [marker for marker in acknowledged if marker not in found] == []
    assert [marker for marker, count in found.items() if count > 1] == []
    assert gaps == []


# A server that was away


@pytest.mark.fault
@pytest.mark.parametrize("way", ["stop", "kill"])
def test_after_a_restart_of_postgresql_the_first_success_comes_within_five_seconds(
    breakable_postgres: EmbeddedPostgres, way: str
) -> None:
    migrate(breakable_postgres.url)
    store = PostgresEventStore(breakable_postgres.url).open()
    append = stream(accepted, on=ANY_VERSION)
    store.append(Append(streams=[append]))
    getattr(breakable_postgres, way)()
    breakable_postgres.start()
    begun = time.monotonic()
    store.append(Append(streams=[append]))
    assert len(store.load(append.stream_id)) == 2
    assert time.monotonic() - begun < 5
    store.close()


@pytest.mark.fault
def test_after_a_long_absence_of_postgresql_the_first_success_comes_within_five_seconds(
    breakable_postgres: EmbeddedPostgres,
) -> None:
    migrate(breakable_postgres.url)
    store = PostgresEventStore(breakable_postgres.url).open()
    append = stream(accepted, on=ANY_VERSION)
    store.append(Append(streams=[append]))
    breakable_postgres.stop()
    away = time.monotonic()
    while time.monotonic() - away < 8:
        with pytest.raises(StoreUnavailable):
            store.load(append.stream_id)
        with pytest.raises(StoreUnavailable):
            store.append(Append(streams=[append]))
    breakable_postgres.start()
    begun = time.monotonic()
    for attempt_again in (lambda: store.append(Append(streams=[append])), lambda: store.load(append.stream_id)):
        while True:
            try:
                attempt_again()
            except StoreUnavailable:
                time.sleep(0.05)
            else:
                break
    assert time.monotonic() - begun < 5
    store.close()
