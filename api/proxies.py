"""Behind proxies that are trusted, a request comes from whom they name in X-Forwarded-For.

Each proxy adds at the end the address that asked it; what stands before is as true as whoever wrote it. So the list is
read from its end, as far as trust reaches, and no further than HOPS_MAX. Where no proxy is trusted, nothing of this is
installed, and the header means nothing.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

import falcon

from api.addresses import SITES_MAX, address_of

HOPS_MAX = 16
"""Entries of the list that are looked at."""
_ENTRY = re.compile(r"([0-9.]{7,15})(?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45})|\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?")
"""An address; some proxies write the port, too."""

Network = IPv4Network | IPv6Network


class TrustedProxies:
    """Falcon middleware, the first of all: puts the client's address in the place of a trusted proxy's."""

    def __init__(self, networks: Iterable[Network]) -> None:
        """``networks``: where the proxies are."""
        self._networks = tuple(networks)
        self._trusts = lru_cache(SITES_MAX)(self._within)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Look at the header, if the request comes from a proxy."""
        told = req.env.get("HTTP_X_FORWARDED_FOR")
        if told is not None:
            req.env["REMOTE_ADDR"] = self._client(req.remote_addr, told)

    def _client(self, peer: str, told: str) -> str:
        """The first address from the end that is not trusted; where there is none, the last that can be read."""
        client, entries = peer, told.rsplit(",", HOPS_MAX)[-HOPS_MAX:]
        while entries and self._trusts(client):
            hop = _hop(entries.pop())
            if hop is None:
                break
            client = hop
        return client

    def _within(self, text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in network for network in self._networks)


def _hop(entry: str) -> str | None:
    """The address that an entry of the list names."""
    written = _ENTRY.fullmatch(entry.strip(" \t"))
    address = None if written is None else address_of(written[written.lastindex or 0])
    return None if address is None else str(address)
