"""The signing keys: replaced while everybody stays signed in, or at once where one has leaked."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import jwt
import pytest

from infra.identity.whole import IdentityParts
from infra.master_key import parse
from infra.refusal import CannotStart
from infra.settings import Settings
from tests.identity.house import SignInHouse
from tests.keys import MASTER_KEY, NEXT_MASTER_KEY

NOTICED_WITHIN_S = 10.0


@pytest.fixture
def two_processes(database: str) -> Iterator[tuple[SignInHouse, SignInHouse]]:
    with SignInHouse(database) as one, SignInHouse(database, one.accounts) as other:
        yield one, other


def comanda_keys(house: SignInHouse, *arguments: str, **environment: str) -> str:
    """What the command says."""
    command = [sys.executable, "-m", "infra.cli.main", "keys", *arguments]
    environment = {**os.environ, **house.settings.environment(), **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def wait_until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + NOTICED_WITHIN_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_new_key_takes_over_while_both_are_taken(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    one, _ = two_processes
    ada = one.person()
    before = one.token(ada)
    told = comanda_keys(one, "rotate")
    for house in two_processes:
        wait_until(lambda house=house: kid_of(house.token(ada)) in told)  # type: ignore[misc]
    after = one.token(ada)
    for house in two_processes:
        assert house.get("/healthz", before).status == 200
        assert house.get("/healthz", after).status == 200
        published = {key["kid"] for key in house.get("/.well-known/jwks.json").json["keys"]}
        assert published == {kid_of(before), kid_of(after)}


def test_a_key_that_leaked_is_out_at_once_everywhere(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    one, other = two_processes
    ada = one.person()
    before = one.token(ada)
    assert other.get("/healthz", before).status == 200
    comanda_keys(one, "rotate", "--at-once")
    for house in two_processes:
        wait_until(lambda house=house: house.get("/healthz", before).status == 401)  # type: ignore[misc]
    after = one.token(ada)
    assert kid_of(after) != kid_of(before)
    assert other.get("/healthz", after).status == 200


def test_processes_that_start_at_once_make_one_first_key(database: str) -> None:
    settings = Settings(database_url=database, master_key=MASTER_KEY)
    for _ in range(3):
        with IdentityParts(settings, parse(MASTER_KEY)) as a, IdentityParts(settings, parse(MASTER_KEY)) as b:
            assert a.keys.signer()[0] == b.keys.signer()[0]


def test_a_new_master_key_signs_nobody_out_and_the_old_one_can_go(database: str) -> None:
    with SignInHouse(database) as before:
        ada = before.person()
        token = before.token(ada)
        accounts = before.accounts
    both = f"{NEXT_MASTER_KEY},{MASTER_KEY}"
    with SignInHouse(database, accounts, master_key=both) as house:
        assert house.get("/healthz", token).status == 200
        assert (
            comanda_keys(house, "rewrap").strip().endswith(": 2, and the keys of 0 persons")
        )  # the signing key, the key of the logins
        assert comanda_keys(house, "rewrap").strip().endswith(": 0, and the keys of 0 persons")
    with SignInHouse(database, accounts, master_key=NEXT_MASTER_KEY) as house:
        assert house.get("/healthz", token).status == 200
        assert house.sign_in(ada)
    with IdentityParts(Settings(database_url=database), parse(MASTER_KEY)) as old, pytest.raises(CannotStart):
        old.check()


def test_the_database_holds_no_private_key_in_the_open(database: str) -> None:
    with IdentityParts(Settings(database_url=database), parse(MASTER_KEY)) as parts:
        _, private = parts.keys.signer()
        (row,) = parts.database.run("select wrapped, public_jwk from comanda.signing_keys")
        assert private.private_bytes_raw() not in bytes(row[0])
        assert '"d"' not in row[1]
