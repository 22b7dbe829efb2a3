"""Every refusal that the rules can utter, one class each; its docstring is its message."""

import re
from typing import Any, ClassVar


class Refusal(Exception):
    """The request was refused."""

    pointer: ClassVar[str | None] = None
    """JSON pointer of the field at fault, where there is one."""

    def __init__(self, detail: str | None = None, *, pointer: str | None = None, **facts: Any) -> None:
        """Keep what the caller needs to act: ``facts`` are added to the answer under their names."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.at = pointer if pointer is not None else type(self).pointer
        self.facts = facts
        super().__init__(self.detail)

    @classmethod
    def code(cls) -> str:
        """The machine-readable name: the class's name in snake_case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Unknown(Refusal):
    """What the request names does not exist."""


class Contradiction(Refusal):
    """What has happened already stands against this request."""


class Unacceptable(Refusal):
    """The request is well formed, but the rules do not allow what it says."""


class Unauthenticated(Refusal):
    """Sign in first: this needs a bearer token."""


class Forbidden(Refusal):
    """None of your roles may do this."""


class TooMany(Refusal):
    """Too much was asked in too short a time; wait as long as Retry-After says."""

    def __init__(self, retry_after_s: int) -> None:
        """``retry_after_s``: when to ask again."""
        super().__init__()
        self.retry_after_s = retry_after_s


# Who asks


class TokenMissing(Unauthenticated):
    """Sign in first: send Authorization: Bearer with an access token of POST /v1/oauth/token."""


class TokenInvalid(Unauthenticated):
    """The access token is not valid; get a new one and repeat the request."""


class RateExceeded(TooMany):
    """Your rate limit is used up for now; wait as long as Retry-After says."""


# What is not there


class OrderUnknown(Unknown):
    """No order has this id."""


class RestaurantUnknown(Unknown):
    """No restaurant has this id."""


class NoSuchQuote(Unknown):
    """No quote of yours has this id."""


class PromotionUnknown(Unknown):
    """The restaurant has no promotion with this code."""


class MenuItemUnknown(Unknown):
    """The menu has no item with this id."""


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


# Placing an order


class QuoteUnknown(Unacceptable):
    """No quote of yours has this id; ask for a new one."""

    pointer = "/quote_id"


class QuoteExpired(Contradiction):
    """The quote is older than ten minutes; show the new total, or ask for a new quote."""

    pointer = "/quote_id"


class QuoteAlreadyUsed(Contradiction):
    """An order was placed with this quote already; ask for a new one."""

    pointer = "/quote_id"


class PromoCodeUnknown(Unacceptable):
    """The restaurant has no such promo code; leave it out or try another."""

    pointer = "/promo_code"


class PromoMinimumNotReached(Unacceptable):
    """The lines cost less than the promo code asks for; add something or leave the code out."""

    pointer = "/promo_code"


class PromoCodeNotValid(Contradiction):
    """The promo code is not valid now; leave it out or try another."""

    pointer = "/promo_code"


class PromoCodeUsedUp(Contradiction):
    """The promo code was used as often as it can be; leave it out or try another."""

    pointer = "/promo_code"


class PromoCodeUsedByCustomer(Contradiction):
    """You have used the promo code as often as you can; leave it out or try another."""

    pointer = "/promo_code"


class PromoCodeTaken(Contradiction):
    """The restaurant has had a promotion with this code; choose another."""

    pointer = "/code"


class PriceChanged(Contradiction):
    """The total differs from the expected one; show the new total and ask again."""

    pointer = "/expected_total"


class MenuItemUnavailable(Contradiction):
    """An item of the order is not available now; take it out or choose another."""


class ModifierUnavailable(Contradiction):
    """A modifier of the order is not available now; choose another."""


class RestaurantClosed(Contradiction):
    """The restaurant is closed at that time; opens_at says when an order can be had, scheduled_for asks for it."""


class RestaurantPaused(Contradiction):
    """The restaurant takes no orders at the moment; try again later."""

    pointer = "/restaurant_id"


class OrderedItemUnknown(Unacceptable):
    """The restaurant's menu has no such item; read its menu again."""


class ModifierUnknown(Unacceptable):
    """The item has no such modifier; read the menu again."""


class ModifierCountRefused(Unacceptable):
    """A group of modifiers wants another number of choices; min and max say how many."""


class MinimumOrderNotReached(Unacceptable):
    """The lines cost less than the restaurant's minimum; add something."""

    pointer = "/lines"


