"""Personal text of orders, sealed where it comes in and unsealed where it goes out.

An order is decided on what the customer wrote, since rules may rest on it (is the address within the service area?),
and what was decided is sealed before it is stored or folded into an answer. A reason is sealed before it is decided on,
since a repeat is told by comparing it with the one that history holds, sealed.
"""

from typing import Any
from uuid import UUID

from domain.event_store import StoredAnswer
from domain.order.events import Address, Customer, OrderEvent, OrderPlaced, PricedLine
from domain.order.state import Order
from domain.privacy import ERASED, Sealer, SubjectErased, Vault, subject_of


def sealed(event: OrderEvent, sealer: Sealer) -> OrderEvent:
    """The event with every personal text sealed."""
    return _placed(event, sealer) if isinstance(event, OrderPlaced) else event


def _placed(placed: OrderPlaced, sealer: Sealer) -> OrderPlaced:
    seal = _Seal(placed.order_id, sealer)
    address = placed.delivery_address
    return placed.model_copy(
        update={
            "customer": _customer(placed.customer, seal),
            "delivery_address": None if address is None else _address(address, seal),
            "lines": tuple(_line(line, seal) for line in placed.lines),
            "note": seal("note", placed.note),
        }
    )


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


class _Seal:
    """Seals the fields of one stream; nothing stays nothing."""

    def __init__(self, stream_id: UUID, sealer: Sealer) -> None:
        self._where, self._seal = f"{stream_id}/", sealer.seal

    def __call__(self, field: str, text: str | None) -> Any:
        return None if text is None else self._seal(self._where + field, text)


def _customer(customer: Customer, seal: _Seal) -> Customer:
    return Customer(name=seal("name", customer.name), phone=seal("phone", customer.phone))


def _address(address: Address, seal: _Seal) -> Address:
    return Address(
        city=seal("city", address.city),
        country=seal("country", address.country),
        line1=seal("line1", address.line1),
        line2=seal("line2", address.line2),
        note=seal("note", address.note),
        postcode=seal("postcode", address.postcode),
    )


def _line(line: PricedLine, seal: _Seal) -> PricedLine:
    return line if line.note is None else line.model_copy(update={"note": seal("note", line.note)})
