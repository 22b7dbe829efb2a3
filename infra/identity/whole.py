"""All of the identity tables' users, wired together for one process."""

from types import TracebackType
from typing import Self

from domain.identity import AccountOf, Identity
from infra.identity.access_tokens import AccessTokens
from infra.identity.credentials import PostgresCredentials
from infra.identity.database import IdentityDatabase
from infra.identity.limits import PostgresSignInLimits
from infra.identity.passwords import Passwords
from infra.identity.recalls import Recalls
from infra.identity.sessions import PostgresSessions
from infra.identity.signing_keys import SigningKeys
from infra.identity.watch import Watch
from infra.master_key import MasterKeys
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
        self.tokens = AccessTokens(self.keys, recalls, settings.issuer)
        self._sessions = PostgresSessions(self.database, recalls)
        self._sign_in_limits = PostgresSignInLimits(
            self.database,
            self.credentials,
            per_login=settings.sign_in_failures_per_login,
            per_address=settings.sign_in_failures_per_address,
        )
        self._watch = Watch([self.keys.refresh, recalls.refresh])

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Begin to connect and to look at the tables; does not wait for the database."""
        self.database.open()
        self._watch.open()

    def close(self) -> None:
        """Close every connection."""
        self._watch.close()
        self.database.close()

    def identity(self, account_of: AccountOf) -> Identity:
        """What the api asks."""
        return Identity(
            account_of=account_of,
            credentials=self.credentials,
            first_party=frozenset(self._settings.first_party_clients.split(",")),
            issuer=self._settings.issuer,
            sessions=self._sessions,
            sign_in_limits=self._sign_in_limits,
            tokens=self.tokens,
        )
