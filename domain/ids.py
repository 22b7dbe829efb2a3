"""Identifiers as the domain reads them: the birth time in a UUIDv7 and the short number that people say aloud."""

from datetime import UTC, datetime
from uuid import UUID

# Crockford's base 32: no I, L, O or U, so that a number read over the phone is written down right.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_CHARS = 6
_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]


def order_number(order_id: UUID) -> str:
    """Six characters for the slip and the counter: the last 30 random bits of the order's UUIDv7 (RFC 9562)."""
    bits = order_id.int & 0x3FFF_FFFF
    return _PAIRS[bits >> 20] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


def born_at(stream_id: UUID) -> datetime:
    """When a UUIDv7 was made, in UTC to the millisecond (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((stream_id.int >> 80) / 1000, UTC)
