"""Appends that use something up, or give it back: counted within their own transaction, and only where they succeed.

Appends that take turns come here too: a turn is a count that nobody uses up, held until the transaction ends.
"""

from collections.abc import Callable, Sequence
from typing import Any

from infra.postgres import arrays
from infra.postgres.connection import Connection
from infra.postgres.pending import Pending

REFUSED = frozenset({"total", "each"})
"""The outcomes of a claim that a limit stood against."""

_HOLD = "select comanda.hold_claims(%s::uuid[])"
_CLAIM = "select request, outcome from comanda.claim(%s::int[], %s::uuid[], %s::text[], %s::int[], %s::int[])"
_UNCLAIM = "select comanda.unclaim(%s::uuid[], %s::text[])"


def call(db: Connection, batch: Sequence[Pending], append: Callable[[list[Pending]], list[Any]]) -> list[Any]:
    """The outcomes of the batch, as comanda.append tells them, and of its refused claims.

    What is given back is free behind the append only: a claim of the same batch could else take what an append that is
    refused has then not given back.
    """
    with db.transaction():
        _hold(db, batch)
        refused = _claim(db, batch)
        taken = [number for number in range(len(batch)) if number not in refused]
        outcomes: list[Any] = [(number, outcome, None, None) for number, outcome in refused.items()]
        if taken:
            told = append([batch[number] for number in taken])
            outcomes += [(taken[number], outcome, stream, actual) for number, outcome, stream, actual in told]
        lost = {number for number, outcome, _, _ in outcomes if outcome != "based"}
        _unclaim(db, [batch[number] for number in taken if number in lost], [batch[n] for n in taken if n not in lost])
        return outcomes


def _hold(db: Connection, batch: Sequence[Pending]) -> None:
    """Take turns with all who count the same, or name the same turn; claims alone do so by themselves."""
    if any(pending.request.releases or pending.request.turns for pending in batch):
        subjects = {claim.subject for pending in batch for claim in pending.request.claims}
        subjects |= {use.subject for pending in batch for use in pending.request.releases}
        subjects |= {turn for pending in batch for turn in pending.request.turns}
        db.execute(_HOLD, (arrays.uuids(subjects),))


def _claim(db: Connection, batch: Sequence[Pending]) -> dict[int, str]:
    """Count the uses; answers with the requests refused, by their number in the batch."""
    claims = [(number, claim) for number, pending in enumerate(batch) for claim in pending.request.claims]
    if not claims:
        return {}
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


def _unclaim(db: Connection, lost: Sequence[Pending], won: Sequence[Pending]) -> None:
    """Take back what the lost appends have claimed, and what the others give back."""
    uses = [(claim.subject, claim.holder) for pending in lost for claim in pending.request.claims]
    uses += [use for pending in won for use in pending.request.releases]
    if uses:
        db.execute(_UNCLAIM, (arrays.uuids(subject for subject, _ in uses), arrays.texts(holder for _, holder in uses)))
