"""The sequencer: one leader gives every event its place in the ledger, and standbys wait for its end.

It polls, so that no append pays for a NOTIFY: at once while there is more, every few milliseconds while there is not.
"""

import threading
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

import psycopg
import structlog
from psycopg.rows import TupleRow

from domain.event_store import StoreUnavailable
from workers.awake import awake

Connection = psycopg.Connection[TupleRow]

BATCH_MAX = 1000
BUSY_PAUSE_S, BUSY_PAUSE_PER_EVENT_S, BUSY_PAUSE_MAX_S = 0.003, 0.0003, 0.02
"""After a batch: the busier the store, the larger the batches, and the less each event costs here, in the broker and in
the workers."""
IDLE_PAUSE_S = 0.004
STANDBY_PAUSE_S = 0.25
FAULT_PAUSE_S = 0.25
SILENCE_MAX_MS = 1000
"""A session silent for so long is of a leader that is frozen or cut off: the server ends it, and a standby leads."""
SWEEP_EVERY_S = 1.0
MONTHS_EVERY_S = 3600.0
MONTHS_AHEAD = 24
MONTHS_LOCK_MAX_MS = 200
"""New months need the whole table for a moment; appends queue behind whoever waits for that, so not for long."""
KEYS_KEPT_HOURS = 72
KEYS_EVERY_S = 3600.0
KEYS_DELETED_MAX = 2000
"""At once, some 10 ms; after so many the next follow with the next sweep, so that a day may expire 173 million."""

LEAD_KEY = 77_000_003
EPOCH_OVER = "CM001"

_SET = "select set_config(%s, %s, %s::boolean)"
_TRY_LEAD = "select pg_try_advisory_lock(%s)"
_BEGIN_EPOCH = "update comanda.sequencer set epoch = epoch + 1 where id = 1 returning epoch"
_SEQUENCE = "select position_before, position_after, categories from comanda.sequence_events(%s::bigint, %s::int)"
_HEAD = "select position from comanda.sequencer where id = 1"
_CHECKPOINTS = "select projection, min(position) from read_models.checkpoints group by projection"
_PARTITIONS = "select comanda.ensure_event_partitions(%s::int)"
_EXPIRE_KEYS = """
delete from comanda.idempotency_keys where ctid = any (array(
    select k.ctid from comanda.idempotency_keys k
    where k.created_at < now() - make_interval(hours => %s::int) limit %s::int))
"""

log = structlog.get_logger(__name__)


class EpochOver(Exception):
    """Another sequencer leads; this one must not write any more."""


class Hints(Protocol):
    """Where news of the ledger goes. Neither call may block or fail."""

    def announce(self, position: int, categories: Collection[str]) -> None:
        """The ledger reaches ``position``, with events of these categories among the latest."""
        ...

    def remind(self, projection: str) -> None:
        """This projection has stopped short of the ledger's end."""
        ...


class Batch(NamedTuple):
    """What one step laid down: positions ``before + 1`` to ``after``."""

    before: int
    after: int
    categories: list[str]

    @property
    def size(self) -> int:
        """Events in it."""
        return self.after - self.before


def try_lead(db: Connection) -> int | None:
    """The new epoch if the lead is free, else None. The lead lasts as long as the connection."""
    row = db.execute(_TRY_LEAD, (LEAD_KEY,)).fetchone()
    if row is None or not row[0]:
        return None
    begun = db.execute(_BEGIN_EPOCH).fetchone()
    assert begun is not None
    return int(begun[0])


def sequence(db: Connection, epoch: int, batch_max: int = BATCH_MAX) -> Batch:
    """Lay down the next batch; raises EpochOver for a leader that was superseded."""
    try:
        row = db.execute(_SEQUENCE, (epoch, batch_max)).fetchone()
    except psycopg.Error as why:
        if why.sqlstate == EPOCH_OVER:
            raise EpochOver(str(why)) from why
        raise
    assert row is not None
    return Batch(row[0], row[1], row[2] or [])


def pause_after(batch: Batch, batch_max: int = BATCH_MAX) -> float:
    """Seconds until the next look: none after a full batch."""
    if batch.size >= batch_max:
        return 0.0
    if not batch.size:
        return IDLE_PAUSE_S
    return min(BUSY_PAUSE_S + BUSY_PAUSE_PER_EVENT_S * batch.size, BUSY_PAUSE_MAX_S)


