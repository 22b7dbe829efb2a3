"""Holds every request against the policy, before its body is read; what it reaches is settled with the record in hand.

The middleware knows the operation and who asks: a role that may never do this ends here (403), and so does a request
without a token where one is needed (401). Whose the record is, only the resource knows, once it has read it: it asks
``req.context.access``, which refuses what is out of reach as if it did not exist. A resource that forgets to ask,
though the reach is not everything, answers 500 and nothing else: it is denied by default.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import falcon

from api.context import Principal
from api.paging import canonical_uuid
from api.policy import Reach, Rule
from domain.account.errors import AccountUnknown
from domain.account.events import Grant, Role
from domain.account.state import Account
from domain.errors import Forbidden, TokenMissing
from domain.order.errors import OrderUnknown
from domain.order.events import Fulfilment
from domain.order.state import Stage
from domain.quote.errors import NoSuchQuote
from domain.restaurant.errors import RestaurantUnknown

_WITH_A_COURIER = frozenset({Stage.READY, Stage.OUT_FOR_DELIVERY})
_AT_RESTAURANTS = frozenset({Role.RESTAURANT_OWNER, Role.RESTAURANT_STAFF})


class OwnershipUnsettled(Exception):
    """A resource was about to answer without asking whose its record is."""


class OrderOwners(NamedTuple):
    """What of an order decides who reaches it."""

    customer_id: UUID | None
    placed_by: UUID | None
    restaurant_id: UUID
    fulfilment: str
    stage: str


def owns(principal: Principal, order: OrderOwners) -> bool:
    """Whether an order is a customer's own, or was placed by this app."""
    owner = order.placed_by if principal.has(Role.APP) else order.customer_id
    return owner is not None and owner == principal.account_id


class Within(NamedTuple):
    """The part of a list of orders that is reached: all of it, or what fits one of the others."""

    everything: bool
    customer_id: UUID | None
    placed_by: UUID | None
    restaurants: list[UUID] | None


