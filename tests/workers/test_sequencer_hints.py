"""Every batch is hinted at, a broker that is away holds nothing up, and a lost hint is repeated."""

import itertools
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker

from infra.postgres.connection import Connection
from infra.postgres.store import PostgresEventStore
from tests.workers.sequencing import Heard, ledger, place_orders, running, until
from workers.hints import QUEUE, HintPublisher
from workers.sequencer import Sweep

# Hints


def test_every_batch_is_announced_with_its_last_position(database: str, store: PostgresEventStore) -> None:
    heard = Heard()
    with running(database, heard):
        place_orders(store, 20)
        until(lambda: bool(heard.announced) and heard.announced[-1] == (20, ["order"]))
    assert heard.announced == sorted(heard.announced)


class Broker(StubBroker):
    """A broker that can be away."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.away = False
        self.tries = 0

    def enqueue(self, message: "dramatiq.Message[Any]", *, delay: int | None = None) -> "dramatiq.Message[Any]":
        self.tries += 1
        if self.away:
            raise ConnectionError("away")
        return super().enqueue(message, delay=delay)

    def hints(self) -> list[tuple[Any, ...]]:
        """What came through since the last time."""
        waiting = self.queues[QUEUE]
        return [dramatiq.Message.decode(waiting.get_nowait()).args for _ in range(waiting.qsize())]


def test_sequencing_goes_on_while_the_broker_is_away_and_the_newest_hints_come_after_it(
    database: str, db: Connection, store: PostgresEventStore
) -> None:
    broker = Broker()
    publisher = HintPublisher(broker, {"orders": "order", "sales": "order", "menus": "restaurant"})
    publisher.open()
    broker.away = True
    with running(database, publisher):
        for number in range(1, 6):
            place_orders(store, 1)
            until(lambda: ledger(db) == number)  # noqa: B023  called in this very turn
        until(lambda: broker.tries >= 2)
        assert broker.hints() == []
        broker.away = False
        until(lambda: broker.queues[QUEUE].qsize() >= 1)
    publisher.close()
    assert broker.hints() == [("orders", 5)]


# The sweep


def test_a_projection_that_lags_and_has_not_moved_since_the_last_look_is_reminded() -> None:
    sweep = Sweep()
    assert sweep.stalled({"orders": 3, "sales": 5}, 5) == []
    assert sweep.stalled({"orders": 3, "sales": 5}, 5) == ["orders"]


def test_a_projection_that_moves_or_has_arrived_is_left_alone() -> None:
    sweep = Sweep()
    looks = [({"orders": 1, "sales": 9}, 9), ({"orders": 4, "sales": 9}, 9), ({"orders": 9, "sales": 9}, 12)]
    assert [sweep.stalled(*look) for look in looks] == [[], [], ["sales"]]


def test_a_lost_hint_is_repeated_by_the_sweep(database: str, owner: Connection, store: PostgresEventStore) -> None:
    heard = Heard()
    seconds = itertools.count(0.0, 0.5)
    with running(database, heard, seconds.__next__):
        place_orders(store, 4)  # no worker has made the read models yet
        until(lambda: bool(heard.announced) and heard.announced[-1][0] == 4)
        owner.execute(
            """
            set role comanda_worker;
            create table read_models.checkpoints (projection text, partition smallint, position bigint);
            insert into read_models.checkpoints values ('orders', 0, 4), ('orders', 1, 2), ('sales', 0, 4);
            """
        )
        until(lambda: bool(heard.reminded))
    assert set(heard.reminded) == {"orders"}
