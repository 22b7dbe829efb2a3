"""Who is awake: a busy worker looks at the ledger by itself, and needs no hint while it does.

Under load a hint for every batch costs more than the batch: the broker, its client and the actor's frame take 2 ms of
processor time for each. So hints are to workers what interrupts are to the driver of a busy network card: the first one
wakes it, and from then on it polls (Linux calls that NAPI; docs/performance.md has the figures).

A worker that is busy says until when it is sure to have looked again. Before it stops it takes that back, and then
looks once more: what was laid down before it was heard is found by that look, what comes later is hinted. A worker
that dies leaves a promise behind that is over after PROMISED_S; what was not hinted meanwhile is hinted then.
"""

import time

import psycopg

from projections.projection import Connection

PROMISED_S = 0.3
RENEWED_S = 0.1
"""A promise is renewed when it is so old."""

_PROMISE = """
insert into read_models.awake (category, until) values (%s, clock_timestamp() + make_interval(secs => %s))
on conflict (category) do update set until = excluded.until
"""
_TAKE_BACK = "update read_models.awake set until = '-infinity' where category = %s"
_AWAKE = "select category from read_models.awake where until > clock_timestamp()"


class Promise:
    """What one run of a worker has promised for its category."""

    def __init__(self, db: Connection, category: str) -> None:
        """Nothing yet."""
        self._db, self._category = db, category
        self._given_at_s: float | None = None

    @property
    def stands(self) -> bool:
        """Whether somebody may rely on it."""
        return self._given_at_s is not None

    def give(self) -> None:
        """Promise to look again within PROMISED_S; to be called again before that."""
        now_s = time.monotonic()
        if self._given_at_s is None or now_s - self._given_at_s > RENEWED_S:
            self._db.execute(_PROMISE, (self._category, PROMISED_S))
            self._given_at_s = now_s

    def take_back(self) -> None:
        """Whoever reads it from now on has to hint."""
        self._given_at_s = None
        self._db.execute(_TAKE_BACK, (self._category,))


def awake(db: Connection) -> set[str]:
    """The categories whose worker looks by itself."""
    try:
        return {category for (category,) in db.execute(_AWAKE).fetchall()}
    except psycopg.errors.UndefinedTable:  # No worker has made the read models yet.
        return set()
