"""Run the bench: `python -m tests.bench [--rounds N] [--seconds S] [--only FIGURE] [--quick]`.

Prints a table and, as its last line, one JSON object: every figure, the medians and all rounds behind them.
"""

import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from tests.bench import comanda, floors_and_peers
from tests.bench.databases import Databases, bench_databases
from tests.bench.figures import FIGURES, as_json, as_table, medians_of, noisy_figures
from tests.bench.floors_and_peers import LARGE_EVENTS, LEDGER_EVENTS, PEER_EVENTS, SLICES, THREADS_TRIED, Bench
from tests.bench.rounds import Measure, Measured, alternate
from tests.servers.rabbitmq import private_broker

ROUNDS = 3
SECONDS = 3.0
QUICK_ROUNDS = 1
QUICK_SECONDS = 1.5
QUICK_EVENTS = 3_000
QUICK_LEDGER_EVENTS = 20_000
QUICK_LARGE_EVENTS = 50_000
QUICK_SLICES = 4
PROBE_ROUNDS = 2
PROBE_S = 1.5
PROJECT_ROUNDS_MAX = 3
ROUNDS_MAX = 50
TABLE_COLUMNS = 110
LOAD_AVERAGE_MAX = 1.0
NEED_BROKER = frozenset(
    {"place_order", "place_order_vs_unsigned", "visible_ms_p50", "visible_ms_p99", "worker_memory_growth"}
)
SECONDS_MAX = 60.0

progress = Console(stderr=True, highlight=False)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asked for."""

    rounds: int
    seconds: float
    peer_events: int
    ledger_events: int
    large_events: int
    slices: int
    only: tuple[str, ...]

    def bench(self, databases: Databases, folder: Path, amqp_url: str | None) -> Bench:
        """Return what every contender is given."""
        return Bench(
            databases=databases,
            folder=folder,
            seconds=self.seconds,
            amqp_url=amqp_url,
            peer_events=self.peer_events,
            ledger_events=self.ledger_events,
            large_events=self.large_events,
            slices=self.slices,
        )

    def wanted(self) -> set[str]:
        """Return the names of the contenders that the figures need."""
        figures = [figure for figure in FIGURES if not self.only or figure.name in self.only]
        return {name for figure in figures for name in (figure.ours, figure.against) if name is not None}


def match_ups(bench: Bench, wanted: set[str]) -> tuple[dict[str, Measure], ...]:
    """Return who runs against whom; the floor gets the number of threads that serves it best."""
    write = fastest_threads(bench, "floor_write", floors_and_peers.floor_write) if "floor_write" in wanted else 0
    read = fastest_threads(bench, "floor_read", floors_and_peers.floor_read) if "floor_read" in wanted else 0
    return (
        {
            "place_order": partial(comanda.place_order, bench),
            "floor_write": partial(floors_and_peers.floor_write, bench, write),
            "fastapi": partial(floors_and_peers.fastapi, bench),
        },
        {
            "get_order": partial(comanda.get_order, bench),
            "floor_read": partial(floors_and_peers.floor_read, bench, read),
        },
        {
            "append": partial(comanda.append, bench),
            "append_floor": partial(floors_and_peers.append_floor, bench),
            "append_eventsourcing": partial(floors_and_peers.append_eventsourcing, bench),
            "append_eventsourcing_unlocked": partial(
                floors_and_peers.append_eventsourcing, bench, database_functions=True
            ),
        },
        {
            "project": partial(comanda.project, bench),
            "project_eventsourcing": partial(floors_and_peers.project_eventsourcing, bench),
        },
    )


def fastest_threads(bench: Bench, name: str, measure: Callable[[Bench, int], float]) -> int:
    """Return the number of threads per process with which a floor answers most, so that it runs at its best."""
    short = replace(bench, seconds=min(bench.seconds, PROBE_S))
    tried = {f"{name}, {threads} threads": partial(measure, short, threads) for threads in THREADS_TRIED}
    rates = alternate(tried, PROBE_ROUNDS, bench.databases.calm, report)
    best = max(THREADS_TRIED, key=lambda threads: max(rates[f"{name}, {threads} threads"].rounds))
    bench.notes[f"{name}_threads"] = best
    return best


def report(name: str, value: float) -> None:
    """Show one value as it comes."""
    progress.print(f"  {name:<34}{value:>12,.1f}")


def measure_all(bench: Bench, options: Options) -> dict[str, Measured]:
    """Measure whom the figures need: rivals in turn, then what only Comanda is asked."""
    wanted = options.wanted()
    measured: dict[str, Measured] = {}
    for match_up in match_ups(bench, wanted):
        contenders = {name: measure for name, measure in match_up.items() if name in wanted}
        rounds = min(options.rounds, PROJECT_ROUNDS_MAX) if "project_eventsourcing" in contenders else options.rounds
        measured |= alternate(contenders, rounds, bench.databases.calm, report)
        if "place_order" in measured:
            bench.notes["place_order_peak_per_s"] = measured["place_order"].median
    for names, measure in comanda.ALONE.items():
        if wanted & names:
            bench.databases.calm()
            values = measure(bench)
            for name, kept in values.items():
                report(name, kept.median)
            measured |= values
    return measured


def machine() -> dict[str, object]:
    """Return what the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def quiet_or_warn(bench: Bench) -> None:
    """Note how busy the machine was before the bench began, and say so where its figures will not mean much."""
    busy = os.getloadavg()[0]
    bench.notes["load_average_before"] = round(busy, 2)
    if busy > LOAD_AVERAGE_MAX:
        progress.print(f"others keep this machine busy (load average {busy:.1f}): take these figures with salt")


