"""Failed sign-ins are limited by account and by address; and failing tells nobody which logins exist."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from api.oauth import TOKEN
from infra.identity.passwords import HASHES_AT_ONCE, WAITING_MAX
from tests.api.answer import Answer
from tests.identity.house import PASSWORD, SignInHouse

PER_LOGIN, PER_ADDRESS = 5, 12
TIMED = 40
RATIO_MAX = 1.25
"""Between the medians of an unknown login and a wrong password; the hash takes some 20 ms of either here."""


@pytest.fixture
def two_processes(database: str) -> Iterator[tuple[SignInHouse, SignInHouse]]:
    limits = {"sign_in_failures_per_login": PER_LOGIN, "sign_in_failures_per_address": PER_ADDRESS}
    with SignInHouse(database, None, **limits) as one, SignInHouse(database, one.accounts, **limits) as other:
        yield one, other


def attempt(house: SignInHouse, login: str, password: str = "wrong") -> Answer:
    return house.form(TOKEN, grant_type="password", username=login, password=password)


@pytest.mark.parametrize("known", [True, False])
def test_an_account_stands_only_so_many_wrong_passwords_from_all_processes_together(
    two_processes: tuple[SignInHouse, SignInHouse], known: bool
) -> None:
    login = two_processes[0].person().login if known else "nobody@example.com"
    answers = [attempt(house, login) for _ in range(PER_LOGIN) for house in two_processes]
    assert [a.status for a in answers] == [400] * PER_LOGIN + [429] * PER_LOGIN
    assert answers[-1].json["error"] == "temporarily_unavailable"
    assert 100 <= int(answers[-1].headers["Retry-After"]) <= 120
    assert attempt(two_processes[0], login, PASSWORD).status == 429  # the right one is not looked at either
    assert two_processes[0].sign_in(two_processes[0].person())  # another account is not touched


def test_many_guesses_at_once_are_no_way_around(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    login = two_processes[0].person().login
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: attempt(two_processes[n % 2], login), range(40)))
    assert sum(a.status in {400, 503} for a in answers) == PER_LOGIN
    assert {a.status for a in answers} <= {400, 429, 503}


def test_one_password_tried_on_many_accounts_is_stopped_by_the_address(
    two_processes: tuple[SignInHouse, SignInHouse],
) -> None:
    answers = [attempt(two_processes[n % 2], f"{uuid4()}@example.com") for n in range(PER_ADDRESS + 3)]
    assert [a.status for a in answers] == [400] * PER_ADDRESS + [429] * 3


def test_who_signs_in_well_may_do_so_as_often_as_they_like(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    house, _ = two_processes
    ada, app = house.person(), house.machine()
    for _ in range(2 * PER_ADDRESS):
        assert house.sign_in(ada)
        assert house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials").status == 200


def test_a_client_secret_cannot_be_guessed_without_limit(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    app = two_processes[0].machine()
    guesses = [
        two_processes[n % 2].form(TOKEN, (app.login, f"guess {n}"), grant_type="client_credentials")
        for n in range(2 * PER_LOGIN)
    ]
    assert [a.status for a in guesses] == [401] * PER_LOGIN + [429] * PER_LOGIN


def test_neither_login_nor_address_is_kept_in_the_open(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    house, _ = two_processes
    attempt(house, "grace@example.com")
    for table in ("sign_in_limits", "logins"):
        for (row,) in house.parts.database.run(f"select t::text from comanda.{table} t"):  # noqa: S608  ours
            assert "grace" not in row
            assert "127.0.0.1" not in row


def test_an_unknown_login_takes_as_long_as_a_wrong_password(database: str) -> None:
    costs = {"argon2_time_cost": 2, "argon2_memory_kib": 16_384}
    unlimited = {"sign_in_failures_per_login": 1_000_000, "sign_in_failures_per_address": 1_000_000}
    with SignInHouse(database, None, **costs, **unlimited) as house:
        known = house.person().login
        took: dict[str, list[float]] = {known: [], "nobody@example.com": []}
        for _ in range(TIMED):
            for login, times in took.items():
                begun = time.perf_counter()
                assert attempt(house, login).status == 400
                times.append(time.perf_counter() - begun)
    wrong, unknown = (statistics.median(times) for times in took.values())
    assert 1 / RATIO_MAX < wrong / unknown < RATIO_MAX


def test_hashes_grow_with_the_settings_at_the_next_sign_in(database: str) -> None:
    read = "select hash from comanda.account_secrets"
    with SignInHouse(database, None, argon2_memory_kib=64) as house:
        ada, accounts = house.person(), house.accounts
        assert "m=64," in house.parts.database.run(read)[0][0]
    with SignInHouse(database, accounts, argon2_memory_kib=128) as house:
        assert attempt(house, ada.login).status == 400
        assert "m=64," in house.parts.database.run(read)[0][0]
        session = house.sign_in(ada)
        assert "m=128," in house.parts.database.run(read)[0][0]
        assert house.sign_in(ada)
        assert house.refresh(session["refresh_token"]).status == 200


def test_a_crowd_that_signs_in_does_not_hold_up_other_requests(database: str) -> None:
    slow = {"argon2_time_cost": 20, "argon2_memory_kib": 16_384, "sign_in_failures_per_address": 1_000}
    with SignInHouse(database, None, **slow) as house, ThreadPoolExecutor(30) as pool:
        crowd = [pool.submit(attempt, house, f"{uuid4()}@example.com") for _ in range(30)]
        time.sleep(0.1)
        begun = time.monotonic()
        assert house.get("/readyz").status in {200, 503}
        assert house.get("/healthz").status == 200
        waited_s = time.monotonic() - begun
        statuses = [sent.result().status for sent in crowd]
    assert waited_s < 1
    assert statuses.count(503) >= 30 - 3 * (HASHES_AT_ONCE + WAITING_MAX)
    assert set(statuses) == {400, 503}
