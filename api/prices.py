"""What a price rests on: the restaurant as known, a promo code and its uses, a quote. Quotes and orders share it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.menus import Known, Menus
from api.transact import stood
from domain.errors import Refusal
from domain.event_store import Claim, EventStore, LimitReached, StreamAppend, Use
from domain.order.basket import Basket, Cart
from domain.order.discount import Discount
from domain.order.pricing import Quote, price
from domain.order.state import Order
from domain.promotion.decide import PROMOTION, discount, given_back, promotion_id
from domain.promotion.errors import PromoCodeUnknown, PromoCodeUsedByCustomer, PromoCodeUsedUp
from domain.quote.decide import QUOTE, UseQuote, honoured


class Priced(NamedTuple):
    """A price, and what an append at this price has to name: premises, claims, and the quote's own stream."""

    quote: Quote
    premises: Mapping[UUID, int]
    claims: Sequence[Claim] = ()
    streams: Sequence[StreamAppend] = ()


class Prices:
    """Prices baskets from the menus as known; before a refusal it looks whether the restaurant has moved."""

    def __init__(self, store: EventStore, menus: Menus) -> None:
        """Read promotions and quotes from ``store``."""
        self._store, self._menus = store, menus

    def of_cart(self, cart: Cart, at: datetime, customer: str) -> Priced:
        """What the cart costs ``customer`` at ``at``; raises a Refusal."""
        if cart.promo_code is None:
            known, quote = self._price(cart, at, None)
            return Priced(quote, {cart.restaurant_id: known.version})
        self._menus.get(cart.restaurant_id)  # a restaurant that is not there is told before its codes
        found = stood(self._store, PROMOTION, promotion_id(cart.restaurant_id, cart.promo_code))
        if found.state is None:
            raise PromoCodeUnknown
        told = found.state.created
        known, quote = self._price(cart, at, discount(found.state, at))
        premises = {cart.restaurant_id: known.version, told.promotion_id: found.version}
        return Priced(quote, premises, [Claim(told.promotion_id, customer, told.uses_max, told.uses_per_customer_max)])

    def of_basket(self, basket: Basket, at: datetime, now: datetime, customer: str, order_id: UUID) -> Priced:
        """What an order costs: as a cart or, where it names a quote, as it was quoted."""
        if basket.quote_id is None:
            return self.of_cart(basket, at, customer)
        present = self.of_cart(basket.model_copy(update={"expected_total": None}), at, customer)
        quoted, version = stood(self._store, QUOTE, basket.quote_id)
        quote = honoured(quoted, basket, present.quote, now, customer)
        used = QUOTE.decide(UseQuote(at=now, order_id=order_id), quoted)
        stream = StreamAppend(stream_id=basket.quote_id, category=QUOTE.category, expected=version, events=used)
        return present._replace(quote=quote, streams=[stream])

    def refresh(self, cart: Cart) -> None:
        """Look at the restaurant's newest events."""
        self._menus.refresh(cart.restaurant_id)

    def _price(self, cart: Cart, at: datetime, less: Discount | None) -> tuple[Known, Quote]:
        known = self._menus.get(cart.restaurant_id)
        try:
            return known, price(cart, known.restaurant, at, less)
        except Refusal:
            fresh = self._menus.refresh(cart.restaurant_id)
            if fresh.version == known.version:
                raise
            return fresh, price(cart, fresh.restaurant, at, less)


def released(order: Order) -> list[Use]:
    """What an order gives back with the step that ends it: the use that ``of_cart`` claimed for whoever placed it."""
    promotion = given_back(order)
    return [] if promotion is None else [Use(promotion, str(order.placed_by))]


def used_up(reached: LimitReached) -> Refusal:
    """The refusal that a customer reads."""
    return PromoCodeUsedByCustomer() if reached.of_holder else PromoCodeUsedUp()
