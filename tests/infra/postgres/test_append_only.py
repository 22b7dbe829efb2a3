"""History cannot be changed, by whoever asks."""

import psycopg
import pytest

from domain.event_store import NEW_STREAM, Append
from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, stream
from tests.infra.postgres.looks import partition_of, sequence_all

ROLES = ("comanda_app", "comanda_sequencer", "comanda_worker", "comanda_reader")


@pytest.fixture(scope="module")
def written(url: str, store: PostgresEventStore) -> str:
    """The partition in which one sequenced event lies."""
    append = stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[append]))
    sequence_all(url)
    return partition_of(url, append.stream_id)


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
