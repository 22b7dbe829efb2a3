"""What is sent as an array comes back as the list that it was made from, whatever is in it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from infra.postgres import arrays

IDS = [UUID(int=0), uuid7(), UUID(int=2**128 - 1)]
AWKWARD = ["", "naan", None, '"{},\\', "NULL", "\U0001f525 \u2028\n", "x" * 100_000]


@pytest.fixture
def db(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("make", "values", "of"),
    [
        (arrays.integers, [0, -1, 2**31 - 1, -(2**31), None], "integer[]"),
        (arrays.booleans, [True, False], "boolean[]"),
        (arrays.uuids, IDS, "uuid[]"),
        (arrays.texts, AWKWARD, "text[]"),
        (arrays.byteas, [b"", b"\0\xff", None], "bytea[]"),
    ],
)
@pytest.mark.parametrize("taken", [0, None], ids=["nothing", "all"])
def test_a_list_comes_back_as_it_was_sent(
    db: psycopg.Connection[Any], make: Callable[[Any], arrays.Array], values: list[Any], of: str, taken: int | None
) -> None:
    sent = values[:taken]
    row = db.execute("select %(it)s, pg_typeof(%(it)s)::text", {"it": make(sent)}).fetchone()
    assert row == (sent, of)


def test_a_number_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Exception, match=r"argument out of range|format requires"):
        arrays.integers([2**31])


def test_a_text_that_postgresql_cannot_hold_is_refused_by_it(db: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.DataError):
        db.execute("select %s", (arrays.texts(["nul\0"]),))
