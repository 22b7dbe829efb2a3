"""One account over HTTP: found, changed, shown; and never the last operator lost."""

from functools import partial
from typing import Any
from uuid import UUID

import falcon

from api import conditional
from api.consistency import Token
from api.context import Principal, meta
from api.operation import Services
from api.paging import canonical_uuid
from api.transact import Stood, stood, transact
from domain.account.commands import AccountCommand
from domain.account.decide import ACCOUNT
from domain.account.errors import AccountUnknown, LastOperator
from domain.account.events import Grant
from domain.account.state import Account, Standing
from domain.errors import TokenMissing
from domain.event_store import EventStore
from domain.identity import AccountFacts, AccountOf
from domain.restaurant.errors import RestaurantUnknown
from projections import accounts as view
from projections.accounts import AccountRow, document

OPERATORS = UUID("01900000-0000-7000-8000-6f70657261ff")
"""The turn of appends that end an operator: one at a time, each resting on another operator who stands."""
ME = "me"
"""Stands in a path for the id of whoever asks."""


class Accounts:
    """The streams of accounts, as the resources of ``/v1/users`` read and change them."""

    def __init__(self, services: Services) -> None:
        """Read and change with these."""
        self.services = services

    def id_of(self, req: falcon.Request, told: str) -> UUID:
        """The id out of the path; one of another form names nobody."""
        principal: Principal = req.context.principal
        if told == ME:
            if principal.account_id is None:
                raise TokenMissing
            return principal.account_id
        try:
            return canonical_uuid(told)
        except ValueError:
            raise AccountUnknown from None

    def found(self, req: falcon.Request, account_id: UUID) -> Stood[Account]:
        """The account as it stands; raises AccountUnknown where it is out of reach."""
        account, version = stood(self.services.store, ACCOUNT, account_id)
        if account is None:
            raise AccountUnknown
        req.context.access.account(account)
        return Stood(account, version)

    def change(self, req: falcon.Request, account_id: UUID, command: Any) -> Stood[Account]:
        """Do ``command``; answers with the account afterwards. Raises LastOperator where nobody would be left."""
        account, version = transact(
            self.services.store,
            ACCOUNT,
            account_id,
            command,
            meta=meta(req),
            demanded=conditional.demanded_version(req),
            permit=req.context.access.account,
            premises=partial(self.premises, command),
            turns=[OPERATORS],
        )
        assert account is not None
        return Stood(account, version)

    def premises(self, command: AccountCommand, account: Account | None) -> dict[UUID, int]:
        """What ``command`` rests on: where it ends an operator, that another one stands. Raises LastOperator.

        The other is looked up in the read model and then read from its stream; as a premise of an append that goes in
        the turn OPERATORS it must not change meanwhile, so that two operators cannot end each other at once.
        """
        if account is None or not account.operates:
            return {}
        after = ACCOUNT.fold(ACCOUNT.decide(command, account), account)
        if after is not None and after.operates:
            return {}
        store = self.services.store
        for (other_id,) in self.services.fetch(view.OPERATORS, (account.id,)):
            other, version = stood(store, ACCOUNT, other_id)
            if other is not None and other.operates:
                return {other_id: version}
        raise LastOperator

    def require_restaurant(self, grant: Grant, pointer: str | None) -> None:
        """Raise RestaurantUnknown, pointing at the field that names it, where a role is held at no restaurant."""
        if grant.restaurant_id is None:
            return
        try:
            self.services.menus.get(grant.restaurant_id)
        except RestaurantUnknown:
            raise RestaurantUnknown(pointer=pointer) from None

    def send(self, resp: falcon.Response, at: Stood[Account]) -> None:
        """Answer with the account."""
        for name, value in headers(at.state.id, at.version).items():
            resp.set_header(name, value)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self.shown(at)

    def shown(self, at: Stood[Account]) -> bytes:
        """The account as JSON, unsealed."""
        return self.services.vault.unseal_document(document(AccountRow(at.state, at.version)), at.state.id)


def account_of(store: EventStore) -> AccountOf:
    """Looks accounts up for a sign-in: folded from their streams, so that a lock holds from the moment it is set."""

    def look(account_id: UUID) -> AccountFacts | None:
        account = stood(store, ACCOUNT, account_id).state
        if account is None:
            return None
        return AccountFacts(
            grants=frozenset(grant.text() for grant in account.grants),
            active=account.standing is Standing.ACTIVE,
            kind=account.kind.value,
            operator_id=account.operator_id,
        )

    return look


def headers(account_id: UUID, version: int) -> dict[str, str]:
    """The headers of whatever changed an account."""
    return {"ETag": conditional.etag(version), "Consistency-Token": str(Token(account_id, version))}
