"""What comes before the first process: the schema is brought up to date, and a demo restaurant opens once.

The demo accounts' secrets are kept in the data folder, for their owner's eyes only, and printed at each start.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra.reachable import masked
from infra.refusal import EXIT_CODE, CannotStart
from infra.settings import Settings
from infra.supervisor import StopSignals

LOOK_EVERY_S = 0.1
SEEDED = "seed.json"
SEEDED_MODE = 0o600


def run_to_end(command: Sequence[str], settings: Settings, signals: StopSignals) -> str:
    """Runs one of our commands; returns what it printed, in the end its answer.

    Raises:
        CannotStart: it failed without saying why.
        StopAsked: a stop was asked for meanwhile; the command was killed.
        SystemExit: it refused to start, and has said why.
    """
    environment = {**os.environ, **settings.environment()}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            printed = _wait(process, signals)
        except BaseException:
            process.kill()
            raise
    if process.returncode == EXIT_CODE:
        sys.exit(EXIT_CODE)
    if process.returncode != 0:
        raise CannotStart(f"comanda {command[-1]} failed: what it said stands above")
    return printed


class Demo(NamedTuple):
    """The demo restaurant's id, and for each role its login and secret."""

    restaurant_id: str
    accounts: list[dict[str, str]]


def demo_restaurant(command: Sequence[str], settings: Settings, signals: StopSignals, *, embedded: bool) -> Demo:
    """The demo restaurant: made on the first run against a database, and remembered in the data folder."""
    database = "embedded" if embedded else masked(settings.database_url or "")
    memory = settings.data / SEEDED
    known = _remembered(memory)
    if known.get("database") == database and "accounts" in known:
        return Demo(known["restaurant_id"], known["accounts"])
    lines = run_to_end(command, settings, signals).strip().splitlines()
    demo = Demo(**json.loads(lines[-1]))
    memory.touch(SEEDED_MODE)
    memory.chmod(SEEDED_MODE)
    memory.write_text(json.dumps({"database": database, **demo._asdict()}) + "\n", "utf-8")
    return demo


def _wait(process: subprocess.Popen[str], signals: StopSignals) -> str:
    while True:
        signals.check()
        try:
            return process.communicate(timeout=LOOK_EVERY_S)[0]
        except subprocess.TimeoutExpired:
            continue


def _remembered(memory: Path) -> dict[str, Any]:
    try:
        found = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
