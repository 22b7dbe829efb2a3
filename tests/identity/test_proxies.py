"""Behind a load balancer clients are told apart by the address that it forwards, and nobody else is believed."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from uuid import UUID, uuid4

import falcon
import pytest
from falcon import testing

from api.oauth import TOKEN
from api.proxies import HOPS_MAX, TrustedProxies
from domain.identity import AccountFacts
from infra.refusal import CannotStart
from infra.settings import Settings, read_settings
from tests.api.answer import Answer
from tests.api.raw import exchange
from tests.identity.house import PASSWORD, SignInHouse

READ = "/openapi.json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PER_ADDRESS = 3
MANY = 20
PROXIES = "127.0.0.0/8, 10.0.0.0/8"
PROXY, NEAR_CLIENT, CLIENT, FAR_CLIENT = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.9"
NETWORKS = tuple(map(ip_network, ("10.0.0.0/30", "192.0.2.1", "2001:db8:ffff::/48", "fe80::/10")))


@pytest.fixture
def balanced(database: str) -> Iterator[SignInHouse]:
    """A house whose load balancer is this machine."""
    limits = {"rate_anonymous": 100, "sign_in_failures_per_address": PER_ADDRESS}
    with SignInHouse(database, None, trusted_proxies=PROXIES, **limits) as started:
        yield started


@pytest.fixture
def narrow(database: str) -> Iterator[SignInHouse]:
    """One behind a load balancer, too, where a client without a token has five requests."""
    with SignInHouse(database, trusted_proxies=PROXIES, rate_anonymous=0.5) as started:
        yield started


def left(answer: Answer | None) -> int:
    """How many requests the client has left, of the thousand that a new one has."""
    assert answer is not None
    return int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))


def read(house: SignInHouse, forwarded_for: str) -> Answer:
    return house.send("GET", READ, None, {"X-Forwarded-For": forwarded_for})


def guess(house: SignInHouse, forwarded_for: str) -> int:
    body = f"grant_type=password&username={uuid4()}&password=wrong".encode()
    return house.send("POST", TOKEN, body, {**FORM, "X-Forwarded-For": forwarded_for}).status


def seen(peer: str, *told: str) -> str:
    """Whom a request is taken to be from."""
    headers = [("X-Forwarded-For", ", ".join(told))] if told else []
    req = falcon.Request(testing.create_environ(remote_addr=peer, headers=headers))
    TrustedProxies(NETWORKS).process_request(req, falcon.Response())
    return req.remote_addr


# Over HTTP


def test_each_client_behind_the_proxy_has_a_limit_of_its_own(narrow: SignInHouse) -> None:
    assert {read(narrow, CLIENT).status for _ in range(MANY)} == {200, 429}
    assert read(narrow, FAR_CLIENT).status == 200


def test_what_a_client_forges_in_front_of_what_the_proxy_adds_does_not_help_it(narrow: SignInHouse) -> None:
    assert {read(narrow, f"192.0.2.{n}, {CLIENT}").status for n in range(MANY)} == {200, 429}


def test_several_headers_are_one_list(balanced: SignInHouse) -> None:
    def sent(*headers: str) -> int:
        lines = "".join(f"{header}\r\n" for header in headers)
        return left(exchange(balanced.port, f"GET {READ} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()))

    assert sent(f"X-Forwarded-For: {CLIENT}") == 999
    assert sent(f"X-Forwarded-For: {FAR_CLIENT}", f"X-Forwarded-For: {CLIENT}") == 998
    assert sent(f"x-forwarded-for: {CLIENT}", "X-Forwarded-For: 10.9.9.9") == 997
    assert sent(f"X-Forwarded-For: {CLIENT}", f"X_Forwarded_For: {FAR_CLIENT}") == 996  # which is another header
    assert sent(f"X-Forwarded-For: {FAR_CLIENT}") == 999


def test_failed_sign_ins_are_counted_by_the_client_and_not_by_the_proxy(balanced: SignInHouse) -> None:
    assert [guess(balanced, CLIENT) for _ in range(PER_ADDRESS + 1)] == [400] * PER_ADDRESS + [429]
    assert guess(balanced, FAR_CLIENT) == 400
    # Of an IPv6 client, by its site.
    assert [guess(balanced, f"2001:db8::{n}") for n in range(PER_ADDRESS + 1)] == [400] * PER_ADDRESS + [429]


def test_guesses_at_ones_own_password_are_counted_by_the_client_too(balanced: SignInHouse) -> None:
    body = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    me = UUID(balanced.post_json("/v1/users", body, None).json["id"])
    balanced.accounts[me] = AccountFacts(grants=frozenset({"customer"}), active=True)
    token = balanced.parts.tokens.issue(me, ["customer"], "comanda").access_token

    def change(forwarded_for: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": forwarded_for}
        headers["Content-Type"] = "application/json"
        body = b'{"password": "another long one", "current_password": "not this one"}'
        return balanced.send("PUT", "/v1/users/me/password", body, headers).status

    assert [change(CLIENT) for _ in range(PER_ADDRESS + 1)] == [422] * PER_ADDRESS + [429]
    assert change(FAR_CLIENT) == 422


def test_where_no_proxy_is_trusted_the_header_means_nothing(database: str) -> None:
    with SignInHouse(database, rate_anonymous=100) as house:
        assert [left(read(house, f"203.0.113.{n}")) for n in range(3)] == [999, 998, 997]


# The walk


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        (PROXY, [CLIENT], CLIENT),
        (PROXY, [FAR_CLIENT, CLIENT], CLIENT),
        (PROXY, [FAR_CLIENT, CLIENT, "10.0.0.2", "192.0.2.1"], CLIENT),
        (PROXY, ["2001:db8::7"], "2001:db8::7"),
        ("2001:db8:ffff::1", [CLIENT], CLIENT),
        ("fe80::1%eth0", [CLIENT], CLIENT),
        # A proxy that asks for itself, and one inside of another's network
        (PROXY, [], PROXY),
        (PROXY, ["192.0.2.1", NEAR_CLIENT], "192.0.2.1"),
        # Sockets, and proxies, that write an IPv4 address as IPv6
        (f"::ffff:{PROXY}", [CLIENT], CLIENT),
        (PROXY, [CLIENT, "::ffff:10.0.0.2"], CLIENT),
        (PROXY, [f"::ffff:{CLIENT}"], CLIENT),
        # Proxies that write the port too
        (PROXY, [f"{CLIENT}:41234"], CLIENT),
        (PROXY, ["[2001:db8::7]:41234"], "2001:db8::7"),
        (PROXY, ["[2001:db8::7]"], "2001:db8::7"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxy(peer: str, told: list[str], client: str) -> None:
    assert seen(peer, *told) == client


@pytest.mark.parametrize("peer", [CLIENT, "10.0.0.4", "2001:db8:fffe::1", f"::ffff:{CLIENT}", "localhost"])
def test_nobody_who_is_not_trusted_names_another_client(peer: str) -> None:
    assert seen(peer, FAR_CLIENT) == seen(peer, FAR_CLIENT, PROXY) == peer


@pytest.mark.parametrize(
    "malformed",
    [
        *("", " ", "unknown", "_hidden", "localhost", "203.0.113", "203.0.113.256", "0313.0.113.7", "203.0.113.7/32"),
        *("203.0.113.7:", "203.0.113.7:port", "203.0.113.7 203.0.113.8", "203.0.113.7\x00", "for=203.0.113.7"),
        *("[203.0.113.7", "2001:db8::7]:1", "2001:db8:::7", "fe80::1%eth0", "1" * 10_000, "\u00b2\u00b9", "127.1"),
    ],
)
def test_where_an_entry_is_no_address_trust_ends_at_the_one_behind_it(malformed: str) -> None:
    assert seen(PROXY, CLIENT, malformed) == PROXY
    assert seen(PROXY, CLIENT, malformed, NEAR_CLIENT) == NEAR_CLIENT
    assert seen(PROXY, malformed, CLIENT) == CLIENT


def test_a_long_list_is_not_read_to_its_end() -> None:
    assert seen(PROXY, CLIENT, *[NEAR_CLIENT] * (HOPS_MAX - 1)) == CLIENT
    assert seen(PROXY, CLIENT, *[NEAR_CLIENT] * HOPS_MAX) == NEAR_CLIENT
    assert seen(PROXY, *[CLIENT] * 3_000) == CLIENT


# The setting


def test_proxies_are_named_by_address_or_network_and_reach_a_child_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().trusted_proxies == ()
    monkeypatch.setenv("COMANDA_TRUSTED_PROXIES", "10.0.0.0/30, 192.0.2.1,2001:db8:ffff::/48,fe80::/10")
    told = read_settings()
    assert told.trusted_proxies == NETWORKS
    monkeypatch.setenv("COMANDA_TRUSTED_PROXIES", told.environment()["COMANDA_TRUSTED_PROXIES"])
    assert read_settings().trusted_proxies == NETWORKS
    monkeypatch.setenv("COMANDA_TRUSTED_PROXIES", Settings(trusted_proxies=()).environment()["COMANDA_TRUSTED_PROXIES"])
    assert read_settings().trusted_proxies == ()


@pytest.mark.parametrize("told", ["::ffff:10.0.0.0/126", "::ffff:10.0.0.1/128", "::ffff:10.0.0.1"])
def test_a_network_of_ipv4_may_be_written_as_a_socket_of_both_kinds_writes_it(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("COMANDA_TRUSTED_PROXIES", told)
    (network,) = read_settings().trusted_proxies
    assert ip_address("10.0.0.1") in network


@pytest.mark.parametrize("told", ["localhost", "10.0.0.0/33", "10.0.0.7/8", "10.0.0.1,", "*", "10.0.0.1 10.0.0.2"])
def test_a_proxy_that_is_no_address_or_network_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("COMANDA_TRUSTED_PROXIES", told)
    with pytest.raises(CannotStart, match=r"^COMANDA_TRUSTED_PROXIES is wrong \(.+\): correct it, or unset it$"):
        read_settings()
