"""From where a request comes, as far as limits count addresses."""

import ipaddress
from functools import lru_cache

import falcon

IPV6_SITE_BITS = 64
"""Whoever has one IPv6 address has 2^64 of them."""
SITES_MAX = 4096


def site_of(req: falcon.Request) -> str:
    """The client's address; of an IPv6 address the network of its site."""
    return _site(req.remote_addr)


@lru_cache(SITES_MAX)
def _site(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(ipaddress.ip_network((parsed, IPV6_SITE_BITS), strict=False))
