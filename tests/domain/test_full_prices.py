"""The whole price of an order: modifiers, discount, taxes, fee and tip."""

from typing import Any

import pytest

from domain.errors import Refusal
from domain.money import AMOUNT_MAX_MINOR, Money
from domain.order.commands import PlaceOrder
from domain.order.decide import ORDER
from domain.order.errors import (
    MinimumOrderNotReached,
    ModifierCountRefused,
    ModifierUnavailable,
    ModifierUnknown,
    TotalTooLarge,
)
from domain.order.events import OrderAccepted, OrderPlaced
from domain.order.pricing import price
from domain.restaurant.errors import CurrenciesMixed
from tests.domain.sample_house import house, refused, wanted
from tests.domain.sample_menu import NOON, minutes, pounds, restaurant
from tests.domain.sample_orders import ORDER_ID, basket

VAT = 200_000


def pizza(*modifiers: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    return {"item_id": "pizza", "quantity": quantity, "modifiers": modifiers}


def chosen(group_id: str, option_id: str, **more: Any) -> dict[str, Any]:
    return {"group_id": group_id, "option_id": option_id, **more}


# Modifiers


def test_what_is_chosen_changes_the_price_of_one() -> None:
    large = chosen("size", "large", modifiers=[chosen("crust", "stuffed")])
    quote = price(wanted(pizza(large, chosen("extras", "cheese", quantity=2), quantity=3)), house(), NOON)
    (line,) = quote.lines
    assert line.unit_price_minor == 900 + 300 + 150 + 2 * 50
    assert quote.total == pounds(3 * 1450)
    assert line.modifiers is not None
    assert [(m.name, m.quantity) for m in line.modifiers] == [("Large", 1), ("Cheese", 2)]


@pytest.mark.parametrize(
    ("modifiers", "refusal", "at"),
    [
        ([], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "small", quantity=2)], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "small"), chosen("extras", "cheese", quantity=4)], ModifierCountRefused, "/lines/0/modifiers"),
        ([chosen("size", "tiny")], ModifierUnknown, "/lines/0/modifiers/0/option_id"),
        ([chosen("colour", "red")], ModifierUnknown, "/lines/0/modifiers/0/group_id"),
        ([chosen("size", "giant")], ModifierUnavailable, "/lines/0/modifiers/0/option_id"),
        (
            [chosen("size", "small", modifiers=[chosen("crust", "stuffed")])],
            ModifierUnknown,
            "/lines/0/modifiers/0/modifiers/0/group_id",
        ),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(modifiers: list[Any], refusal: type[Refusal], at: str) -> None:
    refused(refusal, at, wanted(pizza(*modifiers)), house())


# Taxes, fee, tip, minimum


def test_prices_that_include_tax_say_how_much_of_it_there_is() -> None:
    quote = price(
        wanted({"item_id": "curry", "quantity": 1}, {"item_id": "wine", "quantity": 2}), house(tax_rate_ppm=VAT), NOON
    )
    assert quote.total == pounds(895 + 1400)
    assert quote.breakdown is not None
    assert [(t.rate_ppm, t.taxable_minor, t.tax_minor) for t in quote.breakdown.taxes] == [
        (200_000, 895, 149),
        (250_000, 1400, 280),
    ]


def test_prices_without_tax_have_it_added_with_fee_and_tip() -> None:
    where = house(tax_rate_ppm=88_750, prices_include_tax=False, delivery_fee_minor=300)
    home = basket().model_copy(update={}).customer
    cart = wanted(fulfilment="delivery", address={"city": "London", "line1": "1"}, tip=pounds(100), customer=home)
    quote = price(cart, where, NOON)
    assert quote.breakdown is not None
    (tax,) = quote.breakdown.taxes
    assert (tax.taxable_minor, tax.tax_minor) == (1195, 106)
    assert quote.total == pounds(895 + 300 + 106 + 100)


def test_a_pickup_pays_no_delivery() -> None:
    assert price(wanted(), house(delivery_fee_minor=300), NOON).breakdown is None


def test_a_minimum_is_held_against_the_lines() -> None:
    refusal = refused(MinimumOrderNotReached, "/lines", wanted(), house(minimum_order_minor=896))
    assert refusal.facts == {"minimum": pounds(896).model_dump()}
    assert price(wanted(), house(minimum_order_minor=895), NOON).total == pounds(895)


def test_a_tip_is_in_the_currency_of_the_house_and_the_total_has_its_bound() -> None:
    euros = {"amount_minor": 1, "currency": "EUR"}
    refused(CurrenciesMixed, "/tip/currency", wanted(tip=euros), restaurant())
    refused(TotalTooLarge, "/lines", wanted(tip=pounds(AMOUNT_MAX_MINOR)), restaurant())


def test_a_price_that_was_expected_has_everything_in_it() -> None:
    cart = wanted(tip=pounds(105), expected_total=pounds(1000))
    assert price(cart, restaurant(), NOON).total == Money(amount_minor=1000, currency="GBP")


def test_a_simple_order_is_written_as_it_always_was() -> None:
    placed = PlaceOrder(at=NOON, id=ORDER_ID, basket=basket(), quote=price(basket(), restaurant(), NOON))
    (event,) = ORDER.decide(placed, None)
    assert not {"breakdown", "scheduled_for", "quote_id", "modifiers", "tax_rate_ppm"} & set(
        event.canonical().split('"')
    )


def test_a_restaurant_that_accepts_by_itself_has_accepted_already() -> None:
    where = house(auto_accept=True, preparation_minutes=30)
    placed, accepted = ORDER.decide(
        PlaceOrder(at=NOON, id=ORDER_ID, basket=basket(), quote=price(basket(), where, NOON)), None
    )
    assert isinstance(placed, OrderPlaced)
    assert accepted == OrderAccepted(at=NOON, ready_at=minutes(30))
