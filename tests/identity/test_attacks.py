"""Tokens that were not issued here, or not so: each is a 401 that says so, through the real server."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.authentication import at_once
from api.server import HEADERS_MAX_BYTES
from tests.identity.house import SignInHouse

EVERYWHERE = ("/healthz", "/v1/orders", "/v1/restaurants", "/openapi.json", "/v1/nowhere")


class Forge:
    """What a forger has: a real token, the public keys, and this much more of ours than he should: the real signer."""

    def __init__(self, house: SignInHouse) -> None:
        self.kid, self.private = house.parts.keys.signer()
        self.token = house.token(house.person())
        self.claims: dict[str, Any] = jwt.decode(self.token, options={"verify_signature": False})

    def signed(
        self, *, key: Any = None, alg: str = "EdDSA", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token like the real one, but for what is named; None takes a claim away."""
        told = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        headers = {"kid": self.kid, "typ": "at+jwt", **(header or {})}
        return jwt.encode(told, key or self.private, alg, {n: v for n, v in headers.items() if v is not None})

    def raw(self, header: dict[str, Any], signature: Callable[[bytes], bytes]) -> str:
        """A token put together by hand."""
        head = part(json.dumps({"kid": self.kid, "typ": "at+jwt", **header}).encode())
        signing_input = f"{head}.{part(json.dumps(self.claims).encode())}"
        return f"{signing_input}.{part(signature(signing_input.encode()))}"

    def public(self, encoding: Encoding, form: PublicFormat) -> bytes:
        return self.private.public_key().public_bytes(encoding, form)


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def tampered(forge: Forge) -> str:
    head, _, signature = forge.token.split(".")
    return f"{head}.{part(json.dumps({**forge.claims, 'grants': ['operator']}).encode())}.{signature}"


def hmac_by(key: Callable[[Forge], bytes]) -> Callable[[Forge], str]:
    """The confusion of algorithms: the public key, which everybody has, used as the secret of an HMAC."""
    return lambda forge: forge.raw({"alg": "HS256"}, lambda said: hmac.digest(key(forge), said, hashlib.sha256))


FORGED: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda f: f.raw({"alg": "none"}, lambda _: b""),
    "alg None in capitals": lambda f: f.raw({"alg": "NoNe"}, lambda _: b""),
    "alg none, the real signature": lambda f: f.raw({"alg": "none"}, f.private.sign),
    "no alg": lambda f: f.raw({}, f.private.sign),
    "alg a list": lambda f: f.raw({"alg": ["EdDSA"]}, f.private.sign),
    "HS256 by the raw public key": hmac_by(lambda f: f.public(Encoding.Raw, PublicFormat.Raw)),
    "HS256 by the PEM": hmac_by(lambda f: f.public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 by the key id": hmac_by(lambda f: f.kid.encode()),
    "RS256 by a key of the forger's": lambda f: f.signed(key=rsa_key(65537, 2048), alg="RS256"),
    "ES256 by a key of the forger's": lambda f: f.signed(key=ec_key(SECP256R1()), alg="ES256"),
    "a foreign key under our key id": lambda f: f.signed(key=Ed25519PrivateKey.generate()),
    "a foreign key with its own JWK": lambda f: f.signed(
        key=Ed25519PrivateKey.generate(), header={"jwk": {"kty": "OKP"}, "jku": "http://127.0.0.1:1/jwks", "x5u": "x"}
    ),
    "an unknown key id": lambda f: f.signed(header={"kid": "unknown"}),
    "no key id": lambda f: f.signed(header={"kid": None}),
    "a key id out of a path": lambda f: f.signed(header={"kid": "../../etc/passwd"}),
    "a key id out of SQL": lambda f: f.signed(header={"kid": "' or 1=1 --"}),
    "a tampered payload": tampered,
    "a cut signature": lambda f: f.token[:-4],
    "no signature": lambda f: f.token.rsplit(".", 1)[0] + ".",
    "expired": lambda f: f.signed(exp=int(time.time()) - 60),
    "without an end": lambda f: f.signed(exp=None),
    "an end that is no number": lambda f: f.signed(exp="tomorrow"),
    "not valid yet": lambda f: f.signed(nbf=int(time.time()) + 600),
    "issued in the future": lambda f: f.signed(iat=int(time.time()) + 600),
    "another audience": lambda f: f.signed(aud="elsewhere"),
    "no audience": lambda f: f.signed(aud=None),
    "another issuer": lambda f: f.signed(iss="https://evil.example"),
    "no issuer": lambda f: f.signed(iss=None),
    "an id token": lambda f: f.signed(header={"typ": "JWT"}),
    "no type": lambda f: f.signed(header={"typ": ""}),
    "no grants": lambda f: f.signed(grants=None),
    "no id": lambda f: f.signed(jti=None),
    "a critical extension": lambda f: f.signed(header={"crit": ["b64"], "x": 1}),
    "junk": lambda _: "junk",
    "three parts of junk": lambda _: "a.b.c",
    "an empty token": lambda _: "",
    "a UUID": lambda _: str(uuid4()),
    "a deep header": lambda _: part(b"[" * 4_000) + ".e30.e30",
    "a long token": lambda f: f.signed(x="x" * 9_000),
    "characters of no token": lambda _: "\u00e9\u00e8 \u00ff",
}


