"""The people of a small house, and what can happen to their accounts. Personal texts are sealed: opaque here."""

from uuid import UUID

from domain.account.commands import (
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
from domain.account.events import (
    AccountClosed,
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
from tests.domain.sample_menu import NOON, RESTAURANT_ID, minutes

ADA_ID = UUID("019aa0c0-0000-7000-8000-00000000ada0")
APP_ID = UUID("019aa0c0-0000-7000-8000-00000000a990")
NAME, EMAIL, PHONE = "enc1.name", "enc1.email", "enc1.phone"

CUSTOMER = Grant(role=Role.CUSTOMER)
OPERATOR = Grant(role=Role.OPERATOR)
APP = Grant(role=Role.APP)
STAFF = Grant(role=Role.RESTAURANT_STAFF, restaurant_id=RESTAURANT_ID)
OWNER = Grant(role=Role.RESTAURANT_OWNER, restaurant_id=RESTAURANT_ID)

# What can be asked


def register_with(*grants: Grant, kind: Kind = Kind.PERSON, email: str | None = EMAIL) -> RegisterAccount:
    """Ada registers with these roles."""
    return RegisterAccount(at=NOON, id=ADA_ID, kind=kind, name=NAME, email=email, phone=PHONE, grants=grants)


def change(name: str | None = NAME, email: str | None = EMAIL, phone: str | None = PHONE) -> ChangeDetails:
    """Be known by these, by default as Ada is known already."""
    return ChangeDetails(at=minutes(2), name=name, email=email, phone=phone)


register = register_with(CUSTOMER)
grant_staff = GrantRole(at=minutes(1), grant=STAFF)
revoke_customer = RevokeRole(at=minutes(1), grant=CUSTOMER)
change_password = ChangePassword(at=minutes(3))
lock = LockAccount(at=minutes(4))
unlock = UnlockAccount(at=minutes(5))
close = CloseAccount(at=minutes(6))
request_erasure = RequestErasure(at=minutes(7))
confirm_erasure = ConfirmErasure(at=minutes(8))

# What has happened

registered = AccountRegistered(
    at=NOON, email=EMAIL, grants=(CUSTOMER,), id=ADA_ID, kind=Kind.PERSON, name=NAME, phone=PHONE
)
app_registered = AccountRegistered(at=NOON, grants=(APP,), id=APP_ID, kind=Kind.APP, name=NAME, operator_id=ADA_ID)
email_changed = EmailChanged(at=minutes(2), email="enc1.other")
profile_changed = ProfileChanged(at=minutes(2), name="enc1.Lovelace", phone=PHONE)
granted_staff = RoleGranted(at=minutes(1), grant=STAFF)
revoked_customer = RoleRevoked(at=minutes(1), grant=CUSTOMER)
password_changed = PasswordChanged(at=minutes(3))
locked = AccountLocked(at=minutes(4))
unlocked = AccountUnlocked(at=minutes(5))
closed = AccountClosed(at=minutes(6))
erasure_requested = ErasureRequested(at=minutes(7))
erased = PersonalDataErased(at=minutes(8))