def summary(bench: Bench, measured: Mapping[str, Measured], seconds: float) -> dict[str, object]:
    """Return the last line's object."""
    medians = medians_of(measured)
    return {
        **as_json(medians),
        "medians": {name: round(value, 2) for name, value in medians.items()},
        "noisy": noisy_figures(measured),
        "rounds": {name: [round(value, 2) for value in kept.rounds] for name, kept in measured.items()},
        "notes": bench.notes,
        "machine": machine(),
        "seconds": round(seconds, 1),
    }


def end_on_sigterm() -> None:
    """Let SIGTERM unwind every context, so that no server of ours is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@click.command()
@click.option("--rounds", type=click.IntRange(1, ROUNDS_MAX), default=ROUNDS, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5, SECONDS_MAX), default=SECONDS, show_default=True)
@click.option("--only", type=click.Choice([figure.name for figure in FIGURES]), multiple=True, help="Repeatable.")
@click.option("--quick", is_flag=True, help="One short round: shows that it works, not how fast it is.")
def main(rounds: int, seconds: float, only: tuple[str, ...], quick: bool) -> None:
    """Measure Comanda side by side with floors and peers on one machine and one PostgreSQL."""
    options = Options(
        rounds=QUICK_ROUNDS if quick else rounds,
        seconds=QUICK_SECONDS if quick else seconds,
        peer_events=QUICK_EVENTS if quick else PEER_EVENTS,
        ledger_events=QUICK_LEDGER_EVENTS if quick else LEDGER_EVENTS,
        large_events=QUICK_LARGE_EVENTS if quick else LARGE_EVENTS,
        slices=QUICK_SLICES if quick else SLICES,
        only=only,
    )
    end_on_sigterm()
    starts_at = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comanda-bench-")))
        databases = stack.enter_context(bench_databases(folder))
        needs_broker = not options.wanted().isdisjoint(NEED_BROKER)
        amqp_url = stack.enter_context(private_broker(progress.print)).url if needs_broker else None
        bench = options.bench(databases, folder, amqp_url)
        quiet_or_warn(bench)
        measured = measure_all(bench, options)
    Console(width=TABLE_COLUMNS).print(as_table(measured))
    click.echo(json.dumps(summary(bench, measured, time.monotonic() - starts_at)))


if __name__ == "__main__":
    main()
