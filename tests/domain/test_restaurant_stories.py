"""A restaurant, its menu and whether it takes orders, as its owner tells it."""

import pytest
from pydantic import ValidationError

from domain.event import EventMalformed
from domain.money import Money
from domain.restaurant.commands import ChangeMenuItem, PublishMenu, RegisterRestaurant, SetStatus
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.errors import CurrenciesMixed, ItemIdDoubled, MenuItemUnknown, RestaurantUnknown
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    ItemDescribed,
    ItemPriceChanged,
    MenuPublished,
    Status,
    StatusChanged,
)
from domain.restaurant.menu import MenuItem
from domain.restaurant.menu_input import ITEMS_MAX
from tests.domain.given import given
from tests.domain.sample_menu import (
    CURRY,
    NAAN,
    NOON,
    RESTAURANT_ID,
    WATER,
    busy,
    menu_published,
    minutes,
    naan_sold_out,
    pause,
    paused,
    pounds,
    publish,
    register,
    registered,
)


def change(item_id: str = "naan", **what: object) -> ChangeMenuItem:
    return ChangeMenuItem.model_validate({"at": minutes(1), "item_id": item_id, **what})


# Joining


def test_a_restaurant_joins_open_and_with_an_empty_menu() -> None:
    joined = given(RESTAURANT).when(register).then(registered)
    assert joined is not None
    assert (joined.status, dict(joined.menu)) == (Status.OPEN, {})


def test_a_restaurant_joins_once() -> None:
    given(RESTAURANT, registered).when(register).silent()


def test_nothing_is_known_of_a_restaurant_that_never_joined() -> None:
    for command in (publish, change(available=False), pause):
        given(RESTAURANT).when(command).refused(RestaurantUnknown)


@pytest.mark.parametrize("zone", ["", "London", "Europe/Atlantis", "../etc/passwd", "UTC+1"])
def test_a_restaurant_lives_in_a_real_time_zone(zone: str) -> None:
    with pytest.raises(ValidationError, match="time_zone"):
        RegisterRestaurant(at=NOON, id=RESTAURANT_ID, name="The Tiffin", currency="GBP", time_zone=zone)


# The menu


def test_a_menu_is_published_whole_and_in_its_printed_order() -> None:
    offered = given(RESTAURANT, registered).when(publish).then(menu_published)
    assert offered is not None
    assert list(offered.menu.values()) == [CURRY, NAAN, WATER]


def test_the_same_menu_twice_is_silence() -> None:
    given(RESTAURANT, registered, menu_published).when(publish).silent()


def test_a_menu_in_another_order_is_another_menu() -> None:
    turned = (WATER, NAAN, CURRY)
    given(RESTAURANT, registered, menu_published).when(PublishMenu(at=NOON, items=turned)).then(
        MenuPublished(at=NOON, items=turned)
    )


def test_a_new_menu_takes_the_old_one_off() -> None:
    only_water = PublishMenu(at=NOON, items=(WATER,))
    offered = (
        given(RESTAURANT, registered, menu_published).when(only_water).then(MenuPublished(at=NOON, items=(WATER,)))
    )
    assert offered is not None
    assert list(offered.menu) == ["water"]


def test_a_menu_may_be_taken_down() -> None:
    nothing = PublishMenu(at=NOON, items=())
    given(RESTAURANT, registered, menu_published).when(nothing).then(MenuPublished(at=NOON, items=()))
    given(RESTAURANT, registered).when(nothing).silent()


def test_two_items_never_share_an_id() -> None:
    doubled = PublishMenu(at=NOON, items=(CURRY, NAAN, CURRY))
    refusal = given(RESTAURANT, registered).when(doubled).refused(ItemIdDoubled, at="/items/2/item_id")
    assert refusal.facts == {"item_id": "curry"}


def test_a_menu_is_in_the_currency_of_the_house() -> None:
    in_euros = NAAN.model_copy(update={"price": Money(amount_minor=295, currency="EUR")})
    mixed = PublishMenu(at=NOON, items=(CURRY, in_euros))
    given(RESTAURANT, registered).when(mixed).refused(CurrenciesMixed, at="/items/1/price/currency")