class Access:
    """How far one request reaches."""

    __slots__ = ("_reaches", "_rule", "principal", "settled")

    def __init__(self, principal: Principal, rule: Rule, reaches: frozenset[Reach]) -> None:
        """What ``rule`` gives to ``principal``."""
        self.principal, self._rule, self._reaches = principal, rule, reaches
        self.settled = self.everything

    @property
    def everything(self) -> bool:
        """Whether nothing is out of reach."""
        return Reach.ALL in self._reaches

    @property
    def ours(self) -> frozenset[UUID]:
        """The restaurants that are reached."""
        if Reach.OURS not in self._reaches:
            return frozenset()
        return self.principal.restaurants(*self._rule.roles(Reach.OURS))

    @property
    def by_stage(self) -> bool:
        """Whether the reach moves with the order: then its stream tells, not a read model that may be behind."""
        return Reach.OUT in self._reaches

    def restaurant(self, restaurant_id: UUID, pointer: str | None = None) -> None:
        """Raise RestaurantUnknown, pointing at the field that names it, for what is another's."""
        self.settled = True
        if not self.everything and restaurant_id not in self.ours:
            raise RestaurantUnknown(pointer=pointer)

    def order(self, order: OrderOwners) -> None:
        """Raise OrderUnknown for what is another's."""
        self.settled = True
        if not self.reaches(order):
            raise OrderUnknown

    def reaches(self, order: OrderOwners) -> bool:
        """Whether an order is within reach."""
        if self.everything or (Reach.OWN in self._reaches and owns(self.principal, order)):
            return True
        if order.restaurant_id in self.ours:
            return True
        delivered = order.fulfilment == Fulfilment.DELIVERY and order.stage in _WITH_A_COURIER
        return Reach.OUT in self._reaches and delivered

    def for_customer(self, order: OrderOwners) -> bool:
        """Whether this is the customer's side of the order: neither its restaurant nor an operator asks."""
        return not self.everything and order.restaurant_id not in self.ours

    def placing(self, restaurant_id: UUID, placed_at: datetime | None) -> UUID | None:
        """Whose order it will be: that of the customer who asks; None where somebody asks for a guest.

        Raises RestaurantUnknown where a restaurant's people order at another, Forbidden where a customer dates it.
        """
        self.settled = True
        if self.everything or restaurant_id in self.ours:
            return None
        if self.principal.has(Role.APP):
            return None
        if not self.principal.has(Role.CUSTOMER):
            raise RestaurantUnknown(pointer="/restaurant_id")
        if placed_at is not None:
            raise Forbidden("placed_at is for apps and restaurants; leave it out", pointer="/placed_at")
        return self.principal.account_id

    def quote(self, asked_by: str, restaurant_id: UUID) -> None:
        """Raise NoSuchQuote for what another asked for."""
        self.settled = True
        own = Reach.OWN in self._reaches and asked_by == self.principal.id
        if not (self.everything or own or restaurant_id in self.ours):
            raise NoSuchQuote

    def orders(self) -> Within:
        """The part of the list of orders that is reached."""
        self.settled = True
        me = self.principal.account_id if Reach.OWN in self._reaches else None
        app = self.principal.has(Role.APP)
        ours = list(self.ours)
        return Within(self.everything, None if app else me, me if app else None, ours or None)

    def account(self, account: Account) -> None:
        """Raise AccountUnknown for whom it does not concern."""
        self.settled = True
        own = account.id == self.principal.account_id
        if not (self.everything or (own and self._reaches) or self._reaches_people(account.grants)):
            raise AccountUnknown

    def _reaches_people(self, grants: Iterable[Grant]) -> bool:
        ours = self.ours
        return any(grant.restaurant_id in ours for grant in grants if grant.role in _AT_RESTAURANTS)

    def accounts(self) -> list[str] | None:
        """The restaurants whose people are listed; None for everybody."""
        self.settled = True
        return None if self.everything else sorted(str(restaurant_id) for restaurant_id in self.ours)

    def granting(self, *grants: Grant, alone: bool = False) -> None:
        """Raise where these roles are not the asker's to give or to take.

        ``alone``: somebody registers, and everybody may become a customer and nothing else.
        """
        self.settled = True
        if self.everything or (alone and Reach.OWN in self._reaches and grants == (Grant(role=Role.CUSTOMER),)):
            return
        if Reach.OURS not in self._reaches:
            if self.principal.account_id is None:
                raise TokenMissing
            raise Forbidden("These roles are given by an operator.", pointer="/grants")
        for grant in grants:
            if grant.role is not Role.RESTAURANT_STAFF:
                raise Forbidden("A restaurant's owner makes its staff; other roles are given by an operator.")
            if grant.restaurant_id not in self.ours:
                raise RestaurantUnknown


class Policy:
    """Falcon middleware, after the one that knows who asks: fills ``req.context.access``, or refuses."""

    def __init__(self, rules: Mapping[tuple[str, str], Rule]) -> None:
        """``rules``: by path template and method."""
        self._rules = rules

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: Any, params: Any) -> None:
        """Raise TokenMissing, Forbidden or, for another's restaurant, RestaurantUnknown."""
        rule = self._rules.get((req.uri_template or "", req.method))
        if rule is None:  # a method that the path does not have, which Falcon answers
            return
        principal: Principal = req.context.principal
        reaches = rule.reaches(principal.roles)
        if not reaches:
            raise TokenMissing if principal.account_id is None else Forbidden
        access = req.context.access = Access(principal, rule, reaches)
        if not access.settled and "restaurant_id" in params:
            access.restaurant(_restaurant(params["restaurant_id"]))

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, succeeded: bool) -> None:
        """Let no answer out whose owner was not asked for."""
        access: Access | None = req.context.get("access")
        if succeeded and access is not None and not access.settled:
            raise OwnershipUnsettled(req.uri_template)


def _restaurant(told: str) -> UUID:
    try:
        return canonical_uuid(told)
    except ValueError:
        raise RestaurantUnknown from None
