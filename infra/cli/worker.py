"""`comanda worker`: builds the read models from the ledger, driven by hints."""

import threading
import time

import click
import dramatiq
import psycopg
import structlog

from domain.event_store import StoreUnavailable
from infra.brokers import broker
from infra.cli.process import begin
from infra.cli.sequencer import hint_publisher
from infra.postgres.connection import connect
from infra.postgres.ledger import LedgerConnection
from projections.projection import prepare
from projections.registry import PROJECTIONS
from workers.projecting import Projecting, declare
from workers.sequencer import Sequencer

ROLE = "comanda_worker"
PREPARE_PAUSE_S = 0.5
CONSUMER_POLL_MS = 1000

log = structlog.get_logger(__name__)


@click.command()
@click.option("--with-sequencer", is_flag=True, help="Sequence in this process too; hints then stay in it.")
def worker(*, with_sequencer: bool) -> None:
    """Project until SIGTERM."""
    settings, stop = begin()
    url = settings.needed_database_url()
    _prepare(url, stop)
    hints_broker = broker(None if with_sequencer else settings.amqp_url)
    projecting = Projecting(PROJECTIONS, lambda: connect(url, ROLE), lambda: LedgerConnection(url, ROLE))
    declare(hints_broker, projecting)
    consumer = dramatiq.Worker(hints_broker, worker_threads=settings.worker_threads, worker_timeout=CONSUMER_POLL_MS)
    consumer.start()
    try:
        if with_sequencer:
            _sequence(url, hints_broker, stop)
        stop.wait()
    finally:
        consumer.stop()
        hints_broker.close()


def _prepare(url: str, stop: threading.Event) -> None:
    """Make the read models' tables, however long the database takes to come."""
    while not stop.is_set():
        try:
            with connect(url, ROLE) as db:
                made = prepare(db, list(PROJECTIONS.values()))
        except (psycopg.OperationalError, StoreUnavailable) as why:
            log.warning("database away", reason=str(why).strip())
            stop.wait(PREPARE_PAUSE_S)
        else:
            if made:
                log.info("read models made", names=made)
            return


def _sequence(url: str, hints_broker: dramatiq.Broker, stop: threading.Event) -> None:
    hints = hint_publisher(hints_broker)
    hints.open()
    try:
        Sequencer(lambda: connect(url, "comanda_sequencer"), hints, stop=stop, clock=time.monotonic).run()
    finally:
        hints.close()
