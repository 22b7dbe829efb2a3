"""What the tests of the store on PostgreSQL see and do behind its back."""

import time
from collections.abc import Callable
from uuid import UUID

import psycopg

from infra.postgres.connection import connect
from workers.sequencer import sequence, try_lead

WAIT_MAX_S = 10


def sequence_all(url: str) -> None:
    with connect(url, "comanda_sequencer") as leader:
        epoch = try_lead(leader)
        assert epoch is not None
        while sequence(leader, epoch).size:
            pass


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_MAX_S
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def blocked(url: str) -> int:
    """How many of the store's writers wait for a lock now."""
    with psycopg.connect(url) as db:
        row = db.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def partition_of(url: str, stream_id: UUID) -> str:
    with psycopg.connect(url) as db:
        row = db.execute(
            "select distinct tableoid::regclass::text from comanda.events where stream_id = %s", (stream_id,)
        ).fetchone()
    assert row is not None
    return str(row[0])
