"""Personal text of orders, sealed where it comes in and unsealed where it goes out.

An order is decided on what the customer wrote, since rules may rest on it (is the address within the service area?),
and what was decided is sealed before it is stored or folded into an answer. A reason is sealed before it is decided on,
since a repeat is told by comparing it with the one that history holds, sealed.
"""

from typing import TypeVar
from uuid import UUID

from domain.event import Part
from domain.event_store import StoredAnswer
from domain.order.events import Address, OrderEvent, OrderPlaced
from domain.order.state import Order
from domain.privacy import ERASED, Sealer, SubjectErased, Vault, subject_of

P = TypeVar("P", bound=Part)


class OrderSeal:
    """Seals what one new order says of people."""

    def __init__(self, order_id: UUID, sealer: Sealer) -> None:
        """Seal under the key that ``sealer`` has in hand."""
        self._where, self._seal = f"{order_id}/", sealer.seal

    def event(self, event: OrderEvent) -> OrderEvent:
        """The event with every personal text sealed."""
        if not isinstance(event, OrderPlaced):
            return event
        address = event.delivery_address
        return event.replaced(
            customer=self._sealed(event.customer, "name", "phone"),
            delivery_address=None if address is None else self._sealed(address, *Address.model_fields),
            lines=tuple([line if line.note is None else self._sealed(line, "note") for line in event.lines]),
            note=None if event.note is None else self._seal(self._where + "note", event.note),
        )

    def _sealed(self, part: P, *fields: str) -> P:
        told = [(field, getattr(part, field)) for field in fields]
        return part.replaced(**{f: self._seal(self._where + f, text) for f, text in told if text is not None})


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
