"""People of an OpenID provider, a real one in a process of its own, are let in by its tokens."""

import base64
import hmac
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.identity import AccountFacts
from infra.identity import provider_keys
from infra.identity.provider_keys import ProviderKeys, usable
from infra.identity.whole import IdentityParts
from infra.master_key import parse
from infra.refusal import CannotStart
from infra.settings import Settings, read_settings
from tests.identity.house import SignInHouse
from tests.identity.test_attacks import part
from tests.keys import MASTER_KEY
from tests.servers.ports import HOST, free_port

AUDIENCE = "comanda-api"
RESTAURANT = str(uuid4())
ROLES = {"ops": ["operator", "auditor"], "kitchen:*": ["restaurant_staff:*"], "*": ["customer"]}
USERS = {"ada@example.com": ["ops"], "luigi": [f"kitchen:{RESTAURANT}", "kitchen:all", "operator"], "eve": []}
START_MAX_S = 30.0


class Provider:
    """oidc-provider-mock: discovery, JWKS, the authorization-code flow, RS256."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://{HOST}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        users = [
            part for sub, roles in USERS.items() for part in ("--user-claims", json.dumps({"sub": sub, "roles": roles}))
        ]
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(self.port), "--host", HOST, *users]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_MAX_S
        while True:
            try:
                urllib.request.urlopen(f"{self.issuer}/jwks", timeout=1).close()  # noqa: S310  ours
                return
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def token(self, user: str, audience: str = AUDIENCE) -> str:
        """The ID token that the provider gives a client of that id, by the whole flow."""
        back = "http://localhost/back"
        asked = {"client_id": audience, "redirect_uri": back, "response_type": "code", "scope": "openid", "nonce": "n"}
        code = parse_qs(urlsplit(self._location(f"/oauth2/authorize?{urlencode(asked)}", {"sub": user})).query)["code"]
        basic = base64.b64encode(f"{audience}:secret".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  ours
            f"{self.issuer}/oauth2/token",
            urlencode({"grant_type": "authorization_code", "code": code[0], "redirect_uri": back}).encode(),
            {"Authorization": f"Basic {basic}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  ours
            token: str = json.load(answer)["id_token"]
        return token

    def _location(self, path: str, form: dict[str, str]) -> str:
        opener = urllib.request.build_opener(provider_keys._NoRedirect)
        with pytest.raises(urllib.error.HTTPError) as redirect:
            opener.open(self.issuer + path, urlencode(form).encode(), timeout=10)
        location: str = redirect.value.headers["Location"]
        return location


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    started = Provider()
    started.start()
    yield started
    started.stop()


def of(provider: Provider) -> dict[str, Any]:
    return {"oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE, "oidc_roles": ROLES}


@pytest.fixture
def open_house(database: str, provider: Provider) -> Iterator[SignInHouse]:
    with SignInHouse(database, **of(provider)) as started:
        yield started


def test_the_roles_of_a_claim_become_grants_as_the_settings_say_and_no_others(
    open_house: SignInHouse, provider: Provider
) -> None:
    granted = {user: open_house.parts.tokens.verify(provider.token(user)).grants for user in USERS}
    assert granted == {
        "ada@example.com": {"customer", "operator", "auditor"},
        "luigi": {"customer", f"restaurant_staff:{RESTAURANT}"},
        "eve": {"customer"},
    }


def test_somebody_of_the_provider_is_the_same_account_each_time_and_no_name_is_kept(
    open_house: SignInHouse, provider: Provider
) -> None:
    once, again, other = (open_house.parts.tokens.verify(provider.token(u)) for u in ("eve", "eve", "luigi"))
    assert once.account_id == again.account_id != other.account_id
    assert once.client_id == AUDIENCE
    (rows,) = open_house.parts.database.run("select string_agg(s::text, '') from comanda.external_subjects s")
    assert "eve" not in rows[0]
    assert open_house.get("/v1/orders", provider.token("eve")).status != 401


def test_our_own_tokens_are_taken_beside_the_provider_s(open_house: SignInHouse) -> None:
    assert open_house.get("/healthz", open_house.token(open_house.person())).status == 200


def test_a_token_for_another_audience_or_tampered_with_is_refused(open_house: SignInHouse, provider: Provider) -> None:
    token = provider.token("eve")
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"roles": ["ops"]}
    forged = part(json.dumps(claims).encode())
    for bad in (provider.token("eve", audience="another"), f"{head}.{forged}.{signature}"):
        answer = open_house.get("/healthz", bad)
        assert (answer.status, answer.code) == (401, "token_invalid")


@pytest.mark.parametrize("attack", ["HS256 by the public key", "another RSA key", "none", "our key"])
def test_who_claims_to_be_the_provider_must_have_its_key(
    open_house: SignInHouse, provider: Provider, attack: str
) -> None:
    token = provider.token("luigi")
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    kid = {"kid": header["kid"]} if "kid" in header else {}
    claims["roles"] = ["ops"]
    match attack:
        case "HS256 by the public key":
            key = jwt.PyJWKClient(f"{provider.issuer}/jwks").get_signing_keys()[0].key
            assert isinstance(key, RSAPublicKey)
            secret = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            said = ".".join(part(json.dumps(told).encode()) for told in ({"alg": "HS256", **kid}, claims))
            forged = f"{said}.{part(hmac.digest(secret, said.encode(), 'sha256'))}"
        case "another RSA key":
            forged = jwt.encode(claims, rsa_key(65537, 2048), "RS256", kid)
        case "none":
            forged = jwt.encode(claims, None, "none", kid)  # type: ignore[arg-type]
        case _:
            our_kid, private = open_house.parts.keys.signer()
            forged = jwt.encode(claims, private, "EdDSA", {"kid": our_kid, "typ": "at+jwt"})
    answer = open_house.get("/healthz", forged)
    assert (answer.status, answer.code) == (401, "token_invalid")


def test_a_person_of_the_provider_who_is_locked_here_stays_out(open_house: SignInHouse, provider: Provider) -> None:
    token = provider.token("eve")
    account_id = open_house.parts.tokens.verify(token).account_id
    open_house.accounts[account_id] = AccountFacts(grants=frozenset(), active=False)
    open_house.parts.tokens.recall(account_id)
    assert open_house.get("/healthz", token).status == 401
    time.sleep(1.1)  # the provider would gladly give another token
    assert open_house.get("/healthz", provider.token("eve")).status == 401


def test_the_provider_s_new_key_is_found_and_its_absence_harms_nobody_known(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_keys, "AGAIN_S", 0.2)
    provider = Provider()
    provider.start()
    try:
        with SignInHouse(database, **of(provider)) as house:
            before = provider.token("eve")
            assert house.get("/healthz", before).status == 200
            provider.stop()
            assert house.get("/healthz", before).status == 200  # its keys are known
            assert house.get("/healthz", house.token(house.person())).status == 200
            provider.start()  # with a new key
            after = provider.token("eve")
            time.sleep(0.3)
            assert house.get("/healthz", after).status == 200
    finally:
        provider.stop()


def test_unknown_keys_make_us_ask_the_provider_no_more_than_once_in_a_while(provider: Provider) -> None:
    keys = ProviderKeys(provider.issuer)
    assert keys.find("unknown") is None
    asked_at_s = keys._asked_at_s
    for n in range(1000):
        assert keys.find(f"unknown {n}") is None
    assert keys._asked_at_s == asked_at_s


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "1"},
        {"kty": "RSA", "alg": "HS256", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "alg": "RS256", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(65537, 1024).public_key()))},  # noqa: S505  weak
    ],
)
def test_a_key_that_is_weak_secret_or_of_another_kind_is_not_used(jwk: object) -> None:
    assert usable(jwk) is None


def test_a_provider_that_cannot_be_trusted_is_not_configured(database: str) -> None:
    for given in ({"oidc_issuer": "http://example.com", "oidc_audience": "x"}, {"oidc_issuer": "https://example.com"}):
        with pytest.raises(CannotStart, match="COMANDA_OIDC"):
            IdentityParts(Settings(database_url=database, **given), parse(MASTER_KEY))  # type: ignore[arg-type]
    with pytest.raises(CannotStart, match="COMANDA_OIDC_ROLES"):
        read_settings(oidc_roles={"ops": ["king"]})


def test_the_settings_reach_a_child_process(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(oidc_roles=ROLES)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert read_settings().oidc_roles == ROLES
