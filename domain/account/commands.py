"""What can be asked of an account.

What a request's body says of a person is plain and is checked here (``NewUser``, ``Details``, ``NewPassword``); the
commands carry it sealed, as the events will.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.account.events import Grant, Kind, Role
from domain.command import Command
from domain.values import PRINTABLE, Name, Text, Value

GRANTS_MAX = 100
EMAIL_MAX_CHARS = 254
PHONE_MAX_CHARS = 40
PASSWORD_MIN_CHARS, PASSWORD_MAX_CHARS = 10, 200
"""Length is what protects (NIST SP 800-63B, section 3.1.1.2); no rule asks for signs and digits."""

Email = Annotated[Text, Field(max_length=EMAIL_MAX_CHARS, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")]
"""One @ and a domain with a dot: whether it is somebody's, only a message to it can tell (RFC 5321, section 4.5.3)."""
Phone = Annotated[Text, Field(max_length=PHONE_MAX_CHARS, pattern=r"^\+?[0-9][0-9 ()./-]+$")]
Password = Annotated[
    str,
    StringConstraints(strict=True, min_length=PASSWORD_MIN_CHARS, max_length=PASSWORD_MAX_CHARS, pattern=PRINTABLE),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]


class NewUser(Value):
    """A person or, with the role app and nothing else, a program: the body of ``POST /v1/users``.

    A person needs ``email`` and ``password``. An app has neither: its secret is made by the server.
    """

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    password: Annotated[Password | None, Field(repr=False)] = None
    grants: Annotated[tuple[Grant, ...], Field(min_length=1, max_length=GRANTS_MAX)] = (Grant(role=Role.CUSTOMER),)


class Details(Value):
    """What is to change of a person; what is not named, or null, stays; but a phone that is null goes."""

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None


class NewPassword(Value):
    """Another password; people who change their own say the present one too."""

    password: Annotated[Password, Field(repr=False)]
    current_password: Annotated[Password | None, Field(repr=False)] = None


class RegisterAccount(Command):
    """Open an account."""

    id: UUID
    kind: Kind
    name: str
    email: str | None = None
    phone: str | None = None
    grants: tuple[Grant, ...]
    operator_id: UUID | None = None


class ChangeDetails(Command):
    """Be known by exactly these from now on."""

    name: str | None
    email: str | None
    phone: str | None


class GrantRole(Command):
    """Allow more."""

    grant: Grant


class RevokeRole(Command):
    """Allow less."""

    grant: Grant


class ChangePassword(Command):
    """Note that the secret was changed."""


class LockAccount(Command):
    """Let the account do nothing until it is unlocked; its sessions end."""


class UnlockAccount(Command):
    """Let the account do again what its roles allow."""


class CloseAccount(Command):
    """End the account for good, and keep what is known of the person."""


class RequestErasure(Command):
    """End the account for good, and have all that is known of the person destroyed."""


class ConfirmErasure(Command):
    """Note that the person's key was destroyed."""


AccountCommand = (
    RegisterAccount
    | ChangeDetails
    | GrantRole
    | RevokeRole
    | ChangePassword
    | LockAccount
    | UnlockAccount
    | CloseAccount
    | RequestErasure
    | ConfirmErasure
)
