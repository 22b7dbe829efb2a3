"""The rules of a restaurant and its menu."""

from typing import assert_never

from domain.decider import Decider
from domain.errors import CurrenciesMixed, ItemIdDoubled, MenuItemUnknown, RestaurantUnknown
from domain.restaurant.commands import ChangeMenuItem, PublishMenu, RegisterRestaurant, RestaurantCommand, SetStatus
from domain.restaurant.events import (
    ItemAvailabilityChanged,
    ItemDescribed,
    ItemPriceChanged,
    MenuPublished,
    RestaurantEvent,
    RestaurantRegistered,
    StatusChanged,
)
from domain.restaurant.state import Restaurant, evolve


def decide(command: RestaurantCommand, restaurant: Restaurant | None) -> list[RestaurantEvent]:
    """The events that ``command`` causes, none for a repeat; raises a Refusal."""
    if isinstance(command, RegisterRestaurant):
        return _register(command, restaurant)
    if restaurant is None:
        raise RestaurantUnknown
    match command:
        case PublishMenu():
            return _publish(command, restaurant)
        case ChangeMenuItem():
            return _change(command, restaurant)
        case SetStatus():
            if restaurant.status is command.status:
                return []
            return [StatusChanged(at=command.at, status=command.status)]
        case _:
            assert_never(command)


def _register(command: RegisterRestaurant, restaurant: Restaurant | None) -> list[RestaurantEvent]:
    if restaurant is not None:
        return []
    return [
        RestaurantRegistered(
            at=command.at,
            currency=command.currency,
            name=command.name,
            restaurant_id=command.id,
            time_zone=command.time_zone,
        )
    ]


def _publish(command: PublishMenu, restaurant: Restaurant) -> list[RestaurantEvent]:
    seen: set[str] = set()
    for index, item in enumerate(command.items):
        if item.item_id in seen:
            raise ItemIdDoubled(pointer=f"/items/{index}/item_id", item_id=item.item_id)
        if item.price.currency != restaurant.currency:
            raise CurrenciesMixed(pointer=f"/items/{index}/price/currency")
        seen.add(item.item_id)
    if command.items == tuple(restaurant.menu.values()):
        return []
    return [MenuPublished(at=command.at, items=command.items)]


def _change(command: ChangeMenuItem, restaurant: Restaurant) -> list[RestaurantEvent]:
    item = restaurant.menu.get(command.item_id)
    if item is None:
        raise MenuItemUnknown(item_id=command.item_id)
    if command.price is not None and command.price.currency != restaurant.currency:
        raise CurrenciesMixed(pointer="/price/currency")
    events: list[RestaurantEvent] = []
    name, category = command.name or item.name, command.category or item.category
    if (name, category) != (item.name, item.category):
        events.append(ItemDescribed(at=command.at, category=category, item_id=item.item_id, name=name))
    if command.price not in (None, item.price):
        events.append(ItemPriceChanged(at=command.at, item_id=item.item_id, price=command.price))
    if command.available not in (None, item.available):
        events.append(ItemAvailabilityChanged(at=command.at, available=command.available, item_id=item.item_id))
    return events


RESTAURANT: Decider[RestaurantCommand, Restaurant | None, RestaurantEvent] = Decider(
    category="restaurant", initial=None, decide=decide, evolve=evolve
)
