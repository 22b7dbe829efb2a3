"""A follower of the history misses nothing and sees no stream out of order, whatever its writers do meanwhile."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.event_store import ANY_VERSION, NEW_STREAM, SHARDS, Append
from infra.postgres.connection import Connection, connect
from infra.postgres.ledger import LedgerConnection
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, stream
from tests.infra.raw_append import raw_append
from tests.servers.postgres import Databases
from workers.sequencer import sequence, try_lead

WRITERS = 12
EVENTS_MIN = 50_000
SHARED_STREAMS = 6
BURST_MAX = 60
PAUSE_MAX_S = 0.02
STALL_S = 2.0
WRITING_MAX_S = 60
PAGE = 1000

Event = tuple[UUID, int]
Read = Callable[[], list[Event]]


class Writer(threading.Thread):
    """Appends in transactions that it holds open for a while and sometimes rolls back, until told to stop."""

    def __init__(self, url: str, number: int, shared: list[UUID], stop: threading.Event) -> None:
        super().__init__(name=f"writer {number}")
        self.written = self.rolled_back = self.lost_races = 0
        self._url, self._shared, self._stop_asked = url, shared, stop
        self._dice = random.Random(number)  # noqa: S311  dice, and the same ones in every run

    def run(self) -> None:
        with connect(self._url, "comanda_app") as db:
            while not self._stop_asked.is_set():
                try:
                    self._one_transaction(db)
                except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
                    self.lost_races += 1

    def _one_transaction(self, db: Connection) -> None:
        bursts = [(self._stream(), self._dice.randint(1, BURST_MAX)) for _ in range(2)]
        with db.transaction():
            if self._dice.random() < 0.2:
                db.execute("select pg_current_xact_id()")  # so that the append is not the transaction's first write
                self._pause()
            for stream_id, count in bursts:
                raw_append(db, stream_id, expected=ANY_VERSION, count=count)
                self._pause()
            if self._dice.random() < 0.15:
                self.rolled_back += 1
                raise psycopg.Rollback
            self.written += sum(count for _, count in bursts)

    def _stream(self) -> UUID:
        return self._dice.choice(self._shared) if self._dice.random() < 0.1 else uuid7()

    def _pause(self) -> None:
        time.sleep(self._dice.random() ** 4 * PAUSE_MAX_S)


class Loop(threading.Thread):
    """Calls ``read`` on and on; once told that the writers are done, until it answers with nothing."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.seen: list[Event] = []
        self._read, self._done = read, threading.Event()

    def run(self) -> None:
        while not self._done.is_set():
            self.seen += self._read()
            time.sleep(0.001)
        while found := self._read():
            self.seen += found

    def finish(self) -> list[Event]:
        self._done.set()
        self.join()
        return self.seen


@pytest.fixture
def leader(database: str) -> Iterator[Connection]:
    with connect(database, "comanda_sequencer") as db:
        yield db


@pytest.fixture
def reader(database: str) -> Iterator[Connection]:
    with connect(database, "comanda_reader") as db:
        yield db


@pytest.fixture
def elsewhere(databases: Databases, template: str) -> Iterator[str]:
    """Another database of the same server."""
    with databases.one(template=template) as url:
        yield url


def below_the_watermark(db: Connection) -> Read:
    """The bare follower: every event up to the watermark, and no ledger."""
    at = 0

    def read() -> list[Event]:
        nonlocal at
        row = db.execute("select comanda.watermark()").fetchone()
        assert row is not None
        rows: list[Event] = db.execute(
            "select stream_id, version from comanda.events where seq > %s and seq <= %s order by seq", (at, row[0])
        ).fetchall()
        at = max(at, row[0])
        return rows

    return read


def along_the_ledger(ledger: LedgerConnection) -> Read:
    """What every consumer is: a reader of dense positions."""
    at = 0

    def read() -> list[Event]:
        nonlocal at
        page = ledger.read(at, PAGE, "order", None, list(range(SHARDS)))
        assert [recorded.position for recorded in page.events] == list(range(at + 1, page.through + 1))
        at = page.through
        return [(recorded.stream_id, recorded.version) for recorded in page.events]

    return read


