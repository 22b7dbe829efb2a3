"""Whatever is ordered, the parts of a price sum to its total, and none is negative."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.order.basket import QUANTITY_MAX
from domain.order.discount import Discount
from domain.order.pricing import Quote, price, total_of
from domain.order.tax import shares, tax_upon, tax_within
from domain.restaurant.events import MenuPublished, SettingsChanged
from domain.restaurant.menu import MenuItem
from domain.restaurant.settings import Settings, TaxCategory
from tests.domain.sample_house import wanted
from tests.domain.sample_menu import NOON, pounds, restaurant
from tests.domain.strategies import PATIENT

RATES = st.sampled_from([0, 1, 50_000, 88_750, 100_000, 200_000, 333_333, 1_000_000])
AMOUNTS = st.integers(0, 10**7)
DISCOUNTS = st.none() | st.builds(
    Discount, code=st.just("X"), rate_ppm=st.none() | RATES, amount_minor=st.integers(0, 5000)
)


@PATIENT
@given(
    lines=st.lists(st.tuples(AMOUNTS, st.integers(1, QUANTITY_MAX), st.booleans()), min_size=1, max_size=6),
    rates=st.tuples(RATES, RATES),
    extra=st.tuples(st.integers(0, 1000), st.integers(0, 1000)),
    discount=DISCOUNTS,
    included=st.booleans(),
    delivered=st.booleans(),
)
def test_the_parts_always_sum_to_the_total_and_none_is_negative(
    lines: list[tuple[int, int, bool]],
    rates: tuple[int, int],
    extra: tuple[int, int],
    discount: Discount | None,
    included: bool,
    delivered: bool,
) -> None:
    items = tuple(
        MenuItem(item_id=str(n), name="Dish", price=pounds(amount), tax_category="other" if other else None)
        for n, (amount, _, other) in enumerate(lines)
    )
    settings = Settings(
        delivery_fee_minor=extra[0],
        prices_include_tax=included,
        tax_categories=(TaxCategory(name="other", rate_ppm=rates[1]),),
        tax_rate_ppm=rates[0],
    )
    where = restaurant(
        MenuPublished(at=NOON, items=items),
        SettingsChanged(at=NOON, name="The Tiffin", settings=settings, time_zone="Europe/London"),
    )
    more: dict[str, Any] = {"tip": pounds(extra[1])}
    if delivered:
        more |= {"fulfilment": "delivery", "address": {"city": "London", "line1": "1"}}
    ordered = [{"item_id": str(n), "quantity": quantity} for n, (_, quantity, _) in enumerate(lines)]
    assert_sums(price(wanted(*ordered, **more), where, NOON, discount), tip=extra[1], fee=extra[0] * delivered)


def assert_sums(quote: Quote, *, tip: int, fee: int) -> None:
    subtotal = sum(line.quantity * line.unit_price_minor for line in quote.lines)
    parts = quote.breakdown
    if parts is None:
        assert (quote.total.amount_minor, tip, fee) == (subtotal, 0, 0)
        return
    assert (parts.subtotal_minor, parts.tip_minor, parts.delivery_fee_minor) == (subtotal, tip, fee)
    assert 0 <= parts.discount_minor <= subtotal
    assert quote.total.amount_minor == total_of(parts) >= 0
    assert all(0 <= tax.tax_minor <= tax.taxable_minor for tax in parts.taxes)
    taxed = sum(tax.taxable_minor for tax in parts.taxes)
    assert taxed <= subtotal - parts.discount_minor + fee
    if all(line.tax_rate_ppm for line in quote.lines) and not fee:
        assert taxed == subtotal - parts.discount_minor


@PATIENT
@given(st.integers(0, 10**12), st.integers(0, 1_000_000))
def test_tax_upon_a_net_is_the_tax_within_its_gross(net: int, rate: int) -> None:
    tax = tax_upon(net, rate)
    assert tax_within(net + tax, rate) == tax
    assert abs(2 * (tax * 1_000_000 - net * rate)) <= 1_000_000  # half a minor unit at most


@PATIENT
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(0, 10**10))
def test_shares_sum_to_the_whole_and_none_is_more_than_its_own(weights: list[int], amount: int) -> None:
    amount = min(amount, sum(weights))
    parts = shares(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
