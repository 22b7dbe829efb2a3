"""Two orders that the stories are told of, one for pickup and one for delivery, and all that can happen to them."""

from datetime import date
from uuid import UUID

from domain.order.basket import AddressDetails, Basket, CustomerDetails, Line
from domain.order.commands import (
    AcceptOrder,
    CancelOrder,
    CollectOrder,
    DeliverOrder,
    HandOverOrder,
    MarkReady,
    PlaceOrder,
    RejectOrder,
    ReviseReadyTime,
    StartPreparation,
)
from domain.order.events import (
    Address,
    Customer,
    Fulfilment,
    OrderAccepted,
    OrderCancelled,
    OrderCollected,
    OrderDelivered,
    OrderHandedOver,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    PreparationStarted,
    PricedLine,
    ReadyTimeRevised,
)
from domain.order.pricing import price
from tests.domain.sample_menu import NOON, RESTAURANT_ID, minutes, restaurant

ORDER_ID = UUID("019aa0c0-0000-7000-8000-00000000abcd")
ANN = Customer(name="Ann", phone="020 7946 0000")
HOME = Address(city="London", line1="221B Baker Street", postcode="NW1 6XE")


def basket(*lines: Line, fulfilment: Fulfilment = Fulfilment.PICKUP) -> Basket:
    """What Ann wants: a curry and two naans, unless said otherwise."""
    return Basket(
        restaurant_id=RESTAURANT_ID,
        fulfilment=fulfilment,
        lines=lines or (Line(item_id="curry", quantity=1, note="no nuts"), Line(item_id="naan", quantity=2)),
        customer=CustomerDetails(**ANN.model_dump()),
        address=AddressDetails(**HOME.model_dump()) if fulfilment is Fulfilment.DELIVERY else None,
        client_reference="app-1",
    )


def place_basket(wanted: Basket) -> PlaceOrder:
    """Place a basket at noon, at the restaurant's price."""
    return PlaceOrder(at=NOON, id=ORDER_ID, basket=wanted, quote=price(wanted, restaurant(), NOON))


# What can be asked

place = place_basket(basket())
place_for_delivery = place_basket(basket(fulfilment=Fulfilment.DELIVERY))
accept = AcceptOrder(at=minutes(1), ready_at=minutes(25))
accept_again = AcceptOrder(at=minutes(2), ready_at=minutes(25))
accept_for_later = AcceptOrder(at=minutes(2), ready_at=minutes(40))
reject = RejectOrder(at=minutes(1), reason="no more naan", item_ids=("naan",))
reject_otherwise = RejectOrder(at=minutes(2), reason="the oven is cold")
start = StartPreparation(at=minutes(5))
revise = ReviseReadyTime(at=minutes(6), ready_at=minutes(35))
mark_ready = MarkReady(at=minutes(20))
collect = CollectOrder(at=minutes(26))
hand_over = HandOverOrder(at=minutes(26))
deliver = DeliverOrder(at=minutes(40))
cancel = CancelOrder(at=minutes(7), reason="the customer called")
cancel_otherwise = CancelOrder(at=minutes(8), reason="the kitchen flooded")

# What has happened

placed = OrderPlaced(
    at=NOON,
    business_day=date(2026, 11, 20),
    client_reference="app-1",
    currency="GBP",
    customer=ANN,
    fulfilment=Fulfilment.PICKUP,
    lines=(
        PricedLine(item_id="curry", name="Korma", note="no nuts", quantity=1, unit_price_minor=895),
        PricedLine(item_id="naan", name="Peshwari Naan", quantity=2, unit_price_minor=295),
    ),
    order_id=ORDER_ID,
    restaurant_id=RESTAURANT_ID,
    total_minor=1485,
)
placed_for_delivery = placed.model_copy(update={"fulfilment": Fulfilment.DELIVERY, "delivery_address": HOME})
accepted = OrderAccepted(at=minutes(1), ready_at=minutes(25))
rejected = OrderRejected(at=minutes(1), item_ids=("naan",), reason="no more naan")
started = PreparationStarted(at=minutes(5))
revised = ReadyTimeRevised(at=minutes(6), ready_at=minutes(35))
ready = OrderReady(at=minutes(20))
collected = OrderCollected(at=minutes(26))
handed_over = OrderHandedOver(at=minutes(26))
delivered = OrderDelivered(at=minutes(40))
cancelled = OrderCancelled(at=minutes(7), reason="the customer called")
