"""What a basket costs at a restaurant: the server's price, never the client's.

The total is the lines, less the discount, plus delivery fee and tip, plus the taxes where the prices do not include
them. A discount is spread over the tax rates as the lines are; the delivery fee is taxed at the restaurant's own rate
and is never discounted; a tip is neither. domain.order.tax states how taxes are rounded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import AMOUNT_MAX_MINOR, Money
from domain.order.basket import LINES_MAX, QUANTITY_MAX, Basket, Cart, Line
from domain.order.discount import Discount
from domain.order.errors import (
    LinesMissing,
    LinesTooMany,
    MenuItemUnavailable,
    MinimumOrderNotReached,
    OrderedItemUnknown,
    PriceChanged,
    QuantityOutOfRange,
    TotalTooLarge,
)
from domain.order.events import Breakdown, Fulfilment, PricedLine, PricedTax
from domain.order.modifiers import choose
from domain.order.occasion import check_place, check_time
from domain.order.tax import shares, tax_upon, tax_within
from domain.promotion.errors import PromoMinimumNotReached
from domain.restaurant.errors import CurrenciesMixed
from domain.restaurant.menu import MenuItem, is_offered
from domain.restaurant.settings import DEFAULTS
from domain.restaurant.state import Restaurant, business_day, preparation

_plain_line: Callable[[Any], PricedLine] = PricedLine.__pydantic_validator__.validate_python
"""Nearly every line of nearly every order: from a dict, without the keywords' detour, it is made a third faster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A priced basket: its lines with their unit prices, what else makes up the total, and the restaurant's day.

    Without a breakdown the total is the sum of the lines. ``ready_at``: the promise of a restaurant that accepts by
    itself.
    """

    business_day: date
    lines: tuple[PricedLine, ...]
    total: Money
    breakdown: Breakdown | None = None
    ready_at: datetime | None = None


def price(cart: Cart, restaurant: Restaurant, at: datetime, discount: Discount | None = None) -> Quote:
    """Price ``cart`` from the restaurant's present menu, as ordered at ``at``.

    Raises the refusal that names what stands in the way: the restaurant, a line, or the total that was expected.
    """
    moment = check_time(cart, restaurant, at)
    if not cart.lines:
        raise LinesMissing
    if len(cart.lines) > LINES_MAX:
        raise LinesTooMany
    lines = tuple([_priced(index, line, restaurant, moment) for index, line in enumerate(cart.lines)])
    amount = sum([line.quantity * line.unit_price_minor for line in lines])
    breakdown = None
    if restaurant.settings is not DEFAULTS or cart.tip is not None or discount is not None:
        check_place(cart, restaurant)
        breakdown = _broken_down(cart, restaurant, lines, amount, discount)
        amount = amount if breakdown is None else total_of(breakdown)
    if amount > AMOUNT_MAX_MINOR:
        raise TotalTooLarge
    total = Money(amount_minor=amount, currency=restaurant.currency)
    if isinstance(cart, Basket) and cart.expected_total is not None:
        compare(cart.expected_total, total)
    return Quote(
        breakdown=breakdown,
        business_day=business_day(restaurant, at),
        lines=lines,
        ready_at=_promise(cart, restaurant, at) if restaurant.settings.auto_accept else None,
        total=total,
    )


def total_of(parts: Breakdown) -> int:
    """What the parts sum to."""
    taxes = 0 if parts.tax_included else sum(tax.tax_minor for tax in parts.taxes)
    return parts.subtotal_minor - parts.discount_minor + parts.delivery_fee_minor + parts.tip_minor + taxes


def _priced(index: int, line: Line, restaurant: Restaurant, moment: datetime) -> PricedLine:
    if not 1 <= line.quantity <= QUANTITY_MAX:
        raise QuantityOutOfRange(pointer=f"/lines/{index}/quantity")
    item = restaurant.menu.get(line.item_id)
    if item is None:
        raise OrderedItemUnknown(pointer=f"/lines/{index}/item_id", item_id=line.item_id)
    if (not item.available or item.hours is not None) and not is_offered(item, ZoneInfo(restaurant.time_zone), moment):
        raise MenuItemUnavailable(pointer=f"/lines/{index}/item_id", item_id=line.item_id)
    if not item.modifier_groups and not line.modifiers and restaurant.settings is DEFAULTS:
        told = {
            "item_id": line.item_id,
            "name": item.name,
            "quantity": line.quantity,
            "unit_price_minor": item.price.amount_minor,
        }
        if line.note is not None:
            told["note"] = line.note
        return _plain_line(told)
    added, modifiers = choose(item.modifier_groups, line.modifiers, f"/lines/{index}/modifiers")
    return PricedLine(
        item_id=line.item_id,
        modifiers=modifiers,
        name=item.name,
        note=line.note,
        quantity=line.quantity,
        tax_rate_ppm=_rate(item, restaurant),
        unit_price_minor=item.price.amount_minor + added,
    )


def _rate(item: MenuItem, restaurant: Restaurant) -> int | None:
    """The item's tax rate; None where it is not taxed."""
    if item.tax_category is not None:
        for category in restaurant.settings.tax_categories:
            if category.name == item.tax_category:
                return category.rate_ppm or None
    return restaurant.settings.tax_rate_ppm or None


