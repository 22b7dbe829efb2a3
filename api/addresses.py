"""From where a request comes, as far as limits count addresses."""

import ipaddress
from functools import lru_cache

import falcon

IPV6_SITE_BITS = 64
"""Whoever has one IPv6 address has 2^64 of them."""
SITES_MAX = 4096

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(text: str) -> Address | None:
    """The address that is written there, if any.

    A socket that takes both kinds writes one of IPv4 as ``::ffff:203.0.113.7`` (RFC 4291, section 2.5.5.2): else all
    of IPv4 would be one IPv6 site.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def site_of(req: falcon.Request) -> str:
    """The client's address; of an IPv6 address the network of its site."""
    return _site(req.remote_addr)


@lru_cache(SITES_MAX)
def _site(text: str) -> str:
    address = address_of(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_SITE_BITS), strict=False))
    return text if address is None else str(address)
