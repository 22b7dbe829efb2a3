"""Which steps of an order are offered to whom: those that its state allows and that this caller would be let take.

What decides is what every step asks before it is taken: its row of the policy, with the order in hand, and the domain's
word on what a customer's side leaves to the restaurant. A document is kept with all that the order's state allows,
whoever asks, and gets another end on its way out. The end depends on so few facts that it is looked up (1 us).
"""

from functools import cache
from zlib import crc32

from api.access import Access, OrderOwners, owns
from api.context import Principal
from api.policy import POLICY, Reach, step_id
from domain.account.events import Role
from domain.order.decide import allowed_actions, up_to_restaurant
from domain.order.events import Fulfilment
from domain.order.state import Stage
from projections.orders import ENDING, ending

_RULES = {
    step: POLICY[step_id(step)]
    for stage in Stage
    for fulfilment in Fulfilment
    for step in allowed_actions(stage, fulfilment)
}
_endings: dict[tuple[frozenset[Role], frozenset[Role] | None, bool, str, str], bytes] = {}
"""By all that ``of`` looks at: a bound by nature, and a house meets some dozens."""


def of(principal: Principal, order: OrderOwners) -> list[str]:
    """The steps that ``principal`` may take now, by the names of their paths."""
    stage = Stage(order.stage)
    return [s for s in allowed_actions(stage, Fulfilment(order.fulfilment)) if _offered(s, principal, order, stage)]


def shown(document: bytes, principal: Principal, order: OrderOwners) -> bytes:
    """The order's document as ``principal`` is to see it; not yet unsealed."""
    if _takes_any(principal.roles):
        return document
    end = _end(principal, order)
    return document if document.endswith(end) else document[: document.rindex(ENDING)] + end


def variant(principal: Principal, order: OrderOwners) -> str:
    """What tells the document that ``principal`` sees from the others of its version; empty where it sees it whole."""
    if _takes_any(principal.roles):
        return ""
    end = _end(principal, order)
    return "" if end == _whole(Stage(order.stage), Fulfilment(order.fulfilment)) else f"{crc32(end):08x}"


@cache
def _whole(stage: Stage, fulfilment: Fulfilment) -> bytes:
    return ending(allowed_actions(stage, fulfilment))


def _end(principal: Principal, order: OrderOwners) -> bytes:
    at = principal.at.get(order.restaurant_id)
    facts = (principal.roles, at, owns(principal, order), order.stage, order.fulfilment)
    end = _endings.get(facts)
    if end is None:
        end = _endings[facts] = ending(of(principal, order))
    return end


def _offered(step: str, principal: Principal, order: OrderOwners, stage: Stage) -> bool:
    rule = _RULES[step]
    access = Access(principal, rule, rule.reaches(principal.roles))
    return access.reaches(order) and not (access.for_customer(order) and up_to_restaurant(step, stage))


@cache
def _takes_any(roles: frozenset[Role]) -> bool:
    """Whether no step of any order is out of reach."""
    return all(Reach.ALL in rule.reaches(roles) for rule in _RULES.values())
