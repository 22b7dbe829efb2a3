"""Why a restaurant, its menu or its settings do not become what was asked for."""

from domain.errors import Contradiction, Unacceptable, Unknown


class RestaurantUnknown(Unknown):
    """No restaurant has this id."""


class CurrenciesMixed(Unacceptable):
    """All amounts must be in the restaurant's currency."""


class UntilInThePast(Unacceptable):
    """The time is past already; name a later one, or leave it out."""


class TaxCategoryUnknown(Unacceptable):
    """The restaurant has no such tax category; add it to tax_categories first."""


class TaxCategoryInUse(Contradiction):
    """An item of the menu is in a tax category that would be gone; change the item first."""

    pointer = "/tax_categories"


# The menu


class MenuItemUnknown(Unknown):
    """The menu has no item with this id."""


class ItemIdDoubled(Unacceptable):
    """Two items of the menu have the same id; give each its own."""


class PriceBelowZero(Unacceptable):
    """With its cheapest modifiers the item would cost less than nothing; raise its price or their deltas."""
