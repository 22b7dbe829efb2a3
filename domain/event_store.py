"""The contract of the event store, which the shipped stores keep and the same tests check."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.errors import StreamMoved
from domain.event import Happened, Plain
from domain.history import CODEC
from domain.privacy import SubjectKey

NEW_STREAM = 0
"""Expected version of a stream that must not exist yet."""
ANY_VERSION = -1
"""Expected version where the writer does not mind."""
EVENTS_MAX = 1000
"""Events in one append, at most."""
SHARDS = 16
"""Streams fall into so many shards by the last bits of their id; a projection's partitions are sets of shards."""


class StoreUnavailable(Exception):
    """The store cannot answer at the moment; nothing is known to be lost. Try again."""


class StoreBusy(StoreUnavailable):
    """More appends wait than the store takes on. Try again."""


class AppendMalformed(ValueError):
    """The append could never be carried out as it is written: its author is at fault, not the moment."""


class HistoryDetached(StoreUnavailable):
    """The ledger names events that are not here: their month was detached. Attach it again to read past them."""


class Recorded(NamedTuple):
    """One event as it stands in the store. ``position`` is None until the sequencer has given it one."""

    stream_id: UUID
    version: int
    seq: int
    event_id: UUID
    category: str
    type: str
    schema_version: int
    data: str
    meta: str
    recorded_at: datetime
    position: int | None = None

    def event(self) -> Any:
        """The event itself; raises a ``domain.event.EventUnreadable``."""
        return CODEC.decode(self.type, self.schema_version, self.data)


class Page(NamedTuple):
    """What reading the ledger after a position found. ``through``: the last position looked at, ``seq`` its seq."""

    events: list[Recorded]
    through: int
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredAnswer:
    """The answer to a keyed request, kept in its append's own transaction.

    Without a ``body`` it shows what the append made of its stream, and is made from the events again, the same.
    """

    principal: str
    key: str
    fingerprint: bytes
    status: int
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamAppend:
    """Events for one stream, laid upon ``expected``: an exact version, NEW_STREAM or ANY_VERSION."""

    stream_id: UUID
    category: str
    expected: int
    events: Sequence[Happened | Plain]


class Claim(NamedTuple):
    """One use of ``subject`` by ``holder``, of so many in all and for each holder; None is without a limit."""

    subject: UUID
    holder: str
    total_max: int | None
    holder_max: int | None


class Use(NamedTuple):
    """One use of ``subject`` by ``holder``, as it was claimed before."""

    subject: UUID
    holder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Append:
    """All or nothing: the events of one command, what it rests on, and the answer to remember.

    ``premises``: streams that the decision has read, each with the version it saw; should one have moved, nothing is
    appended. ``meta``: actor, correlation and trace, the same for all of the events. ``keys``: those under which the
    events' personal texts are sealed, where they are new. ``claims``: what it uses up, at most one, counted with it.
    ``releases``: what earlier appends have used up and this one gives back; a use that is not counted gives nothing.
    ``turns``: of appends that name the same turn, each finds in its premises what the one before has done; without one,
    two that rest on each other's streams may both succeed.
    Raises AppendMalformed.
    """

    streams: Sequence[StreamAppend]
    meta: Mapping[str, str] = field(default_factory=dict)
    premises: Mapping[UUID, int] = field(default_factory=dict)
    answer: StoredAnswer | None = None
    keys: Sequence[SubjectKey] = ()
    claims: Sequence[Claim] = ()
    releases: Sequence[Use] = ()
    turns: Sequence[UUID] = ()

    def __post_init__(self) -> None:
        """Refuse what no store could keep to."""
        ids = [s.stream_id for s in self.streams]
        if not ids or not all(s.events for s in self.streams):
            raise AppendMalformed("an append needs a stream, and every stream of it an event")
        if len(set(ids)) < len(ids):
            raise AppendMalformed("an append names each stream once, with all of its events")
        if sum(len(s.events) for s in self.streams) > EVENTS_MAX:
            raise AppendMalformed(f"an append takes {EVENTS_MAX} events at most")
        if min(s.expected for s in self.streams) < ANY_VERSION:
            raise AppendMalformed("a stream is expected at a version, NEW_STREAM or ANY_VERSION")
        if min(self.premises.values(), default=1) < 1:
            raise AppendMalformed("a premise is a version that was seen: 1 or more")
        if len(self.claims) > 1:
            raise AppendMalformed("an append makes one claim at most")
        if not all(claim.holder for claim in self.claims) or not all(use.holder for use in self.releases):
            raise AppendMalformed("a use is that of a holder that has a name")


class VersionMoved(StreamMoved):
    """The stream is not at the expected version."""

    def __init__(self, stream_id: UUID, expected: int, actual: int | None) -> None:
        """Say what was expected and, where it is known, what is."""
        found = "another" if actual is None else str(actual)
        super().__init__(f"stream {stream_id}: expected version {expected}, found {found}")
        self.stream_id, self.expected, self.actual = stream_id, expected, actual


class LimitReached(Exception):
    """What the append would use is used up: ``of_holder`` by its holder, else by all."""

    def __init__(self, claim: Claim, *, of_holder: bool) -> None:
        """Say which limit it was."""
        super().__init__(f"{claim.subject} is used up{' by its holder' if of_holder else ''}")
        self.claim, self.of_holder = claim, of_holder


class AlreadyAnswered(Exception):
    """The request's Idempotency-Key has an answer already; it is in ``answer``."""

    def __init__(self, answer: StoredAnswer) -> None:
        """Carry the stored answer, whose fingerprint tells whether it belongs to this very request."""
        super().__init__(f"key {answer.key!r} of {answer.principal!r} is answered")
        self.answer = answer


class EventStore(Protocol):
    """What both stores do. Every call may raise StoreUnavailable."""

    def append(self, request: Append) -> dict[UUID, int]:
        """Append and answer with each stream's new version; raises VersionMoved, AlreadyAnswered or LimitReached."""
        ...

    def load(self, stream_id: UUID, after: int = 0) -> list[Recorded]:
        """A stream's events with versions above ``after``, in order; empty for an unknown stream."""
        ...

    def history(self, stream_id: UUID, after: int, limit: int) -> list[Recorded]:
        """As load, in pages and with the ledger position where there is one."""
        ...

    def answer(self, principal: str, key: str) -> StoredAnswer | None:
        """What was answered to this key, if anything."""
        ...

    def read_ledger(
        self,
        after: int,
        limit: int,
        *,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
        shards: Collection[int] | None = None,
    ) -> Page:
        """The chosen events among the ``limit`` positions behind ``after``, in order of position."""
        ...
