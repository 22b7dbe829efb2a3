"""Rate limits: counted over all processes, told in headers, and each principal's own."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from domain.identity import RatePolicy
from infra.identity import rates
from infra.identity.rates import CHUNKS, LeasedRates
from infra.identity.whole import IdentityParts
from infra.master_key import parse
from infra.settings import Settings
from tests.api.answer import Answer
from tests.identity.house import SignInHouse
from tests.keys import MASTER_KEY

READ = "/openapi.json"
PER_S = 2.0
BURST = 20
MANY = 30


@pytest.fixture
def two_processes(database: str) -> Iterator[tuple[SignInHouse, SignInHouse]]:
    with (
        SignInHouse(database, rate_customers=PER_S) as one,
        SignInHouse(database, one.accounts, rate_customers=PER_S) as other,
    ):
        yield one, other


@pytest.fixture
def strict_house(database: str) -> Iterator[SignInHouse]:
    """Where an address has five requests in ten seconds, and a customer many."""
    with SignInHouse(database, rate_anonymous=0.5, rate_customers=100) as house:
        yield house


@pytest.fixture
def two_counters(database: str) -> Iterator[tuple[LeasedRates, LeasedRates]]:
    settings = Settings(database_url=database)
    with IdentityParts(settings, parse(MASTER_KEY)) as a, IdentityParts(settings, parse(MASTER_KEY)) as b:
        yield a._rate_limits, b._rate_limits


def exhausted(house: SignInHouse, token: str, path: str = READ) -> Answer:
    """Send a token that is not valid until it is not even looked at; answers with the last answer."""
    answers = [house.get(path, token) for _ in range(MANY)]
    assert {answer.status for answer in answers} <= {401, 429}
    return next(answer for answer in reversed(answers) if answer.status == 429)


def test_every_answer_tells_the_limit_and_what_is_left_of_it(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    house, _ = two_processes
    token = house.token(house.person())
    answer = house.get(READ, token)
    assert answer.headers["RateLimit-Policy"] == '"customer-read";q=20;w=10'
    assert answer.headers["RateLimit"].startswith('"customer-read";r=19;t=')
    assert "RateLimit" in house.get("/v1/nowhere", token).headers
    assert "RateLimit" not in house.get("/healthz", token).headers


def test_who_exceeds_the_limit_is_told_when_to_come_back_and_nobody_else_notices(
    two_processes: tuple[SignInHouse, SignInHouse],
) -> None:
    house, _ = two_processes
    token, other = house.token(house.person()), house.token(house.person())
    answers = [house.get(READ, token) for _ in range(2 * BURST)]
    refused = [a for a in answers if a.status == 429]
    assert refused
    assert refused[-1].code == "rate_exceeded"
    assert refused[-1].headers["RateLimit"].startswith('"customer-read";r=0;t=')
    wait_s = int(refused[-1].headers["Retry-After"])
    assert 1 <= wait_s <= 10
    assert house.get(READ, other).status == 200
    assert house.get("/healthz", token).status == 200
    write = house.post_json("/v1/orders", {}, token)
    assert write.status == 422  # writes are counted apart
    time.sleep(wait_s)
    assert house.get(READ, token).status == 200


def test_tokens_that_are_not_valid_are_counted_by_address(strict_house: SignInHouse) -> None:
    first = strict_house.get(READ, "junk")
    assert (first.status, first.code) == (401, "token_invalid")
    assert first.headers["RateLimit-Policy"] == '"wrong-token-read";q=5;w=10'
    assert first.headers["RateLimit"].startswith('"wrong-token-read";r=4;t=')
    refused = exhausted(strict_house, "junk")
    assert (refused.status, refused.code) == (429, "rate_exceeded")
    assert refused.headers["RateLimit"].startswith('"wrong-token-read";r=0;t=')
    assert int(refused.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in refused.headers
    assert strict_house.get(READ).headers["RateLimit-Policy"] == '"anonymous-read";q=5;w=10'  # counted apart
    write = strict_house.post_json("/v1/orders", {}, "junk")
    assert (write.status, write.headers["RateLimit-Policy"]) == (401, '"wrong-token-write";q=5;w=10')
    assert write.headers["WWW-Authenticate"].startswith('Bearer realm="comanda", error="invalid_token"')


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/orders", "/v1/nowhere", "/openapi.json"])
def test_there_is_no_path_where_tokens_may_be_tried_without_limit(strict_house: SignInHouse, path: str) -> None:
    assert exhausted(strict_house, "junk", path).status == 429
    assert strict_house.get("/healthz").status == 200  # who watches sends none


@pytest.mark.parametrize("told", ["Basic YTpi", "Bearer", "Bearer a.b.c"])
def test_an_authorization_of_any_kind_counts(strict_house: SignInHouse, told: str) -> None:
    answers = [strict_house.send("GET", READ, None, {"Authorization": told}).status for _ in range(MANY)]
    assert set(answers) == {401, 429}


def test_who_has_signed_in_does_not_notice_what_is_forged_at_the_same_address(strict_house: SignInHouse) -> None:
    token = strict_house.token(strict_house.person())
    recalled = strict_house.person()
    late = strict_house.token(recalled)
    strict_house.parts.tokens.recall(recalled.id)
    for forged in ("junk", f"{token}x", late):
        assert exhausted(strict_house, forged).status == 429
        answer = strict_house.get(READ, token)
        assert answer.status == 200
        assert answer.headers["RateLimit-Policy"] == '"customer-read";q=1000;w=10'


def test_who_goes_on_with_a_recalled_token_can_still_sign_in_anew(strict_house: SignInHouse) -> None:
    app = strict_house.machine()
    basic = (app.login, app.secret)
    late = strict_house.form("/v1/oauth/token", basic, grant_type="client_credentials").json["access_token"]
    strict_house.parts.tokens.recall(app.id)
    answers = {strict_house.post_json("/v1/orders", {}, late).status for _ in range(MANY)}
    assert answers == {401, 429}
    assert strict_house.form("/v1/oauth/token", basic, grant_type="client_credentials").status == 200


def test_two_processes_count_together(two_processes: tuple[SignInHouse, SignInHouse]) -> None:
    one, other = two_processes
    token = one.token(one.person())
    begun_s = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        taken = pool.map(lambda house: sum(house.get(READ, token).status == 200 for _ in range(BURST)), two_processes)
    allowed = sum(taken)
    flowed = (time.monotonic() - begun_s) * PER_S
    assert BURST - 2 * BURST / CHUNKS <= allowed <= BURST + flowed + 2 * BURST / CHUNKS + 1
    assert other.get(READ, token).status == 429


def test_counted_flat_out_the_limit_is_kept_within_a_twentieth_for_each_process(
    two_counters: tuple[LeasedRates, LeasedRates],
) -> None:
    policy, who, start = RatePolicy.of("test", 500), str(uuid4()), Barrier(3)

    def flat_out(counter: LeasedRates) -> int:
        start.wait()
        taken, until_s = 0, time.monotonic() + 3
        while time.monotonic() < until_s:
            if not counter.take(who, policy)[0]:
                taken += 1
            else:
                time.sleep(0.001)
        return taken

    with ThreadPoolExecutor(2) as pool:
        counts = [pool.submit(flat_out, counter) for counter in two_counters]
        start.wait()
        allowed = sum(count.result() for count in counts)
    meant = policy.burst + 3 * policy.per_s
    assert abs(allowed - meant) <= 2 * policy.burst / CHUNKS


def test_what_one_process_did_not_use_another_can(two_counters: tuple[LeasedRates, LeasedRates]) -> None:
    one, other = two_counters
    policy, who = RatePolicy.of("test", 10), str(uuid4())
    for _ in range(3):
        assert one.take(who, policy)[0] == 0
    time.sleep(rates.REST_S + 1.5)
    assert not one._buckets
    taken = 0
    for _ in range(120):
        taken += other.take(who, policy)[0] == 0
        time.sleep(0.005)
    assert taken >= policy.burst  # what the first process leased has come back


def test_a_crowd_of_principals_takes_a_bounded_memory(
    two_counters: tuple[LeasedRates, LeasedRates], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "BUCKETS_MAX", 100)
    counter, _ = two_counters
    policy = RatePolicy.of("test", 10)
    for n in range(1_000):
        assert counter.take(f"one of many {n}", policy) == (0, policy.burst - 1)
        assert len(counter._buckets) <= 100


def test_while_the_database_is_away_nobody_is_held_back() -> None:
    counter = LeasedRates(
        IdentityParts(Settings(database_url="postgresql://127.0.0.1:1/x"), parse(MASTER_KEY)).database
    )
    policy = RatePolicy.of("test", 10)
    for _ in range(300):
        assert counter.take("somebody", policy)[0] == 0
        counter._lease([bucket for bucket in counter._buckets.values() if bucket.leasing])


def test_the_buckets_of_those_who_stay_away_are_forgotten(two_counters: tuple[LeasedRates, LeasedRates]) -> None:
    counter, _ = two_counters
    add = "insert into comanda.rate_limits values (%s, 'test', 1, now() - %s::interval)"
    counter._database.run(add, ("away for long", "2 hours"))
    counter._database.run(add, ("just left", "1 minute"))
    counter._forgotten_at_s = float("-inf")
    counter._forget()
    assert counter._database.run("select principal from comanda.rate_limits") == [("just left",)]
