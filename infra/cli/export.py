"""All that is held on a person, as one JSON document, written piece by piece."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from api.operation import Services
from api.transact import stood
from domain.account.decide import ACCOUNT
from domain.event_store import Recorded
from projections import orders as order_view
from projections.accounts import AccountRow
from projections.accounts import document as account_document

ORDERS_AT_ONCE = 100
EVENTS_MAX = 10_000
"""Of one stream; an account or an order with more is a fault of its author."""


def exported(services: Services, account_id: UUID) -> Iterator[bytes]:
    """The account, its history, and every order of the person with its history; sealed texts in plain.

    The orders come from the read model, so that one of the last second may be missing.
    """
    account, version = stood(services.store, ACCOUNT, account_id)
    unsealed = services.vault.unseal_document
    yield b'{"account":'
    yield b"null" if account is None else unsealed(account_document(AccountRow(account, version)), account_id)
    yield b',"account_events":' + _history(services, account_id)
    yield b',"orders":['
    for number, (order_id, document) in enumerate(_orders(services, account_id)):
        yield (b"," if number else b"") + b'{"order":' + unsealed(document, order_id)
        yield b',"events":' + _history(services, order_id) + b"}"
    yield b"]}\n"


def _orders(services: Services, account_id: UUID) -> Iterator[tuple[UUID, bytes]]:
    asked: dict[str, Any] = dict.fromkeys(
        ("restaurant_id", "stage", "client_reference", "placed_after", "placed_before", "restaurants", "at", "id")
    )
    asked |= {"everything": False, "customer_id": account_id, "placed_by": None, "limit": ORDERS_AT_ONCE}
    while rows := services.fetch(order_view.LIST, asked, prepare=False):
        for order_id, _, document, *_ in rows:
            yield order_id, document.encode()
        asked |= {"at": rows[-1][1], "id": rows[-1][0]}


def _history(services: Services, stream_id: UUID) -> bytes:
    """A stream's events in order, as JSON."""
    events = services.store.history(stream_id, 0, EVENTS_MAX)
    return services.vault.unseal_document(orjson.dumps([_told(event) for event in events]), stream_id)


def _told(event: Recorded) -> dict[str, Any]:
    return {
        "type": event.type,
        "recorded_at": event.recorded_at,
        "data": orjson.Fragment(event.data),
        "meta": orjson.Fragment(event.meta),
    }
