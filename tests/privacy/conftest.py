"""One house for the tests of privacy: to open it, with servers and processes of its own, takes longer than they do."""

from collections.abc import Iterator

import pytest

from tests.privacy.house import House


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    with House() as opened:
        yield opened
