"""Whether a process lives, and whether it can serve."""

import pytest
from falcon import testing

from domain.event_store import StoreUnavailable
from tests.api.built import built
from tests.api.client import Api


def test_a_process_that_lives_says_so(api: Api) -> None:
    assert api.get("/healthz").json == {"status": "alive"}


def test_a_process_that_can_serve_says_so(api: Api) -> None:
    assert api.get("/readyz").json == {"status": "ready"}


@pytest.fixture
def without_a_database() -> testing.TestClient:
    def fetch(*_: object) -> list[object]:
        raise StoreUnavailable("connection refused")

    return testing.TestClient(built(fetch))


def test_without_its_database_a_process_lives_but_is_not_ready(without_a_database: testing.TestClient) -> None:
    assert without_a_database.simulate_get("/healthz").status_code == 200
    refused = without_a_database.simulate_get("/readyz")
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert refused.json["code"] == "store_unavailable"


def test_a_fault_of_ours_is_a_500_problem_that_gives_nothing_away() -> None:
    def fetch(*_: object) -> list[object]:
        raise KeyError("a secret")

    told = testing.TestClient(built(fetch)).simulate_get("/readyz")
    assert (told.status_code, told.json["code"]) == (500, "internal_error")
    assert "secret" not in told.text
