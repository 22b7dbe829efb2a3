"""The one codec that reads every event of this program."""

from typing import get_args

from domain.account.events import AccountEvent
from domain.event import Codec
from domain.order.events import OrderEvent
from domain.promotion.events import PromotionEvent
from domain.quote.events import QuoteEvent
from domain.restaurant.events import RestaurantEvent

_UNIONS = (OrderEvent, RestaurantEvent, QuoteEvent, PromotionEvent, AccountEvent)
CODEC = Codec(event for union in _UNIONS for event in get_args(union))
