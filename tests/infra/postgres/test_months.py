"""An event lies in the month in which its stream was born, and a closed month can be detached."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.event_store import NEW_STREAM, Append, HistoryDetached
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, ready, started, stream
from tests.infra.postgres.looks import partition_of, sequence_all


def born(at: datetime) -> UUID:
    """A UUIDv7 of this millisecond."""
    rest = uuid7().int & ((1 << 80) - 1)
    return UUID(int=(round(at.timestamp() * 1000) << 80) | rest)


def next_month(months: int = 1) -> datetime:
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def test_an_event_lies_in_the_month_of_its_streams_birth_to_the_millisecond(
    url: str, store: PostgresEventStore
) -> None:
    turn = next_month()
    first = UUID(int=round(turn.timestamp() * 1000) << 80)
    last = UUID(int=first.int - 1)
    for stream_id in (first, last):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM, stream_id=stream_id)]))
    this = datetime.now(UTC)
    assert partition_of(url, first) == f"comanda.events_{turn:%Y_%m}"
    assert partition_of(url, last) == f"comanda.events_{this:%Y_%m}"


def test_a_later_event_of_a_stream_lies_beside_its_first(url: str, store: PostgresEventStore) -> None:
    stream_id = born(next_month(3))
    store.append(Append(streams=[stream(accepted, on=NEW_STREAM, stream_id=stream_id)]))
    store.append(Append(streams=[stream(started, on=1, stream_id=stream_id)]))
    assert partition_of(url, stream_id) == f"comanda.events_{next_month(3):%Y_%m}"


@pytest.mark.parametrize("at", [datetime(2015, 9, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_stream_of_another_age_has_a_place_too(url: str, store: PostgresEventStore, at: datetime) -> None:
    append = stream(accepted, on=NEW_STREAM, stream_id=born(at))
    store.append(Append(streams=[append]))
    assert partition_of(url, append.stream_id) == "comanda.events_other"
    assert len(store.load(append.stream_id)) == 1


def test_a_closed_month_detaches_with_its_events_and_the_others_go_on(database: str) -> None:
    store = PostgresEventStore(database).open()
    closed, other = stream(accepted, on=NEW_STREAM, stream_id=born(next_month())), stream(accepted, on=NEW_STREAM)
    for append in (closed, other):
        store.append(Append(streams=[append]))
    sequence_all(database)
    month = partition_of(database, closed.stream_id)
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(f"alter table comanda.events detach partition {month}")
        assert db.execute(f"select count(*) from {month}").fetchone() == (1,)  # noqa: S608  our own name
        with pytest.raises(psycopg.errors.RestrictViolation):
            db.execute(f"truncate {month}")
        assert db.execute("select count(*) from comanda.ledger").fetchone() == (2,)
    assert [len(store.load(append.stream_id)) for append in (closed, other)] == [0, 1]
    with pytest.raises(HistoryDetached, match="positions 1 and 2"):  # a rebuild must not pass over it unseen
        store.read_ledger(0, 10)
    assert store.append(Append(streams=[stream(ready, on=1, stream_id=other.stream_id)])) == {other.stream_id: 2}
    store.close()
