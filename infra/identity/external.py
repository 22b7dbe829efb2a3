"""Tokens of an OpenID provider that we were told to trust (OpenID Connect Core, RFC 9068).

Whom the provider vouches for gets an account id of ours, once and for all: events name that one, never the provider's
subject, which may be an e-mail address. What they may do follows from a claim, by a table in the settings.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import jwt
from uuid_utils.compat import uuid7

from domain.errors import TokenInvalid
from domain.identity import VerifiedToken
from infra.identity.database import IdentityDatabase
from infra.identity.provider_keys import ProviderKeys

EVERYBODY = "*"
LEEWAY_S = 5.0
TEXT_MAX_CHARS = 255
ROLES_MAX = 1000
_TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
_CLAIMS = ["iss", "aud", "sub", "iat", "exp"]
_TOO_LONG = "The access token's subject or client is longer than 255 characters."

_FIND = "select account_id from comanda.external_subjects where subject_mac = %s"
_ADD = """
insert into comanda.external_subjects (subject_mac, account_id) values (%s, %s) on conflict (subject_mac) do nothing
"""


class Macs(Protocol):
    """Makes keyed hashes."""

    def mac(self, *what: str) -> bytes:
        """The keyed hash of some texts."""
        ...


class OpenIdIssuer:
    """One provider. ``roles``: for each value of the claim, the grants that it gives; EVERYBODY's go to all.

    ``staff:*`` may give ``restaurant_staff:*``: the restaurant's id is then that of the claim's value.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        role_claim: str,
        roles: Mapping[str, Sequence[str]],
        database: IdentityDatabase,
        macs: Macs,
    ) -> None:
        """``role_claim`` may be a path with dots, such as ``realm_access.roles``."""
        self.issuer = issuer
        self.keys = ProviderKeys(issuer)
        self._audience, self._path, self._roles = audience, role_claim.split("."), roles
        self._database, self._macs = database, macs
        self._decoder = jwt.PyJWT({"require": _CLAIMS, "enforce_minimum_key_length": True})

    def verify(self, token: str, header: dict[str, Any]) -> VerifiedToken:
        """What the token says; raises TokenInvalid or a jwt.PyJWTError."""
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise TokenInvalid("The token is no access token: its type must be at+jwt or JWT.")
        kid = header.get("kid")
        key = self.keys.find(kid) if kid is None or isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid("The access token names no key of its issuer.")
        try:
            claims = self._claims(token, key, kid)
            issued_at_ms, expires_at_ms = int(claims["iat"]) * 1000, int(claims["exp"]) * 1000
        except (TypeError, ValueError, OverflowError):
            raise TokenInvalid from None
        client_id = str(claims.get("client_id") or claims.get("azp") or self._audience)
        if max(len(claims["sub"]), len(client_id)) > TEXT_MAX_CHARS:
            raise TokenInvalid(_TOO_LONG)
        return VerifiedToken(
            account_id=self._account(claims["sub"]),
            client_id=client_id,
            grants=self._grants(claims),
            issued_at_ms=issued_at_ms,
            expires_at_ms=expires_at_ms,
        )

    def _claims(self, token: str, key: jwt.PyJWK, kid: str | None) -> dict[str, Any]:
        try:
            return self._decoded(token, key)
        except jwt.InvalidSignatureError:
            # A provider with one key need not name it, and then does not tell that it has another.
            other = self.keys.find_other_than(key, None) if kid is None else None
            if other is None:
                raise
            return self._decoded(token, other)

    def _decoded(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        claims: dict[str, Any] = self._decoder.decode(
            token, key.key, [key.algorithm_name], audience=self._audience, issuer=self.issuer, leeway=LEEWAY_S
        )
        return claims

    def _account(self, subject: str) -> UUID:
        mac = self._macs.mac("external subject", self.issuer, subject)
        found = self._database.run(_FIND, (mac,))
        if not found:
            self._database.run(_ADD, (mac, uuid7()))
            found = self._database.run(_FIND, (mac,))
        account_id: UUID = found[0][0]
        return account_id

    def _grants(self, claims: Any) -> frozenset[str]:
        told = claims
        for name in self._path:
            told = told.get(name) if isinstance(told, dict) else None
        values = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
        granted = set(self._roles.get(EVERYBODY, ()))
        for value in values[:ROLES_MAX]:
            if isinstance(value, str):
                granted.update(self._granted(value))
        return frozenset(granted)

    def _granted(self, value: str) -> Sequence[str]:
        if value in self._roles and not value.endswith("*"):
            return self._roles[value]
        name, _, place = value.rpartition(":")
        if name and _is_uuid(place):
            return [grant.replace(EVERYBODY, place) for grant in self._roles.get(f"{name}:{EVERYBODY}", ())]
        return ()


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
