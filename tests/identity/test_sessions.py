"""Refresh tokens: each good for one use, and what is used twice ends."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import jwt
import pytest

from domain.identity import AccountFacts, RefreshRefused
from infra.identity import recalls
from tests.identity.house import PASSWORD, SignInHouse

WELL = "/healthz"


def outlast_the_grace(house: SignInHouse) -> None:
    house.parts.database.run("update comanda.sessions set rotated_at = rotated_at - interval '1 hour'")


def test_a_refresh_token_brings_an_access_token_and_the_next_refresh_token(house: SignInHouse) -> None:
    ada = house.person()
    first = house.sign_in(ada)
    house.accounts[ada.id] = AccountFacts(grants=frozenset({"courier"}), active=True)
    second = house.refresh(first["refresh_token"])
    assert second.status == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    assert house.parts.tokens.verify(second.json["access_token"]).grants == {"courier"}
    assert house.refresh(second.json["refresh_token"]).status == 200


def test_a_refresh_token_that_was_used_before_ends_the_whole_session(house: SignInHouse) -> None:
    ada = house.person()
    first, elsewhere = house.sign_in(ada), house.sign_in(ada)
    second = house.refresh(first["refresh_token"]).json
    third = house.refresh(second["refresh_token"]).json
    reused = house.refresh(first["refresh_token"])
    assert (reused.status, reused.json["error"]) == (400, "invalid_grant")
    assert house.refresh(third["refresh_token"]).status == 400
    assert house.get(WELL, third["access_token"]).status == 401
    assert house.refresh(elsewhere["refresh_token"]).status == 200  # another sign-in is another session


def test_whose_answer_was_lost_may_ask_once_more_for_a_short_while(house: SignInHouse) -> None:
    first = house.sign_in(house.person())
    house.refresh(first["refresh_token"])  # the answer never arrived
    again = house.refresh(first["refresh_token"])
    assert again.status == 200
    assert house.refresh(again.json["refresh_token"]).status == 200


def test_after_that_while_it_is_a_reuse(house: SignInHouse) -> None:
    first = house.sign_in(house.person())
    second = house.refresh(first["refresh_token"]).json
    outlast_the_grace(house)
    assert house.refresh(first["refresh_token"]).status == 400
    assert house.refresh(second["refresh_token"]).status == 400


def test_a_thief_within_that_while_is_found_when_the_owner_goes_on(house: SignInHouse) -> None:
    first = house.sign_in(house.person())
    owners = house.refresh(first["refresh_token"]).json
    thiefs = house.refresh(first["refresh_token"]).json
    assert house.refresh(owners["refresh_token"]).status == 400
    assert house.refresh(thiefs["refresh_token"]).status == 400
    assert house.get(WELL, thiefs["access_token"]).status == 401


def test_of_many_who_use_one_token_at_once_only_one_session_token_is_left(house: SignInHouse) -> None:
    first = house.sign_in(house.person())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(house.refresh, [first["refresh_token"]] * 8))
    given = [a.json["refresh_token"] for a in answers if a.status == 200]
    outlast_the_grace(house)
    assert sum(house.refresh(token).status == 200 for token in given) <= 1


def test_a_refresh_token_is_of_no_use_to_another_client(house: SignInHouse) -> None:
    first, app = house.sign_in(house.person()), house.machine()
    assert house.refresh(first["refresh_token"], client_id=app.login, client_secret=app.secret).status == 400
    assert house.refresh(first["refresh_token"], client_id="stranger").status == 400
    assert house.refresh(first["refresh_token"], client_id="comanda").status == 200


def test_a_session_ends_when_it_rested_too_long(house: SignInHouse) -> None:
    first = house.sign_in(house.person())
    house.parts.database.run("update comanda.sessions set idle_until = now() - interval '1 second'")
    assert house.refresh(first["refresh_token"]).status == 400


def test_only_hashes_of_refresh_tokens_are_kept(house: SignInHouse) -> None:
    first = house.sign_in(house.person())["refresh_token"]
    rows = house.parts.database.run("select s::text from comanda.sessions s")
    assert rows
    assert not any(first in row for (row,) in rows)


def test_signing_out_ends_the_session_and_the_access_token(house: SignInHouse) -> None:
    told = house.sign_in(house.person())
    assert house.form("/v1/oauth/revoke", token=told["refresh_token"]).status == 200
    assert house.refresh(told["refresh_token"]).status == 400
    assert house.get(WELL, told["access_token"]).status == 401
    assert house.form("/v1/oauth/revoke", token=told["refresh_token"]).status == 200  # said twice, still out
    assert house.form("/v1/oauth/revoke", token="junk").status == 200


def test_an_access_token_can_be_taken_back_by_its_client_only(house: SignInHouse) -> None:
    app, other = house.machine(), house.machine()
    got = house.form("/v1/oauth/token", (app.login, app.secret), grant_type="client_credentials")
    token = got.json["access_token"]
    assert house.form("/v1/oauth/revoke", (app.login, "wrong"), token=token).status == 401
    assert house.form("/v1/oauth/revoke", (other.login, other.secret), token=token).status == 200
    assert house.get(WELL, token).status == 200
    assert house.form("/v1/oauth/revoke", (app.login, app.secret), token=token).status == 200
    assert house.get(WELL, token).status == 401


ENDINGS: dict[str, Callable[[SignInHouse, object], None]] = {
    "a new password": lambda house, who: house.parts.credentials.set_secret(who, PASSWORD),  # type: ignore[arg-type]
    "an end of all sessions": lambda house, who: house.parts.credentials.end_sessions(who),  # type: ignore[arg-type]
    "a release": lambda house, who: house.parts.credentials.release(who),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_ends_sessions_ends_all_of_them_and_only_that_account_s(house: SignInHouse, ending: str) -> None:
    ada, other = house.person(), house.person()
    sessions, untouched = [house.sign_in(ada), house.sign_in(ada)], house.sign_in(other)
    ENDINGS[ending](house, ada.id)
    for session in sessions:
        assert house.refresh(session["refresh_token"]).status == 400
        assert house.get(WELL, session["access_token"]).status == 401
    assert house.get(WELL, untouched["access_token"]).status == 200
    assert house.refresh(untouched["refresh_token"]).status == 200


def test_a_session_that_begins_while_the_password_is_changed_does_not_survive_it(house: SignInHouse) -> None:
    ada = house.person()
    before_ms = house.parts.tokens.verify(house.token(ada)).issued_at_ms
    house.parts.credentials.set_secret(ada.id, "another password")
    identity = house.parts.identity(house.accounts.get)
    with pytest.raises(RefreshRefused):
        identity.sessions.begin(ada.id, "comanda", before_ms)
    late = identity.tokens.issue(ada.id, ["customer"], "comanda", as_of_ms=before_ms)
    assert house.get(WELL, late.access_token).status == 401


def test_a_locked_account_is_out_within_seconds_in_every_process(house: SignInHouse) -> None:
    with SignInHouse(house.settings.needed_database_url(), house.accounts) as other_process:
        ada = house.person()
        told = house.sign_in(ada)
        assert other_process.get(WELL, told["access_token"]).status == 200
        house.accounts[ada.id] = AccountFacts(grants=frozenset({"customer"}), active=False)
        house.parts.tokens.recall(ada.id)
        assert house.get(WELL, told["access_token"]).status == 401
        wait_until(lambda: other_process.get(WELL, told["access_token"]).status == 401)
        assert other_process.refresh(told["refresh_token"]).status == 400
        house.accounts[ada.id] = AccountFacts(grants=frozenset({"customer"}), active=True)
        assert house.refresh(told["refresh_token"]).status == 400  # the refused renewal has ended the session
        assert house.get(WELL, house.token(ada)).status == 200


def wait_until(met: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_should_very_many_be_recalled_at_once_nobody_slips_through(
    house: SignInHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalls, "RECALLS_MAX", 3)
    people = [house.person() for _ in range(6)]
    tokens = [house.token(person) for person in people]
    known = recalls.Recalls(house.parts.database)
    for person in people:
        known.recall(person.id)
    fresh = recalls.Recalls(house.parts.database)
    fresh.refresh()
    issued = [UUID(jwt.decode(token, options={"verify_signature": False})["jti"]).int >> 80 for token in tokens]
    assert all(fresh.includes(person.id, at_ms) for person, at_ms in zip(people, issued, strict=True))
    assert not fresh.includes(uuid4(), time.time_ns() // 1_000_000)
