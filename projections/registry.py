"""Every read model, by name. A new one is a file of its own and one line here."""

from typing import Any

from projections.accounts import ACCOUNTS
from projections.kitchen_board import KITCHEN_BOARD
from projections.orders import ORDERS
from projections.projection import Projection
from projections.promotions import PROMOTIONS
from projections.restaurants import RESTAURANTS
from projections.sales import SALES

_ALL = (RESTAURANTS, PROMOTIONS, ORDERS, KITCHEN_BOARD, SALES, ACCOUNTS)
PROJECTIONS: dict[str, Projection[Any]] = {p.name: p for p in _ALL}
