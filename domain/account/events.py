"""What can have happened to an account. Personal texts are sealed (domain.privacy); secrets are never told here."""

from enum import StrEnum
from typing import Self
from uuid import UUID

from domain.event import Happened, Part


class Role(StrEnum):
    """What somebody is to Comanda; api/policy.py says what each may do."""

    CUSTOMER = "customer"
    RESTAURANT_OWNER = "restaurant_owner"
    RESTAURANT_STAFF = "restaurant_staff"
    COURIER = "courier"
    APP = "app"
    AUDITOR = "auditor"
    OPERATOR = "operator"


OF_A_RESTAURANT = frozenset({Role.RESTAURANT_OWNER, Role.RESTAURANT_STAFF})
"""Roles that are held at one restaurant; the others are held everywhere."""


class Kind(StrEnum):
    """A person signs in with a password, an app (a program) with a client secret."""

    PERSON = "person"
    APP = "app"


class Grant(Part):
    """A role and, always and only for the roles of restaurants, where it is held."""

    restaurant_id: UUID | None = None
    role: Role

    def text(self) -> str:
        """As tokens and addresses write it: ``customer``, or ``restaurant_staff:<restaurant id>``."""
        return self.role.value if self.restaurant_id is None else f"{self.role.value}:{self.restaurant_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The grant of this text; raises ValueError where it is none."""
        name, colon, place = text.partition(":")
        grant = cls(restaurant_id=UUID(place) if colon else None, role=Role(name))
        if grant.text() != text or not grant.whole:
            msg = "a role is expected, with the restaurant's id behind a colon where it is one of a restaurant"
            raise ValueError(msg)
        return grant

    @property
    def whole(self) -> bool:
        """Whether it names a restaurant just where its role is held at one."""
        return (self.restaurant_id is not None) is (self.role in OF_A_RESTAURANT)


class AccountRegistered(Happened):
    """Somebody, or a program of the operator ``operator_id``, got an account."""

    email: str | None = None
    grants: tuple[Grant, ...]
    id: UUID
    kind: Kind
    name: str | None = None
    operator_id: UUID | None = None
    phone: str | None = None


class EmailChanged(Happened):
    """The account has another e-mail address, and with it another login."""

    email: str | None = None


class ProfileChanged(Happened):
    """Name and phone are these from now on."""

    name: str | None = None
    phone: str | None = None


class RoleGranted(Happened):
    """The account may do more."""

    grant: Grant


class RoleRevoked(Happened):
    """The account may do less."""

    grant: Grant


class PasswordChanged(Happened):
    """The account has another password or client secret, which is not told."""


class AccountLocked(Happened):
    """The account can do nothing until it is unlocked."""


class AccountUnlocked(Happened):
    """The account can do again what its roles allow."""


class AccountClosed(Happened):
    """The account ended; it is never opened again."""


class ErasureRequested(Happened):
    """The person's key is to be destroyed."""


class PersonalDataErased(Happened):
    """The person's key was destroyed: no text that it sealed can be read any more."""


AccountEvent = (
    AccountRegistered
    | EmailChanged
    | ProfileChanged
    | RoleGranted
    | RoleRevoked
    | PasswordChanged
    | AccountLocked
    | AccountUnlocked
    | AccountClosed
    | ErasureRequested
    | PersonalDataErased
)
