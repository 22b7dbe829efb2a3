"""Events, streams and appends for the tests of the event store, as short as a story needs them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.event import Happened
from domain.event_store import NEW_STREAM, Append, EventStore, StoredAnswer, StreamAppend
from domain.order.events import OrderAccepted, OrderReady, PreparationStarted

PAGE = 1000
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


def placed(store: EventStore, *events: Happened) -> UUID:
    """A new stream with these events."""
    append = stream(*events, on=NEW_STREAM)
    store.append(Append(streams=[append]))
    return append.stream_id


def told(store: EventStore, stream_id: UUID) -> list[tuple[int, Any]]:
    """The versions and events of a stream."""
    return [(recorded.version, recorded.event()) for recorded in store.load(stream_id)]


def head(store: EventStore) -> int:
    """The last position in the ledger."""
    at = 0
    while (page := store.read_ledger(at, PAGE)).through > at:
        at = page.through
    return at
