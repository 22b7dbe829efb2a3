"""The rules of an account. A repeat of the same fact is silence; a contradiction is a refusal."""

from typing import assert_never

from domain.account.commands import (
    GRANTS_MAX,
    AccountCommand,
    ChangeDetails,
    ChangePassword,
    CloseAccount,
    ConfirmErasure,
    GrantRole,
    LockAccount,
    RegisterAccount,
    RequestErasure,
    RevokeRole,
    UnlockAccount,
)
from domain.account.errors import (
    AccountAlreadyClosed,
    AccountUnknown,
    EmailMissing,
    EmailUnexpected,
    ErasureNotRequested,
    RestaurantMissing,
    RestaurantUnexpected,
    RoleOfApps,
    RoleOfPersons,
    RolesTooMany,
)
from domain.account.events import (
    OF_A_RESTAURANT,
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
from domain.account.state import Account, evolve
from domain.decider import Decider


def decide(command: AccountCommand, account: Account | None) -> list[AccountEvent]:
    """The events that ``command`` causes, none for a repeat; raises a Refusal."""
    if isinstance(command, RegisterAccount):
        return _register(command, account)
    if account is None:
        raise AccountUnknown
    match command:
        case ChangeDetails():
            return _change(command, account)
        case GrantRole():
            return _grant(command, account)
        case RevokeRole():
            return _revoke(command, account)
        case ChangePassword():
            return _change_password(command, account)
        case LockAccount():
            _refuse_if_closed(account)
            return [] if account.locked else [AccountLocked(at=command.at)]
        case UnlockAccount():
            _refuse_if_closed(account)
            return [AccountUnlocked(at=command.at)] if account.locked else []
        case CloseAccount():
            return [] if account.closed else [AccountClosed(at=command.at)]
        case RequestErasure():
            return _request_erasure(command, account)
        case ConfirmErasure():
            return _confirm_erasure(command, account)
        case _:
            assert_never(command)


def _register(command: RegisterAccount, account: Account | None) -> list[AccountEvent]:
    if account is not None:
        return []
    for index, grant in enumerate(command.grants):
        _refuse_unfit(grant, command.kind, f"/grants/{index}")
    if command.kind is Kind.PERSON and command.email is None:
        raise EmailMissing
    if command.kind is Kind.APP and command.email is not None:
        raise EmailUnexpected
    return [
        AccountRegistered(
            at=command.at,
            email=command.email,
            grants=tuple(sorted(set(command.grants), key=Grant.text)),
            id=command.id,
            kind=command.kind,
            name=command.name,
            operator_id=command.operator_id,
            phone=command.phone,
        )
    ]


def _change(command: ChangeDetails, account: Account) -> list[AccountEvent]:
    events: list[AccountEvent] = []
    if command.email != account.email:
        if account.kind is Kind.APP:
            raise EmailUnexpected
        events.append(EmailChanged(at=command.at, email=command.email))
    if (command.name, command.phone) != (account.name, account.phone):
        events.append(ProfileChanged(at=command.at, name=command.name, phone=command.phone))
    if events:
        _refuse_if_closed(account)
    return events


def _grant(command: GrantRole, account: Account) -> list[AccountEvent]:
    if command.grant in account.grants:
        return []
    _refuse_if_closed(account)
    _refuse_unfit(command.grant, account.kind, "")
    if len(account.grants) >= GRANTS_MAX:
        raise RolesTooMany
    return [RoleGranted(at=command.at, grant=command.grant)]


def _revoke(command: RevokeRole, account: Account) -> list[AccountEvent]:
    if command.grant not in account.grants:
        return []
    _refuse_if_closed(account)
    return [RoleRevoked(at=command.at, grant=command.grant)]


def _change_password(command: ChangePassword, account: Account) -> list[AccountEvent]:
    if account.password_changed_at == command.at:
        return []
    _refuse_if_closed(account)
    return [PasswordChanged(at=command.at)]


def _request_erasure(command: RequestErasure, account: Account) -> list[AccountEvent]:
    if account.erasing:
        return []
    requested = ErasureRequested(at=command.at)
    return [requested] if account.closed else [AccountClosed(at=command.at), requested]


def _confirm_erasure(command: ConfirmErasure, account: Account) -> list[AccountEvent]:
    if account.erased:
        return []
    if not account.erasing:
        raise ErasureNotRequested
    return [PersonalDataErased(at=command.at)]


def _refuse_unfit(grant: Grant, kind: Kind, pointer: str) -> None:
    """Refuse a grant that is not whole, or is not for this kind of account."""
    if grant.role in OF_A_RESTAURANT and grant.restaurant_id is None:
        raise RestaurantMissing(pointer=f"{pointer}/restaurant_id")
    if grant.role not in OF_A_RESTAURANT and grant.restaurant_id is not None:
        raise RestaurantUnexpected(pointer=f"{pointer}/restaurant_id")
    if (grant.role is Role.APP) is not (kind is Kind.APP):
        raise (RoleOfApps if kind is Kind.PERSON else RoleOfPersons)(pointer=f"{pointer}/role")


def _refuse_if_closed(account: Account) -> None:
    if account.closed:
        raise AccountAlreadyClosed


ACCOUNT: Decider[AccountCommand, Account | None, AccountEvent] = Decider(
    category="account", initial=None, decide=decide, evolve=evolve
)
