"""Every read model, by name. A new one is a file of its own and one line here."""

from typing import Any

from projections.kitchen_board import KITCHEN_BOARD
from projections.orders import ORDERS
from projections.projection import Projection
from projections.promotions import PROMOTIONS
from projections.restaurants import RESTAURANTS
from projections.sales import SALES

PROJECTIONS: dict[str, Projection[Any]] = {p.name: p for p in (RESTAURANTS, PROMOTIONS, ORDERS, KITCHEN_BOARD, SALES)}
