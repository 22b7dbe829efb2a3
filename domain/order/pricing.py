"""What a basket costs at a restaurant: the server's price, never the client's."""

from datetime import date, datetime

from domain.errors import (
    CurrenciesMixed,
    LinesMissing,
    LinesTooMany,
    MenuItemUnavailable,
    OrderedItemUnknown,
    PriceChanged,
    QuantityOutOfRange,
    RestaurantPaused,
    TotalTooLarge,
)
from domain.money import AMOUNT_MAX_MINOR, Money
from domain.order.basket import LINES_MAX, QUANTITY_MAX, Basket, Line
from domain.order.events import PricedLine
from domain.restaurant.events import Status
from domain.restaurant.state import Restaurant, business_day
from domain.values import Value


class Quote(Value):
    """A priced basket: its lines with their unit prices, their exact sum, and the restaurant's day."""

    business_day: date
    lines: tuple[PricedLine, ...]
    total: Money


def price(basket: Basket, restaurant: Restaurant, at: datetime) -> Quote:
    """Price ``basket`` from the restaurant's present menu; ``at`` only settles the business day.

    Raises the refusal that names what stands in the way: the restaurant, a line, or the total that was expected.
    """
    if restaurant.status is Status.PAUSED:
        raise RestaurantPaused
    if not basket.lines:
        raise LinesMissing
    if len(basket.lines) > LINES_MAX:
        raise LinesTooMany
    lines = tuple(_priced(index, line, restaurant) for index, line in enumerate(basket.lines))
    amount = sum(line.quantity * line.unit_price_minor for line in lines)
    if amount > AMOUNT_MAX_MINOR:
        raise TotalTooLarge
    total = Money(amount_minor=amount, currency=restaurant.currency)
    if basket.expected_total is not None:
        _compare(basket.expected_total, total)
    return Quote(business_day=business_day(restaurant, at), lines=lines, total=total)


def _priced(index: int, line: Line, restaurant: Restaurant) -> PricedLine:
    if not 1 <= line.quantity <= QUANTITY_MAX:
        raise QuantityOutOfRange(pointer=f"/lines/{index}/quantity")
    item = restaurant.menu.get(line.item_id)
    if item is None:
        raise OrderedItemUnknown(pointer=f"/lines/{index}/item_id", item_id=line.item_id)
    if not item.available:
        raise MenuItemUnavailable(pointer=f"/lines/{index}/item_id", item_id=line.item_id)
    return PricedLine(
        item_id=line.item_id,
        name=item.name,
        note=line.note,
        quantity=line.quantity,
        unit_price_minor=item.price.amount_minor,
    )


def _compare(expected: Money, total: Money) -> None:
    if expected.currency != total.currency:
        raise CurrenciesMixed(pointer="/expected_total/currency")
    if expected.amount_minor != total.amount_minor:
        raise PriceChanged(total=total.model_dump())
