"""Access tokens: JSON Web Tokens (RFC 9068), signed with Ed25519, checked as RFC 8725 says, and remembered.

A token's own word is taken for nothing but which key to look up: the algorithm is the key's, never the token's. What
was verified is remembered by its whole text, in two generations of VERIFIED_MAX: when the young one is full it becomes
the old one, and what is used meanwhile moves over. That is a bounded memory without a lock or a list to keep in order.
"""

import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

import jwt

from domain.errors import TokenInvalid
from domain.identity import AccountOf, IssuedToken, VerifiedToken
from infra.identity.recalls import Recalls
from infra.identity.signing_keys import ALGORITHM, SigningKeys

AUDIENCE = "comanda"
LIFE_S = 900
LEEWAY_S = 5.0
"""How far the clocks of two machines may differ."""
REMEMBERED_MS = 300_000
TOKEN_MAX_CHARS = 8192
VERIFIED_MAX = 8192
TYPE = "at+jwt"
_TYPES = frozenset({TYPE, f"application/{TYPE}"})
_CLAIMS = ["iss", "aud", "sub", "client_id", "iat", "nbf", "exp", "jti", "grants"]
_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "The access token has expired; get a new one and repeat the request."),
    (jwt.ImmatureSignatureError, "The access token is not valid yet; check the clock of who issued it."),
    (jwt.InvalidAudienceError, "The access token is for another audience."),
    (jwt.InvalidIssuerError, "The access token is of an issuer that is not trusted here."),
    (jwt.InvalidSignatureError, "The access token's signature is not its issuer's."),
)


class ExternalIssuer(Protocol):
    """Another issuer whose tokens are taken."""

    issuer: str

    def verify(self, token: str, header: dict[str, Any]) -> VerifiedToken:
        """What the token says; raises TokenInvalid or a jwt.PyJWTError."""
        ...


class AccessTokens:
    """The contract of domain.identity.Tokens."""

    def __init__(
        self,
        keys: SigningKeys,
        recalls: Recalls,
        issuer: str,
        *,
        external: ExternalIssuer | None = None,
        account_of: AccountOf = lambda _: None,
    ) -> None:
        """``issuer``: our own name in the tokens. ``account_of`` tells whether a stranger is locked here."""
        self._account_of = account_of
        self._keys, self._recalls, self._issuer, self._external = keys, recalls, issuer, external
        self._decoder = jwt.PyJWT({"require": _CLAIMS, "enforce_minimum_key_length": True})
        self._young: dict[str, VerifiedToken] = {}
        self._old: dict[str, VerifiedToken] = {}
        self._generation = keys.generation

    def issue(
        self, account_id: UUID, grants: Iterable[str], client_id: str, *, as_of_ms: int | None = None
    ) -> IssuedToken:
        """See Tokens.issue. The token's id is a UUIDv7: its time is the issue's, to the millisecond."""
        at_ms = time.time_ns() // 1_000_000 if as_of_ms is None else as_of_ms
        at_s = at_ms // 1000
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(account_id),
            "client_id": client_id,
            "iat": at_s,
            "nbf": at_s,
            "exp": at_s + LIFE_S,
            "jti": str(_id_at(at_ms)),
            "grants": sorted(grants),
        }
        kid, private = self._keys.signer()
        token = jwt.encode(claims, private, ALGORITHM, {"kid": kid, "typ": TYPE})
        return IssuedToken(access_token=token, expires_in_s=LIFE_S)

    def verify(self, token: str) -> VerifiedToken:
        """See Tokens.verify."""
        known = self._remembered(token)
        now_ms = time.time() * 1000
        if known is None or known.expires_at_ms <= now_ms:
            generation = self._generation
            known = self._verified(token)
            if generation == self._keys.generation:  # else the keys changed meanwhile, and may no longer be its
                self._remember(token, known)
        if self._recalls.includes(known.account_id, known.issued_at_ms):
            raise TokenInvalid("The access token was recalled, for the account has changed; sign in again.")
        return known

    def known(self, token: str) -> bool:
        """See Tokens.known."""
        known = self._remembered(token)
        return known is not None and known.expires_at_ms > time.time() * 1000

    def recall(self, account_id: UUID) -> None:
        """See Tokens.recall."""
        self._recalls.recall(account_id)

    def jwks(self) -> bytes:
        """See Tokens.jwks."""
        return self._keys.jwks()

    def _remembered(self, token: str) -> VerifiedToken | None:
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._young, self._old = {}, {}
        known = self._young.get(token)
        if known is None:
            known = self._old.get(token)
            if known is not None:
                self._remember(token, known)
        return known

    def _remember(self, token: str, verified: VerifiedToken) -> None:
        if len(self._young) >= VERIFIED_MAX:
            self._young, self._old = {}, self._young
        self._young[token] = verified

    def _verified(self, token: str) -> VerifiedToken:
        if len(token) > TOKEN_MAX_CHARS:
            raise TokenInvalid(f"An access token has at most {TOKEN_MAX_CHARS} characters.")
        try:
            header = jwt.get_unverified_header(token)
            if self._external is not None and _says_issuer(token) == self._external.issuer:
                return self._of_another(self._external, token, header)
            return self._ours(token, header)
        except jwt.PyJWTError as why:
            detail = next((told for error, told in _ERRORS if isinstance(why, error)), None)
            raise TokenInvalid(detail) from None

    def _of_another(self, issuer: ExternalIssuer, token: str, header: dict[str, Any]) -> VerifiedToken:
        """What another issuer's token says; remembered for REMEMBERED_MS at most, for our lock is not in it."""
        verified = issuer.verify(token, header)
        facts = self._account_of(verified.account_id)
        if facts is not None and not facts.active:
            raise TokenInvalid("The account is locked or closed.")
        until_ms = min(verified.expires_at_ms, int(time.time() * 1000) + REMEMBERED_MS)
        return replace(verified, expires_at_ms=until_ms)

    def _ours(self, token: str, header: dict[str, Any]) -> VerifiedToken:
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise TokenInvalid(f"The token is no access token: its type must be {TYPE}.")
        kid = header.get("kid")
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid("The access token names no key that is in use here.")
        claims = self._decoder.decode(
            token, key.public, [ALGORITHM], audience=AUDIENCE, issuer=self._issuer, leeway=LEEWAY_S
        )
        # Ours, and therefore in our form.
        return VerifiedToken(
            account_id=UUID(claims["sub"]),
            client_id=claims["client_id"],
            grants=frozenset(claims["grants"]),
            issued_at_ms=UUID(claims["jti"]).int >> 80,
            expires_at_ms=claims["exp"] * 1000,
        )


def _id_at(at_ms: int) -> UUID:
    """A UUIDv7 of that millisecond (RFC 9562, section 5.7)."""
    return UUID(int=at_ms << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def _says_issuer(token: str) -> str | None:
    """Which issuer's rules to check the token by; what it says here, it must prove there."""
    with suppress(jwt.PyJWTError):
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        return issuer if isinstance(issuer, str) else None
    return None
