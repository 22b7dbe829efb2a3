"""Personal text of orders, sealed where it comes in and unsealed where it goes out.

An order is decided on what the customer wrote, since rules may rest on it (is the address within the service area?),
and what was decided is sealed before it is stored. A reason is sealed before it is decided on,
since a repeat is told by comparing it with the one that history holds, sealed.
"""

from typing import Any
from uuid import UUID

from domain.event import Plain
from domain.event_store import StoredAnswer
from domain.order.events import Address, OrderEvent, OrderPlaced
from domain.order.state import Order
from domain.privacy import ERASED, Sealer, SubjectErased, Vault, subject_of


class OrderSeal:
    """Seals what one new order says of people."""

    def __init__(self, order_id: UUID, sealer: Sealer) -> None:
        """Seal under the key that ``sealer`` has in hand."""
        self._where, self._sealer = f"{order_id}/", sealer

    def event(self, event: OrderEvent) -> Plain:
        """The event with every personal text sealed."""
        plain = event.plain()
        if isinstance(event, OrderPlaced):
            data = plain.data
            self._seal(data, "note")
            self._seal(data["customer"], "name", "phone")
            if "delivery_address" in data:
                self._seal(data["delivery_address"], *Address.model_fields)
            for line in data["lines"]:
                self._seal(line, "note")
        return plain

    def _seal(self, part: dict[str, Any], *fields: str) -> None:
        for field in fields:
            if field in part:
                part[field] = self._sealer.seal(self._where + field, part[field])


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
    """An answer's stored body as it is sent; the id of whom or what it tells stands at the end of its Location."""

    def __init__(self, vault: Vault) -> None:
        """Unseal with ``vault``."""
        self._vault = vault

    def __call__(self, answer: StoredAnswer) -> bytes:
        """The body."""
        told = UUID(answer.headers["Location"].rpartition("/")[2])
        return self._vault.unseal_document((answer.body or "").encode(), told)
