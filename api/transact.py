"""Load, decide, append, and again if someone was faster: the whole loop of a command on one stream."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from api.conditional import require
from domain.decider import Decider
from domain.event_store import Append, EventStore, StreamAppend, Use, VersionMoved

TRIES_MAX = 8

S = TypeVar("S")


class Stood(NamedTuple, Generic[S]):
    """A stream's state and version, 0 where there is no stream."""

    state: S
    version: int


def stood(store: EventStore, decider: Decider[Any, S, Any], stream_id: UUID) -> Stood[S]:
    """The stream folded as it stands in the store."""
    recorded = [r for r in store.load(stream_id) if r.category == decider.category]
    return Stood(decider.fold(r.event() for r in recorded), recorded[-1].version if recorded else 0)


def _on_nothing(_: Any) -> Mapping[UUID, int]:
    return {}


def _nothing(_: Any) -> Sequence[Use]:
    return ()


def transact(  # noqa: PLR0913  what it does is four, what a caller may ask besides is named
    store: EventStore,
    decider: Decider[Any, S, Any],
    stream_id: UUID,
    command: Any,
    *,
    meta: Mapping[str, str],
    demanded: int | None = None,
    permit: Callable[[Any], None] | None = None,
    premises: Callable[[Any], Mapping[UUID, int]] = _on_nothing,
    turns: Sequence[UUID] = (),
    releases: Callable[[Any], Sequence[Use]] = _nothing,
) -> Stood[S]:
    """Do ``command`` on a stream that exists; answers with what it is afterwards.

    ``demanded``: the version that If-Match names. ``permit``: raises where the record is out of reach. ``premises``:
    the other streams that the command rests on in a state, as they are seen then; with ``turns`` it takes turns where
    there are any. ``releases``: the uses that a state gives back when it is reached. Raises a Refusal, VersionMoved
    after TRIES_MAX lost races.
    """
    tries = 0
    while True:
        state, version = stood(store, decider, stream_id)
        if version and permit is not None:
            permit(state)
        if version:
            require(demanded, version)
        events = decider.decide(command, state)
        if not events:
            return Stood(state, version)
        reached = decider.fold(events, state)
        rests_on = premises(state)
        append = StreamAppend(stream_id=stream_id, category=decider.category, expected=version, events=events)
        request = Append(
            streams=[append],
            meta=meta,
            premises=rests_on,
            turns=turns if rests_on else (),
            releases=releases(reached),
        )
        try:
            versions = store.append(request)
        except VersionMoved:
            tries += 1
            if tries >= TRIES_MAX:
                raise
        else:
            return Stood(reached, versions[stream_id])
