"""`comanda users`: make, list and administer accounts beside the API; the first operator is made so."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import click
import orjson
from pydantic import ValidationError

from api.accounts import OPERATORS, Accounts
from api.operation import Services
from api.registration import open_account
from api.transact import transact
from domain.account.commands import (
    PASSWORD_MAX_CHARS,
    PASSWORD_MIN_CHARS,
    ChangePassword,
    GrantRole,
    LockAccount,
    NewPassword,
    NewUser,
    RevokeRole,
    UnlockAccount,
)
from domain.account.decide import ACCOUNT
from domain.account.errors import LastOperator
from domain.account.events import Grant, Kind, Role
from domain.errors import Refusal
from domain.event_store import StoreUnavailable
from infra.cli.wired import wired
from infra.refusal import CannotStart
from infra.settings import read_settings
from projections import accounts as view

META = {"actor": "comanda users"}
LISTED_MAX = 200
_LAST_OPERATOR = (
    "this is the last operator: make another one first, with comanda users create --role operator; "
    "it counts once comanda users list shows it"
)


@click.group()
def users() -> None:
    """Make, list and administer accounts. They need COMANDA_DATABASE_URL and the master key, as the API does."""


class _Grant(click.ParamType[Grant]):
    """A role as the API writes it: ``courier``, or ``restaurant_staff:<restaurant id>``."""

    name = "role"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Grant:
        try:
            return value if isinstance(value, Grant) else Grant.parse(value)
        except ValueError:
            self.fail(f"{value!r} is none of {', '.join(Role)}; those of restaurants have :RESTAURANT_ID behind them")


_WHO = click.argument("who", metavar="EMAIL_OR_ID")
_ROLE = click.argument("grant", type=_Grant(), metavar="ROLE")
_FROM_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin, and do not ask for it."
)


@users.command()
@click.option("--role", "grants", type=_Grant(), multiple=True, required=True, help="May be given several times.")
@click.option("--email", help="What a person signs in with.")
@click.option("--name", help="[default: what stands before the @]")
@click.option("--operator", help="Of an app: e-mail address or id of the operator that it belongs to.")
@_FROM_STDIN
def create(
    grants: tuple[Grant, ...], email: str | None, name: str | None, operator: str | None, password_stdin: bool
) -> None:
    """Make an account; prints it as JSON. An app's client secret is printed this once."""
    app = any(grant.role is Role.APP for grant in grants)
    if app and name is None:
        raise CannotStart("an app needs a name: add --name")
    password = None if app else _password(password_stdin)
    with _opened() as services:
        operator_id = None if operator is None else _found(services, operator)
        wanted = _checked(
            NewUser, name=name or (email or "").partition("@")[0], email=email, password=password, grants=grants
        )
        account = open_account(services, wanted, operator_id=operator_id, meta=META).state
        told: dict[str, Any] = {"id": str(account.id), "roles": [grant.text() for grant in grants]}
        if account.kind is Kind.APP:
            told |= {"client_id": str(account.id), "client_secret": services.credentials.new_client_secret(account.id)}
        click.echo(orjson.dumps(told).decode())


@users.command(name="list")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Only with this role.")
def list_users(role: str | None) -> None:
    """List the accounts that the read model has, the newest first, at most 200, one as JSON on each line."""
    query = {"account_id": None, "status": None, "terms": [role] if role else None, "within": None, "before": None}
    with _opened() as services:
        rows = services.fetch(view.LIST, {**query, "limit": LISTED_MAX}, prepare=False)
        for text in services.vault.unseal_documents([(row[0], row[1].encode()) for row in rows]):
            click.echo(text.decode())


@users.command()
@_WHO
@_ROLE
def grant(who: str, grant: Grant) -> None:
    """Give a role."""
    _change(who, lambda at: GrantRole(at=at, grant=grant))


@users.command()
@_WHO
@_ROLE
def revoke(who: str, grant: Grant) -> None:
    """Take a role away; never the last operator's."""
    _change(who, lambda at: RevokeRole(at=at, grant=grant))


@users.command()
@_WHO
def lock(who: str) -> None:
    """Let an account do nothing until it is unlocked; it is signed out everywhere. Never the last operator's."""
    _change(who, lambda at: LockAccount(at=at), end_sessions=True)


@users.command()
@_WHO
def unlock(who: str) -> None:
    """Let an account do again what its roles allow."""
    _change(who, lambda at: UnlockAccount(at=at))


@users.command()
@_WHO
@_FROM_STDIN
def password(who: str, password_stdin: bool) -> None:
    """Set another password; the account is signed out everywhere."""
    wanted = _checked(NewPassword, password=_password(password_stdin))
    with _opened() as services:
        account_id = _found(services, who)
        services.credentials.set_secret(account_id, wanted.password)
        transact(services.store, ACCOUNT, account_id, ChangePassword(at=services.clock()), meta=META)


def _change(who: str, command: Any, *, end_sessions: bool = False) -> None:
    with _opened() as services:
        account_id, wanted = _found(services, who), command(services.clock())
        premises = partial(Accounts(services).premises, wanted)
        transact(services.store, ACCOUNT, account_id, wanted, meta=META, premises=premises, turns=[OPERATORS])
        (services.credentials.end_sessions if end_sessions else services.tokens.recall)(account_id)


@contextmanager
def _opened() -> Iterator[Services]:
    """The parts; a refusal is one line."""
    try:
        with wired(read_settings()) as services:
            yield services
    except LastOperator:
        raise CannotStart(_LAST_OPERATOR) from None
    except (Refusal, StoreUnavailable) as why:
        raise CannotStart(str(why)) from None


def _found(services: Services, who: str) -> UUID:
    try:
        return UUID(who)
    except ValueError:
        account_id = services.credentials.find(who)
    if account_id is None:
        raise CannotStart(f"nobody has the e-mail address {who}")
    return account_id


def _checked(model: Any, **told: Any) -> Any:
    """The model of what was told; a mistake is one line that does not repeat it."""
    try:
        return model(**told)
    except ValidationError as wrong:
        errors = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in wrong.errors(include_input=False)]
        raise CannotStart("; ".join(errors)) from None


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline(PASSWORD_MAX_CHARS + 2).rstrip("\r\n")
    told: str = click.prompt(
        f"Password (at least {PASSWORD_MIN_CHARS} characters)", hide_input=True, confirmation_prompt=True, err=True
    )
    return told
