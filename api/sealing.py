"""Personal text of orders, sealed where it comes in and unsealed where it goes out.

An order is decided on what the customer wrote, since rules may rest on it (is the address within the service area?),
and what was decided is sealed before it is stored or folded into an answer. A reason is sealed before it is decided on,
since a repeat is told by comparing it with the one that history holds, sealed.
"""

from typing import Any
from uuid import UUID

import orjson

from domain.event_store import StoredAnswer
from domain.order.events import Address, Customer, OrderEvent, OrderPlaced, PricedLine
from domain.order.state import Order
from domain.privacy import ERASED, Sealer, SubjectErased, Vault, subject_of


class OrderSeal:
    """Seals what one new order says of people, and knows for as long as it lives what it has sealed."""

    def __init__(self, order_id: UUID, sealer: Sealer) -> None:
        """Seal under the key that ``sealer`` has in hand."""
        self._where, self._seal = f"{order_id}/", sealer.seal
        self._sealed: list[tuple[str, str]] = []

    def event(self, event: OrderEvent) -> OrderEvent:
        """The event with every personal text sealed."""
        if not isinstance(event, OrderPlaced):
            return event
        address = event.delivery_address
        return event.model_copy(
            update={
                "customer": self._customer(event.customer),
                "delivery_address": None if address is None else self._address(address),
                "lines": tuple(map(self._line, event.lines)),
                "note": self._text("note", event.note),
            }
        )

    def unsealed(self, document: bytes) -> bytes:
        """A document in the words that were sealed here: the same bytes as decrypted, in a fifth of the time."""
        for token, text in self._sealed:
            document = document.replace(f'"{token}"'.encode("ascii"), orjson.dumps(text))
        return document

    def _text(self, field: str, text: str | None) -> Any:
        if text is None:
            return None
        token = self._seal(self._where + field, text)
        self._sealed.append((token, text))
        return token

    def _customer(self, customer: Customer) -> Customer:
        return Customer(name=self._text("name", customer.name), phone=self._text("phone", customer.phone))

    def _address(self, address: Address) -> Address:
        return Address(
            city=self._text("city", address.city),
            country=self._text("country", address.country),
            line1=self._text("line1", address.line1),
            line2=self._text("line2", address.line2),
            note=self._text("note", address.note),
            postcode=self._text("postcode", address.postcode),
        )

    def _line(self, line: PricedLine) -> PricedLine:
        return line if line.note is None else line.model_copy(update={"note": self._text("note", line.note)})


def sealed_reason(vault: Vault, order: Order, reason: str) -> str:
    """A reason, which may say anything about the customer, under the customer's key.

    That of somebody who was erased is not kept: the step is taken all the same.
    """
    subject = subject_of(order.customer.name) or order.id
    try:
        return vault.seal(subject, f"{order.id}/reason", reason)
    except SubjectErased:
        return ERASED


class Shown:
    """An answer's stored body as it is sent: that of ``/v1/orders``, with the order's id in its Location."""

    def __init__(self, vault: Vault) -> None:
        """Unseal with ``vault``."""
        self._vault = vault

    def __call__(self, answer: StoredAnswer) -> bytes:
        """The body."""
        order_id = UUID(answer.headers["Location"].rpartition("/")[2])
        return self._vault.unseal_document(answer.body.encode(), order_id)
