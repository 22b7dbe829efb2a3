"""The public keys of an OpenID provider: found by discovery, fetched with limits, and kept."""

import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

import jwt
import structlog

DISCOVERY = "/.well-known/openid-configuration"
DOCUMENT_MAX_BYTES = 262_144
KEYS_MAX = 50
TIMEOUT_S = 3.0
"""For connecting and for each read; a whole document may take twice as long."""
FRESH_S = 300.0
AGAIN_S = 30.0
"""A key id that is not known makes us ask the provider, but not more often than this."""
RSA_MIN_BITS = 2048
_CHUNK_BYTES = 65_536
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ALGORITHMS: dict[tuple[Any, Any], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}

log = structlog.get_logger(__name__)


class ProviderUnusable(Exception):
    """The provider cannot be asked, or says what cannot be used."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from where the provider says that they are, and from nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: the redirect is an error."""


class ProviderKeys:
    """What is known of one provider's keys. An algorithm belongs to the key, whatever a token may say."""

    def __init__(self, issuer: str) -> None:
        """Ask nothing before ``refresh`` or the first ``find``."""
        self._issuer = issuer
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._asked_at_s = float("-inf")
        self._asking = threading.Lock()

    def refresh(self) -> None:
        """Ask the provider where what is known has become old."""
        if time.monotonic() - self._asked_at_s > FRESH_S:
            self._ask_unless_asked(self._asked_at_s)

    def find(self, kid: str | None) -> jwt.PyJWK | None:
        """The key of this id; without an id the only key, where there is one only."""
        return self._keys.get(kid) or self.find_other_than(None, kid)

    def find_other_than(self, key: jwt.PyJWK | None, kid: str | None) -> jwt.PyJWK | None:
        """The key that has come in the place of ``key``, of the same id; asks for it, but not too often."""
        asked_at_s = self._asked_at_s
        if self._keys.get(kid) is key and time.monotonic() - asked_at_s > AGAIN_S:
            self._ask_unless_asked(asked_at_s)
        found = self._keys.get(kid)
        return None if found is key else found

    def _ask_unless_asked(self, asked_at_s: float) -> None:
        with self._asking:
            if self._asked_at_s != asked_at_s:  # somebody asked while we waited
                return
            try:
                self._keys = self._fetched()
            except ProviderUnusable as why:
                log.warning("the OpenID provider's keys cannot be had", issuer=self._issuer, reason=str(why))
            finally:
                self._asked_at_s = time.monotonic()

    def _fetched(self) -> dict[str | None, jwt.PyJWK]:
        told = self._document(self._issuer.rstrip("/") + DISCOVERY)
        if told.get("issuer") != self._issuer:
            raise ProviderUnusable(f"it calls itself {str(told.get('issuer'))[:200]!r}")
        listed = self._document(str(told.get("jwks_uri"))).get("keys")
        keys = [usable(jwk) for jwk in (listed if isinstance(listed, list) else [])[:KEYS_MAX]]
        found = {key.key_id: key for key in keys if key is not None}
        if len(found) == 1:
            found[None] = next(iter(found.values()))
        else:
            found.pop(None, None)
        return found

    def _document(self, url: str) -> dict[str, Any]:
        """A JSON object; raises ProviderUnusable."""
        if not trustworthy(url):
            raise ProviderUnusable(f"{url[:200]!r} is no https address")
        until_s = time.monotonic() + 2 * TIMEOUT_S
        raw = b""
        try:
            with self._opener.open(url, timeout=TIMEOUT_S) as answer:
                while chunk := answer.read1(_CHUNK_BYTES):
                    raw += chunk
                    if len(raw) > DOCUMENT_MAX_BYTES or time.monotonic() > until_s:
                        raise ProviderUnusable(f"{url} is too large or too slow")
            told = json.loads(raw)
        except (OSError, HTTPException, ValueError, RecursionError) as why:
            raise ProviderUnusable(f"{url}: {why}") from None
        if not isinstance(told, dict):
            raise ProviderUnusable(f"{url} is no JSON object")
        return told


def trustworthy(url: str) -> bool:
    """Whether nobody on the way can put words into the answer: https, or a server on this very machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(parts.hostname)) or (
        parts.scheme == "http" and parts.hostname in _LOOPBACK
    )


def usable(jwk: Any) -> jwt.PyJWK | None:
    """The key for the one algorithm that its kind has here; None where there is none, or the key is weak."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kind: Any = jwk.get("kty")
    algorithm = _ALGORITHMS.get((kind, None if kind == "RSA" else jwk.get("crv")))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK({name: value for name, value in jwk.items() if name != "d"}, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if getattr(key.key, "key_size", RSA_MIN_BITS) < RSA_MIN_BITS and kind == "RSA" else key
