"""The ledger read through one connection, for those who run in step with it."""

from typing import Any

from domain.event_store import Page
from infra.postgres.connection import connect, translated
from infra.postgres.store import read_ledger

_HEAD = "select position from comanda.sequencer where id = 1"


class LedgerConnection:
    """One reader of the ledger; not to be shared between threads."""

    def __init__(self, url: str, role: str) -> None:
        """Connect; raises StoreUnavailable."""
        self._db = connect(url, role)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def head(self) -> int:
        """The ledger's last position, 0 while it is empty."""
        return int(self._fetch(_HEAD, {})[0][0])

    def read(self, after: int, limit: int, category: str, types: frozenset[str] | None, shards: list[int]) -> Page:
        """The events of a category, of these types and shards, among the ``limit`` positions behind ``after``."""
        return read_ledger(self._fetch, after, limit, categories=(category,), types=types, shards=shards)

    def _fetch(self, sql: str, params: dict[str, Any]) -> list[Any]:
        with translated():
            return self._db.execute(sql, params).fetchall()
