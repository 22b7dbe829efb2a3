"""`comanda users` makes the first operator, and does beside the API what an operator does through it."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from domain.account.events import Role
from infra.cli.main import comanda
from infra.postgres.connection import connect
from infra.settings import PREFIX
from projections.accounts import ACCOUNTS
from projections.projection import prepare
from tests.api.running import Running
from tests.servers.identity import IDENTITY
from tests.servers.people import People

PASSWORD = "correct horse battery"
SEEN_MAX_S = 20.0


@pytest.fixture
def command(database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs it on a database of this test's own."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", str(value))

    def run(*arguments: str, said: str = "") -> Result:
        return CliRunner().invoke(comanda, ["users", *arguments], input=said)

    return run


def test_the_first_operator_is_made_on_the_command_line_and_can_sign_in(command: Any, database: str) -> None:
    made = command("create", "--role", "operator", "--email", "ada@example.org", said=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout.splitlines()[-1])
    assert told["roles"] == ["operator"]
    assert PASSWORD not in made.output
    with People(database) as people:
        assert str(people.services.credentials.check("ADA@example.org", PASSWORD)) == told["id"]
        facts = people.services.identity.account_of(people.services.credentials.find("ada@example.org"))  # type: ignore[arg-type]
        assert facts is not None
        assert facts.grants == {"operator"}
        assert facts.active


def test_roles_locks_and_passwords_change_from_the_next_sign_in_on(command: Any, database: str) -> None:
    command("create", "--role", "customer", "--email", "ada@example.org", "--password-stdin", said=PASSWORD)
    for arguments in (("grant", "ada@example.org", "courier"), ("revoke", "ada@example.org", "customer")):
        assert command(*arguments).exit_code == 0
    assert command("lock", "ada@example.org").exit_code == 0
    with People(database) as people:
        account_id = people.services.credentials.find("ada@example.org")
        assert account_id is not None
        facts = people.services.identity.account_of(account_id)
        assert facts is not None
        assert facts.grants == {"courier"}
        assert not facts.active
        assert command("unlock", str(account_id)).exit_code == 0
        assert command("password", "ada@example.org", "--password-stdin", said="another long one").exit_code == 0
        assert people.services.credentials.check("ada@example.org", "another long one") == account_id
        again = people.services.identity.account_of(account_id)
        assert again is not None
        assert again.active


def test_an_apps_secret_is_printed_once(command: Any, database: str) -> None:
    command("create", "--role", "operator", "--email", "ada@example.org", "--password-stdin", said=PASSWORD)
    made = command("create", "--role", "app", "--name", "Acme", "--operator", "ada@example.org")
    told = json.loads(made.stdout)
    with People(database) as people:
        assert people.services.credentials.check_account(UUID(told["client_id"]), told["client_secret"])
        facts = people.services.identity.account_of(UUID(told["id"]))
        assert facts is not None
        assert (facts.kind, facts.operator_id) == ("app", people.services.credentials.find("ada@example.org"))


def test_what_cannot_be_is_one_line_that_repeats_no_password(command: Any) -> None:
    command("create", "--role", "customer", "--email", "ada@example.org", "--password-stdin", said=PASSWORD)
    for arguments, said, message in (
        (
            ("create", "--role", "customer", "--email", "ada@example.org", "--password-stdin"),
            PASSWORD,
            "e-mail address",
        ),
        (
            ("create", "--role", "customer", "--email", "eve@example.org", "--password-stdin"),
            "short",
            "password: string",
        ),
        (("create", "--role", "app"), "", "an app needs a name"),
        (("lock", "eve@example.org"), "", "nobody has the e-mail address eve@example.org"),
        (("grant", "ada@example.org", "app"), "", "The role app is for programs"),
    ):
        refused = command(*arguments, said=said)
        assert refused.exit_code != 0
        assert message in str(refused.exception), (arguments, refused.exception)
        assert not said or said not in str(refused.exception)
    assert "is none of customer" in command("grant", "ada@example.org", "cook").output


@pytest.mark.parametrize("role", Role)
def test_the_list_is_narrowed_by_the_name_of_any_role(command: Any, database: str, role: Role) -> None:
    with connect(database, "comanda_worker") as db:
        prepare(db, [ACCOUNTS])
    listed = command("list", "--role", role.value)
    assert (listed.exit_code, listed.output) == (0, "")


def test_the_last_operator_is_taken_away_only_once_there_is_another(command: Any, database: str) -> None:
    ada = ("create", "--role", "operator", "--email", "ada@example.org", "--password-stdin")
    grace = ("create", "--role", "operator", "--email", "grace@example.org", "--password-stdin")
    ends = (("revoke", "ada@example.org", "operator"), ("lock", "ada@example.org"))
    with Running(database), People(database) as people:
        ada_id = UUID(json.loads(command(*ada, said=PASSWORD).stdout)["id"])
        for end in ends:
            refused = command(*end)
            assert refused.exit_code != 0
            (line,) = str(refused.exception).splitlines()
            assert line.startswith("this is the last operator: make another one first, with comanda users create")
        for harmless in (("grant", "ada@example.org", "courier"), ("revoke", "ada@example.org", "courier")):
            assert command(*harmless).exit_code == 0
        facts = people.services.identity.account_of(ada_id)
        assert facts is not None
        assert facts.grants == {"operator"}
        assert facts.active
        assert command(*grace, said=PASSWORD).exit_code == 0
        until(lambda: len(operators(command)) == 2)
        assert command("lock", "ada@example.org").exit_code == 0
        assert command("lock", "grace@example.org").exit_code != 0
        assert command("unlock", "ada@example.org").exit_code == 0
        assert command("revoke", "ada@example.org", "operator").exit_code == 0
        until(lambda: len(operators(command)) == 1)
        assert command("revoke", "grace@example.org", "operator").exit_code != 0


def operators(command: Any) -> list[str]:
    """As the read model has them, which is a moment behind."""
    lines: list[str] = command("list", "--role", "operator").stdout.splitlines()
    return lines


def until(done: Callable[[], bool]) -> None:
    """Wait for the read model."""
    deadline = time.monotonic() + SEEN_MAX_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
