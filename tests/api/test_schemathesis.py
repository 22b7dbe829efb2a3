"""schemathesis asks what the OpenAPI document allows, and much that it does not, and holds each answer to it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.account.events import Grant, Role
from tests.api.client import Api
from tests.api.contract import Contract
from tests.api.running import Running
from tests.api.shop import MENU, STEPS_BEFORE, Shop
from tests.servers.people import People
from tests.servers.ports import HOST
from tests.servers.postgres import Databases

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
CASES_EACH = int(os.environ.get("COMANDA_TEST_SCHEMATHESIS", "12"))
CASES_MIN = 1000
USERS = 12
END_MAX_S = 400.0
WIDTH_MAX = 2000

pytestmark = pytest.mark.slow


@pytest.fixture
def alone(databases: Databases, template: str) -> Iterator[Running]:
    """An instance of its own: whoever asks everything also closes accounts."""
    with databases.one(template=template) as url, Running(url) as started:
        yield started


def test_every_answer_is_as_the_document_says(
    alone: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with People(alone.database_url) as people:
        ids = _something_of_each(alone, people)
        told = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
                *("run", f"http://{HOST}:{alone.ports[0]}/openapi.json", "--checks", "all"),
                *(
                    "--max-examples",
                    str(CASES_EACH),
                    "--seed",
                    "1",
                    "--header",
                    f"Authorization: {people.operator.bearer['Authorization']}",
                ),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=END_MAX_S,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COMANDA_SCHEMATHESIS_IDS": json.dumps(ids)},
            check=False,
        )
        still = Api(alone.ports[0], Contract(), people.operator).get("/v1/users/me")
    assert still.status == 200, "whoever asked has lost their account on the way, and most answers were 401"
    assert told.returncode == 0, _told(told.stdout) + told.stderr[-2_000:]
    cases = re.search(r"([\d,]+) generated", told.stdout)
    assert cases is not None, told.stdout[-3000:]
    number = int(cases[1].replace(",", ""))
    with capsys.disabled():
        print(f"\nschemathesis: {number} cases, 0 failures")
    assert number >= CASES_MIN
    assert alone.well()


def _something_of_each(running: Running, people: People) -> dict[str, list[str]]:
    """Ids of what is there: an order at every stage, and users that may come to any end."""
    api = Api(running.ports[0], Contract(), people.operator)
    shop = Shop.opened(api)
    orders = [shop.order_at(stage, fulfilment="delivery").json["id"] for stage in STEPS_BEFORE]
    grants = [Grant(role=role) for role in (Role.CUSTOMER, Role.COURIER, Role.AUDITOR, Role.APP)]
    users = [people.someone(grants[n % len(grants)]) for n in range(USERS)]
    api.close()
    return {
        "order_id": orders,
        "restaurant_id": [shop.id],
        "item_id": [item_id for item_id, *_ in MENU],
        "user_id": [str(user.id) for user in users],
        "whoever_asks": [str(people.operator.id)],
    }


def _told(stdout: str) -> str:
    """What failed, in lines that can be read: a body may have a hundred thousand characters."""
    return "\n".join(
        line if len(line) < WIDTH_MAX else f"{line[:WIDTH_MAX]} ..." for line in stdout.splitlines()[-200:]
    )