@pytest.fixture(scope="package")
def forge(shared_house: SignInHouse) -> Forge:
    return Forge(shared_house)


def test_the_forge_makes_good_tokens_when_it_wants_to(house: SignInHouse, forge: Forge) -> None:
    assert house.get("/healthz", forge.signed()).status == 200
    assert house.get("/healthz", forge.raw({"alg": "EdDSA"}, forge.private.sign)).status == 200


@pytest.mark.parametrize("attack", FORGED)
def test_a_forged_token_is_refused_whatever_it_asks_for(house: SignInHouse, forge: Forge, attack: str) -> None:
    for path in EVERYWHERE:
        answer = house.get(path, FORGED[attack](forge))
        assert (answer.status, answer.code) == (401, "token_invalid"), path
        told = answer.headers["WWW-Authenticate"]
        assert told.startswith('Bearer realm="comanda", error="invalid_token", error_description="')


def test_a_forged_token_changes_nothing(house: SignInHouse, forge: Forge) -> None:
    count = "select count(*) from comanda.events"
    before = house.parts.database.run(count)
    body = {"name": "Eve", "currency": "EUR", "time_zone": "Europe/Rome"}
    assert house.post_json("/v1/restaurants", body, FORGED["alg none"](forge)).status == 401
    assert house.parts.database.run(count) == before


def test_a_token_that_fills_the_header_is_refused_before_it_is_read(house: SignInHouse) -> None:
    assert house.get("/healthz", "x" * (HEADERS_MAX_BYTES - 1_000)).status == 401
    assert house.get("/healthz", "x" * (HEADERS_MAX_BYTES + 1_000)).status in {400, 413, 431}


@pytest.mark.parametrize("told", ["Basic YTpi", "Bearer", "Token abc", "bearer", "Negotiate x", "Bearer a, Bearer b"])
def test_an_authorization_of_another_kind_is_no_anonymity(house: SignInHouse, told: str) -> None:
    answer = house.send("GET", "/v1/orders", None, {"Authorization": told})
    assert (answer.status, answer.code) == (401, "token_invalid")


def test_the_scheme_may_be_written_in_any_case(house: SignInHouse, forge: Forge) -> None:
    assert house.send("GET", "/healthz", None, {"Authorization": f"bEARER {forge.token}"}).status == 200


def test_a_token_that_was_good_is_refused_once_it_expires(house: SignInHouse, forge: Forge) -> None:
    ends = int(time.time()) - 4  # within the leeway, for a second or so
    token = forge.signed(exp=ends)
    assert house.get("/healthz", token).status == 200
    while time.time() < ends + 5.1:
        time.sleep(0.05)
    assert house.get("/healthz", token).status == 401


def test_the_principal_of_a_token_is_the_account_that_it_names(house: SignInHouse, forge: Forge) -> None:
    verified = house.parts.tokens.verify(forge.token)
    assert verified.account_id == UUID(forge.claims["sub"])
    assert house.parts.tokens.verify(forge.token) is verified


def test_only_a_token_that_needs_no_looking_up_is_served_among_the_appends(house: SignInHouse, forge: Forge) -> None:
    tokens = house.parts.tokens
    fresh, ending = forge.signed(x="new"), forge.signed(exp=int(time.time()) - 2)
    assert at_once(tokens, None)
    assert not at_once(tokens, f"Bearer {fresh}")
    assert not at_once(tokens, "Bearer junk")
    for token in (fresh, ending):
        tokens.verify(token)
    assert at_once(tokens, f"Bearer {fresh}")
    assert not at_once(tokens, f"Bearer {ending}")  # it has to be looked at once more
