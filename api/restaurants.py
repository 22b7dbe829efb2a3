"""Restaurants over HTTP: register, look up, publish and change the menu, open and pause, and the kitchen board."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import falcon
import orjson
from pydantic import TypeAdapter, ValidationError
from uuid_utils.compat import uuid7

from api import conditional, paging
from api.body import BODY_MAX_BYTES, MENU_MAX_BYTES, parse, read
from api.consistency import Token, await_read_model, require_known, wanted_version
from api.context import meta
from api.idempotency import keyed, once
from api.transact import Stood, stood, transact
from domain.command import Command
from domain.event_store import Append, EventStore, StoredAnswer, StreamAppend
from domain.privacy import Vault
from domain.restaurant.commands import ChangeMenuItem, ChangeSettings, PublishMenu, RegisterRestaurant
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.errors import MenuItemUnknown, RestaurantUnknown
from domain.restaurant.state import Restaurant
from domain.values import ItemId
from projections import kitchen_board
from projections import restaurants as view
from projections.restaurants import RestaurantRow, item_document, menu, profile

Clock = Callable[[], datetime]
Fetch = Callable[..., list[Any]]

_ITEM_ID: TypeAdapter[str] = TypeAdapter(ItemId)


class Restaurants:
    """``/v1/restaurants``: register, list."""

    def __init__(self, store: EventStore, fetch: Fetch, clock: Clock) -> None:
        """``fetch`` reads the read models."""
        self._store, self._fetch, self._clock = store, fetch, clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Register a restaurant: 201."""
        body = read(req)
        request = keyed(req, body)

        def register() -> StoredAnswer:
            restaurant_id = uuid7()
            command = parse(RegisterRestaurant, body, at=self._clock(), id=restaurant_id)
            events = RESTAURANT.decide(command, None)
            row = _row(Stood(RESTAURANT.fold(events), 1))
            headers = {"Location": f"/v1/restaurants/{restaurant_id}", **_headers(row)}
            answer = request.answered(201, headers, profile(row))
            append = StreamAppend(stream_id=restaurant_id, category=RESTAURANT.category, expected=0, events=events)
            self._store.append(Append(streams=[append], meta=meta(req), answer=answer))
            return answer

        once(self._store, request, resp, register)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List restaurants by name."""
        paging.known_only(req, paging.NAME, paging.CURSOR, paging.LIMIT)
        limit = paging.limit(req)
        after_name, after_id = paging.cursor(req, (_name, UUID)) or (None, None)
        query = {"name": paging.text(req, "name"), "after_name": after_name, "after_id": after_id, "limit": limit + 1}
        await_read_model(req, view.RESTAURANTS, self._fetch)
        rows = self._fetch(view.LIST, query, prepare=False)
        more = (rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None
        paging.page(req, resp, [row[2].encode() for row in rows[:limit]], more)


class OneRestaurant:
    """A document of one restaurant: its profile or its menu."""

    def __init__(self, store: EventStore, fetch: Fetch, query: str, document: Callable[[RestaurantRow], bytes]) -> None:
        """``query`` finds version and document in the read model, ``document`` makes it from the stream."""
        self._store, self._fetch, self._query, self._document = store, fetch, query, document

    def on_get(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """The document, from the read model, or from the stream where that is behind the token."""
        stream_id = restaurant_uuid(restaurant_id)
        wanted = wanted_version(req, stream_id)
        rows = self._fetch(self._query, (stream_id,))
        if rows and rows[0][0] >= wanted:
            conditional.answer(req, resp, rows[0][0], rows[0][1].encode())
            return
        row = _row(stood(self._store, RESTAURANT, stream_id))
        require_known(wanted, row.version)
        conditional.answer(req, resp, row.version, self._document(row))


class Profile(OneRestaurant):
    """``/v1/restaurants/{restaurant_id}``: look it up, change how it does business."""

    def __init__(self, store: EventStore, fetch: Fetch, clock: Clock) -> None:
        """``fetch`` reads the read models."""
        super().__init__(store, fetch, view.FIND_PROFILE, profile)
        self._clock = clock

    def on_patch(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Change what the body names, leave the rest (RFC 7396)."""
        row = _change(self._store, req, restaurant_id, ChangeSettings, self._clock)
        _send(resp, row, profile(row))


