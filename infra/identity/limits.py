"""How often signing in may fail: counted in PostgreSQL, so that all processes count together.

An attempt is charged before it is looked at, else many at once would all be looked at; a success gives it back. Login
and address are counted apart: the first stops whoever tries many passwords on one account, the second whoever tries one
password on many accounts. Unknown logins are counted like known ones.
"""

import math

from infra.identity.credentials import PostgresCredentials
from infra.identity.database import IdentityDatabase

PER_LOGIN = 10
PER_ADDRESS = 100
WINDOW_S = 600
"""So many may fail at once, and as many again within this time."""

# By itself, so that it holds no row while it waits for another.
_FORGET = """
delete from comanda.sign_in_limits where key in (
    select key from comanda.sign_in_limits where empty_at < clock_timestamp() - interval '1 minute'
    order by empty_at limit 20 for update skip locked
)
"""
_TAKE = "select comanda.take_sign_in(%s::bytea[], %s::float8[], %s::integer[])"
_GIVE_BACK = "select comanda.give_back_sign_in(%s::bytea[], %s::float8[])"


class PostgresSignInLimits:
    """The contract of domain.identity.SignInLimits."""

    def __init__(
        self,
        database: IdentityDatabase,
        credentials: PostgresCredentials,
        *,
        per_login: int = PER_LOGIN,
        per_address: int = PER_ADDRESS,
    ) -> None:
        """``credentials`` makes the keys under which is counted: neither login nor address is kept."""
        self._database, self._credentials = database, credentials
        self._per_login, self._per_address = per_login, per_address

    def take(self, login: str, address: str) -> int:
        """See SignInLimits.take."""
        keys, steps_s, bursts = zip(*self._counted(login, address), strict=True)
        self._database.run(_FORGET)
        wait_s: float
        ((wait_s,),) = self._database.run(_TAKE, (list(keys), list(steps_s), list(bursts)))
        return math.ceil(wait_s)

    def give_back(self, login: str, address: str) -> None:
        """See SignInLimits.give_back."""
        keys, steps_s, _ = zip(*self._counted(login, address), strict=True)
        self._database.run(_GIVE_BACK, (list(keys), list(steps_s)))

    def _counted(self, login: str, address: str) -> list[tuple[bytes, float, int]]:
        """Key, seconds until one more may fail, and how many may fail at once; sorted by key."""
        by_login = self._credentials.login_mac(login), WINDOW_S / self._per_login, self._per_login
        by_address = self._credentials.mac("address", address), WINDOW_S / self._per_address, self._per_address
        return sorted([by_login, by_address])
