"""One house for all tests that do not change its settings."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.identity.house import SignInHouse
from tests.servers.postgres import Databases


@pytest.fixture(scope="package")
def shared_house(databases: Databases, template: str) -> Iterator[SignInHouse]:
    limits: dict[str, Any] = {"sign_in_failures_per_address": 1_000_000}
    with databases.one(template=template) as url, SignInHouse(url, **limits) as started:
        yield started


@pytest.fixture
def house(shared_house: SignInHouse) -> SignInHouse:
    return shared_house
