"""A backup from before an erasure brings keys back; the list of erasures, kept apart from it, takes them away again."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result

from infra.cli.main import comanda
from infra.settings import PREFIX
from tests.api.client import Api
from tests.api.contract import Contract
from tests.api.running import Running
from tests.api.shop import Shop
from tests.servers.identity import IDENTITY
from tests.servers.people import People
from tests.servers.postgres import Databases

NAME = "Grace Hopper-Murray"
_ERASED = "select subject::text from comanda.subject_keys where erased_at is not null order by erased_at"

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `comanda privacy` on a database."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", str(value))

    def run(url: str, *arguments: str, said: bytes = b"") -> Result:
        monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
        return CliRunner().invoke(comanda, ["privacy", *arguments], input=said)

    return run


@pytest.fixture
def guests(database: str) -> tuple[str, str]:
    """An account's id, and the id of a guest's order."""
    with Running(database) as running, People(database) as people:
        shop = Shop.opened(Api(running.ports[0], Contract(), people.operator))
        order = shop.place(customer={"name": NAME})
        return str(people.someone().id), order.json["id"]


def erased(url: str) -> list[str]:
    with psycopg.connect(url) as db:
        return [subject for (subject,) in db.execute(_ERASED).fetchall()]


def test_whom_a_restored_backup_knows_again_is_erased_again_by_the_list(
    databases: Databases, database: str, guests: tuple[str, str], command: Command
) -> None:
    account_id, order_id = guests
    with databases.one(template=urlsplit(database).path[1:]) as backup:
        assert command(database, "erase", account_id).exit_code == 0
        assert command(database, "erase", "--order", order_id).exit_code == 0
        kept = command(database, "erasures").stdout_bytes
        assert [json.loads(line)["subject"] for line in kept.splitlines()] == [account_id, order_id]
        assert not erased(backup)
        born_later = json.dumps({"subject": str(uuid4()), "erased_at": "2026-01-01T00:00:00Z"}).encode() + b"\n\n"
        for _ in range(2):
            done = command(backup, "erase", "--again", "-", said=kept + born_later)
            assert done.exit_code == 0, done.output
            assert done.stdout.splitlines()[-1] == "done: 2 erased, 1 not in this history"
            assert erased(backup) == [account_id, order_id]
        with Running(backup) as running, People(backup) as people:
            shown = Api(running.ports[0], Contract(), people.operator).get(f"/v1/orders/{order_id}")
        assert shown.json["customer"]["name"] == "[erased]"


def test_the_list_begins_where_it_is_asked_to(database: str, guests: tuple[str, str], command: Command) -> None:
    command(database, "erase", guests[0])
    assert command(database, "erasures", "--since", "2999-01-01").stdout == ""
    line = command(database, "erasures", "--since", "2020-01-01").stdout
    assert guests[0] in line
    for since in (json.loads(line)["erased_at"], "2020-01-01T01:00:00+01:00"):  # as the list itself writes it, too
        assert command(database, "erasures", "--since", since).stdout == line
    assert "is no time" in str(command(database, "erasures", "--since", "yesterday").exception)


@pytest.mark.parametrize("line", [b"[]", b"{}", b"nonsense", b'{"subject": 7}', b'{"subject": "7"}'])
def test_a_list_that_is_none_is_refused_with_its_line(database: str, command: Command, line: bytes) -> None:
    refused = command(database, "erase", "--again", "-", said=b"\n" + line)
    assert refused.exit_code != 0
    assert "line 2 of the list" in str(refused.exception)


def test_one_thing_at_a_time_is_erased(database: str, command: Command) -> None:
    for arguments in ((), (str(uuid4()), "--order", str(uuid4()))):
        assert "name an account" in str(command(database, "erase", *arguments).exception)
