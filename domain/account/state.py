"""The account as its history tells it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.account.events import (
    AccountClosed,
    AccountEvent,
    AccountLocked,
    AccountRegistered,
    AccountUnlocked,
    EmailChanged,
    ErasureRequested,
    Grant,
    Kind,
    PasswordChanged,
    PersonalDataErased,
    ProfileChanged,
    Role,
    RoleGranted,
    RoleRevoked,
)
from domain.event import EventMalformed


class Standing(StrEnum):
    """Whether an account can be used, and if not, why."""

    ACTIVE = "active"
    LOCKED = "locked"
    CLOSED = "closed"
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody, or a program. ``name``, ``email`` and ``phone`` are sealed, and None once they were erased."""

    id: UUID
    kind: Kind
    name: str | None
    email: str | None
    phone: str | None
    operator_id: UUID | None
    grants: frozenset[Grant]
    registered_at: datetime
    password_changed_at: datetime | None = None
    locked: bool = False
    closed: bool = False
    erasing: bool = False
    erased: bool = False

    @property
    def standing(self) -> Standing:
        """The strongest of what stands against its use."""
        if self.erased:
            return Standing.ERASED
        if self.closed:
            return Standing.ERASING if self.erasing else Standing.CLOSED
        return Standing.LOCKED if self.locked else Standing.ACTIVE

    @property
    def operates(self) -> bool:
        """Whether it runs the platform, now."""
        return self.standing is Standing.ACTIVE and Grant(role=Role.OPERATOR) in self.grants


def evolve(account: Account | None, event: AccountEvent) -> Account:
    """The account after ``event``; raises EventMalformed for a history that does not begin with its registration."""
    if isinstance(event, AccountRegistered):
        return _registered(event)
    if account is None:
        msg = f"{type(event).__name__} stands before AccountRegistered"
        raise EventMalformed(msg)
    match event:
        case EmailChanged():
            return replace(account, email=event.email)
        case ProfileChanged():
            return replace(account, name=event.name, phone=event.phone)
        case RoleGranted():
            return replace(account, grants=account.grants | {event.grant})
        case RoleRevoked():
            return replace(account, grants=account.grants - {event.grant})
        case PasswordChanged():
            return replace(account, password_changed_at=event.at)
        case AccountLocked() | AccountUnlocked():
            return replace(account, locked=isinstance(event, AccountLocked))
        case AccountClosed() | ErasureRequested() | PersonalDataErased():
            return _ended(account, event)
        case _:
            assert_never(event)


def _registered(event: AccountRegistered) -> Account:
    return Account(
        id=event.id,
        kind=event.kind,
        name=event.name,
        email=event.email,
        phone=event.phone,
        operator_id=event.operator_id,
        grants=frozenset(event.grants),
        registered_at=event.at,
    )


def _ended(account: Account, event: AccountClosed | ErasureRequested | PersonalDataErased) -> Account:
    match event:
        case AccountClosed():
            return replace(account, closed=True)
        case ErasureRequested():
            return replace(account, erasing=True)
        case PersonalDataErased():
            return replace(account, erased=True, name=None, email=None, phone=None)
        case _:
            assert_never(event)
