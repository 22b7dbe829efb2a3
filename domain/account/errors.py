"""Why an account is not made, changed or given a role."""

from domain.errors import Contradiction, Unacceptable, Unknown


class AccountUnknown(Unknown):
    """No user has this id."""


class AccountAlreadyClosed(Contradiction):
    """The account was closed; nothing about it can change."""


class LastOperator(Contradiction):
    """This is the last operator; make another one first."""


class ErasureNotRequested(Contradiction):
    """Nobody has asked to erase this account's personal data."""


# How somebody signs in


class EmailMissing(Unacceptable):
    """A person needs an e-mail address to sign in with."""

    pointer = "/email"


class EmailUnexpected(Unacceptable):
    """An app signs in with its id and secret; leave the e-mail address out."""

    pointer = "/email"


class EmailTaken(Contradiction):
    """Another account has this e-mail address; sign in with it, or take another."""

    pointer = "/email"


class RegistrationUnderWay(Contradiction):
    """An account with this e-mail address is being registered at this moment; repeat the request in a minute."""

    pointer = "/email"


class PasswordMissing(Unacceptable):
    """A person needs a password to sign in with."""

    pointer = "/password"


class PasswordUnexpected(Unacceptable):
    """An app has no password; ask for a client secret when it is registered."""

    pointer = "/password"


class PasswordWrong(Unacceptable):
    """The present password is another one."""

    pointer = "/current_password"


# Roles


class RoleUnknown(Unknown):
    """There is no such role: write one such as courier, or restaurant_staff: and the restaurant's id."""


class RoleOfApps(Unacceptable):
    """The role app is for programs, which have no other role and no password."""


class RoleOfPersons(Unacceptable):
    """An app has the role app and no other."""


class RolesTooMany(Unacceptable):
    """An account has at most 100 roles; take one away first."""


class RestaurantMissing(Unacceptable):
    """This role is held at a restaurant; name it with restaurant_id."""


class RestaurantUnexpected(Unacceptable):
    """This role is held everywhere; leave restaurant_id out."""
