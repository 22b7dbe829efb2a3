"""A house with small services: what `comanda up` wires, without Comanda's own commands."""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from infra.data_folder import hold
from infra.embedded import EmbeddedPostgres
from infra.service import Service
from infra.supervisor import StopAsked, StopSignals, Supervisor
from tests.servers.postgres import FAST


def _say(line: str) -> None:
    print(line, flush=True)


def main(folder: Path, port: int, names: list[str]) -> None:
    notes = str(folder.with_name("notes"))
    signals = StopSignals()
    with signals.caught(), suppress(StopAsked), ExitStack() as stack:
        stack.enter_context(hold(folder))
        postgres = EmbeddedPostgres(folder, settings=FAST, meanwhile=signals.check)
        stack.callback(postgres.close)
        postgres.start()
        command = [sys.executable, "-m", "tests.infra.small_service"]
        services = [
            Service(name=name, command=[*command, name, notes, str(0 if stage else port)], stage=stage)
            for stage, name in enumerate(names)
        ]
        supervisor = Supervisor(services, signals, _say, postgres)
        stack.callback(supervisor.stop)
        supervisor.wait_until_ready("127.0.0.1", port)
        _say(f"ready {postgres.url}")
        supervisor.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
