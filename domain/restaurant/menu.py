"""What a menu is made of, as events keep it: items, and groups of modifiers that a customer chooses from."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.event import Part
from domain.money import Money
from domain.restaurant.hours import OpeningHours, is_open


class Choice(Part):
    """One thing to choose; its delta is added to the item's price."""

    available: bool = True
    name: str
    option_id: str
    price_delta_minor: int = 0


class ChoiceGroup(Part):
    """Choices of which ``min`` to ``max`` are taken, counted by quantity."""

    group_id: str
    max: int
    min: int = 0
    name: str
    options: tuple[Choice, ...]


class Option(Part):
    """A choice that may ask for more: how to cook it, what goes with it."""

    available: bool = True
    modifier_groups: tuple[ChoiceGroup, ...] = ()
    name: str
    option_id: str
    price_delta_minor: int = 0


class ModifierGroup(Part):
    """Options of which ``min`` to ``max`` are taken, counted by quantity; one that needs none is optional."""

    group_id: str
    max: int
    min: int = 0
    name: str
    options: tuple[Option, ...]


class MenuItem(Part):
    """One thing that can be ordered; ``off_until`` is when one that is not available comes back by itself."""

    allergens: tuple[str, ...] = ()
    available: bool = True
    category: str | None = None
    description: str | None = None
    hours: OpeningHours | None = None
    image_url: str | None = None
    item_id: str
    modifier_groups: tuple[ModifierGroup, ...] = ()
    name: str
    off_until: datetime | None = None
    price: Money
    tags: tuple[str, ...] = ()
    tax_category: str | None = None


def is_offered(item: MenuItem, zone: ZoneInfo, at: datetime) -> bool:
    """Whether the item can be ordered for ``at``."""
    if not item.available and (item.off_until is None or at < item.off_until):
        return False
    return item.hours is None or is_open(item.hours, zone, at)


def lowest_price_minor(item: MenuItem) -> int:
    """What the item costs with the cheapest modifiers that can be taken; below zero where they give too much off."""
    return item.price.amount_minor + sum(
        _most_off(group, [o.price_delta_minor + _off(o.modifier_groups) for o in group.options])
        for group in item.modifier_groups
    )


def _off(groups: Iterable[ChoiceGroup]) -> int:
    return sum(_most_off(group, [option.price_delta_minor for option in group.options]) for group in groups)


def _most_off(group: ModifierGroup | ChoiceGroup, deltas: list[int]) -> int:
    return group.max * min(0, *deltas)
