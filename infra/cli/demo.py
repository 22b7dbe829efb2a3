"""Somebody for each role at the demo restaurant, to try everything with. Only for a house in which nobody lives yet."""

import secrets
from typing import TypedDict
from uuid import UUID

from api.operation import Services
from api.registration import open_account
from api.transact import transact
from domain.account.commands import ChangePassword, NewUser
from domain.account.decide import ACCOUNT
from domain.account.errors import EmailTaken
from domain.account.events import OF_A_RESTAURANT, Grant, Role

PASSWORD_BYTES = 12
META = {"actor": "seed"}
_ANYBODY = "select 1 from read_models.accounts limit 1"


class DemoAccount(TypedDict):
    """How to sign in as somebody: with a login and a password, or as an app with its id and secret."""

    role: str
    login: str
    secret: str


def demo_accounts(services: Services, restaurant_id: UUID) -> list[DemoAccount]:
    """One account for each role, made or, where a first run was cut short, given another secret.

    None where there are other accounts already: no door is opened into a house that is lived in.
    """
    operator = services.credentials.find(email_of(Role.OPERATOR))
    if operator is None and services.fetch(_ANYBODY, ()):
        return []
    first = _person(services, Role.OPERATOR, restaurant_id)
    others = [_person(services, role, restaurant_id) for role in Role if role not in {Role.APP, Role.OPERATOR}]
    return [*others, _app(services, services.credentials.find(first["login"])), first]


def email_of(role: Role) -> str:
    """The login of the demo account of this role."""
    return f"{role.value.replace('_', '.')}@comanda.example"


def _person(services: Services, role: Role, restaurant_id: UUID) -> DemoAccount:
    grant = Grant(role=role, restaurant_id=restaurant_id if role in OF_A_RESTAURANT else None)
    email, password = email_of(role), secrets.token_urlsafe(PASSWORD_BYTES)
    name = f"Demo {role.value.replace('_', ' ').title()}"
    wanted = NewUser(name=name, email=email, password=password, grants=(grant,))
    try:
        open_account(services, wanted, operator_id=None, meta=META)
    except EmailTaken:
        account_id = services.credentials.find(email)
        assert account_id is not None
        services.credentials.set_secret(account_id, password)
        transact(services.store, ACCOUNT, account_id, ChangePassword(at=services.clock()), meta=META)
    return DemoAccount(role=role.value, login=email, secret=password)


def _app(services: Services, operator_id: UUID | None) -> DemoAccount:
    wanted = NewUser(name="Demo App", grants=(Grant(role=Role.APP),))
    account = open_account(services, wanted, operator_id=operator_id, meta=META).state
    secret = services.credentials.new_client_secret(account.id)
    return DemoAccount(role=Role.APP.value, login=str(account.id), secret=secret)
