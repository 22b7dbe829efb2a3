"""Why a promo code takes nothing off an order, or cannot be made."""

from domain.errors import Contradiction, Unacceptable, Unknown


class PromotionUnknown(Unknown):
    """The restaurant has no promotion with this code."""


class PromoCodeTaken(Contradiction):
    """The restaurant has had a promotion with this code; choose another."""

    pointer = "/code"


class PromoCodeUnknown(Unacceptable):
    """The restaurant has no such promo code; leave it out or try another."""

    pointer = "/promo_code"


class PromoCodeNotValid(Contradiction):
    """The promo code is not valid now; leave it out or try another."""

    pointer = "/promo_code"


class PromoMinimumNotReached(Unacceptable):
    """The lines cost less than the promo code asks for; add something or leave the code out."""

    pointer = "/promo_code"


class PromoCodeUsedUp(Contradiction):
    """The promo code was used as often as it can be; leave it out or try another."""

    pointer = "/promo_code"


class PromoCodeUsedByCustomer(Contradiction):
    """You have used the promo code as often as you can; leave it out or try another."""

    pointer = "/promo_code"
