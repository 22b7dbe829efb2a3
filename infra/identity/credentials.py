"""Logins and secrets in their tables: the contract of domain.identity.Credentials."""

import hmac
import secrets
import unicodedata
from contextlib import suppress
from functools import cached_property
from uuid import UUID

import psycopg

from domain.event_store import StoreBusy
from infra.identity.database import IdentityDatabase
from infra.identity.passwords import Passwords
from infra.identity.recalls import Recalls
from infra.identity.secrets_table import identity_secret
from infra.identity.sessions import end_all
from infra.master_key import MasterKeys

CLIENT_SECRET_BYTES = 32
CLIENT_SECRET_PREFIX = "comanda_secret_"  # noqa: S105  only its beginning: what leaks into a repository can be searched for
PASSWORD, CLIENT_SECRET = "argon2id", "hmac-sha256"

_ADD_LOGIN = "insert into comanda.logins (login_mac, account_id) values (%s, %s) on conflict do nothing"
_MOVE_LOGIN = "update comanda.logins set login_mac = %s where account_id = %s returning account_id"
_FIND_LOGIN = "select account_id from comanda.logins where login_mac = %s"
_FREE_LOGIN = "delete from comanda.logins where account_id = %s"
_BY_LOGIN = """
select l.account_id, s.scheme, s.hash from comanda.logins l left join comanda.account_secrets s using (account_id)
where l.login_mac = %s
"""
_BY_ACCOUNT = "select account_id, scheme, hash from comanda.account_secrets where account_id = %s"
_SET = """
insert into comanda.account_secrets (account_id, scheme, hash) values (%s, %s, %s)
on conflict (account_id) do update set scheme = excluded.scheme, hash = excluded.hash, set_at = clock_timestamp()
"""
_REHASH = "update comanda.account_secrets set hash = %s where account_id = %s and hash = %s"
_FORGET = "delete from comanda.account_secrets where account_id = %s"


class PostgresCredentials:
    """Logins as keyed hashes, passwords as argon2id hashes, client secrets as keyed hashes.

    A client secret is 256 random bits that we made: nobody guesses it, however fast the hash, so slow hashing would
    protect nothing and cost every sign-in of a machine a tenth of a second. The key (see secrets_table) keeps a stolen
    dump from being checked against anything at all.
    """

    def __init__(
        self, database: IdentityDatabase, master_keys: MasterKeys, passwords: Passwords, recalls: Recalls
    ) -> None:
        """Open nothing yet."""
        self._database, self._master_keys = database, master_keys
        self._passwords, self._recalls = passwords, recalls

    @cached_property
    def _key(self) -> bytes:
        return identity_secret(self._database, self._master_keys, "login")

    def mac(self, *what: str) -> bytes:
        """The keyed hash under which something personal may be found again and cannot be read."""
        return hmac.digest(self._key, "\0".join(what).encode("utf-8", "surrogatepass"), "sha256")

    def reserve(self, login: str, account_id: UUID) -> bool:
        """See Credentials.reserve; False too where the account has another login, which ``rename`` changes."""
        mac = self.login_mac(login)
        self._database.run(_ADD_LOGIN, (mac, account_id))
        return self._database.run(_FIND_LOGIN, (mac,)) == [(account_id,)]

    def rename(self, account_id: UUID, login: str) -> bool:
        """See Credentials.rename."""
        try:
            moved = self._database.run(_MOVE_LOGIN, (self.login_mac(login), account_id))
        except psycopg.errors.UniqueViolation:
            return False
        return bool(moved) or self.reserve(login, account_id)

    def release(self, account_id: UUID) -> None:
        """See Credentials.release."""
        with self._database.transaction() as db:
            db.execute(_FREE_LOGIN, (account_id,))
            db.execute(_FORGET, (account_id,))
        self.end_sessions(account_id)

    def find(self, login: str) -> UUID | None:
        """See Credentials.find."""
        found: list[tuple[UUID]] = self._database.run(_FIND_LOGIN, (self.login_mac(login),))
        return found[0][0] if found else None

    def set_secret(self, account_id: UUID, secret: str) -> None:
        """See Credentials.set_secret."""
        self._set(account_id, PASSWORD, self._passwords.hash(_normal(secret)))

    def new_client_secret(self, account_id: UUID) -> str:
        """See Credentials.new_client_secret."""
        secret = CLIENT_SECRET_PREFIX + secrets.token_urlsafe(CLIENT_SECRET_BYTES)
        self._set(account_id, CLIENT_SECRET, self._client_secret(account_id, secret))
        return secret

    def check(self, login: str, secret: str) -> UUID | None:
        """See Credentials.check."""
        found = self._database.run(_BY_LOGIN, (self.login_mac(login),))
        account_id, scheme, hashed = found[0] if found else (None, None, None)
        matches = self._password_matches(account_id, hashed if scheme == PASSWORD else None, secret)
        return account_id if matches else None

    def check_account(self, account_id: UUID, secret: str) -> bool:
        """See Credentials.check_account."""
        found = self._database.run(_BY_ACCOUNT, (account_id,))
        _, scheme, hashed = found[0] if found else (None, None, "")
        if scheme == PASSWORD:
            return self._password_matches(account_id, hashed, secret)
        return hmac.compare_digest(self._client_secret(account_id, secret), hashed)

    def end_sessions(self, account_id: UUID) -> None:
        """See Credentials.end_sessions."""
        # The recall comes first: a session that begins after it finds it, one that began before is ended here.
        self._recalls.recall(account_id)
        end_all(self._database, account_id)

    def _set(self, account_id: UUID, scheme: str, hashed: str) -> None:
        self._database.run(_SET, (account_id, scheme, hashed))
        self.end_sessions(account_id)

    def _password_matches(self, account_id: UUID | None, hashed: str | None, secret: str) -> bool:
        password = _normal(secret)
        if not self._passwords.check(password, hashed):
            return False
        assert hashed is not None
        if self._passwords.outdated(hashed):
            with suppress(StoreBusy):  # the next sign-in will do
                self._database.run(_REHASH, (self._passwords.hash(password), account_id, hashed))
        return True

    def login_mac(self, login: str) -> bytes:
        """The keyed hash of a login, the same in any case of letters."""
        return self.mac("login", unicodedata.normalize("NFKC", login.strip()).casefold())

    def _client_secret(self, account_id: UUID, secret: str) -> str:
        return self.mac("client secret", str(account_id), secret).hex()


def _normal(password: str) -> bytes:
    """One form for what looks the same on every keyboard (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
