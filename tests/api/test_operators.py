"""The house never loses its last operator, whoever asks for it, and however many at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

from domain.account.events import Grant, Role
from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.contract import Contract
from tests.api.running import Running
from tests.servers.people import PASSWORD, People
from tests.servers.postgres import Databases

OPERATOR = {"role": "operator"}
ROUNDS = 25
WAIT_MAX_S = 10.0
LOOK_S = 0.01


def test_the_last_operator_cannot_be_taken_away(databases: Databases, template: str, contract: Contract) -> None:
    with (
        databases.one(template=template) as url,
        Running(url) as house,
        People(url) as people,
        closing(Api(house.ports[0], contract, people.operator)) as api,
    ):
        path = f"/v1/users/{people.operator.id}"
        ends: tuple[Callable[[], Answer], ...] = (
            lambda: api.post(f"{path}/lock"),
            lambda: api.post(f"{path}/close"),
            lambda: api.delete(f"{path}/roles/operator"),
            lambda: api.delete(path),
        )
        assert [(a.status, a.code) for a in (end() for end in ends)] == [(409, "last_operator")] * 4
        second = api.create(
            "/v1/users", {"name": "Ada", "email": "ada@example.org", "password": PASSWORD, "grants": [OPERATOR]}
        )
        api.get("/v1/users", second.token)
        assert api.post(f"{path}/lock").json["status"] == "locked"


def test_two_operators_who_end_each_other_at_once_leave_one(
    databases: Databases, template: str, contract: Contract
) -> None:
    operator = Grant(role=Role.OPERATOR)
    with databases.one(template=template) as url, Running(url) as house, People(url) as people:
        pair = (people.operator, people.someone(operator))
        auditor = people.someone(Grant(role=Role.AUDITOR))
        barrier = threading.Barrier(2)

        def ask(number: int, step: str) -> Answer:
            """One of them asks for a step of the other; with a token of now, for the last may be recalled."""
            me = replace(pair[number], token=people.token(pair[number].id, operator))
            with closing(Api(house.ports[number], contract, me)) as api:
                if step == "lock":
                    api.get("/v1/users/me")
                    barrier.wait(WAIT_MAX_S)
                return api.post(f"/v1/users/{pair[1 - number].id}/{step}")

        def wait_until_both_are_listed(token: dict[str, str]) -> None:
            """Who is not in the read model yet does not count: to end the other is refused then."""
            deadline = time.monotonic() + WAIT_MAX_S
            with closing(Api(house.ports[0], contract, auditor)) as api:
                while len(api.get("/v1/users", token, role="operator", status="active").json["data"]) < len(pair):
                    assert time.monotonic() < deadline
                    time.sleep(LOOK_S)

        with ThreadPoolExecutor(2) as threads:
            changed: dict[str, str] = {}
            for _ in range(ROUNDS):
                wait_until_both_are_listed(changed)
                ends = list(threads.map(lambda number: ask(number, "lock"), (0, 1)))
                assert [end.status for end in ends].count(200) == 1, ends
                back = ask(0 if ends[0].status == 200 else 1, "unlock")
                assert back.status == 200, back
                changed = back.token
