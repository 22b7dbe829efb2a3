"""The figures of the bench: what is set against what, what is aimed at, and what lands."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from tests.bench.rounds import Measured


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One published number. Against a floor or a peer it is a ratio, alone it is the value itself.

    `aim` is the promise (None: shown to compare, nothing promised) and `land` what a release must reach; both are
    upper bounds where `lower_is_better`.
    """

    name: str
    ours: str
    against: str | None = None
    aim: float | None
    land: float | None = None
    lower_is_better: bool = False

    def value(self, medians: Mapping[str, float]) -> float | None:
        """Return the figure, or None where one of its sides was not measured."""
        ours = medians.get(self.ours)
        if ours is None or self.against is None:
            return ours
        against = medians.get(self.against)
        return ours / against if against else None

    def noisy(self, measured: Mapping[str, Measured]) -> bool:
        """Whether the rounds of either side lie too far apart to compare them."""
        return any(name in measured and measured[name].noisy for name in (self.ours, self.against) if name)

    def verdict(self, value: float | None, *, noisy: bool) -> str:
        """Return what a value is worth: aim, land, below, noisy, or nothing where it is not measured."""
        if value is None:
            return "not measured"
        if noisy:
            return "noisy"
        if self.aim is None:
            return ""
        if self._reaches(value, self.aim):
            return "aim"
        return "land" if self.land is not None and self._reaches(value, self.land) else "below"

    def _reaches(self, value: float, bound: float) -> bool:
        return value <= bound if self.lower_is_better else value >= bound


FIGURES = (
    Figure(name="place_order_vs_floor", ours="place_order", against="floor_write", aim=1.0, land=0.6),
    Figure(name="place_order_vs_fastapi", ours="place_order", against="fastapi", aim=4.0),
    Figure(name="place_order_vs_unsigned", ours="place_order_vs_unsigned", aim=0.95),
    Figure(name="get_order_vs_floor", ours="get_order", against="floor_read", aim=0.9),
    Figure(name="append_vs_floor", ours="append", against="append_floor", aim=0.9),
    Figure(name="append_vs_eventsourcing", ours="append", against="append_eventsourcing", aim=5.0),
    Figure(name="append_vs_eventsourcing_unlocked", ours="append", against="append_eventsourcing_unlocked", aim=None),
    Figure(name="project_vs_eventsourcing", ours="project", against="project_eventsourcing", aim=20.0),
    Figure(name="visible_ms_p50", ours="visible_ms_p50", aim=15.0, lower_is_better=True),
    Figure(name="visible_ms_p99", ours="visible_ms_p99", aim=50.0, lower_is_better=True),
    Figure(name="append_growth", ours="append_small", against="append_large", aim=1.15, lower_is_better=True),
    Figure(name="get_growth", ours="get_small", against="get_large", aim=1.15, lower_is_better=True),
    Figure(name="worker_memory_growth", ours="worker_memory_growth", aim=1.1, lower_is_better=True),
)


def as_table(measured: Mapping[str, Measured]) -> Table:
    """Return the figures as a table for people."""
    medians = medians_of(measured)
    table = Table(title="Comanda side by side (medians; a rate is per second)")
    for heading in ("figure", "ours", "floor or peer", "ratio", "aim", "land", "reached"):
        table.add_column(heading, justify="left" if heading in {"figure", "reached"} else "right", no_wrap=True)
    for figure in FIGURES:
        value = figure.value(medians)
        table.add_row(
            figure.name,
            shown(medians.get(figure.ours)),
            shown(medians.get(figure.against)) if figure.against else "",
            shown(value) if figure.against else "",
            bound(figure),
            f"{figure.land:g}" if figure.land is not None else "",
            figure.verdict(value, noisy=figure.noisy(measured)),
        )
    return table


def bound(figure: Figure) -> str:
    """Return the aim with its direction, or nothing for a figure that is only there to compare."""
    return "" if figure.aim is None else f"{'≤' if figure.lower_is_better else '≥'} {figure.aim:g}"


def shown(value: float | None) -> str:
    """Return a number with as many digits as it deserves."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def medians_of(measured: Mapping[str, Measured]) -> dict[str, float]:
    """Return the median of each contender."""
    return {name: kept.median for name, kept in measured.items()}


def noisy_figures(measured: Mapping[str, Measured]) -> list[str]:
    """Return the names of the figures that are not to be published."""
    return [figure.name for figure in FIGURES if figure.noisy(measured)]


def as_json(medians: Mapping[str, float]) -> dict[str, float | None]:
    """Return every figure by its name, rounded; null where it was not measured."""
    values = {figure.name: figure.value(medians) for figure in FIGURES}
    return {name: None if value is None else round(value, 3) for name, value in values.items()}
