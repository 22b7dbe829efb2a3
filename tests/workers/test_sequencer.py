"""The sequencer: one leads, others stand by, and every event gets its place, once."""

import threading
import time

import psycopg
import pytest

from domain.event_store import NEW_STREAM, Append
from infra.postgres.connection import Connection, connect
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, stream
from tests.workers.sequencing import ROLE, TAKEOVER_MAX_S, WAIT_MAX_S, Heard, lead, ledger, place_orders, running, until
from workers.sequencer import (
    BUSY_PAUSE_MAX_S,
    BUSY_PAUSE_S,
    IDLE_PAUSE_S,
    LEAD_KEY,
    Batch,
    EpochOver,
    pause_after,
    sequence,
    try_lead,
)

END_LEADER = """
select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
where d.datname = current_database() and l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = %s
"""


# Steps


def test_a_step_lays_down_one_bounded_batch(db: Connection, store: PostgresEventStore) -> None:
    place_orders(store, 25)
    epoch = lead(db)
    sizes = [sequence(db, epoch, 10) for _ in range(4)]
    assert sizes == [(0, 10, ["order"]), (10, 20, ["order"]), (20, 25, ["order"]), (25, 25, [])]
    assert ledger(db) == 25


def test_a_step_names_the_categories_that_it_met(db: Connection, store: PostgresEventStore) -> None:
    for category in ("order", "restaurant", "order"):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM, category=category)]))
    assert sorted(sequence(db, lead(db)).categories) == ["order", "restaurant"]


def test_the_pause_is_none_after_a_full_batch_and_grows_with_any_other() -> None:
    full, none = Batch(0, 1000, ["order"]), Batch(9, 9, [])
    one, some, many = (pause_after(Batch(0, size, ["order"])) for size in (1, 20, 999))
    assert [pause_after(batch) for batch in (full, none)] == [0.0, IDLE_PAUSE_S]
    assert BUSY_PAUSE_S < one < some < many == BUSY_PAUSE_MAX_S


# The lead


def test_only_one_leads_and_each_lead_is_a_new_epoch(database: str, db: Connection) -> None:
    first = lead(db)
    with connect(database, ROLE) as other:
        assert try_lead(other) is None
        db.close()
        until(lambda: (try_lead(other) or 0) > first)


def test_a_leader_that_lost_the_lead_unawares_is_fenced_off_and_writes_nothing(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    former = lead(db)
    place_orders(store, 3)
    db.execute("select pg_advisory_unlock_all()")
    with connect(database, ROLE) as other:
        present = lead(other)
        with pytest.raises(EpochOver, match=f"epoch {former} is over"):
            sequence(db, former)
        assert ledger(other) == 0
        assert sequence(other, present).after == 3
        with pytest.raises(EpochOver):
            sequence(db, former)
        assert ledger(other) == 3


def test_a_step_of_a_former_leader_that_is_under_way_is_finished_before_the_next_epoch_and_not_after(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    former = lead(db)
    place_orders(store, 2)
    db.autocommit = False
    assert sequence(db, former).after == 2
    db.execute("select pg_advisory_unlock_all()")
    with connect(database, ROLE) as other:
        epochs: list[int | None] = []
        thread = threading.Thread(target=lambda: epochs.append(try_lead(other)))
        thread.start()
        time.sleep(0.1)
        assert epochs == []
        db.commit()
        thread.join(WAIT_MAX_S)
        assert epochs == [former + 1]
        place_orders(store, 1)
        assert sequence(other, former + 1) == (2, 3, ["order"])


def test_a_leader_whose_session_was_ended_leads_again(database: str, db: Connection, store: PostgresEventStore) -> None:
    with running(database, Heard()), psycopg.connect(database, autocommit=True) as owner:
        for number in range(1, 4):
            place_orders(store, 1)
            until(lambda: ledger(db) == number)  # noqa: B023  called in this very turn
            owner.execute(END_LEADER, (LEAD_KEY,))
        place_orders(store, 1)
        assert until(lambda: ledger(db) == 4) < TAKEOVER_MAX_S
