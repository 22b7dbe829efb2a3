"""Whatever is asked of orders, restaurants and accounts, in whatever order, their books stay right."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from domain.account.commands import AccountCommand, RegisterAccount
from domain.account.decide import ACCOUNT
from domain.account.events import Grant, Kind, Role
from domain.account.state import Account
from domain.decider import Decider
from domain.errors import Refusal
from domain.event import Happened
from domain.history import CODEC
from domain.order.basket import Basket
from domain.order.commands import OrderCommand, PlaceOrder
from domain.order.decide import ORDER, allowed_actions
from domain.order.events import Fulfilment
from domain.order.pricing import price
from domain.order.state import ENDED, Order, Stage
from domain.restaurant.commands import RestaurantCommand
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.state import Restaurant
from tests.domain.sample_accounts import ADA_ID, CUSTOMER
from tests.domain.sample_menu import NOON, restaurant
from tests.domain.sample_orders import ORDER_ID, accept, collect, deliver, hand_over, mark_ready, start
from tests.domain.strategies import PATIENT, account_commands, baskets, order_commands, restaurant_commands

# The order's life as it is drawn in DESIGN.md, section 3. A revised ready time leaves the stage as it is.
BOTH = frozenset(
    {
        (Stage.AWAITING_ACCEPTANCE, Stage.ACCEPTED),
        (Stage.AWAITING_ACCEPTANCE, Stage.REJECTED),
        (Stage.AWAITING_ACCEPTANCE, Stage.CANCELLED),
        (Stage.ACCEPTED, Stage.ACCEPTED),
        (Stage.ACCEPTED, Stage.PREPARING),
        (Stage.ACCEPTED, Stage.CANCELLED),
        (Stage.PREPARING, Stage.PREPARING),
        (Stage.PREPARING, Stage.READY),
        (Stage.PREPARING, Stage.CANCELLED),
        (Stage.READY, Stage.CANCELLED),
    }
)
DRAWN = {
    Fulfilment.PICKUP: BOTH | {(Stage.READY, Stage.COMPLETED)},
    Fulfilment.DELIVERY: BOTH | {(Stage.READY, Stage.OUT_FOR_DELIVERY), (Stage.OUT_FOR_DELIVERY, Stage.COMPLETED)},
}


class Life(RuleBasedStateMachine):
    """One aggregate that is asked again and again; after each answer its books are checked."""

    decider: Decider[Any, Any, Any]

    def __init__(self) -> None:
        super().__init__()
        self.state = self.decider.initial
        self.history: list[Happened] = []

    def ask(self, command: Any) -> Sequence[Happened]:
        """Put a command: a refusal changes nothing, and what was just done is silence when asked again."""
        try:
            events = self.decider.decide(command, self.state)
        except Refusal:
            return []
        self.history += events
        self.state = self.decider.fold(events, self.state)
        assert self.decider.decide(command, self.state) == []
        for event in events:
            assert_written_canonically(event)
        return events

    @invariant()
    def history_tells_the_same(self) -> None:
        """The state is what all events together, read from their written form, make of nothing."""
        read = [CODEC.decode(type(e).__name__, e.schema_version, e.canonical()) for e in self.history]
        assert self.decider.fold(read) == self.state


def assert_written_canonically(event: Happened) -> None:
    written = event.canonical()
    read = CODEC.decode(type(event).__name__, event.schema_version, written)
    assert read == event
    assert read.canonical() == written
    assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class OrdersLife(Life):
    """An order, from its placing to its end."""

    decider = ORDER
    state: Order

    @initialize(basket=baskets())
    def place(self, basket: Basket) -> None:
        quote = price(basket, restaurant(), NOON)
        assert self.ask(PlaceOrder(at=NOON, id=ORDER_ID, basket=basket, quote=quote))

    @rule(command=order_commands())
    def asked(self, command: OrderCommand) -> None:
        self.move(command)

    @rule()
    def led_on(self) -> None:
        """What has not ended can always go on towards its completion."""
        ended = self.state.stage in ENDED
        moved = any(self.move(command) for command in (accept, start, mark_ready, collect, hand_over, deliver))
        assert moved is not ended

    def move(self, command: OrderCommand) -> bool:
        before = self.state.stage
        moved = bool(self.ask(command))
        assert (before, self.state.stage) in DRAWN[self.state.fulfilment] or not moved
        return moved

    @invariant()
    def total_is_the_sum_of_the_lines_and_nothing_is_negative(self) -> None:
        if self.history:
            amounts = [line.quantity * line.unit_price_minor for line in self.state.lines]
            assert self.state.total_minor == sum(amounts)
            assert min(amounts) >= 0

    @invariant()
    def only_what_has_ended_offers_nothing(self) -> None:
        if self.history:
            offered = allowed_actions(self.state.stage, self.state.fulfilment)
            assert (offered == []) is (self.state.stage in ENDED)


class RestaurantsLife(Life):
    """A restaurant, from before it joins."""

    decider = RESTAURANT
    state: Restaurant | None

    @rule(command=restaurant_commands())
    def asked(self, command: RestaurantCommand) -> None:
        self.ask(command)

    @invariant()
    def menu_is_in_order(self) -> None:
        """Every item stands under its own id, at a price in the currency of the house that is not negative."""
        if self.state is None:
            return
        for item_id, item in self.state.menu.items():
            assert item_id == item.item_id
            assert item.price.currency == self.state.currency
            assert item.price.amount_minor >= 0


class AccountsLife(Life):
    """An account, from its registration on."""

    decider = ACCOUNT
    state: Account

    @initialize(kind=st.sampled_from(Kind))
    def register(self, kind: Kind) -> None:
        grant, email = (CUSTOMER, "enc1.a") if kind is Kind.PERSON else (Grant(role=Role.APP), None)
        assert self.ask(RegisterAccount(at=NOON, id=ADA_ID, kind=kind, name="enc1.a", email=email, grants=(grant,)))

    @rule(command=account_commands())
    def asked(self, command: AccountCommand) -> None:
        ended = self.state.closed
        happened = [type(event).__name__ for event in self.ask(command)]
        assert not ended or set(happened) <= {"ErasureRequested", "PersonalDataErased"}

    @invariant()
    def every_role_is_whole_and_fits(self) -> None:
        if self.history:
            assert all(grant.whole for grant in self.state.grants)
            apps = {grant.role is Role.APP for grant in self.state.grants}
            assert apps <= {self.state.kind is Kind.APP}

    @invariant()
    def ends_follow_each_other(self) -> None:
        """Erased only after it was asked for, asked for only of what is closed; and then nothing personal is left."""
        if self.history:
            assert self.state.erased <= self.state.erasing <= self.state.closed
            personal = (self.state.name, self.state.email, self.state.phone)
            assert not self.state.erased or personal == (None, None, None)


def test_whatever_is_asked_of_an_account_its_books_stay_right() -> None:
    run_state_machine_as_test(AccountsLife, settings=settings(PATIENT, max_examples=120, stateful_step_count=25))


def test_whatever_is_asked_of_an_order_its_books_stay_right() -> None:
    run_state_machine_as_test(OrdersLife, settings=settings(PATIENT, max_examples=120, stateful_step_count=25))


def test_whatever_is_asked_of_a_restaurant_its_books_stay_right() -> None:
    run_state_machine_as_test(RestaurantsLife, settings=settings(PATIENT, max_examples=80, stateful_step_count=25))


def test_the_drawn_life_ends_where_it_should() -> None:
    for drawn in DRAWN.values():
        begins = {begin for begin, _ in drawn}
        assert {end for _, end in drawn} - begins == ENDED
        assert begins & ENDED == set()
