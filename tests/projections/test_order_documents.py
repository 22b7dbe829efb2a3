"""An order as the lists show it is, letter for letter, the order as its own history tells it."""

from uuid import UUID

from uuid_utils.compat import uuid7

from domain.order.decide import ORDER
from domain.order.events import OrderEvent, OrderPlaced
from projections.orders import ORDERS, document, row_of
from tests.domain.sample_orders import revised
from tests.domain.test_order_table import HISTORIES
from tests.projections.books import Books

TOLD = {where: history for where, history in HISTORIES.items() if history}
TOLD["pickup with a second promise"] = [*HISTORIES["pickup preparing"], revised, *HISTORIES["pickup completed"][3:]]


def test_the_order_shown_is_the_order_folded_after_every_event(books: Books) -> None:
    orders = {uuid7(): history for history in TOLD.values()}
    for version in range(1, max(map(len, orders.values())) + 1):
        grown = {order_id: history for order_id, history in orders.items() if len(history) >= version}
        for order_id, history in grown.items():
            books.record(order_id, named(history[version - 1], order_id))
        books.project(ORDERS)
        for order_id, history in grown.items():
            folded = ORDER.fold([named(event, order_id) for event in history[:version]])
            assert folded is not None
            shown = books.rows("select version, document from read_models.orders where order_id = %s", order_id)
            assert shown == [(version, document(row_of(folded, version)).decode())]


def named(event: OrderEvent, order_id: UUID) -> OrderEvent:
    """The event as it happened to this order."""
    return event.model_copy(update={"order_id": order_id}) if isinstance(event, OrderPlaced) else event
