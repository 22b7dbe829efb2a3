"""An erasure that is killed between its steps goes on, by being asked for again or by itself, and ends once."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from threading import Thread
from typing import Any, Self
from uuid import UUID

import psycopg
import pytest

from tests.api.client import Api
from tests.api.shop import Shop
from tests.bench.processes import Server
from tests.privacy.house import House, kill
from tests.servers.people import Someone
from tests.servers.ports import free_port
from workers.erasing import EVERY_S

WAIT_MAX_S = 20.0
_LOOK_S = 0.05
_BLOCKED = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
_CUT_OFF = "select pg_terminate_backend(%s, 5000)"
_TYPES = "select type from comanda.events where stream_id = %s order by version"
_DESTROYED = "select erased_at is not null from comanda.subject_keys where subject = %s"
_LOGINS = "select count(*) from comanda.logins where account_id = %s"

REGISTERED = ["AccountRegistered"]
REQUESTED = [*REGISTERED, "AccountClosed", "ErasureRequested"]
FINISHED = [*REQUESTED, "PersonalDataErased"]
EVENTS, LOGINS, KEYS = "comanda.events", "comanda.logins", "comanda.subject_keys"
_WRITES = {EVENTS: "%comanda.append%", LOGINS: "%comanda.logins%", KEYS: "%comanda.subject_keys%"}


class Obstacle:
    """Nobody writes to a table within the block, and what wanted to is cut off before its end, as in a power cut."""

    def __init__(self, url: str, table: str) -> None:
        self._url, self._table = url, table

    def __enter__(self) -> Self:
        self._holder = psycopg.connect(self._url)
        self._watch = psycopg.connect(self._url, autocommit=True)
        self._holder.execute(f"lock table {self._table} in exclusive mode")
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away(cut_off=True)
        self._watch.close()

    def wait_until_met(self) -> None:
        until(lambda: bool(self._waiting()))

    def go_away(self, *, cut_off: bool) -> None:
        for (pid,) in self._waiting() if cut_off else []:
            self._watch.execute(_CUT_OFF, (pid,))
        self._holder.close()

    def _waiting(self) -> list[tuple[int]]:
        return self._watch.execute(_BLOCKED, (_WRITES[self._table],)).fetchall()


def until(met: Callable[[], bool], max_s: float = WAIT_MAX_S) -> None:
    deadline = time.monotonic() + max_s
    while not met():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(_LOOK_S)


@pytest.fixture
def db(house: House) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(house.url, autocommit=True) as opened:
        yield opened


def history(db: psycopg.Connection[Any], account_id: UUID) -> list[str]:
    return [name for (name,) in db.execute(_TYPES, (account_id,)).fetchall()]


def standing(db: psycopg.Connection[Any], account_id: UUID) -> tuple[list[str], bool, bool]:
    """What the history tells, whether the key is destroyed, and whether the login is gone."""
    destroyed = db.execute(_DESTROYED, (account_id,)).fetchone() == (True,)
    return history(db, account_id), destroyed, db.execute(_LOGINS, (account_id,)).fetchone() == (0,)


def erasing(house: House, who: Someone) -> Server:
    return house.comanda("privacy", "erase", str(who.id))


@pytest.mark.fault
@pytest.mark.parametrize(
    ("obstacle", "left"),
    [
        (EVENTS, (REGISTERED, False, False)),
        (LOGINS, (REQUESTED, False, False)),
        (KEYS, (REQUESTED, False, True)),
    ],
)
def test_an_erasure_that_is_killed_before_a_step_is_finished_by_the_next(
    house: House, db: psycopg.Connection[Any], obstacle: str, left: tuple[list[str], bool, bool]
) -> None:
    who = house.people.someone()
    with Obstacle(house.url, obstacle) as way:
        process = erasing(house, who)
        way.wait_until_met()
        kill(process)
        assert standing(db, who.id) == left
    for _ in range(2):
        house.output("privacy", "erase", str(who.id))
        assert standing(db, who.id) == (FINISHED, True, True)


@pytest.mark.fault
def test_an_erasure_that_is_killed_before_it_is_noted_is_noted_once(house: House, db: psycopg.Connection[Any]) -> None:
    who = house.people.someone()
    with ExitStack() as stack:
        first = stack.enter_context(Obstacle(house.url, KEYS))
        process = erasing(house, who)
        first.wait_until_met()
        second = stack.enter_context(Obstacle(house.url, EVENTS))
        first.go_away(cut_off=False)
        second.wait_until_met()
        kill(process)
        assert standing(db, who.id) == (REQUESTED, True, True)
    house.output("privacy", "erase", str(who.id))
    assert standing(db, who.id) == (FINISHED, True, True)


@pytest.mark.fault
@pytest.mark.timeout(120)
def test_when_the_process_that_erases_is_killed_another_goes_on_by_itself(
    house: House, db: psycopg.Connection[Any]
) -> None:
    who = house.people.someone()
    asked = Api(free_port(), house.contract, who)
    process = house.run_api(asked.port)
    shop = Shop.opened(house.api(1))
    mine = house.api(1).of(who)
    order = mine.create("/v1/orders", shop.body(customer={"name": "Ada"}))
    assert order.status == 201

    def ask() -> None:
        with suppress(OSError, http.client.HTTPException):
            asked.delete("/v1/users/me")

    asking = Thread(target=ask)
    with Obstacle(house.url, KEYS) as way:
        asking.start()
        way.wait_until_met()
        kill(process)
        asking.join()
        assert history(db, who.id) == REQUESTED
    until(lambda: standing(db, who.id) == (FINISHED, True, True), EVERY_S + WAIT_MAX_S)
    house.catch_up()
    until(lambda: b"Ada" not in house.api(1).get(f"/v1/orders/{order.json['id']}").body)