def _broken_down(
    cart: Cart, restaurant: Restaurant, lines: Sequence[PricedLine], subtotal: int, discount: Discount | None
) -> Breakdown | None:
    """What makes up the total beside the lines; None where nothing does."""
    settings = restaurant.settings
    if subtotal < settings.minimum_order_minor:
        minimum = Money(amount_minor=settings.minimum_order_minor, currency=restaurant.currency)
        raise MinimumOrderNotReached(minimum=minimum.model_dump())
    if cart.tip is not None and cart.tip.currency != restaurant.currency:
        raise CurrenciesMixed(pointer="/tip/currency")
    tip = 0 if cart.tip is None else cart.tip.amount_minor
    fee = settings.delivery_fee_minor if cart.fulfilment is Fulfilment.DELIVERY else 0
    if discount is not None and subtotal < discount.minimum_minor:
        least = Money(amount_minor=discount.minimum_minor, currency=restaurant.currency)
        raise PromoMinimumNotReached(minimum=least.model_dump())
    less = 0 if discount is None else discount.of(subtotal)
    taxes = _taxes(lines, less, fee, settings.tax_rate_ppm, included=settings.prices_include_tax)
    if not (tip or fee or taxes or discount):
        return None
    return Breakdown(
        delivery_fee_minor=fee,
        discount_minor=less,
        promo_code=None if discount is None else discount.code,
        subtotal_minor=subtotal,
        tax_included=settings.prices_include_tax,
        taxes=taxes,
        tip_minor=tip,
    )


def _taxes(lines: Sequence[PricedLine], less: int, fee: int, fee_rate: int, *, included: bool) -> tuple[PricedTax, ...]:
    sums: dict[int, int] = {}
    for line in lines:
        rate = line.tax_rate_ppm or 0
        sums[rate] = sums.get(rate, 0) + line.quantity * line.unit_price_minor
    parts = shares(less, list(sums.values()))
    taxable = {rate: amount - part for (rate, amount), part in zip(sums.items(), parts, strict=True)}
    if fee:
        taxable[fee_rate] = taxable.get(fee_rate, 0) + fee
    tax = tax_within if included else tax_upon
    return tuple(
        PricedTax(rate_ppm=rate, tax_minor=tax(amount, rate), taxable_minor=amount)
        for rate, amount in sorted(taxable.items())
        if rate
    )


def _promise(cart: Cart, restaurant: Restaurant, at: datetime) -> datetime:
    return cart.scheduled_for or at + preparation(restaurant, at)


def compare(expected: Money, total: Money) -> None:
    """Raise where another total was expected."""
    if expected.currency != total.currency:
        raise CurrenciesMixed(pointer="/expected_total/currency")
    if expected.amount_minor != total.amount_minor:
        raise PriceChanged(total=total.model_dump())
