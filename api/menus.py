"""The restaurants as this process knows them, for pricing: folded once, then kept up to date by their newest events.

What is cached may be stale, and need not hurt: each append names the version it was priced at as a premise, so a stale
price is refused by the store and decided again; and a refusal is only uttered after a look at the newest events.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from domain.event_store import EventStore
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.errors import RestaurantUnknown
from domain.restaurant.state import Restaurant

CACHED_MAX = 2000


class Known(NamedTuple):
    """A restaurant and the version of its stream."""

    restaurant: Restaurant
    version: int


class Menus:
    """A bounded cache of restaurants, least recently used first out."""

    def __init__(self, store: EventStore) -> None:
        """Read from ``store``."""
        self._store = store
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, restaurant_id: UUID) -> Known:
        """The restaurant as last seen; raises RestaurantUnknown."""
        with self._lock:
            known = self._known.get(restaurant_id)
            if known is not None:
                self._known.move_to_end(restaurant_id)
                return known
        return self.refresh(restaurant_id)

    def refresh(self, restaurant_id: UUID) -> Known:
        """The restaurant as of now."""
        known = self._known.get(restaurant_id)
        state, version = known or (None, 0)
        events = self._store.load(restaurant_id, version)
        if events and events[0].category == RESTAURANT.category:
            state, version = RESTAURANT.fold((r.event() for r in events), state), events[-1].version
        if state is None:
            raise RestaurantUnknown(pointer="/restaurant_id")
        fresh = Known(state, version)
        with self._lock:
            held = self._known.get(restaurant_id)
            if held is None or held.version < version:
                self._known[restaurant_id] = fresh
            if len(self._known) > CACHED_MAX:
                self._known.popitem(last=False)
        return fresh
