"""A leaf is the same in the database and in Python, and every event in the ledger has its own."""

from datetime import UTC

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.event_store import NEW_STREAM, Append, Recorded
from domain.leaf import leaf_hash
from domain.order.events import OrderCancelled
from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import AT, accepted, stream
from tests.infra.postgres.looks import sequence_all

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
records = st.builds(
    Recorded,
    stream_id=st.uuids(),
    version=st.integers(1, 2**31 - 1),
    seq=st.just(0),
    event_id=st.uuids(),
    category=texts,
    type=texts,
    schema_version=st.integers(1, 2**15 - 1),
    data=texts,
    meta=texts,
    recorded_at=st.datetimes(timezones=st.just(UTC)),
    position=st.integers(1, 2**63 - 1),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=records)
def test_the_leaf_is_the_same_in_the_database_and_in_python(owner: Connection, record: Recorded) -> None:
    row = owner.execute(
        "select comanda.leaf_hash(%s, %s, %s::int, %s, %s::smallint, %s, %s, %s, %s, %s)",
        (
            record.position,
            record.stream_id,
            record.version,
            record.event_id,
            record.schema_version,
            record.recorded_at,
            record.category,
            record.type,
            record.data,
            record.meta,
        ),
    ).fetchone()
    assert row == (leaf_hash(record),)


def test_every_event_in_the_ledger_carries_its_leaf(url: str, store: PostgresEventStore) -> None:
    append = stream(accepted, OrderCancelled(at=AT, reason='Zoë \N{HOT BEVERAGE} \\ "'), on=NEW_STREAM)
    store.append(Append(streams=[append], meta={"actor": "Zoë"}))
    sequence_all(url)
    with psycopg.connect(url) as db:
        rows = db.execute(
            "select leaf from comanda.ledger where stream_id = %s order by position", (append.stream_id,)
        ).fetchall()
    assert [leaf for (leaf,) in rows] == [leaf_hash(r) for r in store.history(append.stream_id, 0, 2)]
