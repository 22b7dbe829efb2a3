"""The rules of a restaurant: joining, settings, opening hours, status; those of its menu are in menu_rules."""

from typing import assert_never

from domain.decider import Decider
from domain.restaurant import menu_rules
from domain.restaurant.commands import (
    ChangeMenuItem,
    ChangeSettings,
    PublishMenu,
    RegisterRestaurant,
    RestaurantCommand,
    SetOpeningHours,
    SetStatus,
)
from domain.restaurant.errors import CurrenciesMixed, RestaurantUnknown, TaxCategoryInUse, UntilInThePast
from domain.restaurant.events import (
    OpeningHoursSet,
    RestaurantEvent,
    RestaurantRegistered,
    SettingsChanged,
    StatusChanged,
)
from domain.restaurant.settings import Settings
from domain.restaurant.state import Restaurant, evolve


def decide(command: RestaurantCommand, restaurant: Restaurant | None) -> list[RestaurantEvent]:
    """The events that ``command`` causes, none for a repeat; raises a Refusal."""
    if isinstance(command, RegisterRestaurant):
        return _register(command, restaurant)
    if restaurant is None:
        raise RestaurantUnknown
    match command:
        case ChangeSettings():
            return _set(command, restaurant)
        case SetOpeningHours():
            if restaurant.hours == command.hours:
                return []
            return [OpeningHoursSet(at=command.at, hours=command.hours)]
        case PublishMenu():
            return menu_rules.publish(command, restaurant)
        case ChangeMenuItem():
            return menu_rules.change(command, restaurant)
        case SetStatus():
            return _turn(command, restaurant)
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


def _turn(command: SetStatus, restaurant: Restaurant) -> list[RestaurantEvent]:
    told = (command.status, command.until, command.busy_minutes or 0)
    if told == (restaurant.status, restaurant.status_until, restaurant.busy_minutes):
        return []
    if command.until is not None and command.until <= command.at:
        raise UntilInThePast(pointer="/until")
    return [
        StatusChanged(
            at=command.at, busy_minutes=command.busy_minutes or None, status=command.status, until=command.until
        )
    ]


def _set(command: ChangeSettings, restaurant: Restaurant) -> list[RestaurantEvent]:
    settings = _changed(command, restaurant)
    name, time_zone = command.name or restaurant.name, command.time_zone or restaurant.time_zone
    if (name, time_zone, settings) == (restaurant.name, restaurant.time_zone, restaurant.settings):
        return []
    known = {category.name for category in settings.tax_categories}
    for item in restaurant.menu.values():
        if item.tax_category is not None and item.tax_category not in known:
            raise TaxCategoryInUse(item_id=item.item_id)
    return [SettingsChanged(at=command.at, name=name, settings=settings, time_zone=time_zone)]


def _changed(command: ChangeSettings, restaurant: Restaurant) -> Settings:
    told: dict[str, object] = {
        name: getattr(command, name)
        for name in ("address", "service_area")
        if name in command.model_fields_set  # null clears them
    }
    if command.service_area is not None:
        told["service_area"] = command.service_area.area()
    for name in ("tax_rate_ppm", "tax_categories", "prices_include_tax"):
        told[name] = getattr(command, name)
    for name in ("preparation_minutes", "acceptance_timeout_s", "auto_accept"):
        told[name] = getattr(command, name)
    for name in ("delivery_fee", "minimum_order"):
        amount = getattr(command, name)
        if amount is not None and amount.currency != restaurant.currency:
            raise CurrenciesMixed(pointer=f"/{name}/currency")
        told[f"{name}_minor"] = None if amount is None else amount.amount_minor
    cleared = {"address", "service_area"}
    changes = {name: value for name, value in told.items() if value is not None or name in cleared}
    return restaurant.settings.model_copy(update=changes)


RESTAURANT: Decider[RestaurantCommand, Restaurant | None, RestaurantEvent] = Decider(
    category="restaurant", initial=None, decide=decide, evolve=evolve
)
