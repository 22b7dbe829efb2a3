"""The rules of a quote: what it promises, to whom, for how long, and what an order that names it costs."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from domain.command import Command
from domain.decider import Decider
from domain.event import EventMalformed
from domain.money import Money
from domain.order.basket import Basket, Cart
from domain.order.errors import PriceChanged
from domain.order.events import Breakdown, PricedLine
from domain.order.pricing import Quote, compare
from domain.quote.errors import QuoteAlreadyUsed, QuoteExpired, QuoteUnknown
from domain.quote.events import QuoteEvent, QuoteGiven, QuoteUsed

VALID = timedelta(minutes=10)


class GiveQuote(Command):
    """Promise ``quote`` for ``cart``, both settled before the rules are asked."""

    asked_by: str
    cart: Cart
    id: UUID
    quote: Quote


class UseQuote(Command):
    """Place an order at the quoted price."""

    order_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Quoted:
    """A quote as its history tells it."""

    id: UUID
    restaurant_id: UUID
    asked_by: str
    cart: str
    lines: tuple[PricedLine, ...]
    breakdown: Breakdown | None
    total: Money
    expires_at: datetime
    order_id: UUID | None = None


def honoured(quoted: Quoted | None, basket: Basket, present: Quote, at: datetime, asked_by: str) -> Quote:
    """``present``, the basket's price of now, at the price that was quoted; raises a refusal with the new total."""
    if quoted is None or quoted.asked_by != asked_by:
        raise QuoteUnknown
    if quoted.order_id is not None:
        raise QuoteAlreadyUsed
    total = present.total.model_dump()
    if at >= quoted.expires_at:
        raise QuoteExpired(total=total)
    if quoted.cart != fingerprint(basket):
        msg = "The order is not the one that was quoted; show the new total, or ask for a new quote."
        raise PriceChanged(msg, pointer="/quote_id", total=total)
    if basket.expected_total is not None:
        compare(basket.expected_total, quoted.total)
    lines = tuple(
        line.model_copy(update={"note": now.note}) for line, now in zip(quoted.lines, present.lines, strict=True)
    )
    return replace(present, lines=lines, breakdown=quoted.breakdown, total=quoted.total)


def fingerprint(cart: Cart) -> str:
    """What the price depends on, in short: neither notes nor where it goes."""
    told = cart.model_dump(
        mode="json",
        include={"restaurant_id", "fulfilment", "lines", "scheduled_for", "tip"},
    )
    for line in told["lines"]:
        del line["note"]
    told["promo_code"] = (cart.promo_code or "").upper()
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def decide(command: GiveQuote | UseQuote, quoted: Quoted | None) -> list[QuoteEvent]:
    """The events that ``command`` causes; raises a Refusal."""
    match command:
        case GiveQuote():
            return [] if quoted is not None else [_given(command)]
        case UseQuote():
            if quoted is None:
                raise QuoteUnknown
            if quoted.order_id is not None:
                raise QuoteAlreadyUsed
            return [QuoteUsed(at=command.at, order_id=command.order_id)]
        case _:
            assert_never(command)


def _given(command: GiveQuote) -> QuoteGiven:
    quote = command.quote
    return QuoteGiven(
        at=command.at,
        breakdown=quote.breakdown,
        business_day=quote.business_day,
        cart=fingerprint(command.cart),
        currency=quote.total.currency,
        expires_at=command.at + VALID,
        lines=tuple(line.model_copy(update={"note": None}) for line in quote.lines),
        principal=command.asked_by,
        quote_id=command.id,
        restaurant_id=command.cart.restaurant_id,
        total_minor=quote.total.amount_minor,
    )


def evolve(quoted: Quoted | None, event: QuoteEvent) -> Quoted:
    """The quote after ``event``."""
    if isinstance(event, QuoteGiven):
        return Quoted(
            id=event.quote_id,
            restaurant_id=event.restaurant_id,
            asked_by=event.principal,
            cart=event.cart,
            lines=event.lines,
            breakdown=event.breakdown,
            total=Money(amount_minor=event.total_minor, currency=event.currency),
            expires_at=event.expires_at,
        )
    if quoted is None:
        raise EventMalformed(f"{type(event).__name__} stands before QuoteGiven")
    return replace(quoted, order_id=event.order_id)


QUOTE: Decider[GiveQuote | UseQuote, Quoted | None, QuoteEvent] = Decider(
    category="quote", initial=None, decide=decide, evolve=evolve
)
