"""People and apps with accounts, and the tokens that they come with: the one place where tests sign somebody in.

Accounts are opened as the program opens them, with secrets that the token endpoint takes. Tokens are signed by the very
keys of the database under test, without a request for each: a password is checked slowly on purpose.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4

from api.operation import Services
from api.registration import open_account
from domain.account.commands import NewUser
from domain.account.events import Grant, Role
from infra.cli.wired import wired
from infra.settings import Settings
from tests.servers.identity import IDENTITY

PASSWORD = "correct horse battery staple"
CLIENT = "comanda"
FRESH_S = 300.0
"""A token is used for so long, a third of its life."""


@dataclass(frozen=True)
class Someone:
    """An account, and how to sign in to it."""

    id: UUID
    email: str
    grants: tuple[Grant, ...]
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header with which this one asks."""
        return {"Authorization": f"Bearer {self.token}"}


class People:
    """Those who are on one migrated database; inside the block."""

    def __init__(self, database_url: str) -> None:
        self._settings = Settings(database_url=database_url, log_level="warning", **IDENTITY)
        self._open = ExitStack()
        self._made: dict[tuple[Grant, ...], tuple[Someone, float]] = {}

    def __enter__(self) -> Self:
        self.services: Services = self._open.enter_context(wired(self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def someone(self, *grants: Grant) -> Someone:
        """Somebody new with these roles; with none, a customer."""
        roles = grants or (Grant(role=Role.CUSTOMER),)
        app = Grant(role=Role.APP) in roles
        email = f"{roles[0].role.value}-{uuid4().hex}@example.org"
        wanted = NewUser(
            name=f"Some {roles[0].role.value}",
            email=None if app else email,
            password=None if app else PASSWORD,
            grants=roles,
        )
        account = open_account(self.services, wanted, operator_id=None, meta={"actor": "tests"}).state
        return Someone(account.id, email, roles, self.token(account.id, *roles))

    def token(self, account_id: UUID, *grants: Grant) -> str:
        """An access token for somebody with these roles."""
        texts = [grant.text() for grant in grants]
        return self.services.tokens.issue(account_id, texts, CLIENT).access_token

    def one(self, *grants: Grant) -> Someone:
        """The same one each time for the same roles, with a token that is fresh."""
        someone, since = self._made.get(grants, (None, 0.0))
        if someone is None:
            someone = self.someone(*grants)
        elif time.monotonic() - since < FRESH_S:
            return someone
        else:
            someone = Someone(someone.id, someone.email, someone.grants, self.token(someone.id, *someone.grants))
        self._made[grants] = (someone, time.monotonic())
        return someone

    @property
    def operator(self) -> Someone:
        """Who may do everything."""
        return self.one(Grant(role=Role.OPERATOR))
