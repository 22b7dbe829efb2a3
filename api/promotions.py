"""Promotions over HTTP: the promo codes of a restaurant, how often they were used, and their end."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import falcon
import orjson
from pydantic import TypeAdapter, ValidationError

from api import conditional, paging
from api.body import parse, read
from api.consistency import Token, await_read_model
from api.context import meta
from api.idempotency import keyed, once
from api.operation import Services
from api.restaurants import profile_of, restaurant_uuid
from api.transact import Stood, stood, transact
from domain.event_store import Append, StoredAnswer, StreamAppend, VersionMoved
from domain.order.basket import PromoCode
from domain.promotion.decide import PROMOTION, CreatePromotion, EndPromotion, Promotion, promotion_id
from domain.promotion.errors import PromoCodeTaken, PromotionUnknown
from projections import promotions as view

_CODE: TypeAdapter[str] = TypeAdapter(PromoCode)


class Promotions:
    """``/v1/restaurants/{restaurant_id}/promotions``: create, list."""

    def __init__(self, services: Services) -> None:
        """Change in ``services.store``."""
        self._store, self._fetch, self._clock = services.store, services.fetch, services.clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Create a promotion: 201."""
        body = read(req)
        request = keyed(req, body)
        house = restaurant_uuid(restaurant_id)
        currency = profile_of(self._store, self._fetch, house)["currency"]

        def create() -> StoredAnswer:
            command = parse(CreatePromotion, body, at=self._clock(), restaurant_id=house, currency=currency)
            stream_id = promotion_id(house, command.code)
            events = PROMOTION.decide(command, None)
            found = Stood(PROMOTION.fold(events), 1)
            headers = {"Location": f"{req.path}/{command.code.upper()}", **_headers(stream_id, 1)}
            answer = request.answered(201, headers, _document(found, 0))
            append = StreamAppend(stream_id=stream_id, category=PROMOTION.category, expected=0, events=events)
            try:
                self._store.append(Append(streams=[append], meta=meta(req), answer=answer))
            except VersionMoved:
                raise PromoCodeTaken from None
            return answer

        once(self._store, request, resp, create)

    def on_get(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """List the promotions by code."""
        paging.known_only(req, paging.CURSOR, paging.LIMIT)
        limit = paging.limit(req)
        (after,) = paging.cursor(req, (_text,)) or (None,)
        house = restaurant_uuid(restaurant_id)
        await_read_model(req, view.PROMOTIONS, self._fetch)
        rows = self._fetch(view.LIST, {"restaurant_id": house, "after": after, "limit": limit + 1}, prepare=False)
        if not rows:
            profile_of(self._store, self._fetch, house)
        documents = [orjson.dumps({**orjson.loads(text), "uses": uses}) for _, text, uses in rows[:limit]]
        paging.page(req, resp, documents, [rows[limit - 1][0]] if len(rows) > limit else None)


class OnePromotion:
    """``/v1/restaurants/{restaurant_id}/promotions/{code}``: look a promotion up."""

    def __init__(self, services: Services) -> None:
        """Read from ``services.store``."""
        self._store, self._fetch = services.store, services.fetch

    def on_get(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str, code: str) -> None:
        """The promotion as of now, from its stream."""
        stream_id = _stream(restaurant_id, code)
        _send(resp, stood(self._store, PROMOTION, stream_id), _uses(self._fetch, stream_id))


class PromotionEnd:
    """``/v1/restaurants/{restaurant_id}/promotions/{code}/end``: call a promotion off."""

    def __init__(self, services: Services) -> None:
        """Change in ``services.store``."""
        self._store, self._fetch, self._clock = services.store, services.fetch, services.clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str, code: str) -> None:
        """End it; again is silence."""
        stream_id = _stream(restaurant_id, code)
        command = parse(EndPromotion, read(req), at=self._clock())
        demanded = conditional.demanded_version(req)
        found = transact(self._store, PROMOTION, stream_id, command, meta=meta(req), demanded=demanded)
        for name, value in _headers(stream_id, found.version).items():
            resp.set_header(name, value)
        _send(resp, found, _uses(self._fetch, stream_id))


def _stream(restaurant_id: str, code: str) -> UUID:
    try:
        return promotion_id(restaurant_uuid(restaurant_id), _CODE.validate_python(code))
    except ValidationError:
        raise PromotionUnknown from None


def _uses(fetch: Callable[..., list[Any]], stream_id: UUID) -> int:
    rows = fetch(view.USES, (stream_id,))
    return rows[0][0] if rows else 0


def _send(resp: falcon.Response, found: Stood[Promotion | None], uses: int) -> None:
    if found.state is None:
        raise PromotionUnknown
    resp.set_header("ETag", conditional.etag(found.version))
    resp.content_type = falcon.MEDIA_JSON
    resp.data = _document(found, uses)


def _document(found: Stood[Promotion | None], uses: int) -> bytes:
    assert found.state is not None
    told = view.document(found.state, found.version) | {"uses": uses}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


def _headers(stream_id: UUID, version: int) -> dict[str, str]:
    return {"ETag": conditional.etag(version), "Consistency-Token": str(Token(stream_id, version))}


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return paging.plain_text(told)
