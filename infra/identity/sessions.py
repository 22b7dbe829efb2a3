"""Refresh tokens: each is good for one use, and brings the next (RFC 9700, section 4.14.2).

A token names its session and carries 256 random bits, of which the table keeps the SHA-256: what was stolen from there
opens nothing. At each use the current hash is replaced. A token that names a session but is not its current one was
used before, by its owner or by a thief, and nobody can tell which: the session ends for both, and the account's access
tokens with it.

One exception. Where the answer to a renewal was lost, the client knows only the token before. So for GRACE_S the
previous token is taken once more, and the current one, whose answer seems lost, is replaced. There is still one current
token at any time: should the answer not have been lost after all (a thief sent the previous token), then whoever holds
the replaced one ends the session by using it. A reuse is thus found as surely as without the exception, only later.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from uuid import UUID

import structlog

from domain.identity import RefreshRefused, Renewed
from infra.identity.database import IdentityDatabase
from infra.identity.recalls import Recalls

PREFIX = "comanda_refresh_"
ID_BYTES = 16
SECRET_BYTES = 32
IDLE_DAYS = 30
LIFE_DAYS = 180
GRACE_S = 10.0
_TOKEN_CHARS = len(PREFIX) + (ID_BYTES + SECRET_BYTES) // 3 * 4
SESSIONS_MAX = 50
"""Of one account; the one that rested longest makes room for the next."""

# Sessions of one account begin and end one at a time: whichever comes second sees what the first has done.
_ALONE = "select pg_advisory_xact_lock(hashtextextended('comanda.sessions/' || %s::text, 0))"
_RECALLED = "select 1 from comanda.recalls where account_id = %s and recalled_at >= to_timestamp(%s / 1000.0)"
_MAKE_ROOM = """
delete from comanda.sessions where id in (
    select id from comanda.sessions where account_id = %s order by rotated_at desc offset %s limit 100
)
"""
_EXPIRE = """
delete from comanda.sessions where id in (
    select id from comanda.sessions where idle_until < clock_timestamp() order by idle_until limit 20
    for update skip locked
)
"""
_BEGIN = """
insert into comanda.sessions (id, account_id, client_id, current, idle_until, ends_at) values (
    %s, %s, %s, %s,
    clock_timestamp() + make_interval(days => %s), clock_timestamp() + make_interval(days => %s)
)
"""
_FIND = """
select account_id, client_id, current, previous, rotated_at > clock_timestamp() - make_interval(secs => %s),
    least(idle_until, ends_at) > clock_timestamp()
from comanda.sessions where id = %s for update
"""
_ROTATE = """
update comanda.sessions set current = %s, previous = %s, rotated_at = clock_timestamp(),
    idle_until = clock_timestamp() + make_interval(days => %s)
where id = %s
"""
_END_OF_CLIENT = "delete from comanda.sessions where id = %s and client_id = %s returning account_id"
_END = "delete from comanda.sessions where id = %s"
_END_ALL = "delete from comanda.sessions where account_id = %s"

log = structlog.get_logger(__name__)


class PostgresSessions:
    """The contract of domain.identity.Sessions."""

    def __init__(self, database: IdentityDatabase, recalls: Recalls) -> None:
        """Open nothing."""
        self._database, self._recalls = database, recalls

    def begin(self, account_id: UUID, client_id: str, as_of_ms: int) -> str:
        """See Sessions.begin."""
        session_id, secret = secrets.token_bytes(ID_BYTES), secrets.token_bytes(SECRET_BYTES)
        self._database.run(_EXPIRE)
        with self._database.transaction() as db:
            db.execute(_ALONE, (account_id,))
            if db.execute(_RECALLED, (account_id, as_of_ms)).fetchone():
                raise RefreshRefused
            db.execute(_MAKE_ROOM, (account_id, SESSIONS_MAX - 1))
            db.execute(_BEGIN, (session_id, account_id, client_id, _hash(secret), IDLE_DAYS, LIFE_DAYS))
        return _written(session_id, secret)

    def renew(self, refresh_token: str, client_id: str) -> Renewed:
        """See Sessions.renew."""
        session_id, secret = _read(refresh_token)
        successor = secrets.token_bytes(SECRET_BYTES)
        with self._database.transaction() as db:
            row = db.execute(_FIND, (GRACE_S, session_id)).fetchone()
            if row is None or row[1] != client_id or not row[5]:
                raise RefreshRefused
            account_id, _, current, previous, just_rotated, _ = row
            used = _hash(secret)
            lost = just_rotated and previous is not None and hmac.compare_digest(used, previous)
            reused = not lost and not hmac.compare_digest(used, current)
            if reused:
                db.execute(_END, (session_id,))
            else:
                db.execute(_ROTATE, (_hash(successor), used, IDLE_DAYS, session_id))
        if reused:
            log.warning("a refresh token was used again: its session has ended", account_id=str(account_id))
            self._recalls.recall(account_id)
            raise RefreshRefused
        return Renewed(account_id=account_id, refresh_token=_written(session_id, successor))

    def end(self, refresh_token: str, client_id: str) -> None:
        """See Sessions.end. A token that was replaced ends its session, too: it is the session that is meant."""
        try:
            session_id, _ = _read(refresh_token)
        except RefreshRefused:
            return
        for (account_id,) in self._database.run(_END_OF_CLIENT, (session_id, client_id)):
            self._recalls.recall(account_id)


def end_all(database: IdentityDatabase, account_id: UUID) -> None:
    """End every session of an account that has begun by now."""
    with database.transaction() as db:
        db.execute(_ALONE, (account_id,))
        db.execute(_END_ALL, (account_id,))


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _written(session_id: bytes, secret: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(session_id + secret).decode()


def _read(token: str) -> tuple[bytes, bytes]:
    """The session's id and the secret; raises RefreshRefused."""
    if not token.startswith(PREFIX) or len(token) != _TOKEN_CHARS:
        raise RefreshRefused
    try:
        raw = base64.b64decode(token.removeprefix(PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise RefreshRefused from None
    return raw[:ID_BYTES], raw[ID_BYTES:]
