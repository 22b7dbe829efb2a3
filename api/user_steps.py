"""What changes what a user may do: roles, locks, the end of the account, passwords and client secrets."""

from typing import Any

import falcon
import orjson

from api import conditional
from api.access import Access
from api.accounts import Accounts
from api.addresses import site_of
from api.body import parse, read
from api.context import Principal
from api.operation import Services
from domain.account.commands import (
    ChangePassword,
    CloseAccount,
    GrantRole,
    LockAccount,
    NewPassword,
    RevokeRole,
    UnlockAccount,
)
from domain.account.decide import ACCOUNT
from domain.account.errors import PasswordUnexpected, PasswordWrong, RoleOfPersons, RoleUnknown
from domain.account.events import Grant, Kind
from domain.account.state import Account
from domain.errors import TooMany


class UserRole:
    """``/v1/users/{user_id}/roles/{role}``: one role, such as ``courier`` or ``restaurant_staff:<restaurant id>``."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._services, self._accounts = services, Accounts(services)

    def on_put(self, req: falcon.Request, resp: falcon.Response, user_id: str, role: str) -> None:
        """Give it; one that is held already is silence."""
        grant = _grant(req, role)
        self._accounts.require_restaurant(grant, None)
        self._answer(req, resp, user_id, GrantRole(at=self._services.clock(), grant=grant))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user_id: str, role: str) -> None:
        """Take it away; one that is not held is silence."""
        self._answer(req, resp, user_id, RevokeRole(at=self._services.clock(), grant=_grant(req, role)))

    def _answer(
        self, req: falcon.Request, resp: falcon.Response, user_id: str, command: GrantRole | RevokeRole
    ) -> None:
        account_id = self._accounts.id_of(req, user_id)
        at = self._accounts.change(req, account_id, command)
        self._services.tokens.recall(account_id)  # a token carries roles: new ones are to be fetched
        self._accounts.send(resp, at)


class UserStep:
    """``/v1/users/{user_id}/{step}``: lock, unlock, close."""

    def __init__(self, services: Services, command: type[LockAccount | UnlockAccount | CloseAccount]) -> None:
        """Serve ``command``."""
        self._services, self._accounts, self._command = services, Accounts(services), command

    def on_post(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """Do it; whoever may do nothing any more is signed out everywhere."""
        account_id = self._accounts.id_of(req, user_id)
        command = parse(self._command, read(req), at=self._services.clock())
        at = self._accounts.change(req, account_id, command)
        if not isinstance(command, UnlockAccount):
            self._services.credentials.end_sessions(account_id)
        self._accounts.send(resp, at)


class UserPassword:
    """``/v1/users/{user_id}/password``: another one."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._services, self._accounts = services, Accounts(services)

    def on_put(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """Set it, which ends every session; one's own needs the present one, in as many tries as a sign-in has."""
        account_id = self._accounts.id_of(req, user_id)
        wanted = parse(NewPassword, read(req))
        account, version = self._accounts.found(req, account_id)
        conditional.require(conditional.demanded_version(req), version)
        if account.kind is Kind.APP:
            raise PasswordUnexpected
        command = ChangePassword(at=self._services.clock())
        ACCOUNT.decide(command, account)
        principal: Principal = req.context.principal
        if principal.account_id == account_id:
            self._prove(account, wanted.current_password or "", site_of(req))
        self._services.credentials.set_secret(account_id, wanted.password)
        self._accounts.send(resp, self._accounts.change(req, account_id, command))

    def _prove(self, account: Account, password: str, address: str) -> None:
        limits = self._services.identity.sign_in_limits
        wait_s = limits.take(str(account.id), address)
        if wait_s:
            raise TooMany(wait_s)
        if not self._services.credentials.check_account(account.id, password):
            raise PasswordWrong
        limits.give_back(str(account.id), address)


class ClientSecret:
    """``/v1/users/{user_id}/client-secret``: an app's secret, told once."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._services, self._accounts = services, Accounts(services)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """Make another one, which ends the one before and every session."""
        account_id = self._accounts.id_of(req, user_id)
        account, version = self._accounts.found(req, account_id)
        conditional.require(conditional.demanded_version(req), version)
        if account.kind is not Kind.APP:
            raise RoleOfPersons("Only an app has a client secret; a person has a password.")
        command = ChangePassword(at=self._services.clock())
        ACCOUNT.decide(command, account)
        secret = self._services.credentials.new_client_secret(account_id)
        self._accounts.send(resp, self._accounts.change(req, account_id, command))
        told: dict[str, Any] = {"client_id": str(account_id), "client_secret": secret}
        resp.data = orjson.dumps(told)
        resp.cache_control = ["no-store"]


def _grant(req: falcon.Request, text: str) -> Grant:
    """The role out of the path, if it is the asker's to give and to take."""
    try:
        grant = Grant.parse(text)
    except ValueError:
        raise RoleUnknown from None
    access: Access = req.context.access
    access.granting(grant)
    return grant
