"""The Ed25519 keys that sign access tokens: made, replaced, and the same in every process within seconds.

The newest key that has begun to sign does sign; each is taken until it retires. A key that replaces another signs
ANNOUNCED_S after it was made: by then every process, which looks each second, knows it.
"""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra.identity.database import IdentityDatabase
from infra.master_key import MasterKeys

ALGORITHM = "EdDSA"
ANNOUNCED_S = 5.0
OVERLAP_S = 3600
KEYS_MAX = 20
LOOK_AGAIN_S = 1.0
"""A token with an unknown key id makes a process look, but not more often than this."""
_PURPOSE = "signing key"

_ALL = """
select kid, public_jwk, master_key_id, wrapped, signs_from, retires_at from comanda.signing_keys
where retires_at is null or retires_at > clock_timestamp() order by signs_from desc, kid limit %s
"""
_ALONE = "select pg_advisory_xact_lock(hashtextextended('comanda.signing_keys', 0))"
_ANY = "select 1 from comanda.signing_keys where retires_at is null"
_ADD = """
insert into comanda.signing_keys (kid, public_jwk, master_key_id, wrapped, signs_from) values (
    %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s)
)
"""
_RETIRE = """
update comanda.signing_keys set retires_at = clock_timestamp() + make_interval(secs => %s)
where kid <> %s and (retires_at is null or retires_at > clock_timestamp() + make_interval(secs => %s))
"""
_FORGET = "delete from comanda.signing_keys where retires_at < clock_timestamp() - interval '1 day'"
_REWRAP = """
update comanda.signing_keys set master_key_id = %s, wrapped = %s where kid = %s and master_key_id = %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """One key of the table; ``wrapped`` is its private half."""

    kid: str
    public_jwk: str
    public: Ed25519PublicKey
    master_key_id: str
    wrapped: bytes
    signs_from: datetime
    retires_at: datetime | None


class SigningKeys:
    """The keys as this process knows them."""

    def __init__(self, database: IdentityDatabase, master_keys: MasterKeys) -> None:
        """Know none before the first ``refresh``."""
        self._database, self._master_keys = database, master_keys
        self._keys: dict[str, SigningKey] = {}
        self._private: tuple[str, Ed25519PrivateKey] | None = None
        self._looked_at_s = float("-inf")
        self._looking = threading.Lock()
        self.generation = 0
        """Changes when the set of keys does: what was verified before must be verified anew."""

    def refresh(self) -> None:
        """Look at the table; make the first key where there is none."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        rows = self._database.run(_ALL, (KEYS_MAX,))
        if not any(row[5] is None for row in rows):
            self._make_first()
            rows = self._database.run(_ALL, (KEYS_MAX,))
        keys = {row[0]: _key(*row) for row in rows}
        if {k.kid: k.retires_at for k in keys.values()} != {k.kid: k.retires_at for k in self._keys.values()}:
            self._keys = keys
            self.generation += 1
        self._looked_at_s = time.monotonic()

    def find(self, kid: str) -> SigningKey | None:
        """The key of this id, if it is one that is taken now."""
        looked_at_s = self._looked_at_s
        key = self._keys.get(kid)
        if key is None and time.monotonic() - looked_at_s > LOOK_AGAIN_S:
            with self._looking:
                if self._looked_at_s == looked_at_s:  # else somebody looked while we waited
                    self._look()
            key = self._keys.get(kid)
        if key is None or (key.retires_at is not None and key.retires_at <= datetime.now(UTC)):
            return None
        return key

    def signer(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs now, with its id."""
        if not self._keys:
            self.refresh()
        now = datetime.now(UTC)
        living = [k for k in self._keys.values() if k.retires_at is None or k.retires_at > now]
        # Where the clocks of machine and database differ, the first key may seem not to have begun.
        key = max((k for k in living if k.signs_from <= now), key=_begins, default=None) or min(living, key=_begins)
        if self._private is None or self._private[0] != key.kid:
            raw = self._master_keys.unwrap(_PURPOSE, key.kid, key.master_key_id, key.wrapped)
            self._private = key.kid, Ed25519PrivateKey.from_private_bytes(raw)
        return self._private

    def jwks(self) -> bytes:
        """The public halves of all keys that are taken, also of one that will sign soon (RFC 7517)."""
        if not self._keys:
            self.refresh()
        return f'{{"keys":[{",".join(key.public_jwk for key in self._keys.values())}]}}'.encode()

    def rotate(self, *, overlap_s: float = OVERLAP_S, announced_s: float = ANNOUNCED_S) -> str:
        """Make a new key; the others are taken for ``overlap_s`` more. Answers with the new key's id."""
        with self._database.transaction() as db:
            db.execute(_ALONE)
            db.execute(_FORGET)
            kid, *row = self._made()
            db.execute(_ADD, (kid, *row, announced_s))
            db.execute(_RETIRE, (overlap_s, kid, overlap_s))
        return kid

    def rewrap(self) -> int:
        """Wrap under the present master key what older ones wrapped; answers with how many there were."""
        rows = self._database.run(_ALL, (KEYS_MAX,))
        old = [
            (kid, key_id, wrapped) for kid, _, key_id, wrapped, _, _ in rows if key_id != self._master_keys.current.id
        ]
        for kid, key_id, wrapped in old:
            private = self._master_keys.unwrap(_PURPOSE, kid, key_id, wrapped)
            self._database.run(_REWRAP, (*self._master_keys.wrap(_PURPOSE, kid, private), kid, key_id))
        return len(old)

    def _make_first(self) -> None:
        with self._database.transaction() as db:
            db.execute(_ALONE)
            if not db.execute(_ANY).fetchone():
                db.execute(_ADD, (*self._made(), 0.0))

    def _made(self) -> tuple[str, str, str, bytes]:
        private = Ed25519PrivateKey.generate()
        kid, jwk = _public_jwk(private.public_key())
        return kid, jwk, *self._master_keys.wrap(_PURPOSE, kid, private.private_bytes_raw())


def _begins(key: SigningKey) -> datetime:
    return key.signs_from


def _key(
    kid: str, public_jwk: str, master_key_id: str, wrapped: bytes, signs_from: datetime, retires_at: datetime | None
) -> SigningKey:
    return SigningKey(
        kid=kid,
        public_jwk=public_jwk,
        public=Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(json.loads(public_jwk)["x"] + "=")),
        master_key_id=master_key_id,
        wrapped=wrapped,
        signs_from=signs_from,
        retires_at=retires_at,
    )


def _public_jwk(public: Ed25519PublicKey) -> tuple[str, str]:
    """The key's id, its thumbprint (RFC 7638), and its JWK (RFC 8037)."""
    needed = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}
    thumbprint = hashlib.sha256(json.dumps(needed, separators=(",", ":"), sort_keys=True).encode()).digest()
    kid = _base64url(thumbprint)
    return kid, json.dumps({**needed, "alg": ALGORITHM, "kid": kid, "use": "sig"}, separators=(",", ":"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
