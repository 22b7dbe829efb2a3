"""Quotes over HTTP: what a basket would cost, promised for ten minutes.

A quote is a small stream of its own rather than a signed token: an order takes the price that stands there, used once
by the stream's version whatever process is asked, and an auditor sees what was promised.
"""

from datetime import datetime
from uuid import UUID

import falcon
import orjson
from uuid_utils.compat import uuid7

from api import conditional, paging
from api.access import Access
from api.body import parse, read
from api.consistency import Token
from api.context import meta
from api.idempotency import keyed, once
from api.operation import Services
from api.prices import Prices
from api.transact import Stood, stood
from domain.event_store import Append, StoredAnswer, StreamAppend
from domain.order.basket import Cart
from domain.quote.decide import QUOTE, GiveQuote, Quoted
from domain.quote.errors import NoSuchQuote
from projections.priced import line_documents, price_document


class Quotes:
    """``/v1/quotes``: price a basket."""

    def __init__(self, services: Services) -> None:
        """Price by ``services.menus``."""
        self._store, self._clock = services.store, services.clock
        self._prices = Prices(services.store, services.menus)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Price it as an order would: 201 and the quote."""
        body = read(req)
        request = keyed(req, body)
        access: Access = req.context.access

        def give() -> StoredAnswer:
            cart = parse(Cart, body)
            access.placing(cart.restaurant_id, None)
            quote_id, now, customer = uuid7(), self._clock(), access.principal.id
            priced = self._prices.of_cart(cart, now, customer)
            command = GiveQuote(asked_by=customer, at=now, cart=cart, id=quote_id, quote=priced.quote)
            events = QUOTE.decide(command, None)
            answer = request.answered(201, _headers(quote_id, 1), _document(Stood(QUOTE.fold(events), 1), now))
            append = StreamAppend(stream_id=quote_id, category=QUOTE.category, expected=0, events=events)
            self._store.append(Append(streams=[append], meta=meta(req), answer=answer))
            return answer

        once(self._store, request, resp, give)


class OneQuote:
    """``/v1/quotes/{quote_id}``: look a quote up."""

    def __init__(self, services: Services) -> None:
        """Read from the store."""
        self._store, self._clock = services.store, services.clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, quote_id: str) -> None:
        """The quote; ``usable`` tells whether an order may still name it."""
        access: Access = req.context.access
        try:
            found = stood(self._store, QUOTE, paging.canonical_uuid(quote_id))
        except ValueError:
            raise NoSuchQuote from None
        if found.state is None:
            raise NoSuchQuote
        access.quote(found.state.asked_by, found.state.restaurant_id)
        resp.set_header("ETag", conditional.etag(found.version))
        resp.content_type = falcon.MEDIA_JSON
        resp.data = _document(found, self._clock())


def _document(found: Stood[Quoted | None], now: datetime) -> bytes:
    quoted = found.state
    assert quoted is not None
    return orjson.dumps(
        {
            "id": quoted.id,
            "restaurant_id": quoted.restaurant_id,
            "lines": line_documents(quoted.lines, quoted.total.currency),
            "price": price_document(quoted.breakdown, quoted.total.amount_minor),
            "total": quoted.total.model_dump(),
            "expires_at": quoted.expires_at,
            "order_id": quoted.order_id,
            "usable": quoted.order_id is None and now < quoted.expires_at,
            "version": found.version,
        },
        option=orjson.OPT_UTC_Z,
    )


def _headers(quote_id: UUID, version: int) -> dict[str, str]:
    return {
        "Location": f"/v1/quotes/{quote_id}",
        "ETag": conditional.etag(version),
        "Consistency-Token": str(Token(quote_id, version)),
    }
