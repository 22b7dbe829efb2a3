"""Read models against a fresh replay of the ledger, row for row and column for column."""

from collections.abc import Iterable
from typing import Any

from psycopg import sql

from infra.postgres.connection import Connection, connect
from infra.postgres.ledger import LedgerConnection
from projections import repair
from projections.projection import Projection
from projections.registry import PROJECTIONS

ROLE = "comanda_worker"
STATEMENT_TIMEOUT_MS = 120_000
SHOWN_MAX = 5

_BEHIND = "select projection, partition, position from read_models.checkpoints where position <> %s::bigint"
# Of a parked stream only the time and the number of attempts may differ: they are not of the ledger.
_PARKED = "select stream_id, version, position, error from read_models.parked where projection = %s order by stream_id"


def dump(url: str, projection: Projection[Any]) -> list[tuple[Any, ...]]:
    """Every row of a projection's tables behind its table's name, in the order of the keys; then its parked streams."""
    with _connect(url) as db:
        return _dump(db, projection)


def assert_equal_to_fresh_replay(url: str, projections: Iterable[Projection[Any]] = PROJECTIONS.values()) -> int:
    """Each read model equals, row for row, what the ledger makes of it from scratch; answers with the rows compared.

    Call it when nothing is being written and the models have reached the head: one that has not is a failure. The
    models are built anew in place, so that afterwards they hold the fresh rows; workers may run beside it.
    """
    compared = 0
    ledger = LedgerConnection(url, ROLE)
    try:
        with _connect(url) as db:
            behind = db.execute(_BEHIND, (ledger.head(),)).fetchall()
            assert not behind, f"not at the ledger's head {ledger.head()}: {behind}"
            for projection in projections:
                stood = _dump(db, projection)
                repair.rebuild(db, projection, ledger, lambda *_: None)
                _compare(projection.name, stood, _dump(db, projection))
                compared += len(stood)
    finally:
        ledger.close()
    return compared


def _connect(url: str) -> Connection:
    return connect(url, ROLE, statement_timeout_ms=STATEMENT_TIMEOUT_MS)


def _dump(db: Connection, projection: Projection[Any]) -> list[tuple[Any, ...]]:
    rows = [("parked", *row) for row in db.execute(_PARKED, (projection.name,)).fetchall()]
    for table in projection.tables:
        # A row is ordered by its columns from left to right, and the key's columns stand first in every table.
        query = sql.SQL("select t.* from read_models.{} t order by t").format(sql.Identifier(table))
        rows += [(table, *row) for row in db.execute(query).fetchall()]
    return rows


def _compare(name: str, stood: list[tuple[Any, ...]], replayed: list[tuple[Any, ...]]) -> None:
    if stood == replayed:
        return
    only_stood = sorted(set(stood) - set(replayed), key=repr)
    only_replayed = sorted(set(replayed) - set(stood), key=repr)
    msg = f"{name} differs from its replay: {len(only_stood)} rows against {len(only_replayed)}"
    shown = [f"  stood    {row}" for row in only_stood[:SHOWN_MAX]]
    shown += [f"  replayed {row}" for row in only_replayed[:SHOWN_MAX]]
    raise AssertionError("\n".join([msg, *shown]))
