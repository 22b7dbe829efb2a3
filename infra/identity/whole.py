"""All of the identity tables' users, wired together for one process."""

from types import TracebackType
from typing import Self
from uuid import UUID

from domain.event_store import StoreUnavailable
from domain.identity import AccountFacts, AccountOf, Identity, Rates
from infra.identity.access_tokens import AccessTokens
from infra.identity.credentials import PostgresCredentials
from infra.identity.database import IdentityDatabase
from infra.identity.external import OpenIdIssuer
from infra.identity.limits import PostgresSignInLimits
from infra.identity.passwords import Passwords
from infra.identity.provider_keys import trustworthy
from infra.identity.rates import LeasedRates
from infra.identity.recalls import Recalls
from infra.identity.sessions import PostgresSessions
from infra.identity.signing_keys import SigningKeys
from infra.identity.watch import Watch
from infra.master_key import MasterKeys, MasterKeyUnknown
from infra.refusal import CannotStart
from infra.settings import Settings


class IdentityParts:
    """What knows who asks, from ``open`` (or ``with``) to ``close``. `comanda keys` opens ``database`` only."""

    def __init__(self, settings: Settings, master_keys: MasterKeys) -> None:
        """Open nothing yet."""
        self.master_keys = master_keys
        self.database = IdentityDatabase(settings.needed_database_url())
        self.keys = SigningKeys(self.database, master_keys)
        self._settings = settings
        recalls = Recalls(self.database)
        passwords = Passwords(time_cost=settings.argon2_time_cost, memory_kib=settings.argon2_memory_kib)
        self.credentials = PostgresCredentials(self.database, master_keys, passwords, recalls)
        self._account_of: AccountOf = lambda _: None
        external = _external(settings, self.database, self.credentials)
        self.tokens = AccessTokens(self.keys, recalls, settings.issuer, external=external, account_of=self._facts)
        self._sessions = PostgresSessions(self.database, recalls)
        self._sign_in_limits = PostgresSignInLimits(
            self.database,
            self.credentials,
            per_login=settings.sign_in_failures_per_login,
            per_address=settings.sign_in_failures_per_address,
        )
        self._rate_limits = LeasedRates(self.database)
        self._watches = [Watch([self.keys.refresh, recalls.refresh])]
        if external is not None:
            self._watches.append(Watch([external.keys.refresh]))  # which waits for a provider that does not answer

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Begin to connect and to look at the tables; does not wait for the database."""
        self.database.open()
        self._rate_limits.open()
        for watch in self._watches:
            watch.open()

    def check(self) -> None:
        """Look whether the master key is the one that wrapped the signing keys; raises CannotStart.

        Where the database does not answer yet, this is found out later, by the first who signs in.
        """
        try:
            self.keys.signer()
        except MasterKeyUnknown as why:
            raise CannotStart(f"the signing keys cannot be unwrapped: {why}") from None
        except StoreUnavailable:
            pass

    def close(self) -> None:
        """Close every connection."""
        for watch in self._watches:
            watch.close()
        self._rate_limits.close()
        self.database.close()

    def _facts(self, account_id: UUID) -> AccountFacts | None:
        return self._account_of(account_id)

    def identity(self, account_of: AccountOf) -> Identity:
        """What the api asks."""
        self._account_of = account_of
        return Identity(
            account_of=account_of,
            credentials=self.credentials,
            first_party=frozenset(name.strip() for name in self._settings.first_party_clients.split(",")),
            issuer=self._settings.issuer,
            rate_limits=self._rate_limits,
            rates=Rates(
                machines=self._settings.rate_machines,
                houses=self._settings.rate_houses,
                customers=self._settings.rate_customers,
                anonymous=self._settings.rate_anonymous,
            ),
            sessions=self._sessions,
            sign_in_limits=self._sign_in_limits,
            tokens=self.tokens,
        )


def _external(settings: Settings, database: IdentityDatabase, macs: PostgresCredentials) -> OpenIdIssuer | None:
    """The OpenID provider that the settings name; raises CannotStart where they say too little of it."""
    issuer = settings.oidc_issuer
    if issuer is None:
        return None
    if not settings.oidc_audience:
        raise CannotStart("COMANDA_OIDC_ISSUER needs COMANDA_OIDC_AUDIENCE: the audience of its tokens for us")
    if not trustworthy(issuer):
        raise CannotStart("COMANDA_OIDC_ISSUER must be an https address: its keys decide who may do what")
    return OpenIdIssuer(issuer, settings.oidc_audience, settings.oidc_role_claim, settings.oidc_roles, database, macs)
