"""Limits count addresses by site: a house with IPv6 is one, and IPv4 clients are apart however they are written."""

from uuid import uuid4

import falcon
import pytest
from falcon import testing

from api.addresses import site_of
from tests.api.client import Api


def site(address: str) -> str:
    """As whose a request from there is counted."""
    return site_of(falcon.Request(testing.create_environ(remote_addr=address)))


def test_all_addresses_of_an_ipv6_site_count_as_one() -> None:
    assert site("2001:db8:1:2::7") == site("2001:db8:1:2:ffff::1") != site("2001:db8:1:3::7")


@pytest.mark.parametrize("host", ["203.0.113.7", "203.0.113.8"])
def test_where_a_socket_takes_both_kinds_an_ipv4_client_is_known_as_itself(host: str) -> None:
    assert site(f"::ffff:{host}") == site(host) == host


def test_a_process_that_is_told_of_its_proxy_tells_clients_apart(api: Api) -> None:
    def left(client: str) -> int:
        answer = api.of(None).get("/openapi.json", {"X-Forwarded-For": f"192.0.2.1, {client}"})
        return int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))

    one, other = (f"2001:db8:{uuid4().hex[:4]}:{n}::7" for n in (1, 2))
    first = left(one)
    assert (left(one), left(other)) == (first - 1, first)
