"""Many orders told in fragments, as chance has it: what was asked of which, and when the read models were moved."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.errors import Refusal
from domain.order.basket import Basket
from domain.order.commands import OrderCommand, PlaceOrder
from domain.order.decide import ORDER
from domain.order.events import OrderEvent
from domain.order.pricing import price
from domain.order.state import Order
from domain.restaurant.state import Restaurant
from tests.domain.sample_menu import NOON, restaurant
from tests.domain.sample_orders import accept, collect, deliver, hand_over, mark_ready, placed, start
from tests.domain.strategies import baskets, order_commands

ORDERS_MAX = 4
STEPS: Sequence[OrderCommand] = (accept, start, mark_ready, collect, hand_over, deliver)

Asked = tuple[int, OrderCommand]
Fragment = list[Asked]


@st.composite
def tales(draw: st.DrawFn) -> tuple[list[Basket], list[Fragment]]:
    """Up to four orders and what is asked of them, in fragments; the models are moved after each."""
    orders = draw(st.lists(baskets(), min_size=1, max_size=ORDERS_MAX))
    # Chance alone seldom brings an order home: half of what is asked is the next step that is drawn.
    command = st.one_of(order_commands(), st.sampled_from(STEPS))
    asked = st.tuples(st.integers(0, len(orders) - 1), command)
    return orders, draw(st.lists(st.lists(asked, max_size=8), min_size=1, max_size=4))


class Life:
    """One order's stream, kept beside the store's to know what may come next."""

    def __init__(self, basket: Basket, at: Restaurant | None = None) -> None:
        house = at or restaurant()
        self.id: UUID = uuid7()
        self.order: Order | None = None
        self._place = PlaceOrder(at=NOON, id=self.id, basket=basket, quote=price(basket, house, NOON))

    def begin(self) -> list[OrderEvent]:
        """The order is placed."""
        return self.ask(self._place)

    def ask(self, command: OrderCommand) -> list[OrderEvent]:
        """What comes of a request: nothing, where it is refused."""
        try:
            events = ORDER.decide(command, self.order)
        except Refusal:
            return []
        self.order = ORDER.fold(events, self.order)
        return events


def placed_as(order_id: UUID, **otherwise: object) -> OrderEvent:
    """The sample order under an id of its own."""
    return placed.model_copy(update={"order_id": order_id, **otherwise})
