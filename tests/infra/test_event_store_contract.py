"""The contract of the event store, told once and held by both stores: PostgreSQL and memory."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, get_args
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.account import events as account
from domain.event import (
    EventMalformed,
    EventTypeUnknown,
    Happened,
    Part,
    SchemaVersionUnknown,
    UnsortedFields,
)
from domain.event_store import (
    ANY_VERSION,
    EVENTS_MAX,
    NEW_STREAM,
    SHARDS,
    AlreadyAnswered,
    Append,
    AppendMalformed,
    Claim,
    EventStore,
    LimitReached,
    Recorded,
    StreamAppend,
    Use,
    VersionMoved,
)
from domain.leaf import leaf_hash
from domain.money import Money
from domain.order import events as order
from domain.privacy import SubjectKey
from domain.restaurant import events as restaurant
from domain.restaurant.hours import OpeningHours, Weekday, WeeklySpan
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import Settings
from infra.memory import MemoryEventStore, MemoryFull
from infra.postgres.connection import connect
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import AT, House, accepted, answer, ready, started, stream
from tests.servers.postgres import Databases
from workers.sequencer import sequence, try_lead

PAGE = 1000


@pytest.fixture(scope="module")
def postgres_house(databases: Databases, template: str) -> Iterator[House]:
    with databases.one(template=template) as url, connect(url, "comanda_sequencer") as leader:
        epoch = try_lead(leader)
        assert epoch is not None

        def sequenced() -> None:
            while sequence(leader, epoch).size:
                pass

        def subjects() -> set[UUID]:
            with connect(url, "comanda_app") as db:
                return {row[0] for row in db.execute("select subject from comanda.subject_keys").fetchall()}

        store = PostgresEventStore(url).open()
        yield House(store=store, sequenced=sequenced, subjects=subjects)
        store.close()


@pytest.fixture(scope="module")
def memory_house() -> House:
    store = MemoryEventStore()
    return House(store=store, sequenced=lambda: None, subjects=lambda: set(store.subject_keys))


@pytest.fixture(params=["postgres", "memory"])
def house(request: pytest.FixtureRequest) -> House:
    chosen: House = request.getfixturevalue(f"{request.param}_house")
    return chosen


@pytest.fixture
def store(house: House) -> EventStore:
    return house.store


def placed(store: EventStore, *events: Happened) -> UUID:
    """A new stream with these events."""
    append = stream(*events, on=NEW_STREAM)
    store.append(Append(streams=[append]))
    return append.stream_id


def told(store: EventStore, stream_id: UUID) -> list[tuple[int, Any]]:
    return [(recorded.version, recorded.event()) for recorded in store.load(stream_id)]


def head(store: EventStore) -> int:
    at = 0
    while (page := store.read_ledger(at, PAGE)).through > at:
        at = page.through
    return at


# A stream


def test_what_was_appended_is_loaded_in_order(store: EventStore) -> None:
    stream_id = placed(store, accepted, started)
    assert store.append(Append(streams=[stream(ready, on=2, stream_id=stream_id)])) == {stream_id: 3}
    assert told(store, stream_id) == [(1, accepted), (2, started), (3, ready)]


def test_what_was_appended_is_recorded_with_all_that_was_said_about_it(store: EventStore) -> None:
    append = stream(accepted, on=NEW_STREAM)
    meta = {"traceparent": "00-1-2-01", "actor": "Zoë \N{HOT BEVERAGE}"}
    before = datetime.now(UTC) - timedelta(minutes=1)
    store.append(Append(streams=[append], meta=meta))
    (recorded,) = store.load(append.stream_id)
    assert (recorded.stream_id, recorded.version, recorded.category) == (append.stream_id, 1, "order")
    assert (recorded.type, recorded.schema_version, recorded.data) == ("OrderAccepted", 1, accepted.canonical())
    assert recorded.meta == '{"actor":"Zoë \N{HOT BEVERAGE}","traceparent":"00-1-2-01"}'
    assert recorded.event_id.version == 7
    assert before < recorded.recorded_at < datetime.now(UTC) + timedelta(minutes=1)


def test_a_stream_is_loaded_from_a_version_on(store: EventStore) -> None:
    stream_id = placed(store, accepted, started, ready)
    assert [recorded.version for recorded in store.load(stream_id, after=2)] == [3]
    assert store.load(stream_id, after=3) == store.load(stream_id, after=99) == []


def test_an_unknown_stream_is_empty(store: EventStore) -> None:
    assert store.load(uuid7()) == store.history(uuid7(), 0, PAGE) == []


@pytest.mark.parametrize("text", ["\\", '"', "{},NULL", "\u2028", "\N{FACE WITH TEARS OF JOY}", "\x00", "'; drop", " "])
def test_any_text_comes_back_as_it_went_in(store: EventStore, text: str) -> None:
    rejected = order.OrderRejected(at=AT, item_ids=(text, "naan"), reason=text)
    assert told(store, placed(store, rejected)) == [(1, rejected)]


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
        (lambda: using(uuid7(), ""), "a holder that has a name"),
        (lambda: giving_back(uuid7(), ""), "a holder that has a name"),
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


# The ledger


def test_positions_follow_each_other_without_a_gap_in_the_order_of_the_appends(house: House) -> None:
    house.sequenced()
    start = head(house.store)
    first = placed(house.store, accepted, started)
    second = placed(house.store, accepted)
    house.store.append(Append(streams=[stream(ready, on=2, stream_id=first)]))
    house.sequenced()
    page = house.store.read_ledger(start, PAGE)
    assert [(r.position, r.stream_id, r.version) for r in page.events] == [
        (start + 1, first, 1),
        (start + 2, first, 2),
        (start + 3, second, 1),
        (start + 4, first, 3),
    ]
    assert (page.through, page.seq) == (start + 4, page.events[-1].seq)
    assert [r.seq for r in page.events] == sorted({r.seq for r in page.events})


def test_the_ledger_is_read_in_bounded_pages_that_say_how_far_they_looked(house: House) -> None:
    house.sequenced()
    start = head(house.store)
    for category in ("order", "restaurant") * 3:
        house.store.append(Append(streams=[stream(accepted, on=NEW_STREAM, category=category)]))
    house.sequenced()
    pages = [house.store.read_ledger(start + skipped, 4, categories=["restaurant"]) for skipped in (0, 4, 6)]
    assert [[r.position for r in page.events] for page in pages] == [[start + 2, start + 4], [start + 6], []]
    assert [page.through for page in pages] == [start + 4, start + 6, start + 6]


def test_a_page_without_a_chosen_event_still_moves_on(house: House) -> None:
    house.sequenced()
    start = head(house.store)
    placed(house.store, accepted, started)
    house.sequenced()
    page = house.store.read_ledger(start, PAGE, categories=["courier"])
    assert (page.events, page.through) == ([], start + 2)
    assert page.seq == house.store.read_ledger(start, PAGE).seq


def test_beyond_the_head_there_is_nothing_and_the_reader_stays_where_it_is(house: House) -> None:
    beyond = head(house.store) + 100
    assert house.store.read_ledger(beyond, PAGE) == ([], beyond, 0)


def test_the_ledger_is_read_by_type_and_by_shard(house: House) -> None:
    house.sequenced()
    start = head(house.store)
    ids = [UUID(int=uuid7().int & ~15 | shard) for shard in (*range(SHARDS), 3)]
    for stream_id in ids:
        house.store.append(Append(streams=[stream(accepted, started, on=NEW_STREAM, stream_id=stream_id)]))
    house.sequenced()
    some = house.store.read_ledger(start, PAGE, types={"PreparationStarted"}, shards=[3, 15])
    assert [(r.stream_id, r.type) for r in some.events] == [
        (stream_id, "PreparationStarted") for stream_id in (ids[3], ids[15], ids[16])
    ]
    assert house.store.read_ledger(start, PAGE, types=[]).events == []
    assert house.store.read_ledger(start, PAGE, shards=()).events == []


def test_a_history_is_read_in_pages_with_the_places_in_the_ledger(house: House) -> None:
    stream_id = placed(house.store, accepted, started, ready)
    house.sequenced()
    end = head(house.store)
    pages = [house.store.history(stream_id, after, 2) for after in (0, 2, 3)]
    assert [[(r.version, r.position) for r in page] for page in pages] == [[(1, end - 2), (2, end - 1)], [(3, end)], []]


def test_the_ledger_tells_the_same_of_an_event_as_its_stream(house: House) -> None:
    house.sequenced()
    start = head(house.store)
    stream_id = placed(house.store, accepted, ready)
    house.sequenced()
    loaded = house.store.load(stream_id)
    assert [r._replace(position=None) for r in house.store.read_ledger(start, PAGE).events] == [
        r._replace(position=None) for r in loaded
    ]
    assert house.store.history(stream_id, 0, PAGE) == house.store.read_ledger(start, PAGE).events


def test_every_event_in_memory_has_its_leaf_and_no_other_place_has_one() -> None:
    store = MemoryEventStore()
    placed(store, accepted, started)
    assert [store.leaf(r.position or 0) for r in store.read_ledger(0, PAGE).events] == [
        leaf_hash(r) for r in store.read_ledger(0, PAGE).events
    ]
    for nowhere in (0, 3):
        with pytest.raises(IndexError):
            store.leaf(nowhere)


# Events of another program version


class OrderTeleported(Happened):
    """A fact that this program has never heard of."""


def of_another_schema(name: str, version: int, **fields: type) -> type[Happened]:
    """The event class ``name`` as a program of another time has it."""
    body = {"__module__": __name__, "__annotations__": {"schema_version": ClassVar[int], **fields}}
    return type(name, (Happened,), {**body, "schema_version": version})


def test_an_event_type_that_nobody_knows_is_an_error_with_a_name(store: EventStore) -> None:
    (recorded,) = store.load(placed(store, OrderTeleported(at=AT)))
    with pytest.raises(EventTypeUnknown, match="OrderTeleported"):
        recorded.event()


@pytest.mark.parametrize(("name", "version"), [("OrderReady", 2), ("OrderRejected", 3)])
def test_a_schema_version_of_the_future_is_an_error_with_a_name(store: EventStore, name: str, version: int) -> None:
    future = of_another_schema(name, version)
    (recorded,) = store.load(placed(store, future(at=AT)))
    with pytest.raises(SchemaVersionUnknown, match=f"{name} v{version}"):
        recorded.event()


def test_data_that_do_not_fit_their_type_are_an_error_with_a_name(store: EventStore) -> None:
    other = of_another_schema("OrderAccepted", 1)
    (recorded,) = store.load(placed(store, other(at=AT)))
    with pytest.raises(EventMalformed, match=r"OrderAccepted v1: .*\n?ready_at"):
        recorded.event()


def test_a_rejection_written_before_items_were_named_is_read_as_one_that_names_none(store: EventStore) -> None:
    former: Any = of_another_schema("OrderRejected", 1, reason=str)
    (recorded,) = store.load(placed(store, former(at=AT, reason="out of naan")))
    assert (recorded.schema_version, recorded.data) == (1, '{"at":"2026-11-20T12:00:00Z","reason":"out of naan"}')
    assert recorded.event() == order.OrderRejected(at=AT, item_ids=(), reason="out of naan")
    assert (order.OrderRejected.schema_version, recorded.event().schema_version) == (2, 2)


# Claims: what an append uses up


def using(subject: UUID, holder: str = "ann", *, total: int | None = None, each: int | None = None) -> Append:
    append = StreamAppend(stream_id=uuid7(), category="order", expected=0, events=[ready])
    return Append(streams=[append], claims=[Claim(subject, holder, total, each)])


def test_what_is_limited_is_used_so_often_and_no_more(store: EventStore) -> None:
    subject = uuid7()
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2))
    refused = using(subject, "cy", total=2)
    with pytest.raises(LimitReached) as reached:
        store.append(refused)
    assert (reached.value.claim.subject, reached.value.of_holder) == (subject, False)
    assert store.load(refused.streams[0].stream_id) == []
    store.append(using(uuid7(), total=1))  # another subject is counted by itself


def test_each_holder_has_uses_of_their_own(store: EventStore) -> None:
    subject = uuid7()
    store.append(using(subject, "ann", each=1))
    with pytest.raises(LimitReached) as reached:
        store.append(using(subject, "ann", each=1))
    assert reached.value.of_holder
    store.append(using(subject, "ben", each=1))


def test_an_append_that_is_refused_uses_nothing(store: EventStore) -> None:
    subject, taken = uuid7(), placed(store, ready)
    moved = StreamAppend(stream_id=taken, category="order", expected=7, events=[ready])
    with pytest.raises(VersionMoved):
        store.append(Append(streams=[moved], claims=[Claim(subject, "ann", 1, 1)]))
    store.append(using(subject, total=1, each=1))


def test_a_claim_that_is_refused_keeps_no_key_and_one_that_is_taken_keeps_it(house: House) -> None:
    """First orders at a promo code bring both: who is refused leaves nothing behind, who comes next is not harmed."""
    subject, kept, lost = uuid7(), _key(), _key()
    house.store.append(replace(using(subject, total=1), keys=[kept]))
    with pytest.raises(LimitReached):
        house.store.append(replace(using(subject, total=1), keys=[lost]))
    assert house.subjects() & {kept.subject, lost.subject} == {kept.subject}


def test_appends_with_keys_and_claims_and_without_share_a_batch(house: House) -> None:
    subject, keys = uuid7(), [_key() for _ in range(12)]
    requests = [replace(using(subject, str(n), total=4), keys=[key]) for n, key in enumerate(keys)]
    plain = [replace(using(uuid7()), claims=()) for _ in keys]
    with ThreadPoolExecutor(24) as pool:
        outcomes = list(pool.map(lambda request: _outcome(house.store, request), [*requests, *plain]))
    taken = {key.subject for key, outcome in zip(keys, outcomes, strict=False) if outcome is None}
    assert len(taken) == 4
    assert outcomes[len(keys) :] == [None] * len(plain)
    assert house.subjects() & {key.subject for key in keys} == taken


# Uses given back


def giving_back(subject: UUID, holder: str = "ann", *, on: int = NEW_STREAM, stream_id: UUID | None = None) -> Append:
    return Append(streams=[stream(ready, on=on, stream_id=stream_id)], releases=[Use(subject, holder)])


def test_what_is_given_back_may_be_used_again_by_its_holder_and_by_others(store: EventStore) -> None:
    subject = uuid7()
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2, each=1))
        assert _outcome(store, using(subject, holder, total=2, each=1)) is LimitReached
    store.append(giving_back(subject, "ann"))
    assert _outcome(store, using(subject, "ben", total=2, each=1)) is LimitReached  # it was not his
    store.append(using(subject, "ann", total=2, each=1))
    assert _outcome(store, using(subject, "cy", total=2)) is LimitReached


def test_an_append_that_is_refused_gives_nothing_back(store: EventStore) -> None:
    subject, spent = uuid7(), uuid7()
    taken = placed(store, ready)
    for limited in (subject, spent):
        store.append(using(limited, total=1))
    with pytest.raises(VersionMoved):
        store.append(giving_back(subject, on=7, stream_id=taken))
    with pytest.raises(LimitReached):
        store.append(replace(giving_back(subject), claims=[Claim(spent, "ben", 1, None)]))
    key = answer(str(uuid7()))
    store.append(Append(streams=[stream(ready, on=NEW_STREAM)], answer=key))
    with pytest.raises(AlreadyAnswered):
        store.append(replace(giving_back(subject), answer=key))
    assert _outcome(store, using(subject, total=1)) is LimitReached


def test_what_was_never_used_is_not_given_back(store: EventStore) -> None:
    subject = uuid7()
    store.append(giving_back(subject))
    for _ in range(2):
        store.append(using(subject, "ben", total=2))
    store.append(giving_back(subject, "ann"))
    assert _outcome(store, using(subject, "ann", total=2)) is LimitReached


def test_of_many_that_give_the_same_back_at_once_one_does(store: EventStore) -> None:
    subject, stream_id = uuid7(), placed(store, accepted)
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2))
    with ThreadPoolExecutor(16) as threads:
        asked = threads.map(lambda _: _outcome(store, giving_back(subject, on=1, stream_id=stream_id)), range(16))
        assert list(asked).count(None) == 1
    store.append(using(subject, total=2))
    assert _outcome(store, using(subject, "cy", total=2)) is LimitReached


def test_claims_and_what_is_given_back_share_a_batch_and_no_limit_is_passed(store: EventStore) -> None:
    subjects, each, most = [uuid7() for _ in range(3)], 12, 4
    moved, used = placed(store, ready), dict.fromkeys(subjects, 0)
    counting = threading.Lock()

    def count(subject: UUID, by: int) -> int:
        with counting:
            used[subject] += by
            return used[subject]

    def come_and_go(number: int) -> None:
        for turn in range(each):
            subject, holder = subjects[(number + turn) % 3], f"holder {number}"
            if _outcome(store, using(subject, holder, total=most)) is not None:
                continue
            assert count(subject, 1) <= most
            assert _outcome(store, giving_back(subject, holder, on=7, stream_id=moved)) is VersionMoved
            count(subject, -1)
            store.append(giving_back(subject, holder))

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(come_and_go, range(24)))
    for subject in subjects:
        assert [_outcome(store, using(subject, total=most)) for _ in range(most + 1)] == [None] * most + [LimitReached]


def _key() -> SubjectKey:
    return SubjectKey(subject=uuid7(), wrapped=b"wrapped", master="m1")


def _outcome(store: EventStore, request: Append) -> type[Exception] | None:
    try:
        store.append(request)
    except (LimitReached, VersionMoved) as refusal:
        return type(refusal)
    return None


# Canonical JSON


CUSTOMER = order.Customer(name="Zoë", phone="+44 20 7946 0000")
ADDRESS = order.Address(
    city="London", country="GB", line1="1 Ä Street", line2="2nd floor", note='ring "twice"', postcode="N1"
)
LINE = order.PricedLine(item_id="naan", name="Naan", note="hot", quantity=2, unit_price_minor=295)
GRANT = account.Grant(restaurant_id=UUID(int=8), role=account.Role.RESTAURANT_STAFF)
GBP = Money(amount_minor=295, currency="GBP")
ITEM = MenuItem(available=False, category="Bread", item_id="naan", name="Naan", price=GBP)
ONE_OF_EACH: list[Happened] = [
    order.OrderPlaced(
        at=AT,
        business_day=date(2026, 11, 20),
        client_reference="7",
        currency="GBP",
        customer=CUSTOMER,
        delivery_address=ADDRESS,
        fulfilment=order.Fulfilment.DELIVERY,
        lines=(LINE, LINE),
        note="\u2028",
        order_id=UUID(int=7),
        restaurant_id=UUID(int=8),
        total_minor=1180,
    ),
    accepted,
    order.OrderRejected(at=AT, item_ids=("b", "a"), reason="closed"),
    started,
    order.ReadyTimeRevised(at=AT, ready_at=AT),
    ready,
    order.OrderCollected(at=AT),
    order.OrderHandedOver(at=AT),
    order.OrderDelivered(at=AT),
    order.OrderCancelled(at=AT, reason="rain"),
    restaurant.RestaurantRegistered(
        at=AT, currency="GBP", name="K", restaurant_id=UUID(int=8), time_zone="Europe/Rome"
    ),
    restaurant.MenuPublished(at=AT, items=(ITEM,)),
    restaurant.ItemPriceChanged(at=AT, item_id="naan", price=GBP),
    restaurant.ItemAvailabilityChanged(at=AT, available=True, item_id="naan"),
    restaurant.ItemDescribed(at=AT, category="Bread", item_id="naan", name="Naan"),
    restaurant.ItemRevised(at=AT, item=ITEM),
    restaurant.StatusChanged(at=AT, busy_minutes=10, status=restaurant.Status.BUSY, until=AT),
    restaurant.SettingsChanged(at=AT, name="K", settings=Settings(tax_rate_ppm=200_000), time_zone="Europe/Rome"),
    restaurant.OpeningHoursSet(
        at=AT, hours=OpeningHours(weekly=(WeeklySpan(closes="02:00", day=Weekday.FRIDAY, opens="18:00"),))
    ),
    account.AccountRegistered(
        at=AT, email="enc1.e", grants=(GRANT,), id=UUID(int=9), kind=account.Kind.PERSON, name="enc1.n"
    ),
    account.EmailChanged(at=AT, email="enc1.o"),
    account.ProfileChanged(at=AT, name="enc1.n", phone="enc1.p"),
    account.RoleGranted(at=AT, grant=GRANT),
    account.RoleRevoked(at=AT, grant=GRANT),
    *(happened(at=AT) for happened in (account.PasswordChanged, account.AccountLocked, account.AccountUnlocked)),
    *(happened(at=AT) for happened in (account.AccountClosed, account.ErasureRequested, account.PersonalDataErased)),
]


def test_every_event_that_can_happen_is_among_those_examined_here() -> None:
    unions = {*get_args(order.OrderEvent), *get_args(restaurant.RestaurantEvent), *get_args(account.AccountEvent)}
    assert {type(event) for event in ONE_OF_EACH} == unions


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_an_event_is_stored_as_canonical_json_and_comes_back_equal(store: EventStore, event: Happened) -> None:
    (recorded,) = store.load(placed(store, event))
    plain = json.loads(recorded.data)
    assert recorded.data == json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert recorded.data == event.canonical()
    assert set(plain) == {name for name, value in event if value is not None}
    assert recorded.event() == event


def test_what_an_event_does_not_say_is_left_out() -> None:
    assert restaurant.ItemDescribed(at=AT, item_id="naan", name="Naan").canonical() == (
        '{"at":"2026-11-20T12:00:00Z","item_id":"naan","name":"Naan"}'
    )


def test_an_event_whose_fields_are_not_in_order_cannot_be_declared() -> None:
    with pytest.raises(UnsortedFields, match="a', 'b"):

        class Backwards(Part):
            b: int
            a: int


def test_a_record_without_a_position_has_no_leaf() -> None:
    recorded = Recorded(uuid7(), 1, 1, uuid7(), "order", "OrderReady", 1, "{}", "{}", AT)
    with pytest.raises(ValueError, match="without a position"):
        leaf_hash(recorded)
