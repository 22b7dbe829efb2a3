"""A database with a history and its read models, and a hand on everything that moves them."""

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self
from uuid import UUID

import psycopg

from domain.event import Happened
from domain.event_store import ANY_VERSION, Append, StreamAppend
from infra.postgres.connection import Connection, connect
from infra.postgres.ledger import LedgerConnection
from infra.postgres.store import PostgresEventStore
from projections.projection import PARTITIONS, Projection, prepare
from projections.registry import PROJECTIONS
from projections.repair import Parked, parked
from projections.runner import Runner
from tests.projections.replayed import ROLE
from workers.sequencer import sequence, try_lead

BLOCKED_MAX_S = 10
_POLL_S = 0.01

_SMUGGLE = """
insert into comanda.events (stream_id, version, seq, event_id, category, type, schema_version, data, meta)
select %(stream)s::uuid, coalesce(max(version), 0) + 1, nextval('comanda.event_seq'), gen_random_uuid(), %(category)s,
    %(type)s, %(schema_version)s, %(data)s, '{}'
from comanda.events where stream_id = %(stream)s::uuid
"""


class Books:
    """The event store, the sequencer and the read models of one database, each moved only when asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.store = PostgresEventStore(self.url, readers=2).open()
        self._open.callback(self.store.close)
        self._leader = self._open.enter_context(connect(self.url, "comanda_sequencer"))
        epoch = try_lead(self._leader)
        assert epoch is not None
        self._epoch = epoch
        self.db = self.connection()
        self.ledger = self.reader()
        prepare(self.db, list(PROJECTIONS.values()))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def connection(self) -> Connection:
        """One more worker's connection to the read models."""
        return self._open.enter_context(connect(self.url, ROLE))

    def reader(self) -> LedgerConnection:
        """One more worker's connection to the ledger."""
        reader = LedgerConnection(self.url, ROLE)
        self._open.callback(reader.close)
        return reader

    def record(self, stream_id: UUID, *events: Happened, category: str = "order") -> None:
        """Append to a stream, whatever stands in it."""
        stream = StreamAppend(stream_id=stream_id, category=category, expected=ANY_VERSION, events=events)
        self.store.append(Append(streams=[stream]))

    def smuggle(
        self, stream_id: UUID, event_type: str, data: Mapping[str, Any] | str, *, schema_version: int = 1
    ) -> None:
        """Lay an order's event past all rules, as a broken program of another year might have."""
        text = data if isinstance(data, str) else json.dumps(data)
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute(
                _SMUGGLE,
                {
                    "stream": stream_id,
                    "category": "order",
                    "type": event_type,
                    "schema_version": schema_version,
                    "data": text,
                },
            )

    def leave_the_lead(self) -> None:
        """Let another sequencer lead from now on."""
        self._leader.close()

    def sequence(self) -> None:
        """Give every event its place in the ledger."""
        while sequence(self._leader, self._epoch).size:
            pass

    def runner(self, projection: Projection[Any], partition: int, ledger: LedgerConnection | None = None) -> Runner:
        """A worker on one partition."""
        return Runner(projection=projection, partition=partition, ledger=ledger or self.ledger)

    def project(self, *projections: Projection[Any]) -> None:
        """Sequence, and bring these read models, or all, to the ledger's head."""
        self.sequence()
        for projection in projections or PROJECTIONS.values():
            for partition in range(PARTITIONS):
                assert self.runner(projection, partition).catch_up(self.db) == self.ledger.head()

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds in the read models."""
        return self.db.execute(query, parameters).fetchall()

    def wait_until_blocked(self, pid: int) -> None:
        """Return when the connection with this backend waits for a lock that another holds."""
        deadline = time.monotonic() + BLOCKED_MAX_S
        with psycopg.connect(self.url, autocommit=True) as owner:
            while owner.execute("select pg_blocking_pids(%s)", (pid,)).fetchone() == ([],):
                assert time.monotonic() < deadline, "nothing waits"
                time.sleep(_POLL_S)

    def parked(self, projection: Projection[Any]) -> list[Parked]:
        """What a projection has set aside."""
        return parked(self.db, projection.name)
