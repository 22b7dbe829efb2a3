"""The embedded PostgreSQL: starts, keeps what it was given, and takes over from one that was left behind."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra import embedded
from infra.embedded import EmbeddedPostgres
from infra.refusal import CannotStart
from tests.servers.postgres import FAST


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("embedded")
    yield path
    shutil.rmtree(path)


def test_what_was_committed_is_there_after_a_kill(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as server:
        url = server.url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1")
        server.kill()
        assert server.pid is None
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM kept").fetchall() == [(1,)]


def test_nobody_else_on_this_machine_may_enter_and_nothing_listens_on_tcp(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as server:
        socket_folder = Path(str(psycopg.conninfo.conninfo_to_dict(server.url)["host"]))
        assert socket_folder.stat().st_mode & 0o777 == 0o700
        assert not [c for c in psutil.Process(server.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert not socket_folder.exists()


def test_a_server_that_was_left_behind_is_stopped_first(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as left_behind:
        with EmbeddedPostgres(folder, settings=FAST) as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert left_behind.pid is None


def test_the_log_stays_within_its_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_MAX_BYTES", 10)
    server = EmbeddedPostgres(folder)
    server.log.write_text("a long story\n")
    server.rotate_log()
    assert server.log.read_text() == ""
    assert (folder / "postgres.log.1").read_text() == "a long story\n"


def test_a_damaged_folder_is_one_line_that_says_where_to_look(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "postgres", tmp_path / "postgres")
    owner = (folder / "postgres").stat()
    for path in [tmp_path / "postgres", *(tmp_path / "postgres").rglob("*")]:
        os.chown(path, owner.st_uid, owner.st_gid)
    (tmp_path / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(CannotStart, match=r"does not start: .*control.*postgres\.log") as refusal:
        EmbeddedPostgres(tmp_path, settings=FAST).start()
    assert "\n" not in str(refusal.value)