class Menu(OneRestaurant):
    """``/v1/restaurants/{restaurant_id}/menu``: read it, replace it."""

    def __init__(self, store: EventStore, fetch: Fetch, clock: Clock) -> None:
        """``fetch`` reads the read models."""
        super().__init__(store, fetch, view.FIND_MENU, menu)
        self._clock = clock

    def on_put(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Replace the whole menu; the same menu again is silence."""
        row = _change(self._store, req, restaurant_id, PublishMenu, self._clock, max_bytes=MENU_MAX_BYTES)
        _send(resp, row, menu(row))


class MenuItems:
    """``/v1/restaurants/{restaurant_id}/menu/items/{item_id}``: change one item."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        """Change in ``store``."""
        self._store, self._clock = store, clock

    def on_patch(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str, item_id: str) -> None:
        """Change what the body names, leave the rest (RFC 7396)."""
        row = _change(self._store, req, restaurant_id, ChangeMenuItem, self._clock, item_id=_known_form(item_id))
        _send(resp, row, orjson.dumps(item_document(row.restaurant.menu[item_id])))


class Setting:
    """``/v1/restaurants/{restaurant_id}/status`` and ``…/hours``: something that is set as a whole."""

    def __init__(self, store: EventStore, clock: Clock, command: type[Command]) -> None:
        """Serve ``command``."""
        self._store, self._clock, self._command = store, clock, command

    def on_put(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Set it; answers with the restaurant."""
        row = _change(self._store, req, restaurant_id, self._command, self._clock)
        _send(resp, row, profile(row))


class KitchenBoard:
    """``/v1/restaurants/{restaurant_id}/board``: the open orders by stage."""

    def __init__(self, store: EventStore, fetch: Fetch, vault: Vault) -> None:
        """``fetch`` reads the read models, ``vault`` unseals."""
        self._store, self._fetch, self._vault = store, fetch, vault

    def on_get(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Each stage with its orders, oldest first."""
        stream_id = restaurant_uuid(restaurant_id)
        await_read_model(req, kitchen_board.KITCHEN_BOARD, self._fetch)
        rows = self._fetch(kitchen_board.BOARD, (stream_id, kitchen_board.ORDERS_MAX))
        if not rows:
            profile_of(self._store, self._fetch, stream_id)
        texts = self._vault.unseal_documents([(row[0], _personal(row[4], row[5])) for row in rows])
        stages: dict[str, list[dict[str, Any]]] = {}
        for (order_id, number, stage, fulfilment, _, _, placed_at, ready_at, version), text in zip(
            rows, texts, strict=True
        ):
            told = orjson.loads(text)
            stages.setdefault(stage, []).append(
                {
                    "id": order_id,
                    "number": number,
                    "fulfilment": fulfilment,
                    "customer": told["name"],
                    "lines": told["lines"],
                    "placed_at": placed_at,
                    "ready_at": ready_at,
                    "version": version,
                }
            )
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps({"restaurant_id": stream_id, "stages": stages}, option=orjson.OPT_UTC_Z)


def _personal(customer: str, lines: str) -> bytes:
    """What of a slip is sealed, as a document whose members have the names that it was sealed under."""
    return orjson.dumps({"name": customer, "lines": orjson.Fragment(lines)})


def restaurant_uuid(told: str) -> UUID:
    """The id out of the path; an id of another form names no restaurant."""
    try:
        return paging.canonical_uuid(told)
    except ValueError:
        raise RestaurantUnknown from None


def profile_of(store: EventStore, fetch: Fetch, restaurant_id: UUID) -> dict[str, Any]:
    """The restaurant's profile, be it too new for the read model; raises RestaurantUnknown."""
    rows = fetch(view.FIND_PROFILE, (restaurant_id,))
    text = rows[0][1] if rows else profile(_row(stood(store, RESTAURANT, restaurant_id)))
    told: dict[str, Any] = orjson.loads(text)
    return told


def _change(
    store: EventStore,
    req: falcon.Request,
    restaurant_id: str,
    model: type[Command],
    clock: Clock,
    *,
    max_bytes: int = BODY_MAX_BYTES,
    **given: str,
) -> RestaurantRow:
    stream_id = restaurant_uuid(restaurant_id)
    command = parse(model, read(req, max_bytes), at=clock(), **given)
    demanded = conditional.demanded_version(req)
    return _row(transact(store, RESTAURANT, stream_id, command, meta=meta(req), demanded=demanded))


def _row(at: Stood[Restaurant | None]) -> RestaurantRow:
    if at.state is None:
        raise RestaurantUnknown
    return RestaurantRow(at.state, at.version)


def _headers(row: RestaurantRow) -> dict[str, str]:
    return {
        "ETag": conditional.etag(row.version),
        "Consistency-Token": str(Token(row.restaurant.id, row.version)),
    }


def _send(resp: falcon.Response, row: RestaurantRow, body: bytes) -> None:
    for name, value in _headers(row).items():
        resp.set_header(name, value)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = body


def _known_form(item_id: str) -> str:
    """An id of another form names no item."""
    try:
        return _ITEM_ID.validate_python(item_id)
    except ValidationError:
        raise MenuItemUnknown from None


def _name(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return paging.plain_text(told)
