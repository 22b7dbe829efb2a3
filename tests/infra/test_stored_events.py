"""An event is stored as canonical JSON, and read by a program of another time or refused by name."""

import json
from datetime import date
from typing import Any, ClassVar, get_args
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.account import events as account
from domain.event import EventMalformed, EventTypeUnknown, Happened, Part, SchemaVersionUnknown, UnsortedFields
from domain.event_store import EventStore, Recorded
from domain.leaf import leaf_hash
from domain.money import Money
from domain.order import events as order
from domain.restaurant import events as restaurant
from domain.restaurant.hours import OpeningHours, Weekday, WeeklySpan
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import Settings
from tests.infra.facts import AT, accepted, placed, ready, started

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
