"""Brings a database to the present schema: the numbered SQL files, each once, in order, forward only."""

import hashlib
from dataclasses import dataclass
from importlib import resources

import psycopg

MONTHS_AHEAD = 24
_LOCK_KEY = 77_000_001
_NEWEST_SERVER, _OLDEST_SERVER = 18, 15

_HISTORY = """
create table if not exists public.comanda_migrations (
    number     integer     primary key,
    name       text        not null,
    sha256     text        not null,
    applied_at timestamptz not null default now()
)
"""


class SchemaForeign(Exception):
    """The database's schema is not one that this program can bring forward."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """What says that an applied file was not edited afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this program, in order."""
    folder = resources.files("infra.postgres") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [
        Migration(number=int(f.name[:4]), name=f.name.removesuffix(".sql"), sql=f.read_text(encoding="utf-8"))
        for f in files
    ]


def migrate(url: str) -> list[str]:
    """Apply what is missing and answer with the names applied; safe to run from several machines at once.

    ``url`` is the owner's. Raises SchemaForeign for a server or a schema that is not ours to touch.
    """
    with psycopg.connect(url, autocommit=True, application_name="comanda migrate") as db:
        _check_server(db)
        db.execute("select pg_advisory_lock(%s)", (_LOCK_KEY,))
        db.execute(_HISTORY)
        applied = _applied(db)
        todo = [m for m in migrations() if m.number not in applied]
        for migration in todo:
            with db.transaction():
                db.execute(migration.sql)
                db.execute(
                    "insert into public.comanda_migrations (number, name, sha256) values (%s, %s, %s)",
                    (migration.number, migration.name, migration.sha256),
                )
        db.execute("select comanda.ensure_event_partitions(%s)", (MONTHS_AHEAD,))
    return [m.name for m in todo]


def _check_server(db: psycopg.Connection) -> None:
    major = db.info.server_version // 10_000
    if not _OLDEST_SERVER <= major <= _NEWEST_SERVER:
        msg = f"PostgreSQL {_OLDEST_SERVER} to {_NEWEST_SERVER} is needed, this server is {major}"
        raise SchemaForeign(msg)


def _applied(db: psycopg.Connection) -> set[int]:
    """The numbers applied so far; raises where history and files disagree."""
    ours = {m.number: m for m in migrations()}
    rows = db.execute("select number, name, sha256 from public.comanda_migrations").fetchall()
    for number, name, sha256 in rows:
        if number not in ours:
            msg = f"the database has migration {name}, which this program does not know: run a newer comanda"
            raise SchemaForeign(msg)
        if ours[number].sha256 != sha256:
            msg = f"migration {name} was edited after it was applied; restore the file, add a new one instead"
            raise SchemaForeign(msg)
    return {number for number, _, _ in rows}
