"""What can be asked of an order. Each model is parsed straight from a request's body."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from domain.command import Command
from domain.order.basket import Basket
from domain.order.pricing import Quote
from domain.values import Instant, ItemId, Note

ITEMS_NAMED_MAX = 100


class PlaceOrder(Command):
    """Place ``basket`` at the price of ``quote``, both settled before the rules are asked.

    ``customer_id``: whose order it is, where they have an account; ``placed_by``: the account that places it.
    """

    basket: Basket
    customer_id: UUID | None = None
    id: UUID
    placed_by: UUID | None = None
    quote: Quote


class AcceptOrder(Command):
    """Take the order on, to be ready at ``ready_at``."""

    ready_at: Instant


class RejectOrder(Command):
    """Decline the order, for a reason that the customer reads; name the items that are out."""

    reason: Note
    item_ids: Annotated[tuple[ItemId, ...], Field(max_length=ITEMS_NAMED_MAX)] = ()


class StartPreparation(Command):
    """Begin to cook."""


class ReviseReadyTime(Command):
    """Promise another ready time."""

    ready_at: Instant


class MarkReady(Command):
    """The meal is done."""


class CollectOrder(Command):
    """The customer takes the meal."""


class HandOverOrder(Command):
    """A courier takes the meal."""


class DeliverOrder(Command):
    """The meal has arrived."""


class CancelOrder(Command):
    """Call the order off, for a reason. ``for_customer``: it is the customer's side that asks."""

    given: ClassVar[frozenset[str]] = frozenset({"at", "for_customer"})

    for_customer: SkipJsonSchema[bool] = False
    reason: Note


OrderCommand = (
    PlaceOrder
    | AcceptOrder
    | RejectOrder
    | StartPreparation
    | ReviseReadyTime
    | MarkReady
    | CollectOrder
    | HandOverOrder
    | DeliverOrder
    | CancelOrder
)
