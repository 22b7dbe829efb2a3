"""Appends that are asked for meanwhile are one transaction, and none of them notices its neighbours."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

from domain.event_store import ANY_VERSION, NEW_STREAM, AlreadyAnswered, Append, VersionMoved
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, answer, ready, stream
from tests.infra.postgres.looks import blocked, until


class Held:
    """Holds every append up, so that those asked for meanwhile gather in one batch."""

    def __init__(self, url: str, store: PostgresEventStore) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(64)
        self._store = store
        self._db = psycopg.connect(url)
        self._db.execute("lock table comanda.events in access exclusive mode")
        self.ask(Append(streams=[stream(accepted, on=ANY_VERSION)]))
        until(lambda: blocked(url) > 0)

    def ask(self, request: Append) -> "Future[dict[UUID, int]]":
        return self._threads.submit(self._store.append, request)

    def release(self) -> None:
        time.sleep(0.2)  # the last to ask is in the queue by now
        self._db.close()
        self._threads.shutdown()


def test_neighbours_in_one_transaction_are_independent(url: str, store: PostgresEventStore) -> None:
    stood, key = stream(accepted, on=NEW_STREAM), str(uuid7())
    store.append(Append(streams=[stood], answer=answer(key)))
    held = Held(url, store)
    fresh = [stream(accepted, on=NEW_STREAM) for _ in range(20)]
    landing = [held.ask(Append(streams=[append])) for append in fresh[:10]]
    moved = held.ask(Append(streams=[stream(ready, on=5, stream_id=stood.stream_id)]))
    repeat = held.ask(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=answer(key)))
    landing += [held.ask(Append(streams=[append])) for append in fresh[10:]]
    held.release()
    assert [future.result() for future in landing] == [{append.stream_id: 1} for append in fresh]
    assert isinstance(moved.exception(), VersionMoved)
    assert isinstance(repeat.exception(), AlreadyAnswered)
    with psycopg.connect(url) as db:
        row = db.execute(
            "select count(distinct xmin::text) from comanda.events where stream_id = any (%s)",
            ([append.stream_id for append in fresh],),
        ).fetchone()
    assert row == (1,)


def test_one_that_spoils_the_transaction_spoils_it_for_nobody_else(url: str, store: PostgresEventStore) -> None:
    stood = stream(accepted, on=NEW_STREAM)
    store.append(Append(streams=[stood]))
    held = Held(url, store)
    fresh = [stream(accepted, on=NEW_STREAM) for _ in range(10)]
    landing = [held.ask(Append(streams=[append])) for append in fresh[:5]]
    taken = held.ask(Append(streams=[stream(ready, on=NEW_STREAM, stream_id=stood.stream_id)]))
    unwritable = [held.ask(Append(streams=[stream(ready, on=0)], answer=answer(key))) for key in ("\x00", "\ud800")]
    landing += [held.ask(Append(streams=[append])) for append in fresh[5:]]
    held.release()
    assert [future.result() for future in landing] == [{append.stream_id: 1} for append in fresh]
    assert isinstance(taken.exception(), VersionMoved)
    assert all(isinstance(future.exception(), (psycopg.DataError, UnicodeEncodeError)) for future in unwritable)


def test_two_appends_to_one_stream_take_turns_within_a_process(url: str, store: PostgresEventStore) -> None:
    held = Held(url, store)
    append = stream(accepted, on=ANY_VERSION)
    asked = [held.ask(Append(streams=[append])) for _ in range(20)]
    held.release()
    assert sorted(future.result()[append.stream_id] for future in asked) == list(range(1, 21))


def test_writers_that_do_not_mind_are_never_refused_though_many_processes_meet_on_one_stream(url: str) -> None:
    stores = [PostgresEventStore(url).open() for _ in range(6)]
    append = stream(accepted, on=ANY_VERSION)
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(store.append, Append(streams=[append])) for _ in range(50) for store in stores]
    versions = [future.result()[append.stream_id] for future in asked]
    for store in stores:
        store.close()
    assert sorted(versions) == list(range(1, 301))


# Two that rest on each other: each has read that the other's stream stands where it was


def each_resting_on_the_other(store: PostgresEventStore, turn: UUID) -> tuple[Append, Append]:
    one, other = stream(accepted, on=NEW_STREAM).stream_id, stream(accepted, on=NEW_STREAM).stream_id
    for stream_id in (one, other):
        store.append(Append(streams=[stream(accepted, on=NEW_STREAM, stream_id=stream_id)]))
    return (
        Append(streams=[stream(ready, on=1, stream_id=one)], premises={other: 1}, turns=[turn]),
        Append(streams=[stream(ready, on=1, stream_id=other)], premises={one: 1}, turns=[turn]),
    )


def test_in_one_batch_only_one_of_two_that_take_turns_succeeds(url: str, store: PostgresEventStore) -> None:
    requests = each_resting_on_the_other(store, uuid7())
    held = Held(url, store)
    asked = [held.ask(request) for request in requests]
    held.release()
    assert [type(future.exception()) for future in asked].count(VersionMoved) == 1


def test_in_two_processes_only_one_of_two_that_take_turns_succeeds(url: str, store: PostgresEventStore) -> None:
    turn = uuid7()
    requests = each_resting_on_the_other(store, turn)
    second = PostgresEventStore(url).open()
    with ThreadPoolExecutor(2) as threads:
        with psycopg.connect(url) as db:
            db.execute("select comanda.hold_claims(%s::uuid[])", ([turn],))
            asked = [threads.submit(s.append, r) for s, r in zip((store, second), requests, strict=True)]
            until(lambda: blocked(url) == len(asked))
        outcomes = [type(future.exception()) for future in asked]
    second.close()
    assert outcomes.count(VersionMoved) == 1
