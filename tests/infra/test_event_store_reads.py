"""What was appended is read again, from its stream and from the ledger, by both stores alike."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.event_store import NEW_STREAM, SHARDS, Append, EventStore
from domain.leaf import leaf_hash
from domain.order import events as order
from infra.memory import MemoryEventStore
from tests.infra.facts import AT, PAGE, House, accepted, head, placed, ready, started, stream, told

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
