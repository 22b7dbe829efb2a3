"""``comanda.append`` called inside a transaction that the test opens, holds and ends as it likes."""

from uuid import UUID

from infra.postgres.connection import Connection

_APPEND = """
select outcome from comanda.append(
    array[0], array[%(stream)s::uuid], array[%(expected)s::int], array[true],
    array_fill(0, array[%(count)s::int]), array_fill(1, array[%(count)s::int]),
    array(select generate_series(1, %(count)s::int)),
    array(select gen_random_uuid() from generate_series(1, %(count)s::int)),
    array_fill('order'::text, array[%(count)s::int]), array_fill('OrderReady'::text, array[%(count)s::int]),
    array_fill(1, array[%(count)s::int]), array_fill('{}'::text, array[%(count)s::int]),
    array_fill('{}'::text, array[%(count)s::int]), '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')
"""


def raw_append(db: Connection, stream_id: UUID, *, expected: int, count: int) -> None:
    """Append ``count`` events in the connection's own transaction; raises UniqueViolation after a lost race."""
    rows = db.execute(_APPEND, {"stream": stream_id, "expected": expected, "count": count}).fetchall()
    assert all(outcome == "based" for (outcome,) in rows), rows
