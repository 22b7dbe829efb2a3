"""Whose access tokens are no longer taken: a small table, looked at every second and never on the way of a request.

An access token is taken for as long as it is valid, whatever has become of its account. What ends an account's sessions
is therefore told here, and every process refuses what was issued up to then. A row is needed for as long as a token
lives, so there are as many as accounts were ended within that time; should those be more than RECALLS_MAX, everybody's
tokens from before the oldest of the newest RECALLS_MAX are refused: people sign in once more, nobody slips through.
"""

import threading
import time
from collections.abc import Mapping
from uuid import UUID

from infra.identity.database import IdentityDatabase

KEPT_S = 3600
"""Longer than any access token lives, ours or another issuer's."""
RECALLS_MAX = 10_000

_RECENT = """
select account_id, (extract(epoch from recalled_at) * 1000)::bigint from comanda.recalls
where recalled_at > clock_timestamp() - make_interval(secs => %s) order by recalled_at desc limit %s
"""
_RECALL = """
insert into comanda.recalls as r (account_id, recalled_at) values (%s, to_timestamp(%s / 1000.0))
on conflict (account_id) do update set recalled_at = greatest(r.recalled_at, excluded.recalled_at)
"""
# By itself, so that it holds no row while it waits for another.
_FORGET = """
delete from comanda.recalls where account_id in (
    select account_id from comanda.recalls where recalled_at < clock_timestamp() - make_interval(secs => %s)
    order by recalled_at limit 100 for update skip locked
)
"""


class Recalls:
    """What was recalled, as this process knows it."""

    def __init__(self, database: IdentityDatabase) -> None:
        """Know nothing before the first ``refresh``."""
        self._database = database
        self._until_ms: Mapping[UUID, int] = {}
        self._everybody_until_ms = 0
        self._changing = threading.Lock()  # so that no look that began before a recall hides it

    def refresh(self) -> None:
        """Look at the table."""
        with self._changing:
            rows = self._database.run(_RECENT, (KEPT_S, RECALLS_MAX + 1))
            self._until_ms = dict(rows)
            if len(rows) > RECALLS_MAX:
                self._everybody_until_ms = max(self._everybody_until_ms, rows[-1][1])

    def recall(self, account_id: UUID) -> None:
        """Refuse what the account was issued up to now: here at once, elsewhere within a second or so."""
        at_ms = time.time_ns() // 1_000_000
        with self._changing:
            self._database.run(_RECALL, (account_id, at_ms))
            self._until_ms = {**self._until_ms, account_id: at_ms}
        self._database.run(_FORGET, (KEPT_S,))

    def includes(self, account_id: UUID, issued_at_ms: int) -> bool:
        """Whether a token that was issued then is no longer taken."""
        if issued_at_ms <= self._everybody_until_ms:
            return True
        until_ms = self._until_ms.get(account_id)
        return until_ms is not None and issued_at_ms <= until_ms