def sequencing(db: Connection) -> Read:
    """The sequencer's own step; what it has seen is of no interest, only whether there was anything."""
    epoch = try_lead(db)
    assert epoch is not None
    return lambda: [(UUID(int=0), 0)] * min(sequence(db, epoch).size, 1)


@contextmanager
def stalled(url: str, role: str = "comanda_app") -> Iterator[Connection]:
    """A transaction that has appended, and then does nothing; rolled back where the block does not commit."""
    with connect(url, role) as db:
        db.autocommit = False
        raw_append(db, uuid7(), expected=NEW_STREAM, count=1)
        yield db
        db.rollback()


def inverted(seen: list[Event]) -> list[Event]:
    """What came when another version of its stream was due."""
    reached: dict[UUID, int] = defaultdict(int)
    wrong = []
    for stream_id, version in seen:
        if version != reached[stream_id] + 1:
            wrong.append((stream_id, version))
        reached[stream_id] = version
    return wrong


@pytest.mark.slow
def test_no_event_is_missed_or_inverted_while_writers_delay_roll_back_and_stall(
    database: str, elsewhere: str, leader: Connection, reader: Connection
) -> None:
    stop, shared = threading.Event(), [uuid7() for _ in range(SHARED_STREAMS)]
    writers = [Writer(database, number, shared, stop) for number in range(WRITERS)]
    ledger = LedgerConnection(database, "comanda_reader")
    sequencer, bare, dense = Loop(sequencing(leader)), Loop(below_the_watermark(reader)), Loop(along_the_ledger(ledger))
    deadline = time.monotonic() + WRITING_MAX_S
    with stalled(elsewhere):
        for thread in (sequencer, bare, dense, *writers):
            thread.start()
        for commits in cycle((True, False)):
            with stalled(database) as held:
                time.sleep(STALL_S)
                if commits:
                    held.commit()
            if sum(writer.written for writer in writers) >= EVENTS_MIN or time.monotonic() > deadline:
                break
        stop.set()
        for writer in writers:
            writer.join()
        sequencer.finish()
        followed = {"bare": bare.finish(), "dense": dense.finish()}
    ledger.close()
    committed: list[Event] = reader.execute("select stream_id, version from comanda.events").fetchall()
    assert len(committed) >= EVENTS_MIN
    assert all(writer.rolled_back for writer in writers)
    assert any(writer.lost_races for writer in writers)
    for name, seen in followed.items():
        assert set(committed) - set(seen) == set(), name
        assert len(seen) == len(committed), name
        assert inverted(seen) == [], name


def test_a_strangers_open_transaction_stalls_nobody(database: str, elsewhere: str, leader: Connection) -> None:
    epoch = try_lead(leader)
    assert epoch is not None
    store = PostgresEventStore(database).open()
    with stalled(elsewhere), psycopg.connect(database) as stranger:
        stranger.execute("create table public.strange as select pg_current_xact_id(), count(*) from comanda.events")
        begun = time.monotonic()
        for number in range(1, 101):
            store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))
            assert sequence(leader, epoch).after == number
        assert time.monotonic() - begun < STALL_S
    store.close()


def test_an_append_in_flight_holds_back_what_came_after_it_and_nothing_that_came_before(
    database: str, leader: Connection
) -> None:
    epoch = try_lead(leader)
    assert epoch is not None
    store = PostgresEventStore(database).open()
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))
    with stalled(database) as held:
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))
        assert sequence(leader, epoch).after == 1
        held.commit()
        assert sequence(leader, epoch).after == 3
    store.close()


def test_what_was_rolled_back_leaves_a_hole_in_the_sequence_and_none_in_the_ledger(
    database: str, leader: Connection
) -> None:
    epoch = try_lead(leader)
    assert epoch is not None
    with stalled(database):
        pass
    store = PostgresEventStore(database).open()
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM)]))
    assert sequence(leader, epoch) == (0, 1, ["order"])
    assert [(recorded.position, recorded.seq) for recorded in store.read_ledger(0, PAGE).events] == [(1, 3)]
    store.close()
