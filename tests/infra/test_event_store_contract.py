"""The contract of the event store, told once and held by both stores: PostgreSQL and memory."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.event_store import (
    ANY_VERSION,
    EVENTS_MAX,
    NEW_STREAM,
    AlreadyAnswered,
    Append,
    AppendMalformed,
    Claim,
    EventStore,
    Use,
    VersionMoved,
)
from infra.memory import MemoryEventStore, MemoryFull
from tests.infra.facts import accepted, answer, placed, ready, started, stream, told

# Expected versions


def test_a_stream_begins_once(store: EventStore) -> None:
    stream_id = placed(store, accepted)
    with pytest.raises(VersionMoved) as refusal:
        store.append(Append(streams=[stream(started, on=NEW_STREAM, stream_id=stream_id)]))
    assert (refusal.value.stream_id, refusal.value.expected, refusal.value.actual) == (stream_id, NEW_STREAM, 1)
    assert told(store, stream_id) == [(1, accepted)]


@pytest.mark.parametrize("expected", [1, 5])
def test_a_caller_that_is_wrong_about_the_version_is_refused_and_leaves_no_gap(
    store: EventStore, expected: int
) -> None:
    stream_id = placed(store, accepted, started)
    with pytest.raises(VersionMoved) as refusal:
        store.append(Append(streams=[stream(ready, on=expected, stream_id=stream_id)]))
    assert (refusal.value.expected, refusal.value.actual) == (expected, 2)
    assert told(store, stream_id) == [(1, accepted), (2, started)]


def test_a_stream_that_does_not_exist_is_at_no_version(store: EventStore) -> None:
    append = stream(accepted, on=3)
    with pytest.raises(VersionMoved) as refusal:
        store.append(Append(streams=[append]))
    assert refusal.value.actual == 0
    assert store.load(append.stream_id) == []


def test_a_writer_that_does_not_mind_lays_its_events_upon_whatever_is_there(store: EventStore) -> None:
    append = stream(accepted, started, on=ANY_VERSION)
    assert store.append(Append(streams=[append])) == {append.stream_id: 2}
    assert store.append(Append(streams=[append])) == {append.stream_id: 4}
    assert [version for version, _ in told(store, append.stream_id)] == [1, 2, 3, 4]


def test_of_many_writers_that_saw_one_version_one_wins(store: EventStore) -> None:
    stream_id = placed(store, accepted)

    def race(_: int) -> bool:
        try:
            store.append(Append(streams=[stream(started, on=1, stream_id=stream_id)]))
        except VersionMoved:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(race, range(32))) == 1
    assert told(store, stream_id) == [(1, accepted), (2, started)]


# Several streams at once


def test_several_streams_are_appended_to_together(store: EventStore) -> None:
    old = placed(store, accepted)
    new, other = uuid7(), uuid7()
    request = Append(
        streams=[
            stream(started, ready, on=1, stream_id=old),
            stream(accepted, on=NEW_STREAM, stream_id=new),
            stream(accepted, on=ANY_VERSION, stream_id=other),
        ]
    )
    assert store.append(request) == {old: 3, new: 1, other: 1}


@pytest.mark.parametrize("wrong", [NEW_STREAM, 2])
@pytest.mark.parametrize("place", [0, 1])
def test_when_one_stream_has_moved_nothing_is_appended_to_any(store: EventStore, wrong: int, place: int) -> None:
    stood = placed(store, accepted)
    fresh = stream(accepted, on=NEW_STREAM)
    streams = [fresh]
    streams.insert(place, stream(started, on=wrong, stream_id=stood))
    with pytest.raises(VersionMoved) as refusal:
        store.append(Append(streams=streams, answer=answer(key := str(uuid7()))))
    assert (refusal.value.stream_id, refusal.value.expected, refusal.value.actual) == (stood, wrong, 1)
    assert told(store, stood) == [(1, accepted)]
    assert store.load(fresh.stream_id) == []
    assert store.answer("anna", key) is None


def test_a_decision_stands_only_while_what_it_has_read_stands(store: EventStore) -> None:
    menu = placed(store, accepted)
    first, second = stream(accepted, on=NEW_STREAM), stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[first], premises={menu: 1}))
    store.append(Append(streams=[stream(started, on=1, stream_id=menu)]))
    with pytest.raises(VersionMoved) as refusal:
        store.append(Append(streams=[second], premises={menu: 1}))
    assert (refusal.value.stream_id, refusal.value.expected, refusal.value.actual) == (menu, 1, 2)
    assert store.load(second.stream_id) == []


def test_of_two_that_rest_on_each_other_and_take_turns_one_succeeds(store: EventStore) -> None:
    turn = uuid7()
    with ThreadPoolExecutor(2) as threads:
        for _ in range(30):
            one, other = placed(store, accepted), placed(store, accepted)
            outcomes = threads.map(
                lambda pair: _succeeds(
                    store,
                    Append(streams=[stream(ready, on=1, stream_id=pair[0])], premises={pair[1]: 1}, turns=[turn]),
                ),
                [(one, other), (other, one)],
            )
            assert sorted(outcomes) == [False, True]


def _succeeds(store: EventStore, request: Append) -> bool:
    try:
        store.append(request)
    except VersionMoved:
        return False
    return True


def test_what_was_only_read_gets_no_event(store: EventStore) -> None:
    menu = placed(store, accepted)
    store.append(Append(streams=[stream(accepted, on=ANY_VERSION)], premises={menu: 1}))
    assert told(store, menu) == [(1, accepted)]


# Keyed requests


def test_a_keyed_request_is_carried_out_once_and_its_answer_is_kept(store: EventStore) -> None:
    key = str(uuid7())
    stored = answer(key, body='{"name":"Zoë \\"\N{HOT BEVERAGE}\\""}')
    append = stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[append], answer=stored))
    assert store.answer("anna", key) == stored
    again = stream(accepted, on=NEW_STREAM)
    with pytest.raises(AlreadyAnswered) as before:
        store.append(Append(streams=[again], answer=answer(key, body="another")))
    assert before.value.answer == stored
    assert store.load(again.stream_id) == []


def test_a_repeat_hears_the_stored_answer_even_where_its_own_first_try_moved_the_stream(store: EventStore) -> None:
    menu, stream_id = placed(store, accepted), placed(store, accepted)
    stored = answer(str(uuid7()))
    request = Append(streams=[stream(started, on=1, stream_id=stream_id)], premises={menu: 1}, answer=stored)
    store.append(request)
    store.append(Append(streams=[stream(started, on=1, stream_id=menu)]))
    with pytest.raises(AlreadyAnswered) as before:
        store.append(request)
    assert before.value.answer == stored
    assert told(store, stream_id) == [(1, accepted), (2, started)]


def test_an_answer_that_its_stream_can_tell_again_is_kept_without_a_body(store: EventStore) -> None:
    bare = replace(answer(str(uuid7())), body=None)
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=bare))
    assert store.answer(bare.principal, bare.key) == bare


def test_a_key_is_its_principals_own(store: EventStore) -> None:
    key = str(uuid7())
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=answer(key, principal="anna")))
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=answer(key, principal="bert")))
    assert store.answer("carl", key) is None


def test_a_refused_append_keeps_no_key(store: EventStore) -> None:
    stream_id, key = placed(store, accepted), str(uuid7())
    for wrong in (NEW_STREAM, 7):
        with pytest.raises(VersionMoved):
            store.append(Append(streams=[stream(started, on=wrong, stream_id=stream_id)], answer=answer(key)))
    assert store.answer("anna", key) is None
    store.append(Append(streams=[stream(started, on=1, stream_id=stream_id)], answer=answer(key)))
    assert store.answer("anna", key) == answer(key)


def test_of_fifty_at_once_with_one_key_one_is_carried_out(store: EventStore) -> None:
    key = str(uuid7())

    def attempt(stream_id: UUID) -> str | None:
        append = stream(accepted, on=NEW_STREAM, stream_id=stream_id)
        try:
            store.append(Append(streams=[append], answer=answer(key, body=str(stream_id))))
        except AlreadyAnswered as before:
            return before.answer.body
        return str(stream_id)

    ids = [uuid7() for _ in range(50)]
    with ThreadPoolExecutor(16) as threads:
        answers = set(threads.map(attempt, ids))
    assert answers == {str(stream_id) for stream_id in ids if store.load(stream_id)}
    assert len(answers) == 1


# Limits


def test_an_append_takes_as_many_events_as_the_limit_says_and_no_more(store: EventStore) -> None:
    append = stream(*[started] * EVENTS_MAX, on=NEW_STREAM)
    assert store.append(Append(streams=[append])) == {append.stream_id: EVENTS_MAX}
    with pytest.raises(AppendMalformed, match=f"takes {EVENTS_MAX} events at most"):
        store.append(Append(streams=[append, stream(started, on=NEW_STREAM)]))


@pytest.mark.parametrize(
    ("malformed", "why"),
    [
        (lambda: Append(streams=[]), "an append needs a stream"),
        (lambda: Append(streams=[stream(on=NEW_STREAM)]), "every stream of it an event"),
        (lambda: Append(streams=[stream(ready, on=0), stream(on=0)]), "every stream of it an event"),
        (lambda: Append(streams=[stream(ready, on=0, stream_id=UUID(int=7))] * 2), "names each stream once"),
        (lambda: Append(streams=[stream(ready, on=-2)]), "expected at a version"),
        (lambda: Append(streams=[stream(ready, on=0)], premises={uuid7(): 0}), "a premise is a version that was seen"),
        (lambda: Append(streams=[stream(ready, on=0)], claims=[Claim(uuid7(), "", 1, 1)]), "a holder that has a name"),
        (lambda: Append(streams=[stream(ready, on=0)], releases=[Use(uuid7(), "")]), "a holder that has a name"),
    ],
)
def test_an_append_that_no_store_could_carry_out_cannot_even_be_written_down(malformed: Any, why: str) -> None:
    with pytest.raises(AppendMalformed, match=why):
        malformed()


def test_the_store_in_memory_says_when_it_is_full_and_keeps_what_it_has() -> None:
    store = MemoryEventStore(kept_max=3)
    stream_id = placed(store, accepted, started)
    with pytest.raises(MemoryFull, match="2 events are kept, 3 at most"):
        placed(store, accepted, started)
    assert store.append(Append(streams=[stream(ready, on=2, stream_id=stream_id)])) == {stream_id: 3}