def test_a_menu_has_a_last_page() -> None:
    items = tuple(MenuItem(item_id=str(n), name="Dish", price=pounds(1)) for n in range(ITEMS_MAX + 1))
    assert PublishMenu(at=NOON, items=items[1:])
    with pytest.raises(ValidationError, match="items"):
        PublishMenu(at=NOON, items=items)


# One item


def test_a_price_changes_and_the_rest_of_the_item_stays() -> None:
    offered = (
        given(RESTAURANT, registered, menu_published)
        .when(change(price=pounds(325)))
        .then(ItemPriceChanged(at=minutes(1), item_id="naan", price=pounds(325)))
    )
    assert offered is not None
    assert offered.menu["naan"] == NAAN.model_copy(update={"price": pounds(325)})
    assert list(offered.menu) == ["curry", "naan", "water"]


def test_an_item_runs_out_and_comes_back() -> None:
    gone, back = change(available=False), change(available=True)
    sold_out = ItemAvailabilityChanged(at=minutes(1), available=False, item_id="naan")
    given(RESTAURANT, registered, menu_published).when(gone).then(sold_out)
    given(RESTAURANT, registered, menu_published, naan_sold_out).when(gone).silent()
    given(RESTAURANT, registered, menu_published, naan_sold_out).when(back).then(
        ItemAvailabilityChanged(at=minutes(1), available=True, item_id="naan")
    )


def test_an_item_gets_another_name_or_category() -> None:
    given(RESTAURANT, registered, menu_published).when(change(name="Sweet Naan")).then(
        ItemDescribed(at=minutes(1), item_id="naan", name="Sweet Naan")
    )
    given(RESTAURANT, registered, menu_published).when(change(category="Breads")).then(
        ItemDescribed(at=minutes(1), category="Breads", item_id="naan", name="Peshwari Naan")
    )


def test_everything_about_an_item_changes_at_once_and_each_change_is_told() -> None:
    given(RESTAURANT, registered, menu_published).when(
        change(name="Sweet Naan", category="Breads", price=pounds(325), available=False)
    ).then(
        ItemDescribed(at=minutes(1), category="Breads", item_id="naan", name="Sweet Naan"),
        ItemPriceChanged(at=minutes(1), item_id="naan", price=pounds(325)),
        ItemAvailabilityChanged(at=minutes(1), available=False, item_id="naan"),
    )


def test_what_an_item_is_already_is_silence() -> None:
    as_it_is = change(name="Peshwari Naan", price=pounds(295), available=True)
    given(RESTAURANT, registered, menu_published).when(as_it_is).silent()
    given(RESTAURANT, registered, menu_published).when(change()).silent()


def test_an_item_that_is_not_on_the_menu_is_unknown() -> None:
    refusal = given(RESTAURANT, registered, menu_published).when(change("pizza")).refused(MenuItemUnknown)
    assert refusal.facts == {"item_id": "pizza"}


def test_a_price_is_in_the_currency_of_the_house() -> None:
    in_euros = change(price=Money(amount_minor=325, currency="EUR"))
    given(RESTAURANT, registered, menu_published).when(in_euros).refused(CurrenciesMixed, at="/price/currency")


@pytest.mark.parametrize("price", [-1, 10**12 + 1, 2.5, "295", True])
def test_a_price_is_a_whole_number_of_pence_and_never_negative(price: object) -> None:
    with pytest.raises(ValidationError, match="amount_minor"):
        change(price={"amount_minor": price, "currency": "GBP"})


# Open, busy, paused


def test_a_restaurant_pauses_and_opens_again() -> None:
    given(RESTAURANT, registered).when(pause).then(paused)
    given(RESTAURANT, registered, paused).when(pause).silent()
    given(RESTAURANT, registered, paused).when(SetStatus(at=minutes(1), status=Status.OPEN)).then(
        StatusChanged(at=minutes(1), status=Status.OPEN)
    )
    given(RESTAURANT, registered, busy).when(pause).then(paused)


def test_a_new_restaurant_need_not_say_that_it_is_open() -> None:
    given(RESTAURANT, registered).when(SetStatus(at=minutes(1), status=Status.OPEN)).silent()


def test_a_history_that_does_not_begin_with_the_restaurant_is_not_believed() -> None:
    for event in (menu_published, naan_sold_out, paused):
        with pytest.raises(EventMalformed):
            RESTAURANT.fold([event])
