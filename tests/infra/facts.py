"""Events, streams and appends for the tests of the event store, as short as a story needs them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.event import Happened
from domain.event_store import EventStore, StoredAnswer, StreamAppend
from domain.order.events import OrderAccepted, OrderReady, PreparationStarted

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

accepted = OrderAccepted(at=AT, ready_at=AT)
started = PreparationStarted(at=AT)
ready = OrderReady(at=AT)


@dataclass(frozen=True, kw_only=True)
class House:
    """A store, how everything that was appended to it gets its position, and of whom it keeps a key."""

    store: EventStore
    sequenced: Callable[[], None]
    subjects: Callable[[], set[UUID]]


def stream(*events: Happened, on: int, stream_id: UUID | None = None, category: str = "order") -> StreamAppend:
    """These events, laid upon version ``on`` of a stream; of a fresh one where none is named."""
    return StreamAppend(stream_id=stream_id or uuid7(), category=category, expected=on, events=events)


def answer(key: str, body: str = "{}", principal: str = "anna") -> StoredAnswer:
    """What was answered to this key of this principal."""
    return StoredAnswer(
        principal=principal, key=key, fingerprint=b"\x00\xff", status=201, headers={"ETag": '"1"'}, body=body
    )
