"""The routes of orders, and of the quotes that they may be placed at."""

from api import orders
from api.answers import orders as answers
from api.answers.quotes import Quote
from api.conventions import (
    CACHED,
    CHANGED,
    FRESH,
    KEYED,
    LOCATED,
    NEVER_STALE,
    PAGED,
    PERSONAL,
    TAGGED,
    WITH_BODY,
    WRITTEN,
)
from api.operation import Operation, Route
from api.orders import OneOrder, OrderHistory, Orders, OrderStep
from api.policy import step_id
from api.quotes import OneQuote, Quotes
from domain.command import Command
from domain.errors import Refusal
from domain.order.basket import Basket, Cart
from domain.order.commands import (
    AcceptOrder,
    CancelOrder,
    CollectOrder,
    DeliverOrder,
    HandOverOrder,
    MarkReady,
    RejectOrder,
    ReviseReadyTime,
    StartPreparation,
)
from domain.order.errors import (
    AddressMissing,
    AddressUnexpected,
    CancellationUpToRestaurant,
    LinesMissing,
    LinesTooMany,
    LocationMissing,
    MenuItemUnavailable,
    MinimumOrderNotReached,
    ModifierCountRefused,
    ModifierUnavailable,
    ModifierUnknown,
    OrderAlreadyAccepted,
    OrderAlreadyCancelled,
    OrderAlreadyCompleted,
    OrderAlreadyReady,
    OrderAlreadyRejected,
    OrderedItemUnknown,
    OrderForDelivery,
    OrderForPickup,
    OrderNotAccepted,
    OrderNotHandedOver,
    OrderNotReady,
    OrderOutForDelivery,
    OrderPastAcceptance,
    OrderUnknown,
    OutsideServiceArea,
    PlacedInTheFuture,
    PreparationNotStarted,
    PriceChanged,
    QuantityOutOfRange,
    ReadyBeforePlaced,
    RestaurantClosed,
    RestaurantPaused,
    ScheduledTooFar,
    ScheduledTooSoon,
    TotalTooLarge,
)
from domain.promotion.errors import (
    PromoCodeNotValid,
    PromoCodeUnknown,
    PromoCodeUsedByCustomer,
    PromoCodeUsedUp,
    PromoMinimumNotReached,
)
from domain.quote.errors import NoSuchQuote, QuoteAlreadyUsed, QuoteExpired, QuoteUnknown
from domain.restaurant.errors import CurrenciesMixed, RestaurantUnknown

ENDED = (OrderAlreadyCompleted, OrderAlreadyRejected, OrderAlreadyCancelled)
PRICED = (
    *(RestaurantUnknown, RestaurantPaused, RestaurantClosed, LinesMissing, LinesTooMany, QuantityOutOfRange),
    *(OrderedItemUnknown, MenuItemUnavailable, CurrenciesMixed, TotalTooLarge, ScheduledTooSoon, ScheduledTooFar),
    *(OutsideServiceArea, LocationMissing, ModifierUnknown, ModifierUnavailable, ModifierCountRefused),
    *(MinimumOrderNotReached, PromoCodeUnknown, PromoCodeNotValid, PromoMinimumNotReached),
)
"""How pricing a basket may be refused."""


def _step(name: str, command: type[Command], *refusals: type[Refusal]) -> Route:
    """One step of an order's life."""
    return Route(
        path=f"/v1/orders/{{order_id}}/{name}",
        resource=lambda s: OrderStep(s.store, s.vault, s.clock, command),
        post=Operation(
            id=step_id(name),
            summary=(command.__doc__ or "").strip(),
            answer=answers.Order,
            body=command,
            body_required=any(f.is_required() for n, f in command.model_fields.items() if n not in command.given),
            conventions=(*CHANGED, LOCATED),
            refusals=(OrderUnknown, *ENDED, *refusals),
        ),
    )


ORDER_ROUTES: tuple[Route, ...] = (
    Route(
        path="/v1/orders",
        resource=lambda s: Orders(s.store, s.fetch, s.menus, s.vault, s.clock, s.abreast),
        post=Operation(
            id="place_order",
            summary="Place an order; the server prices it.",
            answer=answers.Order,
            status=201,
            body=Basket,
            conventions=(WITH_BODY, KEYED, WRITTEN, LOCATED),
            refusals=(
                *PRICED,
                *(PriceChanged, PlacedInTheFuture, AddressMissing, AddressUnexpected),
                *(QuoteUnknown, QuoteExpired, QuoteAlreadyUsed, PromoCodeUsedUp, PromoCodeUsedByCustomer),
            ),
        ),
        get=Operation(
            id="list_orders",
            summary="List orders, newest first.",
            answer=answers.OrderPage,
            query=orders.FILTERS,
            conventions=(PAGED, FRESH),
        ),
    ),
    Route(
        path="/v1/orders/{order_id}",
        resource=lambda s: OneOrder(s.store, s.fetch, s.vault),
        get=Operation(
            id="get_order",
            summary="Follow an order.",
            answer=answers.Order,
            conventions=(CACHED, PERSONAL, NEVER_STALE),
            refusals=(OrderUnknown,),
        ),
    ),
    Route(
        path="/v1/orders/{order_id}/events",
        resource=lambda s: OrderHistory(s.store, s.fetch, s.vault),
        get=Operation(
            id="get_order_events",
            summary="What happened to an order, as it is recorded.",
            answer=answers.EventPage,
            conventions=(PAGED,),
            refusals=(OrderUnknown,),
        ),
    ),
    _step("accept", AcceptOrder, OrderAlreadyAccepted, ReadyBeforePlaced),
    _step("reject", RejectOrder, OrderPastAcceptance),
    _step("start", StartPreparation, OrderNotAccepted),
    _step("ready", MarkReady, OrderNotAccepted, PreparationNotStarted),
    _step("ready-time", ReviseReadyTime, OrderNotAccepted, OrderAlreadyReady, ReadyBeforePlaced),
    _step("collect", CollectOrder, OrderForDelivery, OrderNotReady),
    _step("hand-over", HandOverOrder, OrderForPickup, OrderNotReady),
    _step("deliver", DeliverOrder, OrderForPickup, OrderNotHandedOver),
    _step("cancel", CancelOrder, OrderOutForDelivery, CancellationUpToRestaurant),
    Route(
        path="/v1/quotes",
        resource=Quotes,
        post=Operation(
            id="create_quote",
            summary="Price a basket as an order would; valid for ten minutes, for one order.",
            answer=Quote,
            status=201,
            body=Cart,
            conventions=(WITH_BODY, KEYED, WRITTEN, LOCATED),
            refusals=PRICED,
        ),
    ),
    Route(
        path="/v1/quotes/{quote_id}",
        resource=OneQuote,
        get=Operation(
            id="get_quote",
            summary="Look a quote up.",
            answer=Quote,
            conventions=(TAGGED,),
            refusals=(NoSuchQuote,),
        ),
    ),
)
