"""A menu goes out as CSV and comes back as it was; what was written wrong is told by line and column."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.restaurant.commands import PublishMenu
from domain.restaurant.hours import OpeningHours, Weekday, WeeklySpan
from domain.restaurant.menu import Choice, ChoiceGroup, MenuItem, ModifierGroup, Option
from domain.restaurant.menu_csv import COLUMNS, read, write
from domain.restaurant.menu_diff import FieldChange, differences
from tests.domain.sample_menu import CURRY, NAAN, NOON, WATER, minutes, pounds
from tests.domain.strategies import PATIENT, unsealed

# Whatever the API takes as a text: quotes, commas, semicolons, backslashes, lines, formulas, other scripts.
TEXTS = st.text(st.characters(exclude_categories=["C"]) | st.sampled_from('";,\\\n\t=@'), min_size=1, max_size=12)
TEXTS = TEXTS.map(lambda text: text.strip() or "x").filter(unsealed)
WORDS = st.lists(TEXTS, max_size=3).map(tuple)
DELTAS = st.integers(-10, 100)


def by_id(strategy: st.SearchStrategy[MenuItem]) -> st.SearchStrategy[tuple[MenuItem, ...]]:
    return st.lists(strategy, max_size=4, unique_by=lambda item: item.item_id).map(tuple)


CHOICES = st.builds(Choice, name=TEXTS, option_id=st.just("a"), price_delta_minor=DELTAS, available=st.booleans())
NESTED = st.builds(ChoiceGroup, group_id=st.just("n"), max=st.just(2), name=TEXTS, options=CHOICES.map(lambda c: (c,)))
OPTIONS = st.builds(
    Option,
    name=TEXTS,
    option_id=st.just("a"),
    price_delta_minor=DELTAS,
    modifier_groups=st.lists(NESTED, max_size=1).map(tuple),
)
GROUPS = st.builds(
    ModifierGroup,
    group_id=st.just("g"),
    max=st.just(2),
    min=st.integers(0, 1),
    name=TEXTS,
    options=OPTIONS.map(lambda o: (o,)),
)
HOURS = st.none() | st.just(OpeningHours(weekly=(WeeklySpan(day=Weekday.MONDAY, opens="08:00", closes="11:00"),)))
ITEMS = st.builds(
    MenuItem,
    allergens=WORDS,
    available=st.booleans(),
    category=st.none() | TEXTS,
    description=st.none() | TEXTS,
    hours=HOURS,
    image_url=st.none() | st.just("https://example.com/a,b;c.jpg"),
    item_id=st.sampled_from(["a", "b:1", "C-3", "d.4", "0007"]),
    modifier_groups=st.lists(GROUPS, max_size=1).map(tuple),
    name=TEXTS,
    price=st.integers(0, 10**12).map(pounds),
    tags=WORDS,
    tax_category=st.none() | st.just("alcohol"),
).flatmap(
    lambda item: (
        st.just(item)
        if item.available
        else st.sampled_from([None, minutes(5)]).map(lambda until: item.model_copy(update={"off_until": until}))
    )
)


@PATIENT
@given(by_id(ITEMS))
def test_a_menu_that_goes_out_and_comes_back_is_the_same_menu(items: tuple[MenuItem, ...]) -> None:
    table, mistakes = read(write(items), "GBP")
    assert mistakes == []
    back = PublishMenu.model_validate({"at": NOON, "items": json.loads(json.dumps(table.items))}).items
    assert back == items
    assert differences({item.item_id: item for item in items}, back).none


def test_the_first_line_names_the_columns_in_any_order() -> None:
    table, mistakes = read('price_minor,item_id,name\n850,a,"Pizza, hot"\n', "EUR")
    assert mistakes == []
    assert table.items == [
        {"price": {"amount_minor": 850, "currency": "EUR"}, "item_id": "a", "name": "Pizza, hot"},
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("item_id,name\n", 1, 1),
        ("item_id,name,price_minor,colour\n", 1, 4),
        ("item_id,name,price_minor,name\n", 1, 4),
        ("item_id,name,price_minor\na,b\n", 2, 2),
        ("item_id,name,price_minor\na,b,8.50\n", 2, 3),
        ('item_id,name,price_minor\na,"two\nlines",1\nb,c,x\n', 4, 3),
        ("item_id,name,price_minor,available\na,b,1,yes\n", 2, 4),
        ("item_id,name,price_minor,hours\na,b,1,{\n", 2, 4),
        ("item_id,name,price_minor,tags\na,b,1,x\\y\n", 2, 4),
        ('item_id,name,price_minor\na,"b,1\n', 2, 1),
        ('item_id,name,price_minor\na,"b"c,1\n', 2, 1),
    ],
)
def test_a_mistake_is_told_by_line_and_column(text: str, line: int, column: int) -> None:
    _, mistakes = read(text, "EUR")
    assert [(m.line, m.column) for m in mistakes] == [(line, column)]


def test_every_field_of_an_item_has_a_column() -> None:
    assert {"price" if column == "price_minor" else column for column in COLUMNS} == set(MenuItem.model_fields)


def test_what_an_import_would_change_is_told_item_by_item_and_field_by_field() -> None:
    dearer = NAAN.model_copy(update={"price": pounds(325)})
    found = differences({"curry": CURRY, "naan": NAAN}, [WATER, dearer])
    assert (found.added, found.removed, found.reordered) == (["water"], ["curry"], False)
    assert found.changed == [FieldChange("naan", "price", NAAN.price.model_dump(), dearer.price.model_dump())]
    turned = differences({"curry": CURRY, "naan": NAAN}, [NAAN, CURRY])
    assert (turned.changed, turned.reordered, turned.none) == ([], True, False)
