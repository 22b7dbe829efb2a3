"""Threads that append take turns at committing for all of them; nobody who goes away leaves the others waiting."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import psycopg
import pytest

from domain.event_store import NEW_STREAM, Append, StoreBusy, StoreUnavailable
from infra.postgres import appender
from infra.postgres.store import PostgresEventStore
from tests.infra.facts import accepted, answer, ready, started, stream

THREADS = 24
EACH = 25
LATE_S = 0.3
FOLLOW_S = 0.2
END_MAX_S = 10.0


@pytest.fixture
def store(url: str) -> Iterator[PostgresEventStore]:
    opened = PostgresEventStore(url).open()
    yield opened
    opened.close()


@contextmanager
def stalled(url: str) -> Iterator[None]:
    """No append can commit."""
    with psycopg.connect(url) as db:
        db.execute("lock table comanda.events in access exclusive mode")
        yield
        db.rollback()


def append(store: PostgresEventStore) -> int:
    (version,) = store.append(Append(streams=[stream(accepted, started, ready, on=NEW_STREAM)])).values()
    return version


def test_every_thread_of_many_gets_its_own_outcome(store: PostgresEventStore) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(lambda _: append(store), range(THREADS * EACH)))
    assert outcomes == [3] * THREADS * EACH


def test_appends_that_touch_the_same_take_several_turns_and_all_come_to_an_end(store: PostgresEventStore) -> None:
    def once() -> bool:
        try:
            store.append(Append(streams=[stream(accepted, on=NEW_STREAM)], answer=answer("the same")))
        except Exception:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = [threads.submit(once) for _ in range(THREADS)]
        done, _ = wait(outcomes, END_MAX_S)
    assert len(done) == THREADS
    assert sum(outcome.result() for outcome in done) == 1


def test_those_who_gave_up_waiting_leave_the_store_to_those_who_come_after(
    url: str, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "WAIT_S", LATE_S)
    with ThreadPoolExecutor(THREADS) as threads:
        with stalled(url):
            first = threads.submit(append, store)
            time.sleep(FOLLOW_S)
            others = [threads.submit(append, store) for _ in range(THREADS - 1)]
            for other in others:
                with pytest.raises(StoreUnavailable, match="repeat it with the same Idempotency-Key"):
                    other.result(END_MAX_S)
            assert not first.done()
        assert first.result(END_MAX_S) == 3
        assert append(store) == 3


def test_a_crowd_is_told_to_come_again(url: str, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender, "WAITING_MAX", 2)
    with ThreadPoolExecutor(THREADS) as threads:
        with stalled(url):
            taken = []
            for _ in range(3):
                taken.append(threads.submit(append, store))
                time.sleep(FOLLOW_S)
            with pytest.raises(StoreBusy):
                append(store)
        assert [one.result(END_MAX_S) for one in taken] == [3, 3, 3]


def test_closing_waits_for_what_is_under_way(url: str) -> None:
    opened = PostgresEventStore(url).open()
    with ThreadPoolExecutor(1) as threads:
        with stalled(url):
            under_way = threads.submit(append, opened)
            time.sleep(FOLLOW_S)
            closing = threading.Thread(target=opened.close)
            closing.start()
            time.sleep(FOLLOW_S)
            assert closing.is_alive()
        assert under_way.result(END_MAX_S) == 3
    closing.join(END_MAX_S)
    assert not closing.is_alive()
