"""Processes die and come back; a stop is orderly; nothing outlives the supervisor."""

import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.servers.ports import free_port

STOP_MAX_S = 20
WAIT_MAX_S = 15


class House:
    """A supervisor in a process of its own, with its services and its PostgreSQL."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.port = free_port()
        self.notes = folder / "notes"
        command = [sys.executable, "-m", "tests.infra.small_house", str(folder / "data"), str(self.port), *names]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.line("ready ")

    def line(self, beginning: str) -> str:
        """The rest of the next line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise AssertionError(f"it ended without saying {beginning!r}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def member(self, words: str) -> psutil.Process:
        return next(one for one in self.family() if words in " ".join(one.cmdline()))

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def counts(self) -> bool:
        try:
            with psycopg.connect(self.url) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def end(self) -> None:
        """Closes it in order; after a kill -9 only the folder of its socket is left to remove."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_MAX_S)
        shutil.rmtree((self.notes.with_name("data") / "postgres.socket").read_text(), ignore_errors=True)


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    with ExitStack() as stack:

        def opened(*names: str) -> House:
            house = House(tmp_path, *names)
            stack.callback(house.end)
            return house

        yield opened


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_MAX_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=WAIT_MAX_S)[1]


def test_a_killed_service_is_said_to_be_dead_and_comes_back(open_house: Callable[..., House]) -> None:
    house = open_house("api", "worker")
    killed = house.member("small_service api")
    killed.kill()
    assert house.line("api ended") == "(signal SIGKILL), again in 0.1 s"
    assert eventually(house.answers)
    assert house.member("small_service api").pid != killed.pid


def test_a_killed_postgres_comes_back_under_the_same_address(open_house: Callable[..., House]) -> None:
    house = open_house("api")
    house.member("bin/postgres -D").kill()
    assert house.line("PostgreSQL ended") == ", again in 0.1 s"
    assert eventually(house.counts)


def test_ctrl_c_ends_the_api_first_then_the_rest_and_leaves_nothing(open_house: Callable[..., House]) -> None:
    house = open_house("api", "sequencer", "worker")
    family = house.family()
    house.process.send_signal(signal.SIGINT)
    assert house.process.wait(STOP_MAX_S) == 0
    assert gone(family)
    assert house.notes.read_text().split() == ["api", "sequencer", "worker"]
    log = (house.notes.with_name("data") / "postgres.log").read_text()
    assert "database system is shut down" in log.splitlines()[-1]


def test_a_second_ctrl_c_ends_a_service_that_will_not_end(open_house: Callable[..., House]) -> None:
    house = open_house("api", "stubborn")
    family = house.family()
    house.process.send_signal(signal.SIGTERM)
    assert eventually(house.notes.exists)
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(timeout=5) == 0
    assert gone(family)


def test_nothing_outlives_a_supervisor_that_is_killed(open_house: Callable[..., House]) -> None:
    house = open_house("api", "sequencer", "worker")
    family = house.family()
    assert len(family) > 4
    house.process.kill()
    assert gone(family)


def test_a_house_whose_supervisor_was_killed_opens_again_on_the_same_data(open_house: Callable[..., House]) -> None:
    house = open_house("api")
    with psycopg.connect(house.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
    house.process.kill()
    house.process.wait()
    with psycopg.connect(open_house("api").url) as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [(1,)]
