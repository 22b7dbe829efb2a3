"""What a request may say of a menu: the rules of today, with a limit on every text and list."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from domain.money import AMOUNT_MAX_MINOR, GivenMoney
from domain.restaurant.hours import GivenHours
from domain.restaurant.menu import Choice, ChoiceGroup, MenuItem, ModifierGroup, Option
from domain.values import From, Instant, ItemId, Name, Text, Value

ITEMS_MAX = 2000
DESCRIPTION_MAX_CHARS = 1000
URL_MAX_CHARS = 500
GROUPS_MAX = 20
OPTIONS_MAX = 50
NESTED_GROUPS_MAX = 5
WORDS_MAX = 20
TAKEN_MAX = 50
"""How much of one group can be taken at most."""

Words = Annotated[
    tuple[Annotated[Text, Field(max_length=40)], ...],
    Field(max_length=WORDS_MAX, json_schema_extra={"uniqueItems": True}),
]
Description = Annotated[Text, Field(max_length=DESCRIPTION_MAX_CHARS)]
ImageUrl = Annotated[
    str,
    StringConstraints(
        strict=True, max_length=URL_MAX_CHARS, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-;=?-~]*)?$"
    ),
]
"""An https address in ASCII: what else it holds is percent-encoded."""
TaxCategoryName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._-]{1,40}$")]
Delta = Annotated[StrictInt, Field(ge=-AMOUNT_MAX_MINOR, le=AMOUNT_MAX_MINOR)]
_Least = Annotated[StrictInt, Field(ge=0, le=TAKEN_MAX)]
_Most = Annotated[StrictInt, Field(ge=1, le=TAKEN_MAX)]


class ChoiceInput(Value):
    """One thing to choose; its delta is added to the item's price."""

    option_id: ItemId
    name: Name
    price_delta_minor: Delta = 0
    available: StrictBool = True


class ChoiceGroupInput(Value):
    """Choices of which ``min`` to ``max`` are taken, counted by quantity."""

    group_id: ItemId
    name: Name
    min: _Least = 0
    max: _Most = 1
    options: Annotated[tuple[Annotated[Choice, From(ChoiceInput)], ...], Field(min_length=1, max_length=OPTIONS_MAX)]

    @model_validator(mode="after")
    def _sound(self) -> "ChoiceGroupInput":
        _refuse_confusion(self.min, self.max, [option.option_id for option in self.options])
        return self


class OptionInput(ChoiceInput):
    """A choice that may ask for more, one level deep."""

    modifier_groups: Annotated[
        tuple[Annotated[ChoiceGroup, From(ChoiceGroupInput)], ...], Field(max_length=NESTED_GROUPS_MAX)
    ] = ()

    @model_validator(mode="after")
    def _sound(self) -> "OptionInput":
        _refuse_twice("group_id", [group.group_id for group in self.modifier_groups])
        return self


class ModifierGroupInput(Value):
    """Options of which ``min`` to ``max`` are taken, counted by quantity; one that needs none is optional."""

    group_id: ItemId
    name: Name
    min: _Least = 0
    max: _Most = 1
    options: Annotated[tuple[Annotated[Option, From(OptionInput)], ...], Field(min_length=1, max_length=OPTIONS_MAX)]

    @model_validator(mode="after")
    def _sound(self) -> "ModifierGroupInput":
        _refuse_confusion(self.min, self.max, [option.option_id for option in self.options])
        return self


def _groups_apart(groups: tuple[ModifierGroup, ...]) -> tuple[ModifierGroup, ...]:
    _refuse_twice("group_id", [group.group_id for group in groups])
    return groups


GivenGroups = Annotated[
    tuple[Annotated[ModifierGroup, From(ModifierGroupInput)], ...],
    Field(max_length=GROUPS_MAX),
    AfterValidator(_groups_apart),
]


class MenuItemInput(Value):
    """One thing that can be ordered."""

    item_id: ItemId
    name: Name
    price: GivenMoney
    category: Name | None = None
    description: Description | None = None
    allergens: Words = ()
    tags: Words = ()
    image_url: ImageUrl | None = None
    tax_category: TaxCategoryName | None = None
    available: StrictBool = True
    off_until: Instant | None = None
    hours: GivenHours | None = None
    modifier_groups: GivenGroups = ()

    @model_validator(mode="after")
    def _sound(self) -> "MenuItemInput":
        if self.available and self.off_until is not None:
            msg = "off_until says when an item that is off comes back: set available to false"
            raise ValueError(msg)
        return self


GivenItem = Annotated[MenuItem, From(MenuItemInput)]
"""An item out of a request."""


def _refuse_confusion(least: int, most: int, option_ids: list[str]) -> None:
    if least > most:
        msg = "min is larger than max: nothing could be chosen"
        raise ValueError(msg)
    _refuse_twice("option_id", option_ids)


def _refuse_twice(what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for told in ids:
        if told in seen:
            msg = f"{what} {told} stands twice; give each its own"
            raise ValueError(msg)
        seen.add(told)
