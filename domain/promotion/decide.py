"""The rules of a promotion.

Its stream's id follows from restaurant and code: a code is found without a search, and is there once. The id is a
UUIDv7 like any other, born when the restaurant was, with bits of a hash in place of random ones.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from domain.command import Command
from domain.decider import Decider
from domain.event import EventMalformed
from domain.money import Currency, GivenMoney
from domain.order.basket import PromoCode
from domain.order.discount import Discount
from domain.order.state import LOST, Order
from domain.promotion.errors import PromoCodeNotValid, PromoCodeTaken, PromotionUnknown
from domain.promotion.events import PromotionCreated, PromotionEnded, PromotionEvent
from domain.restaurant.errors import CurrenciesMixed
from domain.restaurant.settings import PPM
from domain.values import Instant

USES_MAX = 10**9
_Uses = Annotated[StrictInt, Field(ge=1, le=USES_MAX)]

_NOT_SAID: JsonDict = {"type": "null"}
_SAID: JsonDict = {"not": _NOT_SAID}


class CreatePromotion(Command):
    """Let a code take off either ``percent_ppm`` (parts per million of the lines: 10 % is 100000) or ``amount``."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["percent_ppm"], "properties": {"percent_ppm": _SAID, "amount": _NOT_SAID}},
                {"required": ["amount"], "properties": {"amount": _SAID, "percent_ppm": _NOT_SAID}},
            ]
        }
    )
    given: ClassVar[frozenset[str]] = frozenset({"at", "restaurant_id", "currency"})

    restaurant_id: SkipJsonSchema[UUID]
    currency: SkipJsonSchema[Currency]
    code: PromoCode
    percent_ppm: Annotated[StrictInt, Field(ge=1, le=PPM)] | None = None
    amount: GivenMoney | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    minimum: GivenMoney | None = None
    uses_max: _Uses | None = None
    uses_per_customer_max: _Uses | None = None

    @model_validator(mode="after")
    def _sound(self) -> "CreatePromotion":
        if (self.percent_ppm is None) == (self.amount is None):
            msg = "say either percent_ppm or amount"
            raise ValueError(msg)
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            msg = "ends_at must be later than starts_at"
            raise ValueError(msg)
        return self


class EndPromotion(Command):
    """Take no more orders with the code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """A promotion as its history tells it."""

    created: PromotionCreated
    ended: bool = False


def promotion_id(restaurant_id: UUID, code: str) -> UUID:
    """The stream of a restaurant's code, whatever case its letters are in."""
    digest = hashlib.sha256(restaurant_id.bytes + code.upper().encode()).digest()
    bits = (restaurant_id.int >> 80 << 80) | int.from_bytes(digest[:10])
    bits = bits & ~(0xF << 76) | 7 << 76
    return UUID(int=bits & ~(0b11 << 62) | 0b10 << 62)


def discount(promotion: Promotion, at: datetime) -> Discount:
    """What it takes off an order at ``at``; raises PromoCodeNotValid."""
    told = promotion.created
    late = told.ends_at is not None and at >= told.ends_at
    if promotion.ended or late or (told.starts_at is not None and at < told.starts_at):
        raise PromoCodeNotValid
    return Discount(
        code=told.code,
        rate_ppm=told.rate_ppm,
        amount_minor=told.fixed_minor or 0,
        minimum_minor=told.minimum_minor,
    )


def given_back(order: Order) -> UUID | None:
    """The promotion whose use an order gives back: it was rejected, or cancelled before the meal was made.

    Who lets a meal stand that was made has used the code.
    """
    code = None if order.breakdown is None else order.breakdown.promo_code
    if code is None or order.stage not in LOST or order.progress.times.ready is not None:
        return None
    return promotion_id(order.restaurant_id, code)


def decide(command: CreatePromotion | EndPromotion, promotion: Promotion | None) -> list[PromotionEvent]:
    """The events that ``command`` causes, none for a repeat; raises a Refusal."""
    match command:
        case CreatePromotion():
            if promotion is not None:
                raise PromoCodeTaken
            return [_created(command)]
        case EndPromotion():
            if promotion is None:
                raise PromotionUnknown
            return [] if promotion.ended else [PromotionEnded(at=command.at)]
        case _:
            assert_never(command)


def _created(command: CreatePromotion) -> PromotionCreated:
    for name in ("amount", "minimum"):
        money = getattr(command, name)
        if money is not None and money.currency != command.currency:
            raise CurrenciesMixed(pointer=f"/{name}/currency")
    return PromotionCreated(
        at=command.at,
        code=command.code.upper(),
        currency=command.currency,
        ends_at=command.ends_at,
        fixed_minor=None if command.amount is None else command.amount.amount_minor,
        minimum_minor=0 if command.minimum is None else command.minimum.amount_minor,
        promotion_id=promotion_id(command.restaurant_id, command.code),
        rate_ppm=command.percent_ppm,
        restaurant_id=command.restaurant_id,
        starts_at=command.starts_at,
        uses_max=command.uses_max,
        uses_per_customer_max=command.uses_per_customer_max,
    )


def evolve(promotion: Promotion | None, event: PromotionEvent) -> Promotion:
    """The promotion after ``event``."""
    if isinstance(event, PromotionCreated):
        return Promotion(created=event)
    if promotion is None:
        raise EventMalformed(f"{type(event).__name__} stands before PromotionCreated")
    return replace(promotion, ended=True)


PROMOTION: Decider[CreatePromotion | EndPromotion, Promotion | None, PromotionEvent] = Decider(
    category="promotion", initial=None, decide=decide, evolve=evolve
)
