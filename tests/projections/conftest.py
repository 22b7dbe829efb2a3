"""The books that every test here writes in."""

from collections.abc import Iterator

import pytest

from tests.projections.books import Books


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A history that is still empty, with its read models beside it."""
    with Books(database) as opened:
        yield opened
