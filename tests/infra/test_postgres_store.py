"""What PostgreSQL alone has to hold: history that cannot be changed, leaves, months, migrations, lost connections."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.event_store import (
    ANY_VERSION,
    NEW_STREAM,
    AlreadyAnswered,
    Append,
    HistoryDetached,
    Recorded,
    StoreUnavailable,
    VersionMoved,
)
from domain.leaf import leaf_hash
from domain.order.events import OrderCancelled
from infra.embedded import EmbeddedPostgres
from infra.postgres import migrate as migrating
from infra.postgres.connection import Connection, connect
from infra.postgres.migrate import Migration, SchemaForeign, migrate, migrations
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import AT, accepted, answer, ready, started, stream
from tests.infra.relay import Relay
from tests.servers.postgres import Databases
from workers.sequencer import sequence, try_lead

ROLES = ("comanda_app", "comanda_sequencer", "comanda_worker", "comanda_reader")
WAIT_MAX_S = 10


@pytest.fixture(scope="module")
def url(databases: Databases, template: str) -> Iterator[str]:
    """A database that the tests of this file share."""
    with databases.one(template=template) as shared:
        yield shared


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[PostgresEventStore]:
    opened = PostgresEventStore(url).open()
    yield opened
    opened.close()


@pytest.fixture
def owner(url: str) -> Iterator[Connection]:
    """A connection that may do anything, whose transaction is undone."""
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def sequence_all(url: str) -> None:
    with connect(url, "comanda_sequencer") as leader:
        epoch = try_lead(leader)
        assert epoch is not None
        while sequence(leader, epoch).size:
            pass


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_MAX_S
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def blocked(url: str) -> int:
    """How many of the store's writers wait for a lock now."""
    with psycopg.connect(url) as db:
        row = db.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


# Append-only


@pytest.fixture(scope="module")
def written(url: str, store: PostgresEventStore) -> str:
    """The partition in which one sequenced event lies."""
    append = stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[append]))
    sequence_all(url)
    return partition_of(url, append.stream_id)


def partition_of(url: str, stream_id: UUID) -> str:
    with psycopg.connect(url) as db:
        row = db.execute(
            "select distinct tableoid::regclass::text from comanda.events where stream_id = %s", (stream_id,)
        ).fetchone()
    assert row is not None
    return str(row[0])


CHANGES = ("update {} set category = 'x'", "delete from {}", "truncate {}")
TABLES = ("comanda.events", "a month", "comanda.ledger")


def attempt(db: Connection, change: str, table: str, month: str) -> None:
    db.execute(change.format(month if table == "a month" else table))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_granted_a_change_of_history(
    owner: Connection, written: str, role: str, change: str, table: str
) -> None:
    owner.execute(f"set local role {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        attempt(owner, change, table, written)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", [None, *ROLES])
