"""The floor of the append: one psycopg INSERT of the same row into a plain table, autocommit."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from uuid_utils.compat import uuid7

from tests.bench.appending import Append
from tests.bench.sample_order import CATEGORY, placed

META = '{"actor":"anonymous"}'
INSERT = """
INSERT INTO floor_events (event_id, category, stream_id, version, type, schema_version, data, meta)
VALUES (%s, %s, %s, 1, %s, 1, %s, %s)
"""
TABLES = """
CREATE TABLE IF NOT EXISTS floor_events (
    event_id       uuid        NOT NULL,
    category       text        NOT NULL,
    stream_id      uuid        NOT NULL,
    version        integer     NOT NULL,
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    data           text        NOT NULL,
    meta           text        NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    seq            bigint      GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (stream_id, version)
);
"""


@contextmanager
def floor_appender(url: str) -> Iterator[Append]:
    """Open one connection; each call inserts one row of a new stream."""
    event = placed()
    name, data = type(event).__name__, event.canonical()
    with psycopg.connect(url, autocommit=True) as connection:

        def append() -> None:
            row = (uuid7(), CATEGORY, uuid7(), name, data, META)
            connection.execute(INSERT, row)

        yield append
