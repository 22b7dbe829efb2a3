"""Figures that the fault tests measure, shown at the end of the run, the seed among them."""

from collections.abc import Callable

import pytest

from tests.faults.sizes import SEED

_figures = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_figures, []):
        terminalreporter.write_line(f"faults: {line}")


@pytest.fixture
def figure(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Takes one line for the end of the run."""
    known = pytestconfig.stash.setdefault(_figures, [f"COMANDA_TEST_SEED={SEED}"])
    return known.append


@pytest.fixture
def seed() -> int:
    """The seed of every random choice; printed, so that a failure shows it."""
    print(f"COMANDA_TEST_SEED={SEED}")
    return SEED
