"""Fills a database of Comanda's with whole orders, far faster than commands could, for figures that need a past.

The rows are what the store would have written: real events, each order's own id in its OrderPlaced, one version after
the other, and a dense ledger made by the sequencer's own function.
"""

import psycopg

from tests.bench.sample_order import CATEGORY, ORDER_ID, life

EVENTS_PER_ORDER = len(life())
SEQUENCE_BATCH = 20_000

_WRITE = """
insert into comanda.events (stream_id, version, seq, event_id, category, type, schema_version, data, meta)
select o.id, e.version, nextval('comanda.event_seq'), gen_random_uuid(), %(category)s, e.type, 1,
    replace(e.data, %(placeholder)s, o.id::text), '{"actor":"anonymous"}'
from (
    select n, (
        lpad(to_hex((extract(epoch from now()) * 1000)::bigint - %(orders)s::bigint + n), 12, '0')
        || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)
    )::uuid as id
    from generate_series(1, %(orders)s::bigint) n
) o cross join unnest(%(types)s::text[], %(data)s::text[]) with ordinality e (type, data, version)
order by o.n, e.version
"""
_SEQUENCE = """
select s.position_after > s.position_before
from comanda.sequence_events((select epoch from comanda.sequencer), %s) s
"""


def write_history(url: str, events: int) -> None:
    """Write orders with `events` events in all, and their ledger. Nothing else may run on the database meanwhile."""
    types = [type(event).__name__ for event in life()]
    data = [event.canonical() for event in life()]
    with psycopg.connect(url, autocommit=True) as db:
        values = {
            "category": CATEGORY,
            "placeholder": str(ORDER_ID),
            "orders": events // EVENTS_PER_ORDER,
            "types": types,
            "data": data,
        }
        db.execute(_WRITE, values)
        while db.execute(_SEQUENCE, (SEQUENCE_BATCH,)).fetchone() == (True,):
            pass
        db.execute("vacuum (analyze) comanda.events, comanda.ledger")
