"""Sequencers as processes: a standby takes over from one that dies, and one that is asked to end does."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from infra.parent import PIPE
from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.workers.sequencing import TAKEOVER_MAX_S, WAIT_MAX_S, ledger, one, place_orders, until


@pytest.fixture
def start(database: str, owner: Connection) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts `comanda sequencer` and waits until it leads or stands by; ends all of them afterwards."""
    ours, theirs = os.pipe()  # should this process die, they end by themselves
    environment = {**os.environ, "COMANDA_DATABASE_URL": database, "COMANDA_LOG_LEVEL": "error", PIPE: str(ours)}
    started: list[subprocess.Popen[bytes]] = []

    def one_more() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "infra.cli.main", "sequencer"]
        before = sessions(owner)
        started.append(subprocess.Popen(command, env=environment, pass_fds=(ours,)))
        until(lambda: sessions(owner) > before)
        return started[-1]

    yield one_more
    for process in started:
        process.kill()
        process.wait(WAIT_MAX_S)
    os.close(ours)
    os.close(theirs)


def epoch(owner: Connection) -> int:
    return int(one(owner, "select epoch from comanda.sequencer"))


def sessions(owner: Connection) -> int:
    """How many sequencers lead or stand by."""
    return int(
        one(
            owner,
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = 'comanda_sequencer'",
        )
    )


@pytest.mark.fault
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_a_standby_takes_over_within_two_seconds_of_a_leader_that_is_killed_or_frozen(
    owner: Connection, store: PostgresEventStore, start: Callable[[], "subprocess.Popen[bytes]"], fault: signal.Signals
) -> None:
    leader = start()
    place_orders(store, 1)
    until(lambda: ledger(owner) == 1)
    start()
    place_orders(store, 1)
    leader.send_signal(fault)
    waited = until(lambda: epoch(owner) == 2)
    place_orders(store, 1)
    assert waited + until(lambda: ledger(owner) == 3) < TAKEOVER_MAX_S
    leader.send_signal(signal.SIGCONT)
    place_orders(store, 1)
    assert until(lambda: ledger(owner) == 4) < TAKEOVER_MAX_S
    assert epoch(owner) == 2


@pytest.mark.fault
def test_a_leader_that_is_asked_to_end_does_so_at_once_and_cleanly(
    owner: Connection, start: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    leader, standby = start(), start()
    until(lambda: epoch(owner) == 1)
    for process in (standby, leader):
        process.terminate()
        assert process.wait(TAKEOVER_MAX_S) == 0
