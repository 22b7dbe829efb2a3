"""Orders over HTTP: place, follow, list, and every step of their life."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import falcon
import orjson
from uuid_utils.compat import uuid7

from api import conditional, next_steps, paging
from api.access import Access, OrderOwners
from api.body import parse, read
from api.consistency import Token, await_read_model, require_known, wanted_version
from api.context import Principal, meta
from api.idempotency import keyed, once
from api.menus import Menus
from api.operation import Parameter
from api.prices import Prices, released, used_up
from api.sealing import OrderSeal, Shown, sealed_reason
from api.transact import stood, transact
from domain.command import Command
from domain.event_store import Append, EventStore, LimitReached, StoredAnswer, StreamAppend, VersionMoved
from domain.order.basket import Basket
from domain.order.commands import CancelOrder, PlaceOrder, RejectOrder
from domain.order.decide import ORDER
from domain.order.errors import OrderTransitionRefused, OrderUnknown
from domain.order.state import Order, Stage
from domain.privacy import Vault
from projections import orders as order_view
from projections.orders import document, row_of

Clock = Callable[[], datetime]
Fetch = Callable[..., list[Any]]

PRICINGS_MAX = 8
"""How often an order is priced anew because the menu moved meanwhile."""

FILTERS = (
    Parameter(name="restaurant_id", description="Of this restaurant.", schema=paging.A_UUID),
    Parameter(name="stage", description="At this stage.", schema={"type": "string", "enum": [*Stage]}),
    Parameter(name="client_reference", description="With this reference of the caller's.", schema=paging.A_TEXT),
    Parameter(name="placed_after", description="Placed then or later.", schema=paging.A_TIME),
    Parameter(name="placed_before", description="Placed earlier.", schema=paging.A_TIME),
)


class Orders:
    """``/v1/orders``: place an order, list orders."""

    def __init__(
        self, store: EventStore, fetch: Fetch, menus: Menus, vault: Vault, clock: Clock, abreast: Callable[[], None]
    ) -> None:
        """``fetch`` reads the read models, ``menus`` prices, ``vault`` seals, ``clock`` tells UTC.

        ``abreast`` stands between the steps of placing an order: what does the same for all is then in the cache.
        """
        self._store, self._fetch, self._vault, self._clock, self._abreast = store, fetch, vault, clock, abreast
        self._prices, self._shown = Prices(store, menus), Shown(vault)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Place an order: 201 and the whole order."""
        body = read(req)
        request = keyed(req, body)
        told = meta(req)
        access: Access = req.context.access
        placed_by = access.principal.account_id
        first: list[tuple[StoredAnswer, bytes]] = []

        def place() -> StoredAnswer:
            self._abreast()
            basket = parse(Basket, body)
            customer_id = access.placing(basket.restaurant_id, basket.placed_at)
            order_id, now = uuid7(), self._clock()
            sealer = self._vault.begin(order_id) if customer_id is None else self._vault.sealer(customer_id)
            seal = OrderSeal(order_id, sealer)
            for attempt in range(PRICINGS_MAX):
                self._abreast()
                priced = self._prices.of_basket(basket, basket.placed_at or now, now, access.principal.id, order_id)
                command = PlaceOrder(
                    at=now, basket=basket, customer_id=customer_id, id=order_id, placed_by=placed_by, quote=priced.quote
                )
                events = ORDER.decide(command, None)
                version = len(events)
                self._abreast()
                answer = request.answered(201, _headers(order_id, version), None)
                sealed = [seal.event(event) for event in events]
                append = StreamAppend(stream_id=order_id, category=ORDER.category, expected=0, events=sealed)
                try:
                    self._store.append(
                        Append(
                            streams=[append, *priced.streams],
                            meta=told,
                            premises=priced.premises,
                            answer=answer,
                            keys=sealer.fresh,
                            claims=priced.claims,
                        )
                    )
                except VersionMoved:
                    if attempt == PRICINGS_MAX - 1:
                        raise
                    self._prices.refresh(basket)
                except LimitReached as reached:
                    raise used_up(reached) from None
                else:
                    first.append((answer, _document(_order(events), version, access.principal)))
                    return answer
            raise AssertionError  # the loop's last attempt returns or raises

        def shown(answer: StoredAnswer) -> bytes:
            return first[0][1] if first and first[0][0] is answer else self._again(answer, access.principal)

        once(self._store, request, resp, place, shown)

    def _again(self, answer: StoredAnswer, principal: Principal) -> bytes:
        """The body of an answer given before: the order as it stood then, by the answer's own token."""
        if answer.body is not None:  # as the first releases kept it
            return self._shown(answer)
        token = Token.parse(answer.headers["Consistency-Token"])
        order = _order([recorded.event() for recorded in self._store.load(token.stream_id)[: token.version]])
        return self._vault.unseal_document(_document(order, token.version, principal), token.stream_id)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List orders, newest first."""
        paging.known_only(req, *FILTERS, paging.CURSOR, paging.LIMIT)
        limit = paging.limit(req)
        at, last_id = paging.cursor(req, (paging.moment, UUID)) or (None, None)
        query = {
            "restaurant_id": paging.uuid(req, "restaurant_id"),
            "stage": paging.parameter(req, "stage", lambda s: Stage(s).value, f"one of {', '.join(Stage)}"),
            "client_reference": paging.text(req, "client_reference"),
            "placed_after": paging.instant(req, "placed_after"),
            "placed_before": paging.instant(req, "placed_before"),
            **req.context.access.orders()._asdict(),
            "at": at,
            "id": last_id,
            "limit": limit + 1,
        }
        await_read_model(req, order_view.ORDERS, self._fetch)
        rows = self._fetch(order_view.LIST, query, prepare=False)
        more = rows[limit - 1][1::-1] if len(rows) > limit else None
        asks = req.context.access.principal
        told = [(row[0], next_steps.shown(row[2].encode(), asks, OrderOwners(*row[3:]))) for row in rows[:limit]]
        paging.page(req, resp, self._vault.unseal_documents(told), more)


class OneOrder:
    """``/v1/orders/{order_id}``: follow an order."""

    def __init__(self, store: EventStore, fetch: Fetch, vault: Vault) -> None:
        """``fetch`` reads the read models, ``vault`` unseals."""
        self._store, self._fetch, self._vault = store, fetch, vault

    def on_get(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        """The order, from the read model, or from its stream where that is not there yet or behind the token."""
        stream_id = order_uuid(order_id)
        wanted = wanted_version(req, stream_id)
        rows = self._fetch(order_view.FIND, (stream_id,))
        access: Access = req.context.access
        if rows and rows[0][0] >= wanted and not access.by_stage:
            found = OrderOwners(*rows[0][2:])
            access.order(found)
            self._answer(req, resp, stream_id, rows[0][0], rows[0][1].encode(), found)
            return
        order, version = stood(self._store, ORDER, stream_id)
        if order is None:
            raise OrderUnknown
        access.order(owners(order))
        require_known(wanted, version)
        self._answer(req, resp, stream_id, version, document(row_of(order, version)), owners(order))

    def _answer(
        self, req: falcon.Request, resp: falcon.Response, order_id: UUID, version: int, text: bytes, found: OrderOwners
    ) -> None:
        principal: Principal = req.context.principal
        shown = self._vault.unseal_document(next_steps.shown(text, principal, found), order_id)
        resp.set_header("Vary", "Authorization")
        conditional.answer(req, resp, version, shown, next_steps.variant(principal, found))


class OrderHistory:
    """``/v1/orders/{order_id}/events``: what happened to an order, as it is recorded."""

    def __init__(self, store: EventStore, fetch: Fetch, vault: Vault) -> None:
        """Read from ``store``, unseal with ``vault``; ``fetch`` reads the read models."""
        self._store, self._fetch, self._vault = store, fetch, vault

    def on_get(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        """The events in order; ``position`` is null until the sequencer has given it."""
        paging.known_only(req, paging.CURSOR, paging.LIMIT)
        limit = paging.limit(req)
        (after,) = paging.cursor(req, (_version,)) or (0,)
        stream_id = order_uuid(order_id)
        if not req.context.access.settled:
            req.context.access.order(self._owners(stream_id))
        events = self._store.history(stream_id, after, limit + 1)
        if not after and (not events or events[0].category != ORDER.category):
            raise OrderUnknown
        told = self._vault.unseal_documents([(stream_id, r.data.encode()) for r in events[:limit]])
        documents = [
            orjson.dumps(
                {
                    "position": r.position,
                    "version": r.version,
                    "event_id": r.event_id,
                    "type": r.type,
                    "schema_version": r.schema_version,
                    "recorded_at": r.recorded_at,
                    "data": orjson.Fragment(data),
                    "meta": orjson.Fragment(r.meta),
                },
                option=orjson.OPT_UTC_Z,
            )
            for r, data in zip(events, told, strict=False)
        ]
        paging.page(req, resp, documents, [events[limit - 1].version] if len(events) > limit else None)

    def _owners(self, order_id: UUID) -> OrderOwners:
        rows = self._fetch(order_view.OWNERS, (order_id,))
        if rows:
            return OrderOwners(*rows[0])
        order = stood(self._store, ORDER, order_id).state
        if order is None:
            raise OrderUnknown
        return owners(order)


class OrderStep:
    """``/v1/orders/{order_id}/{step}``: one command of an order's life."""

    def __init__(self, store: EventStore, vault: Vault, clock: Clock, command: type[Command]) -> None:
        """Serve ``command``."""
        self._store, self._vault, self._clock, self._command = store, vault, clock, command

    def on_post(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        """Do it; answers with the whole order, changed or, for a repeat, as it was."""
        stream_id = order_uuid(order_id)
        access: Access = req.context.access
        command = parse(self._command, read(req), at=self._clock())
        if isinstance(command, RejectOrder | CancelOrder):
            command = self._sealed(access, stream_id, command)
        demanded = conditional.demanded_version(req)
        try:
            order, version = transact(
                self._store,
                ORDER,
                stream_id,
                command,
                meta=meta(req),
                demanded=demanded,
                permit=lambda order: access.order(owners(order)),
                releases=released,
            )
        except OrderTransitionRefused as refusal:
            refusal.facts.update(self._standing(stream_id, access.principal))
            raise
        assert order is not None
        for name, value in _headers(stream_id, version).items():
            resp.set_header(name, value)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._vault.unseal_document(_document(order, version, access.principal), stream_id)

    def _sealed(self, access: Access, stream_id: UUID, command: RejectOrder | CancelOrder) -> Command:
        order = stood(self._store, ORDER, stream_id).state
        if order is None:
            raise OrderUnknown
        access.order(owners(order))
        told: dict[str, Any] = {"reason": sealed_reason(self._vault, order, command.reason)}
        if isinstance(command, CancelOrder):
            told["for_customer"] = access.for_customer(owners(order))
        return command.model_copy(update=told)

    def _standing(self, stream_id: UUID, principal: Principal) -> dict[str, Any]:
        order, version = stood(self._store, ORDER, stream_id)
        assert order is not None
        return {
            "stage": order.stage,
            "version": version,
            "allowed_actions": next_steps.of(principal, owners(order)),
        }


def order_uuid(told: str) -> UUID:
    """The id out of the path; an id of another form names no order."""
    try:
        return paging.canonical_uuid(told)
    except ValueError:
        raise OrderUnknown from None


def owners(order: Order) -> OrderOwners:
    """What of an order decides who reaches it."""
    return OrderOwners(order.customer_id, order.placed_by, order.restaurant_id, order.fulfilment, order.stage)


def _order(events: list[Any]) -> Any:
    return ORDER.fold(events)


def _document(order: Order, version: int, principal: Principal) -> bytes:
    return next_steps.shown(document(row_of(order, version)), principal, owners(order))


def _version(told: Any) -> int:
    if type(told) is not int or not 0 < told < 2**31:
        raise ValueError
    return told


def _headers(order_id: UUID, version: int) -> dict[str, str]:
    return {
        "Location": f"/v1/orders/{order_id}",
        "ETag": conditional.etag(version),
        "Consistency-Token": str(Token(order_id, version)),
    }
