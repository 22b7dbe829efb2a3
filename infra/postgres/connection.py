"""One connection to PostgreSQL, in a role of ours, and what its errors mean to the rest of the program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from domain.event_store import StoreUnavailable

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3}
_SERVER_KEEPALIVES = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3"
"""So that the locks of a machine that is gone do not outlive it by the kernel's two hours."""

Connection = psycopg.Connection[TupleRow]


REPEATABLE = frozenset({"comanda_sequencer", "comanda_worker"})
"""Roles whose commits need not wait for the disk: what a crash takes from them, they make again, and the same.

Only events are irreplaceable. The ledger is a function of the events (same events, same order of seq, same positions),
the read models are one of the ledger, and a crash keeps a prefix of the log, so neither can run ahead of its source.
"""


def settings(role: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> dict[str, Any]:
    """The keyword arguments with which every connection of ours is opened: autocommit, limits, role.

    Every query of ours goes by an index. A plan is kept for as long as its connection, and one that was made while a
    table (or this month's partition) was empty would go on scanning it when it is full: sequential scans are off.
    The workers' few statements are planned once: planning over all months takes longer than running them.
    """
    flush, plans = ("off", "force_generic_plan") if role in REPEATABLE else ("on", "auto")
    return {
        "autocommit": True,
        "application_name": role,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "options": (
            f"-c role={role} -c statement_timeout={statement_timeout_ms} -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS} {_SERVER_KEEPALIVES}"
            f" -c synchronous_commit={flush} -c enable_seqscan=off -c plan_cache_mode={plans}"
        ),
        **KEEPALIVES,
    }


def connect(url: str, role: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Connection:
    """Open a connection; raises StoreUnavailable where there is none to be had."""
    with translated():
        return psycopg.connect(url, **settings(role, statement_timeout_ms=statement_timeout_ms))


@contextmanager
def translated() -> Iterator[None]:
    """Let a lost, refused or overdue connection be a StoreUnavailable."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as why:
        raise StoreUnavailable(_first_line(why)) from why


def _first_line(why: Exception) -> str:
    return str(why).strip().split("\n", 1)[0] or type(why).__name__
