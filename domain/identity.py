"""Who asks, as the rest of the program sees it: credentials, tokens, and what of an account a sign-in needs to know.

Secrets never enter the history: they live in ordinary tables behind these contracts, which infra/identity keeps. The
events of an account tell only that something was changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, Self
from uuid import UUID

RATE_WINDOW_S = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountFacts:
    """What a sign-in needs to know of an account: ``grants`` as texts; ``active``, for neither locked nor closed."""

    grants: frozenset[str]
    active: bool
    kind: Literal["person", "app"] = "person"
    operator_id: UUID | None = None


AccountOf = Callable[[UUID], AccountFacts | None]
"""Looks an account up as it stands now; None where there is none. May raise StoreUnavailable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedToken:
    """An access token, to be handed out and kept nowhere."""

    access_token: str
    expires_in_s: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VerifiedToken:
    """What a token says whose signature, issuer, audience and times were checked.

    The same token verified twice is the same object while it is cached, and compares as such. Times are milliseconds
    since 1970. ``client_id``: through which client the account acts.
    """

    account_id: UUID
    client_id: str
    grants: frozenset[str]
    issued_at_ms: int
    expires_at_ms: int


class Credentials(Protocol):
    """Logins and secrets of accounts. Every call may raise StoreUnavailable."""

    def reserve(self, login: str, account_id: UUID) -> bool:
        """Give a login (in any case of letters) to an account; False where another account has it. Repeatable."""
        ...

    def rename(self, account_id: UUID, login: str) -> bool:
        """Give an account another login, and free the one it had; False where another account has it."""
        ...

    def release(self, account_id: UUID) -> None:
        """Forget login, secret and every session of an account. Repeatable."""
        ...

    def find(self, login: str) -> UUID | None:
        """Whose login this is."""
        ...

    def set_secret(self, account_id: UUID, secret: str) -> None:
        """Set a person's password, and end every session of the account."""
        ...

    def new_client_secret(self, account_id: UUID) -> str:
        """Make and set the secret of a machine client, which is told this once; ends every session of the account."""
        ...

    def check(self, login: str, secret: str) -> UUID | None:
        """Whose login and password these are; the same work for an unknown login as for a wrong password."""
        ...

    def check_account(self, account_id: UUID, secret: str) -> bool:
        """Whether this is the account's secret, be it a password or a client's."""
        ...

    def end_sessions(self, account_id: UUID) -> None:
        """Let no refresh token of the account be taken from now on, and within seconds no access token either."""
        ...


class Tokens(Protocol):
    """Access tokens: signed by us, or by an issuer that we were told to trust. Calls may raise StoreUnavailable."""

    def issue(
        self, account_id: UUID, grants: Iterable[str], client_id: str, *, as_of_ms: int | None = None
    ) -> IssuedToken:
        """Sign a token for an account that was just authenticated.

        ``as_of_ms``: a moment before the account was looked at (now, where it is left out). Should the account's tokens
        be recalled between the look and the signature, the token is among them.
        """
        ...

    def verify(self, token: str) -> VerifiedToken:
        """What the token says; raises TokenInvalid. A few microseconds for one that was seen before."""
        ...

    def recall(self, account_id: UUID) -> None:
        """Take no access token that the account has now, within seconds everywhere; refresh tokens bring new ones.

        For a change of grants, which a token carries until it ends. Call it after the change is committed.
        """
        ...

    def known(self, token: str) -> bool:
        """Whether ``verify`` would answer at once, from what is known in this process."""
        ...

    def jwks(self) -> bytes:
        """The public keys by which our tokens can be checked (RFC 7517), as JSON."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewed:
    """A session that goes on: whose it is, and the refresh token that takes the place of the one just used."""

    account_id: UUID
    refresh_token: str


class RefreshRefused(Exception):
    """The refresh token is not, or no longer, one that is taken."""


class Sessions(Protocol):
    """Sign-ins that go on through refresh tokens. Every call may raise StoreUnavailable."""

    def begin(self, account_id: UUID, client_id: str, as_of_ms: int) -> str:
        """The first refresh token of a session.

        ``as_of_ms``: a moment before the account proved itself. Raises RefreshRefused where its sessions have been
        ended since.
        """
        ...

    def renew(self, refresh_token: str, client_id: str) -> Renewed:
        """Replace a refresh token; raises RefreshRefused. One that was replaced before ends its whole session."""
        ...

    def end(self, refresh_token: str, client_id: str) -> None:
        """End the session of a refresh token of this client, and recall the account's access tokens.

        A token that is not known is no matter.
        """
        ...


class SignInLimits(Protocol):
    """How often a sign-in may fail, by account and by address. Every call may raise StoreUnavailable."""

    def take(self, login: str, address: str) -> int:
        """Count an attempt before it is looked at; answers with the seconds to wait, 0 where it may go on."""
        ...

    def give_back(self, login: str, address: str) -> None:
        """The attempt succeeded: it does not count."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RatePolicy:
    """A token bucket: ``per_s`` flow into it, ``burst`` is what it holds."""

    name: str
    per_s: float
    burst: int
    header: str

    @classmethod
    def of(cls, name: str, per_s: float) -> Self:
        """The policy that allows ``per_s`` on average over RATE_WINDOW_S."""
        burst = max(1, round(per_s * RATE_WINDOW_S))
        return cls(name=name, per_s=per_s, burst=burst, header=f'"{name}";q={burst};w={RATE_WINDOW_S}')


class RateLimits(Protocol):
    """Counts what each principal takes, in all processes together."""

    def take(self, principal: str, policy: RatePolicy) -> tuple[int, int]:
        """Take one; answers with the seconds to wait, 0 for taken, and with what is left. Never waits."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """How many requests a second a principal may make on average, by what it is; reads and writes each."""

    machines: float
    houses: float
    customers: float
    anonymous: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """All that the api needs to know who asks, made where the parts are wired.

    ``issuer``: our own name in tokens, the URL under which clients reach us. ``first_party``: the public clients to
    which people may give their passwords.
    """

    account_of: AccountOf
    credentials: Credentials
    first_party: frozenset[str]
    rate_limits: RateLimits
    rates: Rates
    issuer: str
    sessions: Sessions
    sign_in_limits: SignInLimits
    tokens: Tokens