class ScheduledTooSoon(Unacceptable):
    """The kitchen needs more time; earliest says how soon it can be."""

    pointer = "/scheduled_for"


class ScheduledTooFar(Unacceptable):
    """Orders are taken 30 days ahead at most."""

    pointer = "/scheduled_for"


class OutsideServiceArea(Unacceptable):
    """The restaurant does not deliver there; order for pickup or name another place."""


class LocationMissing(Unacceptable):
    """The restaurant delivers within a radius: say where the delivery goes."""

    pointer = "/location"


class LinesMissing(Unacceptable):
    """An order needs at least one line."""

    pointer = "/lines"


class LinesTooMany(Unacceptable):
    """An order has at most 100 lines; split it in two."""

    pointer = "/lines"


class QuantityOutOfRange(Unacceptable):
    """A quantity is a whole number from 1 to 999."""


class CurrenciesMixed(Unacceptable):
    """All amounts must be in the restaurant's currency."""


class TotalTooLarge(Unacceptable):
    """The order costs more than an amount of money can say; split it in two."""

    pointer = "/lines"


class AddressMissing(Unacceptable):
    """A delivery needs an address."""

    pointer = "/address"


class AddressUnexpected(Unacceptable):
    """An order for pickup has no address; leave it out or order a delivery."""

    pointer = "/address"


class PlacedInTheFuture(Unacceptable):
    """placed_at lies in the future; leave it out for an order that is placed now."""

    pointer = "/placed_at"


class ReadyBeforePlaced(Unacceptable):
    """ready_at lies before the order was placed."""

    pointer = "/ready_at"


# The restaurant and its menu


class ItemIdDoubled(Unacceptable):
    """Two items of the menu have the same id; give each its own."""


class TaxCategoryUnknown(Unacceptable):
    """The restaurant has no such tax category; add it to tax_categories first."""


class TaxCategoryInUse(Contradiction):
    """An item of the menu is in a tax category that would be gone; change the item first."""

    pointer = "/tax_categories"


class PriceBelowZero(Unacceptable):
    """With its cheapest modifiers the item would cost less than nothing; raise its price or their deltas."""


class UntilInThePast(Unacceptable):
    """The time is past already; name a later one, or leave it out."""


# The account


class AccountUnknown(Unknown):
    """No user has this id."""


class RoleUnknown(Unknown):
    """There is no such role: write one such as courier, or restaurant_staff: and the restaurant's id."""


class AccountAlreadyClosed(Contradiction):
    """The account was closed; nothing about it can change."""


class EmailTaken(Contradiction):
    """Another account has this e-mail address; sign in with it, or take another."""

    pointer = "/email"


class RegistrationUnderWay(Contradiction):
    """An account with this e-mail address is being registered at this moment; repeat the request in a minute."""

    pointer = "/email"


class LastOperator(Contradiction):
    """This is the last operator; make another one first."""


class PasswordWrong(Unacceptable):
    """The present password is another one."""

    pointer = "/current_password"


class ErasureNotRequested(Contradiction):
    """Nobody has asked to erase this account's personal data."""


class EmailMissing(Unacceptable):
    """A person needs an e-mail address to sign in with."""

    pointer = "/email"


class EmailUnexpected(Unacceptable):
    """An app signs in with its id and secret; leave the e-mail address out."""

    pointer = "/email"


class PasswordMissing(Unacceptable):
    """A person needs a password to sign in with."""

    pointer = "/password"


class PasswordUnexpected(Unacceptable):
    """An app has no password; ask for a client secret when it is registered."""

    pointer = "/password"


class RestaurantMissing(Unacceptable):
    """This role is held at a restaurant; name it with restaurant_id."""


class RestaurantUnexpected(Unacceptable):
    """This role is held everywhere; leave restaurant_id out."""


class RoleOfApps(Unacceptable):
    """The role app is for programs, which have no other role and no password."""


class RoleOfPersons(Unacceptable):
    """An app has the role app and no other."""


class RolesTooMany(Unacceptable):
    """An account has at most 100 roles; take one away first."""


# Streams and keys


class StreamMoved(Contradiction):
    """The record changed while this request was decided; read it again and repeat."""


class PreconditionFailed(Refusal):
    """If-Match names another version than the present one; read it again and repeat."""


class KeyReused(Refusal):
    """This Idempotency-Key was used with another request; take a new key for a new request."""
