"""What a read costs does not grow with the history behind it: PostgreSQL counts the rows that were looked at."""

from collections.abc import Iterator

import pytest

from domain.event_store import Page
from infra.postgres.connection import Connection, connect
from infra.postgres.store import read_ledger
from tests.bench.history import write_history
from tests.servers.postgres import Databases

EVENTS = 120_000
PAGE = 100
_LOOKED_AT = "select sum(seq_tup_read + idx_tup_fetch)::integer from pg_stat_xact_user_tables"


@pytest.fixture(scope="module")
def long_history(databases: Databases, template: str) -> Iterator[str]:
    """A database with a past, whose tables PostgreSQL has analysed, as it does by itself after a while."""
    with databases.one(template=template) as url:
        write_history(url, EVENTS)
        yield url


def page_and_cost(db: Connection, after: int) -> tuple[Page, int]:
    """A page of the ledger, and how many rows were looked at for it."""
    with db.transaction():
        before = looked_at(db)
        page = read_ledger(lambda sql, params: db.execute(sql, params).fetchall(), after, PAGE, categories=("order",))
        return page, looked_at(db) - before


def looked_at(db: Connection) -> int:
    (rows,) = db.execute(_LOOKED_AT).fetchone() or (0,)
    return int(rows)


@pytest.mark.parametrize("role", ["comanda_worker", "comanda_app"])
def test_a_page_at_the_end_of_a_long_ledger_is_read_as_cheaply_as_one_at_its_beginning(
    long_history: str, role: str
) -> None:
    with connect(long_history, role) as db:
        for after in (0, EVENTS - PAGE):
            page, rows = page_and_cost(db, after)
            assert len(page.events) == PAGE
            assert PAGE <= rows <= 3 * PAGE
