"""The one codec that reads every event of this program."""

from typing import get_args

from domain.account.events import AccountEvent
from domain.event import Codec
from domain.order.events import OrderEvent
from domain.restaurant.events import RestaurantEvent

CODEC = Codec((*get_args(OrderEvent), *get_args(RestaurantEvent), *get_args(AccountEvent)))
