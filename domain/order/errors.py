"""Why an order is not placed as it was asked for, or does not take a step of its life."""

from domain.errors import Contradiction, Unacceptable, Unknown


class OrderUnknown(Unknown):
    """No order has this id."""


# What is ordered


class LinesMissing(Unacceptable):
    """An order needs at least one line."""

    pointer = "/lines"


class LinesTooMany(Unacceptable):
    """An order has at most 100 lines; split it in two."""

    pointer = "/lines"


class QuantityOutOfRange(Unacceptable):
    """A quantity is a whole number from 1 to 999."""


class OrderedItemUnknown(Unacceptable):
    """The restaurant's menu has no such item; read its menu again."""


class MenuItemUnavailable(Contradiction):
    """An item of the order is not available now; take it out or choose another."""


class ModifierUnknown(Unacceptable):
    """The item has no such modifier; read the menu again."""


class ModifierUnavailable(Contradiction):
    """A modifier of the order is not available now; choose another."""


class ModifierCountRefused(Unacceptable):
    """A group of modifiers wants another number of choices; min and max say how many."""


# For how much


class PriceChanged(Contradiction):
    """The total differs from the expected one; show the new total and ask again."""

    pointer = "/expected_total"


class MinimumOrderNotReached(Unacceptable):
    """The lines cost less than the restaurant's minimum; add something."""

    pointer = "/lines"


class TotalTooLarge(Unacceptable):
    """The order costs more than an amount of money can say; split it in two."""

    pointer = "/lines"


# When and where


class RestaurantClosed(Contradiction):
    """The restaurant is closed at that time; opens_at says when an order can be had, scheduled_for asks for it."""


class RestaurantPaused(Contradiction):
    """The restaurant takes no orders at the moment; try again later."""

    pointer = "/restaurant_id"


class ScheduledTooSoon(Unacceptable):
    """The kitchen needs more time; earliest says how soon it can be."""

    pointer = "/scheduled_for"


class ScheduledTooFar(Unacceptable):
    """Orders are taken 30 days ahead at most."""

    pointer = "/scheduled_for"


class PlacedInTheFuture(Unacceptable):
    """placed_at lies in the future; leave it out for an order that is placed now."""

    pointer = "/placed_at"


class AddressMissing(Unacceptable):
    """A delivery needs an address."""

    pointer = "/address"


class AddressUnexpected(Unacceptable):
    """An order for pickup has no address; leave it out or order a delivery."""

    pointer = "/address"


class LocationMissing(Unacceptable):
    """The restaurant delivers within a radius: say where the delivery goes."""

    pointer = "/location"


class OutsideServiceArea(Unacceptable):
    """The restaurant does not deliver there; order for pickup or name another place."""


# The order's life


class OrderTransitionRefused(Contradiction):
    """The order's present stage does not allow this."""


class OrderAlreadyAccepted(OrderTransitionRefused):
    """The order was accepted already, for another time; use ready-time to move it."""


class OrderAlreadyRejected(OrderTransitionRefused):
    """The order was rejected by the restaurant."""


class OrderAlreadyCancelled(OrderTransitionRefused):
    """The order was cancelled."""


class OrderAlreadyCompleted(OrderTransitionRefused):
    """The order is completed; nothing about it can change."""


class OrderNotAccepted(OrderTransitionRefused):
    """The restaurant has not accepted the order yet."""


class OrderPastAcceptance(OrderTransitionRefused):
    """The order was accepted already; cancel it instead of rejecting it."""


class PreparationNotStarted(OrderTransitionRefused):
    """The kitchen has not started the order yet; start it first."""


class OrderAlreadyReady(OrderTransitionRefused):
    """The order is ready; its ready time can no longer move."""


class OrderNotReady(OrderTransitionRefused):
    """The kitchen has not finished the order yet; mark it ready first."""


class OrderNotHandedOver(OrderTransitionRefused):
    """The order is not out for delivery yet; hand it over first."""


class OrderOutForDelivery(OrderTransitionRefused):
    """The order is out for delivery and can no longer be cancelled."""


class CancellationUpToRestaurant(OrderTransitionRefused):
    """The restaurant has taken the order on; ask it to cancel."""


class OrderForPickup(OrderTransitionRefused):
    """The order is for pickup: it is collected, not handed over or delivered."""


class OrderForDelivery(OrderTransitionRefused):
    """The order is for delivery: it is handed over and delivered, not collected."""


class ReadyBeforePlaced(Unacceptable):
    """ready_at lies before the order was placed."""

    pointer = "/ready_at"
