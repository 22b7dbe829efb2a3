"""What must hold after every fault: nothing acknowledged lost, nothing doubled, a dense ledger, true read models."""

import time
from collections import Counter
from collections.abc import Collection

import psycopg

from tests.faults.stories import Acknowledged
from tests.projections.replayed import assert_equal_to_fresh_replay

SETTLE_MAX_S = 60.0
SETTLE_POLL_S = 0.05

_SETTLED = """
select s.seq >= (select last_value from comanda.event_seq)
    and s.position <= (select min(c.position) from read_models.checkpoints c)
from comanda.sequencer s
"""
_HISTORIES = """
select stream_id::text, array_agg(version order by version), array_agg(type order by version)
from comanda.events where category = 'order' group by stream_id
"""
_KEYS = "select key from comanda.idempotency_keys where headers like '%/v1/orders/%'"
_REFERENCES = "select data::json ->> 'client_reference' from comanda.events where type = 'OrderPlaced'"
_HOLES = "select count(*), coalesce(min(position), 1), coalesce(max(position), 0) from comanda.ledger"
_OUTSIDE = """
select count(*) from comanda.events e full join comanda.ledger l using (seq)
where e.stream_id is distinct from l.stream_id or e.version is distinct from l.version
"""
_INVERTED = """
select count(*) from (
    select version, row_number() over (partition by stream_id order by position) as place from comanda.ledger
) l where version <> place
"""
_FALSE_LEAVES = """
select count(*) from comanda.ledger l join comanda.events e on e.seq = l.seq
where l.leaf <> comanda.leaf_hash(l.position, e.stream_id, e.version, e.event_id, e.schema_version, e.recorded_at,
    e.category, e.type, e.data, e.meta)
"""
_PARKED = "select projection, stream_id, error from read_models.parked"


def assert_whole(url: str, acknowledged: Collection[Acknowledged], *, settle_max_s: float = SETTLE_MAX_S) -> float:
    """Settles, then looks at everything; answers in how many seconds it settled."""
    seconds = settle(url, settle_max_s)
    with psycopg.connect(url) as db:
        assert_nothing_lost_or_doubled(db, acknowledged)
        assert_ledger_dense(db)
        assert db.execute(_PARKED).fetchall() == []
    assert_equal_to_fresh_replay(url)
    return seconds


def settle(url: str, max_s: float = SETTLE_MAX_S) -> float:
    """Waits until every event is in the ledger and in every read model; answers in how many seconds."""
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as db:
        while db.execute(_SETTLED).fetchone() != (True,):
            assert time.monotonic() - began < max_s, f"the read models are still behind after {max_s:g} s"
            time.sleep(SETTLE_POLL_S)
    return time.monotonic() - began


def assert_nothing_lost_or_doubled(db: psycopg.Connection, acknowledged: Collection[Acknowledged]) -> None:
    """Every confirmed order has exactly the confirmed history, and there is no order beside them."""
    histories = {stream: (versions, types) for stream, versions, types in db.execute(_HISTORIES).fetchall()}
    for order in acknowledged:
        versions, types = histories.get(order.order_id, ([], []))
        assert types == order.events, f"{order.story.key} is {order.order_id}"
        assert versions == list(range(1, len(types) + 1))
    asked = Counter(order.story.key for order in acknowledged)
    assert Counter(reference for (reference,) in db.execute(_REFERENCES).fetchall()) == asked
    assert Counter(key for (key,) in db.execute(_KEYS).fetchall()) == asked


def assert_ledger_dense(db: psycopg.Connection) -> None:
    """Positions 1, 2, 3 … hold each event once, each stream in order, each under its own leaf."""
    count, first, last = db.execute(_HOLES).fetchone() or (0, 0, 0)
    assert (first, last) == (1, count)
    for query in (_OUTSIDE, _INVERTED, _FALSE_LEAVES):
        assert db.execute(query).fetchone() == (0,), query