def test_history_refuses_to_be_changed_even_by_its_owner_and_by_whoever_is_granted_everything(
    owner: Connection, written: str, role: str | None, change: str, table: str
) -> None:
    if role:
        owner.execute(f"grant all on all tables in schema comanda to {role}")
        owner.execute(f"set local role {role}")
    with pytest.raises(psycopg.errors.RestrictViolation, match="history is append-only"):
        attempt(owner, change, table, written)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_adds_an_event_but_through_an_append(owner: Connection, written: str, role: str) -> None:
    owner.execute(f"set local role {role}")
    for table in ("comanda.events", written):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
            owner.execute(f"insert into {table} select * from comanda.events")  # noqa: S608  our own names


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("comanda_app", "insert into comanda.ledger select * from comanda.ledger"),
        ("comanda_worker", "insert into comanda.ledger select * from comanda.ledger"),
        ("comanda_app", "update comanda.sequencer set position = 0"),
        ("comanda_app", "delete from comanda.idempotency_keys"),
        ("comanda_app", "update comanda.idempotency_keys set body = ''"),
        ("comanda_app", "select nextval('comanda.event_seq')"),
        ("comanda_app", "select comanda.sequence_events(1, 1)"),
        ("comanda_app", "alter table comanda.events disable trigger append_only"),
        ("comanda_app", "set session_replication_role = replica"),
        ("comanda_app", "update comanda.claims set uses = 0"),
        ("comanda_worker", "select comanda.hold_claims('{}')"),
        ("comanda_worker", "select comanda.unclaim('{}', '{}')"),
        ("comanda_worker", "select * from comanda.idempotency_keys"),
        ("comanda_reader", "insert into comanda.idempotency_keys select * from comanda.idempotency_keys"),
        ("comanda_reader", "create table read_models.mine ()"),
    ],
)
def test_a_role_can_do_its_own_work_and_no_others(owner: Connection, role: str, action: str) -> None:
    owner.execute(f"set local role {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(action)


@pytest.mark.parametrize("role", [r for r in ROLES if r != "comanda_app"])
def test_only_the_application_appends(owner: Connection, role: str) -> None:
    row = owner.execute(
        "select has_function_privilege(%s, p.oid, 'execute') from pg_proc p where p.proname = 'append'", (role,)
    ).fetchone()
    assert row == (False,)


# Leaves

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
records = st.builds(
    Recorded,
    stream_id=st.uuids(),
    version=st.integers(1, 2**31 - 1),
    seq=st.just(0),
    event_id=st.uuids(),
    category=texts,
    type=texts,
    schema_version=st.integers(1, 2**15 - 1),
    data=texts,
    meta=texts,
    recorded_at=st.datetimes(timezones=st.just(UTC)),
    position=st.integers(1, 2**63 - 1),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=records)
def test_the_leaf_is_the_same_in_the_database_and_in_python(owner: Connection, record: Recorded) -> None:
    row = owner.execute(
        "select comanda.leaf_hash(%s, %s, %s::int, %s, %s::smallint, %s, %s, %s, %s, %s)",
        (
            record.position,
            record.stream_id,
            record.version,
            record.event_id,
            record.schema_version,
            record.recorded_at,
            record.category,
            record.type,
            record.data,
            record.meta,
        ),
    ).fetchone()
    assert row == (leaf_hash(record),)


def test_every_event_in_the_ledger_carries_its_leaf(url: str, store: PostgresEventStore) -> None:
    append = stream(accepted, OrderCancelled(at=AT, reason='Zoë \N{HOT BEVERAGE} \\ "'), on=NEW_STREAM)
    store.append(Append(streams=[append], meta={"actor": "Zoë"}))
    sequence_all(url)
    with psycopg.connect(url) as db:
        rows = db.execute(
            "select leaf from comanda.ledger where stream_id = %s order by position", (append.stream_id,)
        ).fetchall()
    assert [leaf for (leaf,) in rows] == [leaf_hash(r) for r in store.history(append.stream_id, 0, 2)]


# Months


def born(at: datetime) -> UUID:
    """A UUIDv7 of this millisecond."""
    rest = uuid7().int & ((1 << 80) - 1)
    return UUID(int=(round(at.timestamp() * 1000) << 80) | rest)


def next_month(months: int = 1) -> datetime:
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def test_an_event_lies_in_the_month_of_its_streams_birth_to_the_millisecond(
    url: str, store: PostgresEventStore
) -> None:
    turn = next_month()
    first = UUID(int=round(turn.timestamp() * 1000) << 80)
    last = UUID(int=first.int - 1)
    for stream_id in (first, last):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM, stream_id=stream_id)]))
    this = datetime.now(UTC)
    assert partition_of(url, first) == f"comanda.events_{turn:%Y_%m}"
    assert partition_of(url, last) == f"comanda.events_{this:%Y_%m}"


def test_a_later_event_of_a_stream_lies_beside_its_first(url: str, store: PostgresEventStore) -> None:
    stream_id = born(next_month(3))
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM, stream_id=stream_id)]))
    store.append(Append(streams=[stream(started, on=1, stream_id=stream_id)]))
    assert partition_of(url, stream_id) == f"comanda.events_{next_month(3):%Y_%m}"


