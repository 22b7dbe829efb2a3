"""Starts and ends what a round needs as real processes: servers on free ports, and the load."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from tests.bench.load_plan import Plan, Result

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
LOAD_MARGIN_S = 30.0
PROBE_INTERVAL_S = 0.02

Server = subprocess.Popen[bytes]


class BenchProcessFailed(Exception):
    """A process of the bench ended early, or did not come up in time."""


@contextmanager
def running(command: tuple[str, ...], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a command as leader of its own group; at the end SIGTERM to it, then KILL to its group.

    What it prints goes to the file `log`.
    """
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: Server) -> None:
    """Ask a process to end, wait, and kill whatever is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_TIMEOUT_S)


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs one of our modules with this interpreter."""
    return (sys.executable, "-m", name, *arguments)


def wait_until_listening(process: Server, port: int, log: Path) -> None:
    """Return once this very process listens on a port, which others may listen on too (SO_REUSEPORT)."""

    def listens() -> bool:
        sockets = psutil.Process(process.pid).net_connections("tcp")
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)

    wait_until(listens, process, log)


def wait_until_said(process: Server, text: str, times: int, log: Path) -> None:
    """Return once a process has said something so many times in a log that began empty."""
    wait_until(lambda: log.read_text(errors="replace").count(text) >= times, process, log)


def wait_until(ready: Callable[[], bool], process: Server, log: Path) -> None:
    """Return once a process is ready.

    Raises BenchProcessFailed when it ends first, or START_TIMEOUT_S pass.
    """
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < gives_up_at:
        with suppress(psutil.Error):
            if ready():
                return
        time.sleep(PROBE_INTERVAL_S)
    raise BenchProcessFailed(f"{process.args!r} did not come up; the end of {log}:\n{tail(log)}")


def tail(log: Path, characters: int = 2_000) -> str:
    """Return the end of a log file."""
    return log.read_text(errors="replace")[-characters:]


def run_load(plan: Plan) -> Result:
    """Carry out a plan in a process of its own and return what came back."""
    done = subprocess.run(
        module("tests.bench.load"),
        cwd=REPOSITORY,
        input=plan.to_json(),
        capture_output=True,
        text=True,
        timeout=plan.seconds + plan.warmup_s + LOAD_MARGIN_S,
        check=False,
    )
    if done.returncode:
        raise BenchProcessFailed(f"the load generator failed:\n{done.stderr[-2_000:]}")
    return Result(**json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def start_load(plan: Plan) -> Iterator[IO[bytes]]:
    """Carry out a plan in a process of its own; yield its output, to be read as it comes."""
    load = subprocess.Popen(
        module("tests.bench.load"), cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    try:
        output, told = load.stdout, load.stdin
        if output is None or told is None:
            raise BenchProcessFailed("the load generator has no pipes")
        told.write(plan.to_json().encode())
        told.close()
        yield output
    finally:
        end(load)
