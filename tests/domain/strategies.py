"""Requests as chance makes them: few enough times, reasons and items that the same is often asked twice."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.account.commands import (
    AccountCommand,
    ChangeDetails,
    ChangePassword,
    CloseAccount,
    ConfirmErasure,
    GrantRole,
    LockAccount,
    RegisterAccount,
    RequestErasure,
    RevokeRole,
    UnlockAccount,
)
from domain.account.events import Grant, Kind, Role
from domain.money import Money
from domain.order.basket import QUANTITY_MAX, AddressDetails, Basket, CustomerDetails, Line
from domain.order.commands import (
    AcceptOrder,
    CancelOrder,
    CollectOrder,
    DeliverOrder,
    HandOverOrder,
    MarkReady,
    OrderCommand,
    RejectOrder,
    ReviseReadyTime,
    StartPreparation,
)
from domain.order.events import Fulfilment
from domain.privacy import MARK
from domain.restaurant.commands import ChangeMenuItem, PublishMenu, RegisterRestaurant, RestaurantCommand, SetStatus
from domain.restaurant.events import Status
from domain.restaurant.menu import MenuItem
from tests.domain.sample_accounts import ADA_ID
from tests.domain.sample_menu import RESTAURANT_ID, minutes

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""


def unsealed(text: str) -> bool:
    """Hypothesis finds the mark of sealed texts in our sources and tries it."""
    return not text.startswith(MARK)


ITEM_IDS = ("curry", "naan", "water")

times = st.integers(-60, 600).map(minutes)
ready_times = st.sampled_from([-5, 20, 30, 45]).map(minutes)
reasons = st.sampled_from(["no more naan", "the oven is cold", "the customer called"])
# Any letter of any alphabet; the values' own tests are about what is refused.
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(unsealed)
prices_minor = st.sampled_from([0, 1, 895, 10**9])


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    """One to four lines of what is on the menu, often the same item twice."""
    fulfilment = draw(st.sampled_from(Fulfilment))
    lines = st.builds(
        Line, item_id=st.sampled_from(ITEM_IDS), quantity=st.integers(1, QUANTITY_MAX), note=st.none() | texts
    )
    return Basket(
        restaurant_id=RESTAURANT_ID,
        fulfilment=fulfilment,
        lines=tuple(draw(st.lists(lines, min_size=1, max_size=4))),
        customer=draw(st.builds(CustomerDetails, name=texts, phone=st.none() | texts)),
        address=draw(st.builds(AddressDetails, city=texts, line1=texts)) if fulfilment is Fulfilment.DELIVERY else None,
        note=draw(st.none() | texts),
        client_reference=draw(st.none() | texts),
    )


def order_commands() -> st.SearchStrategy[OrderCommand]:
    """Any request to an order that is placed already."""
    return st.one_of(
        st.builds(AcceptOrder, at=times, ready_at=ready_times),
        st.builds(RejectOrder, at=times, reason=reasons, item_ids=st.just(()) | st.just(ITEM_IDS)),
        st.builds(StartPreparation, at=times),
        st.builds(ReviseReadyTime, at=times, ready_at=ready_times),
        st.builds(MarkReady, at=times),
        st.builds(CollectOrder, at=times),
        st.builds(HandOverOrder, at=times),
        st.builds(DeliverOrder, at=times),
        st.builds(CancelOrder, at=times, reason=reasons),
    )


def _money() -> st.SearchStrategy[Money]:
    return st.builds(Money, amount_minor=prices_minor, currency=st.sampled_from(["GBP", "GBP", "GBP", "EUR"]))


def menu_items() -> st.SearchStrategy[MenuItem]:
    """An item of the menu, now and then in the wrong currency."""
    return st.builds(
        MenuItem,
        available=st.booleans(),
        category=st.none() | texts,
        item_id=st.sampled_from(ITEM_IDS),
        name=texts,
        price=_money(),
    )


def restaurant_commands() -> st.SearchStrategy[RestaurantCommand]:
    """Any request to a restaurant, its registration included."""
    changes: dict[str, st.SearchStrategy[Any]] = {
        "name": st.none() | texts,
        "category": st.none() | texts,
        "price": st.none() | _money(),
        "available": st.none() | st.booleans(),
    }
    return st.one_of(
        st.builds(
            RegisterRestaurant,
            at=times,
            id=st.just(RESTAURANT_ID),
            name=texts,
            currency=st.just("GBP"),
            time_zone=st.sampled_from(["Europe/London", "Pacific/Auckland"]),
        ),
        st.builds(PublishMenu, at=times, items=st.lists(menu_items(), max_size=3).map(tuple)),
        st.builds(ChangeMenuItem, at=times, item_id=st.sampled_from((*ITEM_IDS, "pizza")), **changes),
        st.builds(SetStatus, at=times, status=st.sampled_from(Status)),
    )


def grants() -> st.SearchStrategy[Grant]:
    """A role, now and then without the restaurant that it needs or with one that it does not."""
    return st.builds(Grant, role=st.sampled_from(Role), restaurant_id=st.sampled_from([None, RESTAURANT_ID]))


def account_commands() -> st.SearchStrategy[AccountCommand]:
    """Any request to an account, its registration included."""
    sealed = st.sampled_from([None, "enc1.a", "enc1.b"])
    return st.one_of(
        st.builds(
            RegisterAccount,
            at=times,
            id=st.just(ADA_ID),
            kind=st.sampled_from(Kind),
            name=st.just("enc1.a"),
            email=sealed,
            phone=sealed,
            grants=st.lists(grants(), min_size=1, max_size=2).map(tuple),
        ),
        st.builds(ChangeDetails, at=times, name=sealed, email=sealed, phone=sealed),
        st.builds(GrantRole, at=times, grant=grants()),
        st.builds(RevokeRole, at=times, grant=grants()),
        *(st.builds(c, at=times) for c in (ChangePassword, LockAccount, UnlockAccount)),
        *(st.builds(c, at=times) for c in (CloseAccount, RequestErasure, ConfirmErasure)),
    )
