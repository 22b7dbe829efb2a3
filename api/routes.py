"""The one table of routes: what adds them to the application and what ``/openapi.json`` is made from."""

from api import answers, menu_files, oauth, orders, paging, stats
from api.conventions import (
    CACHED,
    FILTERED,
    FRESH,
    GUARDED,
    KEPT,
    KEYED,
    LOCATED,
    NEVER_STALE,
    PAGED,
    PERSONAL,
    TAGGED,
    WITH_BODY,
    WRITTEN,
)
from api.docs import HTML, Docs, DocsFile, DocsFileUnknown
from api.health import Alive, Ready
from api.menu_files import MenuExport, MenuImport, MenuImportRefused
from api.oauth_request import FORM, RevokeRequest, TokenRequest
from api.openapi import Description
from api.operation import Operation, Route
from api.orders import OneOrder, OrderHistory, Orders, OrderStep
from api.policy import step_id
from api.promotions import OnePromotion, PromotionEnd, Promotions
from api.quotes import OneQuote, Quotes
from api.restaurants import KitchenBoard, Menu, MenuItems, Profile, Restaurants, Setting
from api.stats import Sales
from api.user_routes import USER_ROUTES
from domain.command import Command
from domain.errors import (
    AddressMissing,
    AddressUnexpected,
    CancellationUpToRestaurant,
    CurrenciesMixed,
    ItemIdDoubled,
    LinesMissing,
    LinesTooMany,
    LocationMissing,
    MenuItemUnavailable,
    MenuItemUnknown,
    MinimumOrderNotReached,
    ModifierCountRefused,
    ModifierUnavailable,
    ModifierUnknown,
    NoSuchQuote,
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
    PriceBelowZero,
    PriceChanged,
    PromoCodeNotValid,
    PromoCodeTaken,
    PromoCodeUnknown,
    PromoCodeUsedByCustomer,
    PromoCodeUsedUp,
    PromoMinimumNotReached,
    PromotionUnknown,
    QuantityOutOfRange,
    QuoteAlreadyUsed,
    QuoteExpired,
    QuoteUnknown,
    ReadyBeforePlaced,
    Refusal,
    RestaurantClosed,
    RestaurantPaused,
    RestaurantUnknown,
    ScheduledTooFar,
    ScheduledTooSoon,
    TaxCategoryInUse,
    TaxCategoryUnknown,
    TotalTooLarge,
    UntilInThePast,
)
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
from domain.promotion.decide import CreatePromotion, EndPromotion
from domain.restaurant.commands import (
    ChangeMenuItem,
    ChangeSettings,
    PublishMenu,
    RegisterRestaurant,
    SetOpeningHours,
    SetStatus,
)
from domain.restaurant.menu import MenuItem

ENDED = (OrderAlreadyCompleted, OrderAlreadyRejected, OrderAlreadyCancelled)
PRICED = (
    *(RestaurantUnknown, RestaurantPaused, RestaurantClosed, LinesMissing, LinesTooMany, QuantityOutOfRange),
    *(OrderedItemUnknown, MenuItemUnavailable, CurrenciesMixed, TotalTooLarge, ScheduledTooSoon, ScheduledTooFar),
    *(OutsideServiceArea, LocationMissing, ModifierUnknown, ModifierUnavailable, ModifierCountRefused),
    *(MinimumOrderNotReached, PromoCodeUnknown, PromoCodeNotValid, PromoMinimumNotReached),
)
"""How pricing a basket may be refused."""
CHANGED = (WITH_BODY, GUARDED, WRITTEN)


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


APPENDING = frozenset({("POST", "/v1/orders")})
"""Requests that do little else than append: api.together serves them side by side."""

