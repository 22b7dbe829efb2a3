"""Comanda as a contender: one small function per figure, each starting what it needs and ending it."""

from collections.abc import Callable, Mapping

from tests.bench.floors_and_peers import Bench

# What is not wired to Comanda's code yet; the bench leaves it out and says "not measured".
NOT_PLUGGED_IN = frozenset(
    {
        "place_order",
        "get_order",
        "append",
        "project",
        "visible_ms_p50",
        "visible_ms_p99",
        "append_small",
        "append_large",
        "get_small",
        "get_large",
        "worker_memory_growth",
    }
)


def place_order(bench: Bench) -> float:
    """Orders a second over POST /v1/orders: two api processes, sequencer and worker on RabbitMQ running."""
    raise NotImplementedError


def get_order(bench: Bench) -> float:
    """Orders read a second over GET /v1/orders/{id}: two api processes."""
    raise NotImplementedError


def append(bench: Bench) -> float:
    """Appends a second of the store, from eight threads, each event a new stream."""
    raise NotImplementedError


def project(bench: Bench) -> float:
    """Events a second of one projection worker that catches up a ledger."""
    raise NotImplementedError


def visible(bench: Bench) -> dict[str, float]:
    """How long after its 201 an order is in the read model, at half the peak: visible_ms_p50 and _p99."""
    raise NotImplementedError


def growth(bench: Bench) -> dict[str, float]:
    """Rates of append and GET on 10 000 and on 1 000 000 events: append_small, append_large, get_small, get_large."""
    raise NotImplementedError


# The figures that have no rival, by the names of the values that each measurement returns.
ALONE: Mapping[frozenset[str], Callable[[Bench], dict[str, float]]] = {
    frozenset({"visible_ms_p50", "visible_ms_p99", "worker_memory_growth"}): visible,
    frozenset({"append_small", "append_large", "get_small", "get_large"}): growth,
}
