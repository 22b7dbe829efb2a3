"""The routes of promo codes."""

from api.answers import promotions as answers
from api.conventions import CHANGED, FRESH, KEYED, LOCATED, PAGED, TAGGED, WITH_BODY, WRITTEN
from api.operation import Operation, Route
from api.promotions import OnePromotion, PromotionEnd, Promotions
from domain.promotion.decide import CreatePromotion, EndPromotion
from domain.promotion.errors import PromoCodeTaken, PromotionUnknown
from domain.restaurant.errors import CurrenciesMixed, RestaurantUnknown

PROMOTION_ROUTES: tuple[Route, ...] = (
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
)
