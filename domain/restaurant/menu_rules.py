"""The rules of a menu: publishing it whole, and changing one item of it."""

from typing import Any

from domain.restaurant.commands import ChangeMenuItem, PublishMenu
from domain.restaurant.errors import (
    CurrenciesMixed,
    ItemIdDoubled,
    MenuItemUnknown,
    PriceBelowZero,
    TaxCategoryUnknown,
    UntilInThePast,
)
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    ItemDescribed,
    ItemPriceChanged,
    ItemRevised,
    MenuPublished,
    RestaurantEvent,
)
from domain.restaurant.menu import MenuItem, lowest_price_minor
from domain.restaurant.state import Restaurant

_TEXTS = ("description", "hours", "image_url", "tax_category")
_LISTS = ("allergens", "modifier_groups", "tags")


def publish(command: PublishMenu, restaurant: Restaurant) -> list[RestaurantEvent]:
    """The whole menu, in its printed order."""
    seen: set[str] = set()
    for index, item in enumerate(command.items):
        if item.item_id in seen:
            raise ItemIdDoubled(pointer=f"/items/{index}/item_id", item_id=item.item_id)
        seen.add(item.item_id)
        _check(item, restaurant, f"/items/{index}")
    if command.items == tuple(restaurant.menu.values()):
        return []
    return [MenuPublished(at=command.at, items=command.items)]


def change(command: ChangeMenuItem, restaurant: Restaurant) -> list[RestaurantEvent]:
    """One item, as far as it is named."""
    item = restaurant.menu.get(command.item_id)
    if item is None:
        raise MenuItemUnknown(item_id=command.item_id)
    changed = item.model_copy(update=_named(command, item))
    if changed == item:
        return []
    _check(changed, restaurant, "")
    if changed.off_until is not None and changed.off_until != item.off_until and changed.off_until <= command.at:
        raise UntilInThePast(pointer="/off_until")
    return _told(command, item, changed)


def _named(command: ChangeMenuItem, item: MenuItem) -> dict[str, Any]:
    """The fields of the item that the command names, with what they become."""
    named: dict[str, Any] = {name: getattr(command, name) for name in _TEXTS if name in command.model_fields_set}
    named |= {name: getattr(command, name) or () for name in _LISTS if name in command.model_fields_set}
    plain = {"name": command.name, "category": command.category, "price": command.price}
    named |= {name: value for name, value in plain.items() if value is not None}
    if command.off_until is not None:
        return named | {"available": False, "off_until": command.off_until}
    if command.available not in (None, item.available):
        named |= {"available": command.available, "off_until": None}
    elif "off_until" in command.model_fields_set:
        named["off_until"] = None
    return named


def _told(command: ChangeMenuItem, before: MenuItem, after: MenuItem) -> list[RestaurantEvent]:
    """Each kind of change as its own fact."""
    events: list[RestaurantEvent] = []
    at, item_id = command.at, before.item_id
    if (after.name, after.category) != (before.name, before.category):
        events.append(ItemDescribed(at=at, category=after.category, item_id=item_id, name=after.name))
    if after.price != before.price:
        events.append(ItemPriceChanged(at=at, item_id=item_id, price=after.price))
    if (after.available, after.off_until) != (before.available, before.off_until):
        events.append(
            ItemAvailabilityChanged(at=at, available=after.available, item_id=item_id, off_until=after.off_until)
        )
    if any(getattr(after, name) != getattr(before, name) for name in (*_TEXTS, *_LISTS)):
        events.append(ItemRevised(at=at, item=after))
    return events


def _check(item: MenuItem, restaurant: Restaurant, pointer: str) -> None:
    if item.price.currency != restaurant.currency:
        raise CurrenciesMixed(pointer=f"{pointer}/price/currency")
    if item.tax_category is not None:
        known = {category.name for category in restaurant.settings.tax_categories}
        if item.tax_category not in known:
            raise TaxCategoryUnknown(pointer=f"{pointer}/tax_category", item_id=item.item_id)
    if item.modifier_groups and lowest_price_minor(item) < 0:
        raise PriceBelowZero(pointer=f"{pointer}/modifier_groups", item_id=item.item_id)
