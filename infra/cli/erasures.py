"""The list of erasures: told from the tombstones, to be kept apart from backups; and done again after a restore."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from api.operation import Services
from infra.refusal import CannotStart

AT_ONCE = 1000
LINES_MAX = 10_000_000
_PAGE = """
select erased_at, subject from comanda.subject_keys
where erased_at is not null and (erased_at, subject) > (%s::timestamptz, %s::uuid)
order by erased_at, subject limit %s::int
"""


def told(services: Services, since: datetime) -> Iterator[bytes]:
    """One line of JSON for each person erased then or later, in that order: ``subject`` and ``erased_at``."""
    at: tuple[Any, ...] = (since.astimezone(UTC), UUID(int=0))
    while rows := services.fetch(_PAGE, (*at, AT_ONCE)):
        for erased_at, subject in rows:
            line = {"subject": subject, "erased_at": erased_at}
            yield orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        at = rows[-1]


def listed(lines: Iterable[bytes]) -> Iterator[UUID]:
    """The ids of such lines; empty ones are passed over. Raises CannotStart, naming the line, for any other."""
    for number, line in enumerate(lines, 1):
        if number > LINES_MAX:
            raise CannotStart(f"the list has more than {LINES_MAX} lines: split it")
        if not line.strip():
            continue
        try:
            yield UUID(orjson.loads(line)["subject"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CannotStart(
                f"line {number} of the list is none that `comanda privacy erasures` has written; the lines before it"
                " were done, and may be done again"
            ) from None
