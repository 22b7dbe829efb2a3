"""Appends that use something up: counted within their own transaction, and not at all where the append is refused."""

from collections.abc import Callable, Sequence
from typing import Any

from infra.postgres import arrays
from infra.postgres.connection import Connection
from infra.postgres.pending import Pending

REFUSED = frozenset({"total", "each"})
"""The outcomes of a claim that a limit stood against."""

_CLAIM = "select request, outcome from comanda.claim(%s::int[], %s::uuid[], %s::text[], %s::int[], %s::int[])"
_UNCLAIM = "select comanda.unclaim(%s::uuid[], %s::text[])"


def call(db: Connection, batch: Sequence[Pending], append: Callable[[list[Pending]], list[Any]]) -> list[Any]:
    """The outcomes of the batch, as comanda.append tells them, and of its refused claims."""
    with db.transaction():
        refused = _claim(db, batch)
        taken = [number for number in range(len(batch)) if number not in refused]
        outcomes: list[Any] = [(number, outcome, None, None) for number, outcome in refused.items()]
        if taken:
            told = append([batch[number] for number in taken])
            outcomes += [(taken[number], outcome, stream, actual) for number, outcome, stream, actual in told]
        lost = {number for number, outcome, _, _ in outcomes if outcome != "based" and number not in refused}
        claims = [claim for number in sorted(lost) for claim in batch[number].request.claims]
        if claims:
            subjects = arrays.uuids(c.subject for c in claims)
            db.execute(_UNCLAIM, (subjects, arrays.texts(c.holder for c in claims)))
        return outcomes


def _claim(db: Connection, batch: Sequence[Pending]) -> dict[int, str]:
    """Count the uses; answers with the requests refused, by their number in the batch."""
    claims = [(number, claim) for number, pending in enumerate(batch) for claim in pending.request.claims]
    return dict(
        db.execute(
            _CLAIM,
            (
                arrays.integers(number for number, _ in claims),
                arrays.uuids(claim.subject for _, claim in claims),
                arrays.texts(claim.holder for _, claim in claims),
                arrays.integers(claim.total_max for _, claim in claims),
                arrays.integers(claim.holder_max for _, claim in claims),
            ),
        ).fetchall()
    )
