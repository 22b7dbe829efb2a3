"""Which orders give the use of their promo code back."""

import pytest

from domain.order.decide import ORDER
from domain.order.events import Breakdown, OrderEvent
from domain.promotion.decide import given_back, promotion_id
from tests.domain.sample_menu import RESTAURANT_ID
from tests.domain.sample_orders import accepted, cancelled, collected, placed, ready, rejected, started

CHEAPER = Breakdown(
    delivery_fee_minor=0,
    discount_minor=100,
    promo_code="SUMMER",
    subtotal_minor=placed.total_minor + 100,
    tax_included=True,
    taxes=(),
    tip_minor=0,
)
with_a_code = placed.model_copy(update={"breakdown": CHEAPER})
with_a_tip = placed.model_copy(update={"breakdown": CHEAPER.model_copy(update={"promo_code": None})})


@pytest.mark.parametrize("steps", [[rejected], [cancelled], [accepted, cancelled], [accepted, started, cancelled]])
def test_an_order_without_a_meal_gives_back_the_use_of_its_code(steps: list[OrderEvent]) -> None:
    order = ORDER.fold([with_a_code, *steps])
    assert order is not None
    assert given_back(order) == promotion_id(RESTAURANT_ID, "summer")


@pytest.mark.parametrize("steps", [[cancelled], [collected], []])
def test_a_meal_that_was_made_has_used_the_code(steps: list[OrderEvent]) -> None:
    order = ORDER.fold([with_a_code, accepted, started, ready, *steps])
    assert order is not None
    assert given_back(order) is None


@pytest.mark.parametrize("order", [placed, with_a_tip])
def test_who_used_no_code_is_given_none_back(order: OrderEvent) -> None:
    off = ORDER.fold([order, cancelled])
    assert off is not None
    assert given_back(off) is None
