"""The leaf of an event in the ledger, recomputed from the raw bytes by whoever wants to check."""

import hashlib
from datetime import UTC, datetime, timedelta

from domain.event_store import Recorded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def leaf_hash(recorded: Recorded) -> bytes:
    """The RFC 6962 leaf hash (32 bytes); the encoding is that of infra/postgres/migrations/0011_leaf_hash.sql.

    ``recorded`` must have its position.
    """
    if recorded.position is None:
        msg = "an event without a position has no leaf"
        raise ValueError(msg)
    fixed = (
        recorded.position.to_bytes(8, "big")
        + recorded.stream_id.bytes
        + recorded.version.to_bytes(4, "big")
        + recorded.event_id.bytes
        + recorded.schema_version.to_bytes(2, "big")
        + ((recorded.recorded_at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)
    )
    texts = (recorded.category, recorded.type, recorded.data, recorded.meta)
    return hashlib.sha256(b"\0" + fixed + b"".join(_behind_length(t.encode()) for t in texts)).digest()


def _behind_length(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw
