"""What is written down can be read again, in whatever version it was written; what cannot be read says so by name."""

import json
from typing import ClassVar

import pytest

from domain.account.events import AccountEvent
from domain.event import (
    Codec,
    EventMalformed,
    EventTypeUnknown,
    EventUnreadable,
    Happened,
    Part,
    SchemaVersionUnknown,
    UnsortedFields,
)
from domain.history import CODEC
from domain.order.events import OrderEvent, OrderRejected
from domain.restaurant.events import ItemDescribed, RestaurantEvent
from tests.domain import sample_accounts, sample_menu, sample_orders
from tests.domain.sample_menu import NOON
from tests.domain.sample_orders import placed, rejected

TOLD = [
    e
    for sample in (sample_menu, sample_orders, sample_accounts)
    for e in vars(sample).values()
    if isinstance(e, Happened)
]
TOLD.append(ItemDescribed(at=NOON, item_id="naan", name="Naan \u2013 \U0001f525 \u201chot\u201d\n\t\\ / \u2028"))


def canonical(text: str) -> str:
    """The one way to write these data: sorted keys, no spaces, nothing escaped that need not be."""
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@pytest.mark.parametrize("event", TOLD, ids=lambda event: type(event).__name__)
def test_an_event_read_again_is_the_same_event_in_the_same_letters(event: Happened) -> None:
    written = event.canonical()
    read = CODEC.decode(type(event).__name__, event.schema_version, written)
    assert read == event
    assert read.canonical() == written == canonical(written)


def test_what_is_not_there_is_not_written() -> None:
    assert "null" not in placed.canonical()
    assert "note" not in json.loads(placed.canonical())


def test_every_event_of_the_program_can_be_read() -> None:
    known = {*OrderEvent.__args__, *RestaurantEvent.__args__, *AccountEvent.__args__}
    for event in known:
        with pytest.raises(EventMalformed):
            CODEC.decode(event.__name__, event.schema_version, "{}")


# Older versions


def test_a_rejection_written_before_items_were_named_names_none() -> None:
    old = '{"at":"2026-11-20T12:01:00Z","reason":"no more naan"}'
    assert CODEC.decode("OrderRejected", 1, old) == rejected.model_copy(update={"item_ids": ()})


def test_a_rejection_is_written_in_version_2_and_read_as_it_is() -> None:
    assert OrderRejected.schema_version == 2
    assert CODEC.decode("OrderRejected", 2, rejected.canonical()) == rejected


def test_an_old_event_climbs_every_step_to_the_present() -> None:
    class Renamed(Happened):
        schema_version: ClassVar[int] = 3
        upcasters = {  # noqa: RUF012  a ClassVar of Happened
            1: lambda data: {**data, "steps": ["to 2"]},
            2: lambda data: {**data, "steps": [*data["steps"], "to 3"]},
        }

        steps: tuple[str, ...]

    read = Codec([Renamed])
    assert read.decode("Renamed", 1, '{"at":"2026-11-20T12:00:00Z"}').steps == ("to 2", "to 3")
    assert read.decode("Renamed", 2, '{"at":"2026-11-20T12:00:00Z","steps":["was 2"]}').steps == ("was 2", "to 3")


# What cannot be read


def test_an_event_of_another_program_is_unknown() -> None:
    with pytest.raises(EventTypeUnknown):
        CODEC.decode("TableReserved", 1, "{}")


@pytest.mark.parametrize("version", [-1, 0, 3, 32_767])
def test_a_version_of_the_future_is_unknown(version: int) -> None:
    with pytest.raises(SchemaVersionUnknown):
        CODEC.decode("OrderRejected", version, rejected.canonical())


@pytest.mark.parametrize(
    "data",
    [
        "",
        "null",
        "[]",
        "{",
        "7",
        '"reason"',
        "{}",
        '{"at":"yesterday","item_ids":[],"reason":"x"}',
        '{"at":"2026-11-20T12:01:00Z","item_ids":[],"reason":7}',
        '{"at":"2026-11-20T12:01:00Z","item_ids":[],"reason":"x","colour":"red"}',
        '{"at":"2026-11-20T12:01:00Z","item_ids":[],"reason":"\\ud800"}',
        '{"at":NaN,"item_ids":[],"reason":"x"}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=lambda data: data[:40],
)
@pytest.mark.parametrize("version", [1, 2])
def test_data_that_do_not_fit_are_malformed_in_every_version(version: int, data: str) -> None:
    with pytest.raises(EventMalformed):
        CODEC.decode("OrderRejected", version, data)


def test_whatever_cannot_be_read_has_one_family_name() -> None:
    assert all(issubclass(c, EventUnreadable) for c in (EventTypeUnknown, SchemaVersionUnknown, EventMalformed))


# How events are made


def test_a_part_whose_fields_are_out_of_order_is_not_made() -> None:
    with pytest.raises(UnsortedFields, match=r"\['city', 'street'\]"):

        class Unsorted(Part):
            street: str
            city: str


def test_a_fact_of_the_past_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        rejected.reason = "another"  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("event", [*OrderEvent.__args__, *RestaurantEvent.__args__], ids=lambda event: event.__name__)
def test_every_older_version_of_an_event_has_its_step(event: type[Happened]) -> None:
    assert sorted(event.upcasters) == list(range(1, event.schema_version))
