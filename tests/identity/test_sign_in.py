"""Signing in over HTTP: whoever proves who they are gets a token, and nobody learns anything else."""

import json
from uuid import UUID, uuid4

import jwt
import pytest

from domain.identity import AccountFacts
from tests.identity.house import PASSWORD, SignInHouse

TOKEN, REVOKE = "/v1/oauth/token", "/v1/oauth/revoke"


def test_a_person_signs_in_with_a_password_and_is_known_from_then_on(house: SignInHouse) -> None:
    ada = house.person("customer")
    answer = house.form(TOKEN, grant_type="password", username=ada.login.upper(), password=PASSWORD)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    told = answer.json
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    claims = jwt.decode(told["access_token"], options={"verify_signature": False})
    assert claims["sub"] == str(ada.id)
    assert claims["grants"] == ["customer"]
    assert claims["client_id"] == "comanda"
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(told["access_token"])["typ"] == "at+jwt"
    assert house.get("/healthz", told["access_token"]).status == 200


def test_the_published_keys_verify_the_tokens(house: SignInHouse) -> None:
    token = house.token(house.person())
    keys = jwt.PyJWKSet.from_dict(house.get("/.well-known/jwks.json").json)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    issuer = house.get("/.well-known/oauth-authorization-server").json["issuer"]
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="comanda", issuer=issuer)
    assert all("d" not in published for published in house.get("/.well-known/jwks.json").json["keys"])


def test_events_remember_who_acted_and_through_which_client(house: SignInHouse) -> None:
    ada = house.person("operator")
    made = house.post_json(
        "/v1/restaurants", {"name": "Ada", "currency": "EUR", "time_zone": "Europe/Rome"}, house.token(ada)
    )
    assert made.status == 201
    rows = house.parts.database.run("select meta from comanda.events where stream_id = %s", (UUID(made.json["id"]),))
    meta = json.loads(rows[0][0])
    assert (meta["actor"], meta["client"]) == (str(ada.id), "comanda")


@pytest.mark.parametrize("by_basic", [True, False], ids=["basic", "form"])
def test_a_machine_signs_in_with_its_secret(house: SignInHouse, by_basic: bool) -> None:
    app = house.machine("app")
    if by_basic:
        answer = house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials")
    else:
        fields = {"client_id": app.login, "client_secret": app.secret}
        answer = house.form(TOKEN, grant_type="client_credentials", **fields)
    assert answer.status == 200
    assert "refresh_token" not in answer.json
    assert jwt.decode(answer.json["access_token"], options={"verify_signature": False})["client_id"] == app.login
    assert house.get("/healthz", answer.json["access_token"]).status == 200


def test_a_new_client_secret_is_the_only_one(house: SignInHouse) -> None:
    app = house.machine()
    token = house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials").json["access_token"]
    newer = house.parts.credentials.new_client_secret(app.id)
    assert house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials").status == 401
    assert house.form(TOKEN, (app.login, newer), grant_type="client_credentials").status == 200
    assert house.get("/healthz", token).status == 401


def test_a_machine_goes_with_the_operator_that_it_belongs_to(house: SignInHouse) -> None:
    operator = house.person("operator")
    app = house.machine("app", operator_id=operator.id)
    assert house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials").status == 200
    house.accounts[operator.id] = AccountFacts(grants=frozenset(), active=False)
    refused = house.form(TOKEN, (app.login, app.secret), grant_type="client_credentials")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")


def test_a_wrong_password_an_unknown_login_and_a_locked_account_are_told_the_same(house: SignInHouse) -> None:
    ada, locked = house.person(), house.person(active=False)
    attempts = [(ada.login, "wrong"), ("nobody@example.com", PASSWORD), (locked.login, PASSWORD)]
    answers = [house.form(TOKEN, grant_type="password", username=u, password=p) for u, p in attempts]
    assert {(a.status, a.body, a.headers["Cache-Control"]) for a in answers} == {
        (400, answers[0].body, "no-store"),
    }
    assert answers[0].json["error"] == "invalid_grant"


def test_a_password_typed_on_another_keyboard_is_the_same_password(house: SignInHouse) -> None:
    ada = house.person()
    house.parts.credentials.set_secret(ada.id, "cafe\u0301 au lait")
    assert house.parts.credentials.check(ada.login, "caf\u00e9 au lait") == ada.id


def test_a_machine_may_not_ask_people_for_their_passwords(house: SignInHouse) -> None:
    ada, app = house.person(), house.machine()
    fields = {"grant_type": "password", "username": ada.login, "password": PASSWORD}
    for answer in (
        house.form(TOKEN, (app.login, app.secret), **fields),
        house.form(TOKEN, client_id="a-stranger", **fields),
    ):
        assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize("client", [("nobody", "x"), (str(uuid4()), "x")])
def test_a_client_that_cannot_prove_itself_is_asked_for_it(house: SignInHouse, client: tuple[str, str]) -> None:
    answer = house.form(TOKEN, client, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_person_s_password_is_no_client_secret(house: SignInHouse) -> None:
    ada = house.person()
    answer = house.form(TOKEN, (str(ada.id), PASSWORD), grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"grant_type=password&username=a", "invalid_request"),
        (b"grant_type=password&username=a&username=b&password=c", "invalid_request"),
        (b"grant_type=implicit", "unsupported_grant_type"),
        (b"grant_type=%ff", "invalid_request"),
        (b"grant_type=password&username=%00&password=%00", "invalid_grant"),
        (b"&".join(b"f%d=1" % n for n in range(30)), "invalid_request"),
        (b"grant_type=refresh_token&refresh_token=junk", "invalid_grant"),
        (b"grant_type=refresh_token&refresh_token=comanda_refresh_" + b"A" * 64, "invalid_grant"),
        (b"grant_type=client_credentials&client_secret=x", "invalid_request"),
        (b"grant_type=password&username=a&password=" + b"x" * 9_000, "invalid_request"),
    ],
)
def test_a_form_that_is_wrong_is_told_so_in_the_words_of_oauth(house: SignInHouse, body: bytes, error: str) -> None:
    answer = house.send("POST", TOKEN, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.json["error"], answer.headers["Cache-Control"]) == (400, error, "no-store")
    assert answer.json["error_description"]


def test_json_is_no_form_and_a_huge_form_is_refused(house: SignInHouse) -> None:
    told = house.send("POST", TOKEN, b"{}", {"Content-Type": "application/json"})
    assert (told.status, told.json["error"]) == (400, "invalid_request")
    huge = house.send("POST", TOKEN, b"a=" + b"x" * 20_000, {"Content-Type": "application/x-www-form-urlencoded"})
    assert huge.status == 413
