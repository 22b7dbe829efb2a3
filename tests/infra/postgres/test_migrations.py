"""A database is migrated once, and by no other program's migrations."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infra.postgres import migrate as migrating
from infra.postgres.migrate import Migration, SchemaForeign, migrate, migrations
from tests.servers.postgres import Databases


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
