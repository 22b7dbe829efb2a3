"""A price is promised for ten minutes, to one customer, for one order of the very basket that was priced."""

from uuid import UUID

import pytest

from domain.errors import Refusal
from domain.order.basket import Basket
from domain.order.errors import PriceChanged
from domain.order.pricing import price
from domain.promotion.decide import promotion_id
from domain.quote.decide import QUOTE, GiveQuote, Quoted, UseQuote, honoured
from domain.quote.errors import QuoteAlreadyUsed, QuoteExpired, QuoteUnknown
from domain.restaurant.events import ItemPriceChanged
from tests.domain.sample_menu import NOON, RESTAURANT_ID, minutes, pounds, restaurant
from tests.domain.sample_orders import ORDER_ID, basket

QUOTE_ID = UUID("019aa0c0-0000-7000-8000-00000000feed")
DEARER = restaurant(ItemPriceChanged(at=NOON, item_id="curry", price=pounds(995)))


def given_quote(wanted: Basket | None = None) -> Quoted:
    cart = wanted or basket()
    command = GiveQuote(at=NOON, asked_by="ann", cart=cart, id=QUOTE_ID, quote=price(cart, restaurant(), NOON))
    folded = QUOTE.fold(QUOTE.decide(command, None))
    assert folded is not None
    return folded


def test_the_quoted_price_is_honoured_with_the_notes_of_the_order() -> None:
    present = price(basket(), DEARER, minutes(9))
    quote = honoured(given_quote(), basket(), present, minutes(9), "ann")
    assert quote.total == pounds(1485) != present.total
    assert quote.lines[0].note == "no nuts"
    assert given_quote().lines[0].note is None  # a note may be personal, and a quote does not keep it


@pytest.mark.parametrize(
    ("at", "who", "wanted", "refusal"),
    [
        (minutes(10), "ann", basket(), QuoteExpired),
        (NOON, "ben", basket(), QuoteUnknown),
        (NOON, "ann", basket().model_copy(update={"tip": pounds(1)}), PriceChanged),
        (NOON, "ann", basket().model_copy(update={"lines": basket().lines[:1]}), PriceChanged),
        (NOON, "ann", basket().model_copy(update={"expected_total": pounds(1)}), PriceChanged),
    ],
)
def test_a_quote_that_does_not_hold_is_refused(at: object, who: str, wanted: Basket, refusal: type[Refusal]) -> None:
    present = price(wanted.model_copy(update={"expected_total": None}), DEARER, NOON)
    with pytest.raises(refusal) as raised:
        honoured(given_quote(), wanted, present, at, who)  # type: ignore[arg-type]  # one of the times above
    if refusal is QuoteExpired:
        assert raised.value.facts == {"total": pounds(1585).model_dump()}


def test_a_quote_is_used_once() -> None:
    quoted = given_quote()
    used = QUOTE.fold(QUOTE.decide(UseQuote(at=NOON, order_id=ORDER_ID), quoted), quoted)
    with pytest.raises(QuoteAlreadyUsed):
        honoured(used, basket(), price(basket(), restaurant(), NOON), NOON, "ann")


def test_a_code_has_a_stream_of_its_own_in_each_restaurant_whatever_its_case() -> None:
    summer = promotion_id(RESTAURANT_ID, "summer")
    assert summer == promotion_id(RESTAURANT_ID, "SUMMER") != promotion_id(QUOTE_ID, "SUMMER")
    assert (summer.version, summer.variant, summer.int >> 80) == (7, "specified in RFC 4122", RESTAURANT_ID.int >> 80)
