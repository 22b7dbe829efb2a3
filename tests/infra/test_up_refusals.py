"""`comanda up` that cannot start: one line that says what to do, exit code 2, nothing harmed, no password shown."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.data_folder import hold
from tests.servers.ports import free_port

ANSWER_MAX_S = 30


def refused(folder: Path, port: int = 0, **environment: str) -> str:
    """Tries to start, and answers the one line that it said."""
    tried = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "up", "--data", str(folder), "--port", str(port)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=ANSWER_MAX_S,
    )
    lines = tried.stderr.splitlines()
    assert (tried.returncode, len(lines), tried.stdout) == (2, 1, ""), tried.stderr
    assert not (folder / "postgres").exists() or (folder / "postgres" / "PG_VERSION").exists()
    return lines[0]


def test_a_second_start_on_one_folder_is_refused(tmp_path: Path) -> None:
    with hold(tmp_path):
        line = refused(tmp_path)
    assert f"another Comanda (process {os.getpid()}) uses the data folder {tmp_path}" in line


def test_a_taken_port_is_refused_even_where_it_may_be_shared(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        line = refused(tmp_path / "data", port)
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use): stop what uses it" in line


def test_a_folder_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert "is not empty and not a Comanda data folder" in refused(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("marker", "line"),
    [
        ('{"format": 2, "postgres": 18}', "was written by another version"),
        ('{"format": 1, "postgres": 17}', "was written by another version"),
        ("{", "is damaged"),
    ],
)
def test_a_folder_of_another_version_is_refused_and_left_as_it_was(tmp_path: Path, marker: str, line: str) -> None:
    (tmp_path / "comanda.json").write_text(marker)
    assert line in refused(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["comanda.json"]


def test_a_folder_with_another_postgres_is_refused(tmp_path: Path) -> None:
    (tmp_path / "comanda.json").write_text('{"format": 1, "postgres": 18}')
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    assert "holds PostgreSQL 15, this version runs 18" in refused(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "cannot read the data folder" in refused(tmp_path / "data")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"amqp://guest:sesame@127.0.0.1:{free_port()}/", "nobody answers"),
        ("amqp://guest:sesame@127.0.0.1:nonsense/", "the URL is malformed"),
        ("amqp://guest:sesame@no-such-host.invalid/", "nobody answers"),
        ("http://guest:sesame@127.0.0.1/", "a URL that begins with amqp:// is needed"),
    ],
)
def test_an_unreachable_broker_is_refused_without_showing_its_password(tmp_path: Path, url: str, reason: str) -> None:
    line = refused(tmp_path, COMANDA_AMQP_URL=url)
    assert "COMANDA_AMQP_URL" in line
    assert reason in line
    assert "sesame" not in line


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"postgresql://postgres:sesame@127.0.0.1:{free_port()}/comanda", "Connection refused"),
        ("postgresql://postgres:sesame@127.0.0.1/comanda?nonsense=1", "the URL is malformed"),
        ("mysql://postgres:sesame@127.0.0.1/comanda", "a URL that begins with postgresql:// is needed"),
    ],
)
def test_an_unreachable_database_is_refused_without_showing_its_password(tmp_path: Path, url: str, reason: str) -> None:
    line = refused(tmp_path, COMANDA_DATABASE_URL=url)
    assert "COMANDA_DATABASE_URL" in line
    assert reason in line
    assert "sesame" not in line


def test_a_wrong_password_or_virtual_host_is_refused(tmp_path: Path, amqp_url: str) -> None:
    assert "refuses this user or password" in refused(
        tmp_path, COMANDA_AMQP_URL=amqp_url.replace("guest:guest", "guest:sesame")
    )
    assert "refuses this virtual host" in refused(tmp_path, COMANDA_AMQP_URL=f"{amqp_url}-of-nobody")


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    line = refused(
        tmp_path, COMANDA_API_PROCESSES="many", COMANDA_LOG_LEVEL="loud", COMANDA_TRUSTED_PROXIES="10.0.0.1,localhost"
    )
    assert "COMANDA_API_PROCESSES is wrong (input should be a valid integer" in line
    assert "COMANDA_LOG_LEVEL is wrong" in line
    assert "COMANDA_TRUSTED_PROXIES is wrong ('localhost' does not appear to be an IPv4 or IPv6 network)" in line
