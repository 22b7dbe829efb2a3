"""How every store writes an event down: as canonical JSON, under the name and the schema version of its type."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from domain.event import Happened, Plain


class Written(NamedTuple):
    """An event's columns."""

    type: str
    schema_version: int
    data: str


def written(events: Iterable[Happened | Plain]) -> list[Written]:
    """The events as they are stored. Plain data stand in order already, so that this is Happened.canonical, faster."""
    return [
        Written(name, version, orjson.dumps(data, option=orjson.OPT_UTC_Z).decode())
        for name, version, data in (one if isinstance(one, Plain) else one.plain() for one in events)
    ]
