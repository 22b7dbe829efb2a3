"""A whole menu as CSV (RFC 4180), one row for each item, and back again without loss.

Lists are separated by ``;``, with a backslash before a ``;`` or a backslash that is part of a text. Opening hours and
modifier groups are JSON as the API takes it. An empty cell is what a menu item is without the field.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from domain.restaurant.menu import MenuItem
from domain.restaurant.menu_input import ITEMS_MAX

COLUMNS = (
    *("item_id", "name", "category", "price_minor", "description", "allergens", "tags", "image_url"),
    *("tax_category", "available", "off_until", "hours", "modifier_groups"),
)
CELL_MAX_CHARS = 1_000_000
_REQUIRED = ("item_id", "name", "price_minor")
_LISTS = frozenset({"allergens", "tags"})
_JSON = frozenset({"hours", "modifier_groups"})
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_ENTRY = re.compile(r"((?:[^\\;]|\\.)*)(?:;|$)", re.DOTALL)


class Mistake(NamedTuple):
    """What is wrong in a cell; line and column count from 1."""

    line: int
    column: int
    detail: str


class Table(NamedTuple):
    """A menu as it was written: each row's fields as a request says them, and the line that each row begins on."""

    items: list[dict[str, Any]]
    lines: list[int]
    header: list[str]

    def column(self, field: str) -> int:
        """Where a field stands, counted from 1; 1 for one that has no column."""
        name = "price_minor" if field == "price" else field
        return self.header.index(name) + 1 if name in self.header else 1


def write(items: Iterable[MenuItem]) -> str:
    """The menu, its columns named in the first line."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows([_cell(item, column) for column in COLUMNS] for item in items)
    return text.getvalue()


def read(text: str, currency: str) -> tuple[Table, list[Mistake]]:
    """The rows of ``text``, priced in ``currency``, and what could not be read of them."""
    csv.field_size_limit(CELL_MAX_CHARS)
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    table, mistakes = Table([], [], []), list[Mistake]()
    line = 1
    try:
        for cells in rows:
            if not table.header:
                mistakes += _header(table, cells, line)
                if mistakes:
                    break
            elif cells:
                mistakes += _row(table, cells, line, currency)
            line = rows.line_num + 1
            if len(table.items) > ITEMS_MAX:
                return table, [Mistake(line - 1, 1, f"a menu has {ITEMS_MAX} items at most")]
    except csv.Error as why:
        mistakes.append(Mistake(max(rows.line_num, 1), 1, f"this is no CSV: {why}"))
    if not table.header and not mistakes:
        mistakes.append(Mistake(1, 1, "the first line names the columns"))
    return table, mistakes


def _header(table: Table, cells: list[str], line: int) -> list[Mistake]:
    names = [cell.strip() for cell in cells]
    table.header.extend(names)
    wrong = [
        Mistake(line, n, f"there is no column {name[:40]!a}; there are {', '.join(COLUMNS)}")
        for n, name in enumerate(names, 1)
        if name not in COLUMNS
    ]
    wrong += [
        Mistake(line, n, f"the column {name} stands twice")
        for n, name in enumerate(names, 1)
        if name in COLUMNS and name in names[: n - 1]
    ]
    return wrong + [Mistake(line, 1, f"the column {name} is missing") for name in _REQUIRED if name not in names]


def _row(table: Table, cells: list[str], line: int, currency: str) -> list[Mistake]:
    if len(cells) != len(table.header):
        return [Mistake(line, len(cells), f"{len(table.header)} cells are expected here, there are {len(cells)}")]
    fields: dict[str, Any] = {}
    wrong = []
    for column, (name, cell) in enumerate(zip(table.header, cells, strict=True), 1):
        if cell == "" and name not in _REQUIRED:
            continue
        try:
            fields |= _field(name, cell, currency)
        except (ValueError, RecursionError) as why:
            wrong.append(Mistake(line, column, f"{name}: {str(why)[:200]}"))
    table.items.append(fields)
    table.lines.append(line)
    return wrong


def _field(name: str, cell: str, currency: str) -> dict[str, Any]:
    if name == "price_minor":
        if not _WHOLE.fullmatch(cell):
            raise ValueError("a whole number of minor units is expected, such as 850 for 8.50")
        return {"price": {"amount_minor": int(cell), "currency": currency}}
    if name == "available":
        if cell not in {"true", "false"}:
            raise ValueError("true or false is expected")
        return {name: cell == "true"}
    if name in _LISTS:
        return {name: _entries(cell)}
    return {name: json.loads(cell) if name in _JSON else cell}


def _cell(item: MenuItem, column: str) -> str:
    if column == "price_minor":
        return str(item.price.amount_minor)
    value = getattr(item, column)
    if column == "available":
        return "true" if value else "false"
    if column in _LISTS:
        return ";".join(re.sub(r"([\\;])", r"\\\1", entry) for entry in value)
    if value is None or value == ():
        return ""
    if column == "off_until":
        return str(value.isoformat().replace("+00:00", "Z"))
    if column in _JSON:
        told = (
            value.model_dump(mode="json") if column == "hours" else [group.model_dump(mode="json") for group in value]
        )
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _entries(cell: str) -> list[str]:
    if not re.fullmatch(r"(?:[^\\]|\\[\\;])*", cell, re.DOTALL):
        raise ValueError("a backslash stands before ; or another backslash only")
    entries, at = [], 0
    while at <= len(cell):
        match = _ENTRY.match(cell, at)
        assert match is not None
        entries.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        at = match.end() if match[0].endswith(";") and match.end() > match.end(1) else len(cell) + 1
    return entries
