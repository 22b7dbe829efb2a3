"""Users come, change and go, roles too; and no crash burns an address."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

from domain.account.events import Grant, Role
from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.running import Running
from tests.api.shop import Shop
from tests.servers.people import CLIENT, PASSWORD, People

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OTHER = "another long password"


def address() -> str:
    return f"Ada.{uuid.uuid4().hex}@Example.org"


def ada(**changes: Any) -> dict[str, Any]:
    """The body of somebody new."""
    told = {"name": "Ada Lovelace", "email": address(), "phone": "+39 06 1234", "password": PASSWORD}
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def sign_in(api: Api, email: str, password: str = PASSWORD) -> Answer:
    form = {"grant_type": "password", "client_id": CLIENT, "username": email, "password": password}
    return api.of(None).send("POST", "/v1/oauth/token", urlencode(form).encode(), FORM)


def born(ago: timedelta) -> UUID:
    """An id that was made a while ago."""
    at_ms = int((datetime.now(UTC) - ago).timestamp() * 1000)
    return UUID(int=(at_ms << 80) | (uuid7().int & ((1 << 80) - 1)))


# Registering


def test_anybody_may_become_a_customer_and_sign_in(api: Api) -> None:
    wanted = ada()
    registered = api.of(None).create("/v1/users", wanted)
    assert registered.status == 201
    told = registered.json
    assert (told["name"], told["email"], told["phone"]) == (wanted["name"], wanted["email"], wanted["phone"])
    assert (told["kind"], told["status"], told["grants"]) == (
        "person",
        "active",
        [{"role": "customer", "restaurant_id": None}],
    )
    token = sign_in(api, wanted["email"].lower()).json["access_token"]
    me = api.of(None).get("/v1/users/me", {"Authorization": f"Bearer {token}"})
    assert me.json == told
    assert me.headers["Etag"] == '"1"'


def test_an_address_belongs_to_one_account_in_whatever_letters(api: Api) -> None:
    wanted = ada()
    assert api.of(None).create("/v1/users", wanted).status == 201
    again = api.of(None).create("/v1/users", {**wanted, "email": wanted["email"].upper()})
    assert (again.status, again.code, again.pointers) == (409, "email_taken", ["/email"])


def test_a_registration_sent_twice_is_one_and_has_one_answer(api: Api, events: Callable[[], int]) -> None:
    wanted, key = ada(), uuid.uuid4().hex
    first = api.of(None).create("/v1/users", wanted, key)
    before = events()
    again = api.of(None).create("/v1/users", wanted, key)
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")
    assert events() == before
    other = api.of(None).create("/v1/users", ada(), key)
    assert (other.status, other.code) == (422, "key_reused")


def test_of_many_who_want_one_address_at_once_one_gets_it(api: Api) -> None:
    wanted, answers = ada(), list[Answer]()

    def register() -> None:
        client = api.of(None)
        answers.append(client.create("/v1/users", wanted))
        client.close()

    threads = [threading.Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [201] + [409] * 7
    assert {a.code for a in answers} <= {None, "email_taken", "registration_under_way"}


def test_an_address_that_a_crash_left_behind_is_free_again_after_a_minute(api: Api, people: People) -> None:
    fresh, stale = ada(), ada()
    assert people.services.credentials.reserve(fresh["email"], born(timedelta(seconds=5)))
    assert people.services.credentials.reserve(stale["email"], born(timedelta(seconds=61)))
    under_way = api.of(None).create("/v1/users", fresh)
    assert (under_way.status, under_way.code) == (409, "registration_under_way")
    assert api.of(None).create("/v1/users", stale).status == 201
    assert sign_in(api, stale["email"]).status == 200


def test_what_is_said_of_a_new_user_must_fit(api: Api, shop: Shop) -> None:
    staff = {"role": "restaurant_staff", "restaurant_id": shop.id}
    stranger = {**staff, "restaurant_id": str(uuid7())}
    for changes, status, code, pointer in (
        ({"password": None}, 422, "password_missing", "/password"),
        ({"email": None}, 422, "email_missing", "/email"),
        ({"password": "nine char"}, 422, "request_invalid", "/password"),
        ({"email": "ada"}, 422, "request_invalid", "/email"),
        ({"phone": "call me"}, 422, "request_invalid", "/phone"),
        ({"grants": []}, 422, "request_invalid", "/grants"),
        ({"grants": [{"role": "cook"}]}, 422, "request_invalid", "/grants/0/role"),
        ({"grants": [{"role": "restaurant_staff"}]}, 422, "restaurant_missing", "/grants/0/restaurant_id"),
        ({"grants": [{**staff, "role": "courier"}]}, 422, "restaurant_unexpected", "/grants/0/restaurant_id"),
        ({"grants": [{"role": "app"}]}, 422, "password_unexpected", "/password"),
        ({"grants": [stranger]}, 404, "restaurant_unknown", "/grants/0/restaurant_id"),
    ):
        refused = api.create("/v1/users", ada(**changes))
        assert (refused.status, refused.code, refused.pointers[0]) == (status, code, pointer), changes


def test_nobody_makes_more_of_themselves_than_a_customer(api: Api, people: People, shop: Shop) -> None:
    customer = people.one(Grant(role=Role.CUSTOMER))
    for grants in (
        [{"role": "operator"}],
        [{"role": "auditor"}],
        [{"role": "customer"}, {"role": "courier"}],
        [{"role": "restaurant_owner", "restaurant_id": shop.id}],
    ):
        assert api.of(None).create("/v1/users", ada(grants=grants)).code == "token_missing"
        assert api.of(customer).create("/v1/users", ada(grants=grants)).code == "forbidden"


def test_an_owner_makes_and_unmakes_the_staff_of_their_own_restaurant(api: Api, people: People, shop: Shop) -> None:
    owner = people.someone(Grant(role=Role.RESTAURANT_OWNER, restaurant_id=UUID(shop.id)))
    staff = {"role": "restaurant_staff", "restaurant_id": shop.id}
    made = api.of(owner).create("/v1/users", ada(grants=[staff]))
    assert (made.status, made.json["grants"]) == (201, [staff])
    role = f"/v1/users/{made.json['id']}/roles/restaurant_staff:{shop.id}"
    listed = api.of(owner).get("/v1/users", made.token, restaurant_id=shop.id).json["data"]
    assert {user["id"] for user in listed} == {str(owner.id), made.json["id"]}
    gone = api.of(owner).delete(role)
    assert (gone.status, gone.json["grants"]) == (200, [])
    other = Shop.opened(api)
    elsewhere = {**staff, "restaurant_id": other.id}
    assert api.of(owner).create("/v1/users", ada(grants=[elsewhere])).code == "restaurant_unknown"
    boss = {"role": "restaurant_owner", "restaurant_id": shop.id}
    assert api.of(owner).create("/v1/users", ada(grants=[boss])).code == "forbidden"


# Changing


def test_who_changes_the_address_signs_in_with_the_new_one(api: Api) -> None:
    wanted, new = ada(), address()
    user = api.of(None).create("/v1/users", wanted)
    path = user.headers["Location"]
    taken = ada()
    assert api.of(None).create("/v1/users", taken).status == 201
    assert api.patch(path, {"email": taken["email"]}).code == "email_taken"
    changed = api.patch(path, {"email": new, "phone": None}, {"If-Match": '"1"'})
    assert (changed.status, changed.json["email"], changed.json["phone"]) == (200, new, None)
    assert api.patch(path, {"email": new}).headers["Etag"] == changed.headers["Etag"]
    assert sign_in(api, new).status == 200
    assert sign_in(api, wanted["email"]).status == 400
    assert api.of(None).create("/v1/users", wanted).status == 201


def test_a_stale_change_is_refused_and_the_login_stays(api: Api) -> None:
    wanted = ada()
    path = api.of(None).create("/v1/users", wanted).headers["Location"]
    stale = api.patch(path, {"email": address()}, {"If-Match": '"7"'})
    assert (stale.status, stale.code) == (412, "precondition_failed")
    assert sign_in(api, wanted["email"]).status == 200


def test_ones_own_password_is_changed_by_saying_the_present_one(api: Api) -> None:
    wanted = ada()
    api.of(None).create("/v1/users", wanted)
    me = {"Authorization": f"Bearer {sign_in(api, wanted['email']).json['access_token']}"}
    anyone = api.of(None)
    for present in ({}, {"current_password": OTHER}):
        refused = anyone.put("/v1/users/me/password", {"password": OTHER, **present}, me)
        assert (refused.status, refused.code, refused.pointers) == (422, "password_wrong", ["/current_password"])
    changed = anyone.put("/v1/users/me/password", {"password": OTHER, "current_password": PASSWORD}, me)
    assert changed.status == 200
    assert changed.json["password_changed_at"] is not None
    assert sign_in(api, wanted["email"]).status == 400
    assert sign_in(api, wanted["email"], OTHER).status == 200


def test_guesses_at_the_present_password_come_to_an_end(api: Api, people: People) -> None:
    someone = people.someone()
    guess = {"password": OTHER, "current_password": "not this one either"}
    answers = [api.of(someone).put("/v1/users/me/password", guess) for _ in range(12)]
    assert {a.status for a in answers[:5]} == {422}
    assert (answers[-1].status, answers[-1].code) == (429, "too_many")
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_passwords_are_nowhere_kept_as_they_were_written(api: Api, running: Running) -> None:
    secret = f"planted {uuid.uuid4().hex}"
    wanted = ada(password=secret)
    user = api.of(None).create("/v1/users", wanted)
    api.put(f"{user.headers['Location']}/password", {"password": secret + "!"})
    assert sign_in(api, wanted["email"], secret + "!").status == 200
    with psycopg.connect(running.database_url) as db:
        tables = db.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('comanda', 'read_models')"
        ).fetchall()
        hits = [
            (schema, table)
            for schema, table in tables
            for row in db.execute(f'select t::text from "{schema}"."{table}" t')  # noqa: S608
            if secret in row[0] or wanted["email"] in row[0] or "Lovelace" in row[0]
        ]
    assert len(tables) > 10
    assert hits == []


# Roles, locks and ends


def test_a_role_counts_from_the_next_token_on(api: Api, people: People, shop: Shop) -> None:
    someone = people.someone()
    path = f"/v1/users/{someone.id}/roles/restaurant_staff:{shop.id}"
    given = api.put(path, None)
    assert given.status == 200
    assert api.put(path, None).headers["Etag"] == given.headers["Etag"]
    token = sign_in(api, someone.email).json["access_token"]
    board = api.of(None).get(f"{shop.path}/board", {"Authorization": f"Bearer {token}"})
    assert board.status == 200
    assert api.put(f"/v1/users/{someone.id}/roles/cook", None).code == "role_unknown"
    assert api.put(f"/v1/users/{someone.id}/roles/app", None).code == "role_of_apps"
    assert api.put(f"/v1/users/{someone.id}/roles/restaurant_staff:{uuid7()}", None).code == "restaurant_unknown"


def test_a_locked_user_cannot_sign_in_until_unlocked(api: Api, people: People) -> None:
    someone = people.someone()
    locked = api.post(f"/v1/users/{someone.id}/lock")
    assert (locked.status, locked.json["status"]) == (200, "locked")
    assert sign_in(api, someone.email).status == 400
    assert api.post(f"/v1/users/{someone.id}/unlock", {}).json["status"] == "active"
    assert sign_in(api, someone.email).status == 200


def test_a_closed_user_stays_closed(api: Api, people: People) -> None:
    someone = people.someone()
    assert api.of(someone).post("/v1/users/me/close").json["status"] == "closed"
    assert sign_in(api, someone.email).status == 400
    assert api.post(f"/v1/users/{someone.id}/unlock").code == "account_already_closed"
    assert api.patch(f"/v1/users/{someone.id}", {"name": "Ada"}).code == "account_already_closed"


def test_who_is_erased_is_gone_and_the_address_is_free(api: Api) -> None:
    wanted = ada()
    user = api.of(None).create("/v1/users", wanted)
    me = {"Authorization": f"Bearer {sign_in(api, wanted['email']).json['access_token']}"}
    erased = api.of(None).delete("/v1/users/me", me)
    assert erased.status == 200
    assert (erased.json["status"], erased.json["name"], erased.json["email"]) == ("erased", None, None)
    assert api.delete(user.headers["Location"]).body == erased.body
    listed = api.get("/v1/users", erased.token, status="erased").json["data"]
    assert user.json["id"] in {one["id"] for one in listed}
    assert sign_in(api, wanted["email"]).status == 400
    assert api.of(None).create("/v1/users", wanted).status == 201


def test_an_app_signs_in_with_a_secret_that_is_told_once(api: Api) -> None:
    app = api.create("/v1/users", {"name": "Acme Orders", "grants": [{"role": "app"}]})
    assert api.who is not None
    assert (app.status, app.json["kind"], app.json["operator_id"]) == (201, "app", str(api.who.id))
    told = api.post(f"{app.headers['Location']}/client-secret")
    assert told.status == 200
    form = {"grant_type": "client_credentials", **told.json}
    granted = api.of(None).send("POST", "/v1/oauth/token", urlencode(form).encode(), FORM)
    me = api.of(None).get("/v1/users/me", {"Authorization": f"Bearer {granted.json['access_token']}"})
    assert me.json["id"] == app.json["id"]
    person = api.of(None).create("/v1/users", ada())
    assert api.post(f"{person.headers['Location']}/client-secret").code == "role_of_persons"
    assert api.put(f"{app.headers['Location']}/password", {"password": OTHER}).code == "password_unexpected"


# Lists


def test_the_list_finds_by_address_role_restaurant_and_status(api: Api, shop: Shop) -> None:
    wanted = ada(grants=[{"role": "restaurant_staff", "restaurant_id": shop.id}, {"role": "courier"}])
    user = api.create("/v1/users", wanted)

    def found(**query: Any) -> set[str]:
        return {one["id"] for one in api.get("/v1/users", user.token, **query).json["data"]}

    assert found(email=wanted["email"].upper()) == {user.json["id"]}
    assert found(email=address()) == set()
    assert found(restaurant_id=shop.id) == {user.json["id"]}
    assert found(restaurant_id=shop.id, role="restaurant_staff") == {user.json["id"]}
    assert found(restaurant_id=shop.id, role="restaurant_owner") == set()
    assert user.json["id"] in found(role="courier", status="active")
    assert found(restaurant_id=shop.id, status="locked") == set()
    assert api.get("/v1/users", role="cook").code == "parameter_invalid"
    assert api.get("/v1/users", name="Ada").code == "parameter_invalid"


def test_the_pages_of_the_list_show_everybody_once(api: Api, people: People, shop: Shop) -> None:
    staff = Grant(role=Role.RESTAURANT_STAFF, restaurant_id=UUID(shop.id))
    made = [str(people.someone(staff).id) for _ in range(5)]
    last = api.put(f"/v1/users/{made[-1]}/roles/courier", None)
    seen: list[str] = []
    asked: dict[str, Any] = {"restaurant_id": shop.id, "limit": 2}
    while True:
        page = api.get("/v1/users", last.token, **asked).json
        seen += [user["id"] for user in page["data"]]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
