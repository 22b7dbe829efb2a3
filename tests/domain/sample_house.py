"""A restaurant with settings and choices of its own, and baskets that it prices or refuses."""

from datetime import datetime
from typing import Any

import pytest

from domain.errors import Refusal
from domain.order.basket import Basket
from domain.order.pricing import price
from domain.restaurant.events import MenuPublished, RestaurantEvent, SettingsChanged
from domain.restaurant.menu import Choice, ChoiceGroup, MenuItem, ModifierGroup, Option
from domain.restaurant.settings import Settings, TaxCategory
from domain.restaurant.state import Restaurant
from tests.domain.sample_menu import CURRY, NAAN, NOON, pounds, restaurant
from tests.domain.sample_orders import basket

CRUST = ChoiceGroup(
    group_id="crust", max=1, name="Crust", options=(Choice(name="Stuffed", option_id="stuffed", price_delta_minor=150),)
)
SIZE = ModifierGroup(
    group_id="size",
    max=1,
    min=1,
    name="Size",
    options=(
        Option(name="Small", option_id="small", price_delta_minor=-200),
        Option(name="Large", option_id="large", price_delta_minor=300, modifier_groups=(CRUST,)),
        Option(name="Giant", option_id="giant", price_delta_minor=900, available=False),
    ),
)
EXTRAS = ModifierGroup(
    group_id="extras", max=3, name="Extras", options=(Option(name="Cheese", option_id="cheese", price_delta_minor=50),)
)
PIZZA = MenuItem(item_id="pizza", name="Pizza", price=pounds(900), modifier_groups=(SIZE, EXTRAS))
WINE = MenuItem(item_id="wine", name="Wine", price=pounds(700), tax_category="alcohol")
MENU = MenuPublished(at=NOON, items=(CURRY, NAAN, PIZZA, WINE))


def house(*later: RestaurantEvent, **settings: Any) -> Restaurant:
    told = Settings(tax_categories=(TaxCategory(name="alcohol", rate_ppm=250_000),), **settings)
    return restaurant(
        MENU, SettingsChanged(at=NOON, name="The Tiffin", settings=told, time_zone="Europe/London"), *later
    )


def wanted(*lines: dict[str, Any], **more: Any) -> Basket:
    told = basket().model_dump(exclude={"lines"}) | {"lines": lines or ({"item_id": "curry", "quantity": 1},)} | more
    return Basket.model_validate(told)


def refused(refusal: type[Refusal], at: str, cart: Basket, where: Restaurant, when: datetime = NOON) -> Refusal:
    with pytest.raises(refusal) as raised:
        price(cart, where, when)
    assert raised.value.at == at
    return raised.value
