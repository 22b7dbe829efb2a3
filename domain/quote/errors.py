"""Why a price cannot be asked for again, or an order not be placed at it."""

from domain.errors import Contradiction, Unacceptable, Unknown


class NoSuchQuote(Unknown):
    """No quote of yours has this id."""


class QuoteUnknown(Unacceptable):
    """No quote of yours has this id; ask for a new one."""

    pointer = "/quote_id"


class QuoteExpired(Contradiction):
    """The quote is older than ten minutes; show the new total, or ask for a new quote."""

    pointer = "/quote_id"


class QuoteAlreadyUsed(Contradiction):
    """An order was placed with this quote already; ask for a new one."""

    pointer = "/quote_id"
