"""Opening an account: its login is taken, its secret is set, and only then the account is told of.

So whoever has an account can sign in to it. A crash in between leaves a login that no account stands behind; after
``ABANDONED_AFTER`` it is given to whoever asks for it next. Should the first one come back to life later still, its
account has no login and no secret: nobody can use it, and an operator may close it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from api.operation import Services
from api.transact import Stood
from domain.account.commands import NewUser, RegisterAccount
from domain.account.decide import ACCOUNT
from domain.account.errors import EmailTaken, PasswordMissing, PasswordUnexpected, RegistrationUnderWay
from domain.account.events import AccountEvent, Kind, Role
from domain.account.state import Account
from domain.event_store import NEW_STREAM, AlreadyAnswered, Append, EventStore, StoredAnswer, StreamAppend
from domain.identity import Credentials
from domain.ids import born_at
from domain.privacy import Sealer

ABANDONED_AFTER = timedelta(minutes=1)
"""A registration takes a second at most, and a request is never served for so long."""


def registered(
    wanted: NewUser, sealer: Sealer, account_id: UUID, at: datetime, operator_id: UUID | None
) -> list[AccountEvent]:
    """What is to be told of a new account, its personal texts sealed; raises a Refusal.

    ``operator_id``: whose app it is, if it is one.
    """
    app = any(grant.role is Role.APP for grant in wanted.grants)
    if not app and wanted.password is None:
        raise PasswordMissing
    if app and wanted.password is not None:
        raise PasswordUnexpected
    command = RegisterAccount(
        at=at,
        id=account_id,
        kind=Kind.APP if app else Kind.PERSON,
        name=sealer.seal(f"{account_id}/name", wanted.name),
        email=None if wanted.email is None else sealer.seal(f"{account_id}/email", wanted.email),
        phone=None if wanted.phone is None else sealer.seal(f"{account_id}/phone", wanted.phone),
        grants=wanted.grants,
        operator_id=operator_id if app else None,
    )
    return ACCOUNT.decide(command, None)


def take_login(store: EventStore, credentials: Credentials, email: str, at: datetime, take: Callable[[], bool]) -> None:
    """Have ``take`` reserve the login of ``email``, be it from a registration that was abandoned.

    Raises EmailTaken, or RegistrationUnderWay where it cannot be told yet.
    """
    if take():
        return
    holder = credentials.find(email)
    if holder is not None:
        if store.load(holder):
            raise EmailTaken
        if at - born_at(holder) < ABANDONED_AFTER:
            raise RegistrationUnderWay
        credentials.release(holder)
    if not take():
        raise RegistrationUnderWay


def open_account(
    services: Services,
    wanted: NewUser,
    *,
    operator_id: UUID | None,
    meta: Mapping[str, str],
    answered: Callable[[Stood[Account]], StoredAnswer] | None = None,
) -> Stood[Account]:
    """Register, all of it; raises a Refusal, or AlreadyAnswered where ``answered`` is of a repeated request.

    ``operator_id``: whose app it is, if it is one. ``answered``: what to remember of it.
    """
    store, credentials = services.store, services.credentials
    account_id, at = uuid7(), services.clock()
    sealer = services.vault.begin(account_id)
    events = registered(wanted, sealer, account_id, at, operator_id)
    account = ACCOUNT.fold(events)
    assert account is not None
    opened = Stood(account, len(events))
    answer = None if answered is None else answered(opened)
    append = StreamAppend(stream_id=account_id, category=ACCOUNT.category, expected=NEW_STREAM, events=events)
    sign_up(store, credentials, wanted, account_id, at)
    try:
        store.append(Append(streams=[append], meta=meta, answer=answer, keys=sealer.fresh))
    except AlreadyAnswered:
        credentials.release(account_id)
        raise
    return opened


def sign_up(store: EventStore, credentials: Credentials, wanted: NewUser, account_id: UUID, at: datetime) -> None:
    """Give a new account its login and its password; an app gets its secret later, when it is asked for."""
    if wanted.email is None or wanted.password is None:
        return
    email = wanted.email
    take_login(store, credentials, email, at, lambda: credentials.reserve(email, account_id))
    credentials.set_secret(account_id, wanted.password)
