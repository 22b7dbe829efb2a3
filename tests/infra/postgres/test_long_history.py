"""What a read costs does not grow with the history behind it: PostgreSQL counts the rows that were looked at."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.event_store import Page
from infra.postgres.connection import Connection, connect
from infra.postgres.store import read_ledger
from projections.orders import LIST
from projections.projection import prepare
from projections.registry import PROJECTIONS
from tests.bench.history import write_history
from tests.servers.postgres import Databases

EVENTS = 120_000
PAGE = 100
ORDERS = 100_000
FEW = 5
BIG_SHOP, SMALL_SHOP, BIG_APP, SMALL_APP, CUSTOMER, STRANGER = (uuid4() for _ in range(6))
NOBODY = {"customer_id": None, "placed_by": None, "restaurants": None, "everything": False}
ANYTHING = dict.fromkeys(
    ("restaurant_id", "stage", "client_reference", "placed_after", "placed_before", "at", "id"), None
)
_LOOKED_AT = "select sum(seq_tup_read + idx_tup_fetch)::integer from pg_stat_xact_user_tables"
# All are orders of one big shop through one big app and long completed, but a few.
_ORDERS = """
insert into read_models.orders
    (order_id, restaurant_id, customer_id, placed_by, fulfilment, stage, placed_at, client_reference, version, document)
select gen_random_uuid(),
    case when n % %(every)s = 0 then %(small_shop)s::uuid else %(big_shop)s::uuid end,
    case when n % %(every)s = 1 then %(customer)s::uuid end,
    case when n % %(every)s = 1 then %(customer)s::uuid when n % %(every)s = 2 then %(small_app)s::uuid
        else %(big_app)s::uuid end,
    'pickup', case when n % %(every)s = 3 then 'placed' else 'completed' end,
    timestamptz '2020-01-01' + make_interval(mins => n), 'order ' || n, 6, '{}'
from generate_series(1, %(orders)s) n
"""


@pytest.fixture(scope="module")
def long_history(databases: Databases, template: str) -> Iterator[str]:
    """A database with a past, whose tables PostgreSQL has analysed, as it does by itself after a while."""
    with databases.one(template=template) as url:
        write_history(url, EVENTS)
        yield url


@pytest.fixture(scope="module")
def many_orders(databases: Databases, template: str) -> Iterator[str]:
    """A database with a large order view."""
    with databases.one(template=template) as url:
        with connect(url, "comanda_worker") as db:
            prepare(db, list(PROJECTIONS.values()))
        values = {
            "orders": ORDERS,
            "every": ORDERS // FEW,
            "big_shop": BIG_SHOP,
            "small_shop": SMALL_SHOP,
            "big_app": BIG_APP,
            "small_app": SMALL_APP,
            "customer": CUSTOMER,
        }
        with psycopg.connect(url, autocommit=True) as owner, psycopg.ClientCursor(owner) as cursor:
            cursor.execute(_ORDERS.replace("n % %", "n %% %"), values)
            owner.execute("vacuum (analyze) read_models.orders")
        yield url


def looked_at(db: Connection) -> int:
    """How many rows this connection has looked at so far."""
    (rows,) = db.execute(_LOOKED_AT).fetchone() or (0,)
    return int(rows)


def page_and_cost(db: Connection, after: int) -> tuple[Page, int]:
    """A page of the ledger, and how many rows were looked at for it."""
    with db.transaction():
        before = looked_at(db)
        page = read_ledger(lambda sql, params: db.execute(sql, params).fetchall(), after, PAGE, categories=("order",))
        return page, looked_at(db) - before


@pytest.mark.parametrize("role", ["comanda_worker", "comanda_app"])
def test_a_page_at_the_end_of_a_long_ledger_is_read_as_cheaply_as_one_at_its_beginning(
    long_history: str, role: str
) -> None:
    with connect(long_history, role) as db:
        for after in (0, EVENTS - PAGE):
            page, rows = page_and_cost(db, after)
            assert len(page.events) == PAGE
            assert PAGE <= rows <= 3 * PAGE


ALL = {"everything": True}
LISTS: dict[str, tuple[dict[str, Any], int]] = {
    "an operator's": (ALL, PAGE),
    "an operator's of a big shop": ({**ALL, "restaurant_id": BIG_SHOP}, PAGE),
    "an operator's of a small shop": ({**ALL, "restaurant_id": SMALL_SHOP}, FEW),
    "an operator's of what was just placed": ({**ALL, "stage": "placed"}, FEW),
    "an operator's of what a big shop has just got": ({**ALL, "stage": "placed", "restaurant_id": BIG_SHOP}, FEW),
    "an operator's of one reference": ({**ALL, "client_reference": "order 77"}, 1),
    "an operator's of the first hour": ({**ALL, "placed_before": "2020-01-01T00:00:30Z"}, 0),
    "an operator's of an hour in between": (
        {**ALL, "placed_after": "2020-02-01T00:00:00Z", "placed_before": "2020-02-01T00:20:00Z"},
        20,
    ),
    "a customer's": ({"customer_id": CUSTOMER}, FEW),
    "a stranger's": ({"customer_id": STRANGER}, 0),
    "a big app's": ({"placed_by": BIG_APP}, PAGE),
    "a small app's": ({"placed_by": SMALL_APP}, FEW),
    "a small app's of one reference": ({"placed_by": SMALL_APP, "client_reference": "order 77"}, 0),
    "a big shop's owner's": ({"restaurants": [BIG_SHOP]}, PAGE),
    "a small shop's owner's": ({"restaurants": [SMALL_SHOP]}, FEW),
    "that of the owner of both": ({"restaurants": [BIG_SHOP, SMALL_SHOP]}, PAGE),
    "that of an owner who orders too": ({"restaurants": [SMALL_SHOP], "customer_id": CUSTOMER}, 2 * FEW),
    "that of a big shop's owner who orders too": ({"restaurants": [BIG_SHOP], "customer_id": CUSTOMER}, PAGE),
}


@pytest.mark.parametrize("whose", LISTS)
def test_a_list_of_orders_looks_at_little_more_than_it_shows(many_orders: str, whose: str) -> None:
    asked, shown = LISTS[whose]
    with connect(many_orders, "comanda_app") as db, db.transaction():
        before = looked_at(db)
        rows = db.execute(LIST, {**ANYTHING, **NOBODY, **asked, "limit": PAGE}, prepare=False).fetchall()
        cost = looked_at(db) - before
    assert len(rows) == shown
    assert shown <= cost <= 3 * PAGE + shown
