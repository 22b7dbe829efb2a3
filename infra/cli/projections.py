"""`comanda projections`: look at the read models, retry what is parked, build one anew."""

import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.cli.process import begin
from infra.cli.worker import ROLE
from infra.postgres.connection import connect
from infra.postgres.ledger import LedgerConnection
from infra.postgres.store import PostgresEventStore
from infra.refusal import CannotStart
from projections import repair
from projections.projection import PARTITIONS
from projections.registry import PROJECTIONS
from projections.runner import Step

REBUILD_STATEMENT_TIMEOUT_MS = 120_000


@click.group(invoke_without_command=True)
@click.pass_context
def projections(context: click.Context) -> None:
    """Where each read model stands, and which streams are parked."""
    if context.invoked_subcommand is None:
        _show()


def _show() -> None:
    url = begin()[0].needed_database_url()
    with connect(url, ROLE) as db:
        standings, parked = repair.standings(db), repair.parked(db)
    ledger = LedgerConnection(url, ROLE)
    head = ledger.head()
    ledger.close()
    table = Table("projection", "position", "behind", "parked", "moved at")
    for s in standings:
        table.add_row(s.name, f"{s.position:,}", f"{head - s.position:,}", str(s.parked), f"{s.moved_at:%F %T}")
    console = Console()
    console.print(table)
    if parked:
        streams = Table("projection", "stream", "stopped at", "attempts", "error", title="parked streams")
        for p in parked:
            streams.add_row(p.projection, str(p.stream_id), f"version {p.version}", str(p.attempts), p.error)
        console.print(streams)
        console.print("After the fix: comanda projections retry [NAME]")


@projections.command()
@click.argument("name", required=False, type=click.Choice(list(PROJECTIONS)))
def retry(name: str | None) -> None:
    """Fold parked streams again, in order, from the event that stopped each."""
    url = begin()[0].needed_database_url()
    store = PostgresEventStore(url, readers=1).open()
    freed = stopped = 0
    try:
        with connect(url, ROLE) as db:
            for stream in repair.parked(db, name):
                error = repair.retry(db, PROJECTIONS[stream.projection], store, stream)
                freed, stopped = freed + (error is None), stopped + (error is not None)
                click.echo(f"{stream.projection} {stream.stream_id}: {error or 'caught up'}")
    finally:
        store.close()
    click.echo(f"{freed} caught up, {stopped} stopped again")
    if stopped:
        raise SystemExit(1)


@projections.command()
@click.argument("name", type=click.Choice(list(PROJECTIONS)))
def rebuild(name: str) -> None:
    """Empty a read model and fold the ledger anew. Queries see it grow meanwhile."""
    url = begin()[0].needed_database_url()
    ledger = LedgerConnection(url, ROLE)
    head = ledger.head()
    if not head:
        raise CannotStart("the ledger is empty: there is nothing to build from")
    started, events = time.monotonic(), 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with connect(url, ROLE, statement_timeout_ms=REBUILD_STATEMENT_TIMEOUT_MS) as db, Progress(*columns) as bar:
        task = bar.add_task(f"rebuilding {name}", total=head * PARTITIONS)
        reached = dict.fromkeys(range(PARTITIONS), 0)

        def told(partition: int, step: Step) -> None:
            nonlocal events
            events += step.events
            reached[partition] = max(reached[partition], min(step.position, head))
            bar.update(task, completed=sum(reached.values()))

        repair.rebuild(db, PROJECTIONS[name], ledger, told)
        bar.update(task, completed=head * PARTITIONS)
    ledger.close()
    seconds = time.monotonic() - started
    click.echo(f"{name}: {events:,} events in {seconds:.1f} s, {events / seconds:,.0f} events/s")
