"""The routes of restaurants: their settings, menus, boards and sales."""

from api import menu_files, paging, stats
from api.answers import kitchen_board, menus, sales
from api.answers import restaurants as answers
from api.conventions import (
    CACHED,
    CHANGED,
    FILTERED,
    FRESH,
    KEYED,
    LOCATED,
    NEVER_STALE,
    PAGED,
    TAGGED,
    WITH_BODY,
    WRITTEN,
)
from api.menu_files import MenuExport, MenuImport, MenuImportRefused
from api.operation import Operation, Route
from api.restaurants import KitchenBoard, Menu, MenuItems, Profile, Restaurants, Setting
from api.stats import Sales
from domain.restaurant.commands import (
    ChangeMenuItem,
    ChangeSettings,
    PublishMenu,
    RegisterRestaurant,
    SetOpeningHours,
    SetStatus,
)
from domain.restaurant.errors import (
    CurrenciesMixed,
    ItemIdDoubled,
    MenuItemUnknown,
    PriceBelowZero,
    RestaurantUnknown,
    TaxCategoryInUse,
    TaxCategoryUnknown,
    UntilInThePast,
)
from domain.restaurant.menu import MenuItem

RESTAURANT_ROUTES: tuple[Route, ...] = (
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
            answer=menus.Menu,
            conventions=(CACHED, NEVER_STALE),
            refusals=(RestaurantUnknown,),
        ),
        put=Operation(
            id="publish_menu",
            summary="Replace the whole menu.",
            answer=menus.Menu,
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
            answer=menus.MenuFile,
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
            answer=menus.MenuDifferences,
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
            answer=kitchen_board.Board,
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
            answer=sales.Sales,
            query=stats.FILTERS,
            conventions=(FILTERED, FRESH),
            refusals=(RestaurantUnknown,),
        ),
    ),
)
