"""Limits count addresses by site: a house with IPv6 is one, and IPv4 clients are apart however they are written."""

import falcon
import pytest
from falcon import testing

from api.addresses import site_of


def site(address: str) -> str:
    """As whose a request from there is counted."""
    return site_of(falcon.Request(testing.create_environ(remote_addr=address)))


def test_all_addresses_of_an_ipv6_site_count_as_one() -> None:
    assert site("2001:db8:1:2::7") == site("2001:db8:1:2:ffff::1") != site("2001:db8:1:3::7")


@pytest.mark.parametrize("host", ["203.0.113.7", "203.0.113.8"])
def test_where_a_socket_takes_both_kinds_an_ipv4_client_is_known_as_itself(host: str) -> None:
    assert site(f"::ffff:{host}") == site(host) == host
