"""`comanda sequencer`: leads, or stands by until the leader is gone."""

import time

import click
import dramatiq

from infra.brokers import broker
from infra.cli.process import begin
from infra.postgres.connection import connect
from projections.registry import PROJECTIONS
from workers.hints import HintPublisher
from workers.sequencer import Sequencer

CATEGORIES = {name: projection.category for name, projection in PROJECTIONS.items()}


def hint_publisher(to: dramatiq.Broker) -> HintPublisher:
    """A publisher that knows every projection of ours."""
    return HintPublisher(to, CATEGORIES)


@click.command()
def sequencer() -> None:
    """Give every event its place in the ledger, and hint the workers, until SIGTERM."""
    settings, stop = begin()
    url = settings.needed_database_url()
    hints = hint_publisher(broker(settings.amqp_url))
    hints.open()
    try:
        Sequencer(lambda: connect(url, "comanda_sequencer"), hints, stop=stop, clock=time.monotonic).run()
    finally:
        hints.close()
