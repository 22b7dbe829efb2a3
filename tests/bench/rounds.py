"""Runs contenders in turn, A B C A B C …, so that a slow minute of the machine hits all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

SPREAD_MAX = 1.5

Measure = Callable[[], float]
Report = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All rounds of one contender."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure that counts."""
        return median(self.rounds)

    @property
    def noisy(self) -> bool:
        """Whether the rounds lie so far apart that their median says more about the machine than about us."""
        return max(self.rounds) > SPREAD_MAX * min(self.rounds)


def alternate(
    contenders: Mapping[str, Measure], rounds: int, before_each: Callable[[], None], report: Report
) -> dict[str, Measured]:
    """Measure each contender once per round, in the order given, and keep every value."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            before_each()
            value = measure()
            values[name].append(value)
            report(name, value)
    return {name: Measured(rounds=tuple(kept)) for name, kept in values.items()}