def expire_keys(db: Connection, deleted_max: int = KEYS_DELETED_MAX) -> int:
    """Forget answers older than KEYS_KEPT_HOURS, ``deleted_max`` at most; answers with how many they were."""
    with db.transaction():
        # With a limit the planner may well read the whole table instead of its index, to find nothing in it.
        db.execute(_SET, ("enable_seqscan", "off", True))
        return db.execute(_EXPIRE_KEYS, (KEYS_KEPT_HOURS, deleted_max)).rowcount


def make_months(db: Connection, months_ahead: int = MONTHS_AHEAD) -> bool:
    """Make the partitions of the months to come; False when somebody was reading for too long to wait for."""
    try:
        with db.transaction():
            db.execute(_SET, ("lock_timeout", str(MONTHS_LOCK_MAX_MS), True))
            db.execute(_PARTITIONS, (months_ahead,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


class Sweep:
    """Finds the projections that lag and have not moved since the last look: their hint was lost."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._last: dict[str, int] = {}

    def stalled(self, checkpoints: dict[str, int], head: int) -> list[str]:
        """The names to remind; to be called at a steady pace."""
        found = [name for name, at in checkpoints.items() if at < head and self._last.get(name) == at]
        self._last = checkpoints
        return found


class Sequencer:
    """Leads or stands by until ``stop`` is set. ``connect`` opens a connection in the sequencer's role."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        hints: Hints,
        *,
        stop: threading.Event,
        clock: Callable[[], float],
    ) -> None:
        """Take what it needs; ``clock`` gives seconds that never run back."""
        self._connect, self._hints, self._stop, self._clock = connect, hints, stop, clock
        self._sweep = Sweep()
        self._owed: set[str] = set()
        self._said = ""
        self._next_sweep = self._next_months = self._next_expiry = 0.0

    def run(self) -> None:
        """Run until stopped, through every fault of the database."""
        while not self._stop.is_set():
            try:
                with self._connect() as db:
                    self._stand_by_and_lead(db)
            except EpochOver as why:
                log.warning("lead lost", reason=str(why))
            except (psycopg.Error, StoreUnavailable) as why:
                self._say_once(str(why).strip())
                self._stop.wait(FAULT_PAUSE_S)

    def _say_once(self, reason: str) -> None:
        """An hour without the database is one line in the log, not thousands."""
        if reason != self._said:
            log.warning("database away", reason=reason)
        self._said = reason

    def _stand_by_and_lead(self, db: Connection) -> None:
        db.execute(_SET, ("idle_session_timeout", str(SILENCE_MAX_MS), False))
        while (epoch := try_lead(db)) is None:
            if self._stop.wait(STANDBY_PAUSE_S):
                return
        log.info("leading", epoch=epoch)
        self._said = ""
        while not self._stop.is_set():
            batch = sequence(db, epoch)
            self._announce(db, batch)
            self._upkeep(db)
            self._stop.wait(pause_after(batch))

    def _announce(self, db: Connection, batch: Batch) -> None:
        """Hint what nobody looks for by itself; the rest is owed until its worker sleeps, or is seen to be gone."""
        self._owed.update(batch.categories)
        if self._owed:
            due = self._owed - awake(db)
            self._owed -= due
            if due:
                self._hints.announce(batch.after, due)

    def _upkeep(self, db: Connection) -> None:
        now = self._clock()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_EVERY_S
            self._remind_stalled(db)
        if now >= self._next_expiry:
            more = expire_keys(db) == KEYS_DELETED_MAX
            self._next_expiry = now + (SWEEP_EVERY_S if more else KEYS_EVERY_S)
        if now >= self._next_months:
            self._next_months = now + MONTHS_EVERY_S
            if not make_months(db):
                log.warning("new months put off", reason="the events are being read")

    def _remind_stalled(self, db: Connection) -> None:
        head_row = db.execute(_HEAD).fetchone()
        assert head_row is not None
        try:
            checkpoints: dict[str, int] = dict(db.execute(_CHECKPOINTS).fetchall())
        except psycopg.errors.UndefinedTable:  # No worker has made the read models yet.
            return
        for name in self._sweep.stalled(checkpoints, head_row[0]):
            self._hints.remind(name)