@pytest.mark.parametrize("at", [datetime(2015, 9, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_stream_of_another_age_has_a_place_too(url: str, store: PostgresEventStore, at: datetime) -> None:
    append = stream(accepted, on=NEW_STREAM, stream_id=born(at))
    store.append(Append(streams=[append]))
    assert partition_of(url, append.stream_id) == "comanda.events_other"
    assert len(store.load(append.stream_id)) == 1


def test_a_closed_month_detaches_with_its_events_and_the_others_go_on(database: str) -> None:
    store = PostgresEventStore(database).open()
    closed, other = stream(accepted, on=NEW_STREAM, stream_id=born(next_month())), stream(accepted, on=NEW_STREAM)
    for append in (closed, other):
        store.append(Append(streams=[append]))
    sequence_all(database)
    month = partition_of(database, closed.stream_id)
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(f"alter table comanda.events detach partition {month}")
        assert db.execute(f"select count(*) from {month}").fetchone() == (1,)  # noqa: S608  our own name
        with pytest.raises(psycopg.errors.RestrictViolation):
            db.execute(f"truncate {month}")
        assert db.execute("select count(*) from comanda.ledger").fetchone() == (2,)
    assert [len(store.load(append.stream_id)) for append in (closed, other)] == [0, 1]
    with pytest.raises(HistoryDetached, match="positions 1 and 2"):  # a rebuild must not pass over it unseen
        store.read_ledger(0, 10)
    assert store.append(Append(streams=[stream(ready, on=1, stream_id=other.stream_id)])) == {other.stream_id: 2}
    store.close()


# Migrations


def test_a_second_migration_is_silence(empty_database: str) -> None:
    assert migrate(empty_database) == [m.name for m in migrations()]
    assert migrate(empty_database) == []


def test_two_migrations_at_once_are_one(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(migrate, [empty_database] * 4))
    assert sorted(map(len, done)) == [0, 0, 0, len(migrations())]


def test_two_databases_of_one_server_are_migrated_at_once(databases: Databases) -> None:
    names = [databases.create() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(migrate, map(databases.url_of, names)))
    assert [len(applied) for applied in done] == [len(migrations())] * 4
    for name in names:
        databases.drop(name)


def test_a_migration_that_was_edited_after_it_was_applied_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    *others, last = migrations()
    edited = Migration(number=last.number, name=last.name, sql=last.sql + "\nselect 1;")
    monkeypatch.setattr(migrating, "migrations", lambda: [*others, edited])
    with pytest.raises(SchemaForeign, match=f"migration {last.name} was edited after it was applied"):
        migrate(database)


def test_a_database_of_a_newer_program_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    *others, last = migrations()
    monkeypatch.setattr(migrating, "migrations", lambda: others)
    with pytest.raises(SchemaForeign, match=f"has migration {last.name}, which this program does not know"):
        migrate(database)


def test_a_migration_that_fails_leaves_nothing_of_itself(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Migration(number=9999, name="9999_bad", sql="create table comanda.half (); select 1 / 0;")
    monkeypatch.setattr(migrating, "migrations", lambda: [*migrations(), bad])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database)
    with psycopg.connect(database) as db:
        assert db.execute("select to_regclass('comanda.half')").fetchone() == (None,)
    monkeypatch.undo()
    assert migrate(database) == []


# Group commit


class Held:
    """Holds every append up, so that those asked for meanwhile gather in one batch."""

    def __init__(self, url: str, store: PostgresEventStore) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(64)
        self._store = store
        self._db = psycopg.connect(url)
        self._db.execute("lock table comanda.events in access exclusive mode")
        self.ask(Append(streams=[stream(accepted, on=ANY_VERSION)]))
        until(lambda: blocked(url) > 0)

    def ask(self, request: Append) -> "Future[dict[UUID, int]]":
        return self._threads.submit(self._store.append, request)

    def release(self) -> None:
        time.sleep(0.2)  # the last to ask is in the queue by now
        self._db.close()
        self._threads.shutdown()


def test_neighbours_in_one_transaction_are_independent(url: str, store: PostgresEventStore) -> None:
    stood, key = stream(accepted, on=NEW_STREAM), str(uuid7())
    store.append(Append(streams=[stood], answer=answer(key)))
    held = Held(url, store)
    fresh = [stream(accepted, on=NEW_STREAM) for _ in range(20)]
    landing = [held.ask(Append(streams=[append])) for append in fresh[:10]]
    moved = held.ask(Append(streams=[stream(ready, on=5, stream_id=stood.stream_id)]))
    repeat = held.ask(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=answer(key)))
    landing += [held.ask(Append(streams=[append])) for append in fresh[10:]]
    held.release()
    assert [future.result() for future in landing] == [{append.stream_id: 1} for append in fresh]
    assert isinstance(moved.exception(), VersionMoved)
    assert isinstance(repeat.exception(), AlreadyAnswered)
    with psycopg.connect(url) as db:
        row = db.execute(
            "select count(distinct xmin::text) from comanda.events where stream_id = any (%s)",
            ([append.stream_id for append in fresh],),
        ).fetchone()
    assert row == (1,)


def test_one_that_spoils_the_transaction_spoils_it_for_nobody_else(url: str, store: PostgresEventStore) -> None:
    stood = stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[stood]))
    held = Held(url, store)
    fresh = [stream(accepted, on=NEW_STREAM) for _ in range(10)]
    landing = [held.ask(Append(streams=[append])) for append in fresh[:5]]
    taken = held.ask(Append(streams=[stream(ready, on=NEW_STREAM, stream_id=stood.stream_id)]))
    unwritable = [held.ask(Append(streams=[stream(ready, on=0)], answer=answer(key))) for key in ("\x00", "\ud800")]
    landing += [held.ask(Append(streams=[append])) for append in fresh[5:]]
    held.release()
    assert [future.result() for future in landing] == [{append.stream_id: 1} for append in fresh]
    assert isinstance(taken.exception(), VersionMoved)
    assert all(isinstance(future.exception(), (psycopg.DataError, UnicodeEncodeError)) for future in unwritable)


def test_two_appends_to_one_stream_take_turns_within_a_process(url: str, store: PostgresEventStore) -> None:
    held = Held(url, store)
    append = stream(accepted, on=ANY_VERSION)
    asked = [held.ask(Append(streams=[append])) for _ in range(20)]
    held.release()
    assert sorted(future.result()[append.stream_id] for future in asked) == list(range(1, 21))


def test_writers_that_do_not_mind_are_never_refused_though_many_processes_meet_on_one_stream(url: str) -> None:
    stores = [PostgresEventStore(url).open() for _ in range(6)]
    append = stream(accepted, on=ANY_VERSION)
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(store.append, Append(streams=[append])) for _ in range(50) for store in stores]
    versions = [future.result()[append.stream_id] for future in asked]
    for store in stores:
        store.close()
    assert sorted(versions) == list(range(1, 301))


# Lost connections


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
