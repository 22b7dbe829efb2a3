"""When and where an order is for: whether the restaurant serves it then, and delivers there."""

from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

from domain.order.basket import Cart
from domain.order.errors import (
    LocationMissing,
    OutsideServiceArea,
    RestaurantClosed,
    RestaurantPaused,
    ScheduledTooFar,
    ScheduledTooSoon,
)
from domain.order.events import Fulfilment
from domain.restaurant.events import Status
from domain.restaurant.hours import is_open, next_opening
from domain.restaurant.settings import Point, PointInput, degrees
from domain.restaurant.state import Restaurant, preparation, status_at

SCHEDULED_AHEAD_MAX = timedelta(days=30)
_EARTH_RADIUS_M = 6_371_009


def check_time(cart: Cart, restaurant: Restaurant, at: datetime) -> datetime:
    """The moment that the order is for: its promised time where it is scheduled, else ``at``; raises a refusal.

    A promised time lies within the opening hours, and so does the moment when the kitchen has to begin.
    """
    if restaurant.status is not Status.OPEN and status_at(restaurant, at) is Status.PAUSED:
        raise RestaurantPaused
    promised = cart.scheduled_for
    if promised is None:
        _refuse_closed(restaurant, at, "/restaurant_id")
        return at
    needed = preparation(restaurant, at)
    if promised < at + needed:
        raise ScheduledTooSoon(earliest=at + needed)
    if promised > at + SCHEDULED_AHEAD_MAX:
        raise ScheduledTooFar(latest=at + SCHEDULED_AHEAD_MAX)
    _refuse_closed(restaurant, promised, "/scheduled_for")
    _refuse_closed(restaurant, promised - needed, "/scheduled_for", needed)
    return promised


def _refuse_closed(restaurant: Restaurant, at: datetime, pointer: str, needed: timedelta = timedelta()) -> None:
    """Raise where it is closed at ``at``, naming when an order could be had next, with ``needed`` added."""
    if restaurant.hours is None:
        return
    zone = ZoneInfo(restaurant.time_zone)
    if is_open(restaurant.hours, zone, at):
        return
    opens = next_opening(restaurant.hours, zone, at)
    raise RestaurantClosed(pointer=pointer, opens_at=None if opens is None else opens + needed)


def check_place(cart: Cart, restaurant: Restaurant) -> None:
    """Raise where the restaurant does not deliver there; a quote that names no place is not asked for one."""
    area = restaurant.settings.service_area
    if area is None or cart.fulfilment is not Fulfilment.DELIVERY or (cart.address is None and cart.location is None):
        return
    if area.center is None or area.radius_m is None:
        if cart.address is not None and not _among(cart.address.postcode, area.postcodes):
            raise OutsideServiceArea(pointer="/address/postcode")
    elif cart.location is None:
        raise LocationMissing
    elif _distance_m(area.center, cart.location) > area.radius_m:
        raise OutsideServiceArea(pointer="/location")


def _among(postcode: str | None, postcodes: tuple[str, ...]) -> bool:
    """Whether one of them is meant, whatever case and spaces it is written in."""
    told = _plain(postcode or "")
    return any(
        told.startswith(_plain(known)[:-1]) if known.endswith("*") else told == _plain(known) for known in postcodes
    )


def _plain(postcode: str) -> str:
    return postcode.upper().replace(" ", "").replace("-", "")


def _distance_m(center: Point, place: PointInput) -> float:
    """Along the globe, by the haversine formula."""
    north, east = radians(degrees(center.latitude_e6)), radians(degrees(center.longitude_e6))
    to_north, to_east = radians(place.latitude), radians(place.longitude)
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))
