"""Past takeaway orders, read from a CSV export, as orders from a menu whose prices change.

Pure: bytes in, values out. An item has one price at a time: where the file sells it at another
price than before, its price has changed, and it changes before the order that shows it.

An order that names one item at two prices cannot be told that way. There the second price is a
variant: an item of its own on the menu, with the same name, the price in its id
(``curry-at-795``), and a price that never changes. The item itself keeps its current price if the
order names it, else takes the first price named. Which line is a variant follows from the file
alone, never from what a server holds, so that every run sends the same bodies.

``Total products`` is not read: it agrees neither with the quantities nor with the lines.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TypeVar
from zoneinfo import ZoneInfo

_Value = TypeVar("_Value")

TIME_ZONE = "Europe/London"
ITEM_ID_MAX = 64
ITEM_NAME_MAX = 200
ORDER_NUMBER_MAX = 64
ORDER_LINES_MAX = 100
QUANTITY_MAX = 999
YEARS = range(2000, 2100)

NUMBER, DATE, NAME, QUANTITY, PRICE = COLUMNS = (
    ("Order Number", "Order ID"),
    ("Order Date",),
    ("Item Name",),
    ("Quantity",),
    ("Product Price",),
)


class BadHistory(Exception):
    """The file cannot be read as orders: its message names the line and the column."""

    def __init__(self, line: int, column: str, why: str) -> None:
        """Say where; lines count from 1, the header's included."""
        super().__init__(f"line {line}, column {column}: {why}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PastLine:
    """One line of a past order: how many of which item, at which price each."""

    item_id: str
    quantity: int
    price_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PastOrder:
    """One past order, placed at a moment in UTC."""

    number: str
    placed_at: datetime
    lines: tuple[PastLine, ...]

    @property
    def total_minor(self) -> int:
        """What the customer paid, in pence."""
        return sum(line.quantity * line.price_minor for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Every order of a file, oldest first, and the name of every item by its id."""

    orders: tuple[PastOrder, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The prices (by item id) that change first, and the orders that then hold until the next."""

    prices_minor: Mapping[str, int]
    orders: tuple[PastOrder, ...]


def read_history(data: bytes) -> History:
    """Read a CSV file's bytes: oldest order first, orders of one minute by their number.

    Raises BadHistory for a column that is missing and for the first cell that cannot be read.
    """
    bills: dict[str, _Bill] = {}
    for row in _rows(data):
        bill = bills.setdefault(row.number, _Bill(row.placed_at, []))
        if bill.placed_at != row.placed_at:
            raise BadHistory(row.line, DATE[0], f"order {row.number} has another date above")
        if len(bill.rows) == ORDER_LINES_MAX:
            why = f"order {row.number} has over {ORDER_LINES_MAX} lines"
            raise BadHistory(row.line, NUMBER[0], why)
        bill.rows.append(row)
    menu = _Menu()
    oldest_first = sorted(bills, key=lambda number: (bills[number].placed_at, *_rank(number)))
    orders = tuple(menu.told(number, bills[number]) for number in oldest_first)
    return History(orders=orders, names=menu.names)


def opening_prices(history: History, left: Sequence[PastOrder]) -> dict[str, int]:
    """Price every item, in pence by item id, as the orders left to place need it first.

    An item that none of them names stands at its last price in the file.
    """
    sold = {line.item_id: line.price_minor for order in history.orders for line in order.lines}
    needed = {line.item_id: line.price_minor for order in reversed(left) for line in order.lines}
    return sold | needed


def stretches(left: Sequence[PastOrder], prices_minor: Mapping[str, int]) -> Iterator[Stretch]:
    """Cut the orders left to place where a price changes, starting from the menu's prices."""
    current = dict(prices_minor)
    changes: dict[str, int] = {}
    orders: list[PastOrder] = []
    for order in left:
        needed = {line.item_id: line.price_minor for line in order.lines}
        changed = {item: price for item, price in needed.items() if current.get(item) != price}
        if changed and orders:
            yield Stretch(prices_minor=changes, orders=tuple(orders))
            orders = []
        if changed:
            current |= changed
            changes = changed
        orders.append(order)
    if orders:
        yield Stretch(prices_minor=changes, orders=tuple(orders))


def slug(text: str, max_chars: int = ITEM_ID_MAX) -> str:
    """Spell a name in small ASCII letters, digits and hyphens; what has none of these is "item"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:max_chars].rstrip("-") or "item"


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    number: str
    placed_at: datetime
    name: str
    quantity: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class _Bill:
    placed_at: datetime
    rows: list[_Row]


class _Menu:
    """The items met so far: their ids, names and current prices."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._current_minor: dict[str, int] = {}

    def told(self, number: str, bill: _Bill) -> PastOrder:
        """Tell one bill as an order in which each item has one price, moving prices on."""
        named: dict[str, list[int]] = {}
        for row in bill.rows:
            named.setdefault(row.name, []).append(row.price_minor)
        for name, prices_minor in named.items():
            if self._current_minor.get(name) not in prices_minor:
                self._current_minor[name] = prices_minor[0]
        lines = tuple(map(self._line, bill.rows))
        return PastOrder(number=number, placed_at=bill.placed_at, lines=lines)

    def _line(self, row: _Row) -> PastLine:
        usual = row.price_minor == self._current_minor[row.name]
        item_id = self._id(row.name, "" if usual else f"-at-{row.price_minor}")
        return PastLine(item_id=item_id, quantity=row.quantity, price_minor=row.price_minor)

    def _id(self, name: str, variant: str) -> str:
        """Give an item or a variant its id; where two names have one slug, the later is numbered."""
        known = self._ids.get((name, variant))
        if known is not None:
            return known
        endings = (variant if n == 1 else f"{variant}-{n}" for n in count(1))
        ids = (slug(name, ITEM_ID_MAX - len(ending)) + ending for ending in endings)
        item_id = next(item_id for item_id in ids if item_id not in self.names)
        self.names[item_id] = name
        self._ids[name, variant] = item_id
        return item_id


def _rank(number: str) -> tuple[int, str]:
    """Order 99 comes before order 100; numbers that are no numbers go by their letters, first."""
    return (int(number) if number.isdecimal() else -1, number)


def _rows(data: bytes) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    try:
        header = next(reader, [])
        places = [_place(header, names) for names in COLUMNS]
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(header):
                why = f"the header has {len(header)} columns, this line {len(cells)}"
                raise BadHistory(reader.line_num, str(len(header) + 1), why)
            yield _row(reader.line_num, header, cells, places)
    except csv.Error as broken:
        raise BadHistory(reader.line_num, "1", f"not CSV: {broken}") from broken


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        before = data[: broken.start]
        column = before.rpartition(b"\n")[2].count(b",") + 1
        raise BadHistory(before.count(b"\n") + 1, str(column), "not UTF-8 text") from broken


def _place(header: Sequence[str], names: Sequence[str]) -> int:
    """Find a column by any of its names, whatever their case."""
    wanted = {name.casefold() for name in names}
    for place, title in enumerate(header):
        if title.strip().casefold() in wanted:
            return place
    raise BadHistory(1, " or ".join(names), "missing from the header")


def _row(line: int, header: Sequence[str], cells: Sequence[str], places: Sequence[int]) -> _Row:
    def cell(place: int, parse: Callable[[str], _Value]) -> _Value:
        try:
            return parse(cells[place].strip() if place < len(cells) else "")
        except ValueError as why:
            raise BadHistory(line, header[place].strip(), str(why)) from why

    number, date, name, quantity, price = places
    return _Row(
        line=line,
        number=cell(number, _number),
        placed_at=cell(date, _moment),
        name=cell(name, _name),
        quantity=cell(quantity, _quantity),
        price_minor=cell(price, _price_minor),
    )


def _number(text: str) -> str:
    if re.fullmatch(rf"[\x21-\x7e]{{1,{ORDER_NUMBER_MAX}}}", text) is None:
        raise ValueError(f"{text!r} is not 1 to {ORDER_NUMBER_MAX} ASCII characters, no spaces")
    return text


def _moment(text: str) -> datetime:
    """Read a London wall clock; in the hour that autumn repeats it is the first time round.

    The hour that spring leaves out is read as if the clocks had not changed yet (PEP 495, fold 0).
    """
    try:
        wall = datetime.strptime(text, "%d/%m/%Y %H:%M")  # noqa: DTZ007 (its zone comes next)
    except ValueError:
        raise ValueError(f"{text!r} is not a date dd/mm/yyyy hh:mm") from None
    if wall.year not in YEARS:
        raise ValueError(f"{text!r} is not within {YEARS[0]} to {YEARS[-1]}")
    return wall.replace(tzinfo=ZoneInfo(TIME_ZONE), fold=0).astimezone(UTC)


def _name(text: str) -> str:
    if not 1 <= len(text) <= ITEM_NAME_MAX or not text.isprintable():
        raise ValueError(f"{text!r} is not a name of 1 to {ITEM_NAME_MAX} printable characters")
    return text


def _quantity(text: str) -> int:
    if re.fullmatch("[0-9]{1,9}", text) is None or not 1 <= int(text) <= QUANTITY_MAX:
        raise ValueError(f"{text!r} is not a whole number from 1 to {QUANTITY_MAX}")
    return int(text)


def _price_minor(text: str) -> int:
    if re.fullmatch("[0-9]{1,7}([.][0-9]{1,2}0{0,10})?", text) is None:
        raise ValueError(f"{text!r} is not a price in pounds and pence, such as 7.95")
    return int(Decimal(text) * 100)