ROUTES: tuple[Route, ...] = (
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
            answer=answers.Quote,
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
            answer=answers.Quote,
            conventions=(TAGGED,),
            refusals=(NoSuchQuote,),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/promotions",
        resource=Promotions,
        post=Operation(
            id="create_promotion",
            summary="Create a promo code.",
            answer=answers.Promotion,
            status=201,
            body=CreatePromotion,
            conventions=(WITH_BODY, KEYED, WRITTEN, LOCATED),
            refusals=(RestaurantUnknown, CurrenciesMixed, PromoCodeTaken),
        ),
        get=Operation(
            id="list_promotions",
            summary="List the promo codes of a restaurant, by code.",
            answer=answers.PromotionPage,
            conventions=(PAGED, FRESH),
            refusals=(RestaurantUnknown,),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/promotions/{code}",
        resource=OnePromotion,
        get=Operation(
            id="get_promotion",
            summary="Look a promo code up, with how often it was used.",
            answer=answers.Promotion,
            conventions=(TAGGED,),
            refusals=(RestaurantUnknown, PromotionUnknown),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/promotions/{code}/end",
        resource=PromotionEnd,
        post=Operation(
            id="end_promotion",
            summary="Take no more orders with the code.",
            answer=answers.Promotion,
            body=EndPromotion,
            body_required=False,
            conventions=CHANGED,
            refusals=(RestaurantUnknown, PromotionUnknown),
        ),
    ),
    Route(
        path="/v1/restaurants",
        resource=lambda s: Restaurants(s.store, s.fetch, s.clock),
        post=Operation(
            id="register_restaurant",
            summary="Register a restaurant.",
            answer=answers.Restaurant,
            status=201,
            body=RegisterRestaurant,
            conventions=(WITH_BODY, KEYED, WRITTEN, LOCATED),
        ),
        get=Operation(
            id="list_restaurants",
            summary="List restaurants by name.",
            answer=answers.RestaurantPage,
            query=(paging.NAME,),
            conventions=(PAGED, FRESH),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}",
        resource=lambda s: Profile(s.store, s.fetch, s.clock),
        get=Operation(
            id="get_restaurant",
            summary="Look a restaurant up.",
            answer=answers.Restaurant,
            conventions=(CACHED, NEVER_STALE),
            refusals=(RestaurantUnknown,),
        ),
        patch=Operation(
            id="change_restaurant",
            summary="Change what is named of how the restaurant does business, and leave the rest.",
            answer=answers.Restaurant,
            body=ChangeSettings,
            conventions=CHANGED,
            refusals=(RestaurantUnknown, CurrenciesMixed, TaxCategoryInUse),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/menu",
        resource=lambda s: Menu(s.store, s.fetch, s.clock),
        get=Operation(
            id="get_menu",
            summary="Read the menu.",
            answer=answers.Menu,
            conventions=(CACHED, NEVER_STALE),
            refusals=(RestaurantUnknown,),
        ),
        put=Operation(
            id="publish_menu",
            summary="Replace the whole menu.",
            answer=answers.Menu,
            body=PublishMenu,
            conventions=CHANGED,
            refusals=(RestaurantUnknown, ItemIdDoubled, CurrenciesMixed, TaxCategoryUnknown, PriceBelowZero),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/menu/export",
        resource=MenuExport,
        get=Operation(
            id="export_menu",
            summary="The whole menu as a file, JSON or CSV.",
            answer=answers.MenuFile,
            query=(menu_files.FORMAT,),
            conventions=(TAGGED, FILTERED),
            refusals=(RestaurantUnknown,),
            also_gives=(menu_files.CSV,),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/menu/import",
        resource=MenuImport,
        post=Operation(
            id="import_menu",
            summary="Replace the whole menu out of a file, or only tell what that would change.",
            answer=answers.MenuDifferences,
            body=PublishMenu,
            query=(menu_files.DRY_RUN,),
            conventions=(*CHANGED, FILTERED),
            refusals=(RestaurantUnknown, MenuImportRefused),
            also_takes=(menu_files.CSV,),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/menu/items/{item_id}",
        resource=lambda s: MenuItems(s.store, s.clock),
        patch=Operation(
            id="change_menu_item",
            summary="Change what is named of one item, and leave the rest.",
            answer=MenuItem,
            body=ChangeMenuItem,
            conventions=CHANGED,
            refusals=(
                *(RestaurantUnknown, MenuItemUnknown, CurrenciesMixed, TaxCategoryUnknown, PriceBelowZero),
                UntilInThePast,
            ),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/status",
        resource=lambda s: Setting(s.store, s.clock, SetStatus),
        put=Operation(
            id="set_restaurant_status",
            summary="Open, warn of a rush, or pause.",
            answer=answers.Restaurant,
            body=SetStatus,
            conventions=CHANGED,
            refusals=(RestaurantUnknown, UntilInThePast),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/hours",
        resource=lambda s: Setting(s.store, s.clock, SetOpeningHours),
        put=Operation(
            id="set_opening_hours",
            summary="Say when the restaurant is open; null is always.",
            answer=answers.Restaurant,
            body=SetOpeningHours,
            conventions=CHANGED,
            refusals=(RestaurantUnknown,),
        ),
    ),
    Route(
        path="/v1/restaurants/{restaurant_id}/board",
        resource=lambda s: KitchenBoard(s.store, s.fetch, s.vault),
        get=Operation(
            id="get_kitchen_board",
            summary="The open orders by stage, oldest first.",
            answer=answers.Board,
            conventions=(FRESH,),
            refusals=(RestaurantUnknown,),
        ),
    ),
    Route(
        path="/v1/stats/sales",
        resource=lambda s: Sales(s.store, s.fetch),
        get=Operation(
            id="get_sales",
            summary="Orders and revenue of one restaurant, by its own days and in total.",
            answer=answers.Sales,
            query=stats.FILTERS,
            conventions=(FILTERED, FRESH),
            refusals=(RestaurantUnknown,),
        ),
    ),
    Route(
        path=oauth.TOKEN,
        resource=lambda s: oauth.Token(s.identity),
        post=Operation(
            id="get_token",
            summary="Sign in, or go on: an access token for a password, a client's secret or a refresh token.",
            answer=answers.Token,
            body=TokenRequest,
            body_media=FORM,
            oauth_statuses=(400, 401, 413, 429),
        ),
    ),
    Route(
        path=oauth.REVOKE,
        resource=lambda s: oauth.Revoke(s.identity),
        post=Operation(
            id="revoke_token",
            summary="Sign out: end the session of a refresh token, and the account's access tokens.",
            answer=None,
            body=RevokeRequest,
            body_media=FORM,
            oauth_statuses=(400, 401, 413),
        ),
    ),
    Route(
        path=oauth.JWKS,
        resource=lambda s: oauth.Jwks(s.identity),
        get=Operation(id="get_jwks", summary="The keys that access tokens are signed with.", answer=answers.Jwks),
    ),
    Route(
        path=oauth.METADATA,
        resource=lambda s: oauth.Metadata(s.identity),
        get=Operation(
            id="get_metadata",
            summary="What client libraries need to know of the token endpoint.",
            answer=answers.AuthorizationServer,
            reads_store=False,
        ),
    ),
    *USER_ROUTES,
    Route(
        path="/healthz",
        resource=lambda _: Alive(),
        get=Operation(id="alive", summary="Whether the process lives.", answer=answers.Health, reads_store=False),
    ),
    Route(
        path="/readyz",
        resource=lambda s: Ready(s.fetch),
        get=Operation(id="ready", summary="Whether the process can serve.", answer=answers.Health),
    ),
    Route(
        path="/docs",
        resource=lambda _: Docs(),
        get=Operation(
            id="read_docs",
            summary="This document, as a page to read and to try.",
            answer=str,
            answer_media=HTML,
            reads_store=False,
        ),
    ),
    Route(
        path="/docs/{file}",
        resource=lambda _: DocsFile(),
        get=Operation(
            id="read_docs_file",
            summary="What the page loads.",
            answer=str,
            answer_media="text/*",
            conventions=(KEPT,),
            refusals=(DocsFileUnknown,),
            reads_store=False,
        ),
    ),
    Route(
        path="/openapi.json",
        resource=lambda _: Description(ROUTES),
        get=Operation(id="describe", summary="This document.", answer=dict[str, object], reads_store=False),
    ),
)
