"""Measures appends a second: eight threads, each with its connection, each event a new stream."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Barrier

from tests.bench.order_body import CURRENCY, ORDER_LINES, menu

THREADS = 8
WARMUP_APPENDS = 50
READY_TIMEOUT_S = 30.0
EVENT_TYPE = "OrderPlaced"
CATEGORY = "order"

Append = Callable[[], None]
OpenAppender = Callable[[], AbstractContextManager[Append]]


@dataclass(frozen=True, kw_only=True)
class EventText:
    """The event that every contender appends, already as text: its data and its meta."""

    data: str
    meta: str


def placed_event() -> EventText:
    """Return an OrderPlaced of five priced lines, about 1 KB, in canonical JSON."""
    lines = [
        {
            "item_id": f"00000000-0000-4000-8000-{number:012d}",
            "name": entry.name,
            "quantity": 1 + number % 3,
            "total_minor": entry.price_minor * (1 + number % 3),
            "unit_price_minor": entry.price_minor,
        }
        for number, entry in enumerate(menu()[:ORDER_LINES])
    ]
    data = {
        "currency": CURRENCY,
        "customer": {"name": "Ada Lovelace", "phone": "+442071234567"},
        "fulfilment": "pickup",
        "lines": lines,
        "note": "ring twice",
        "number": "K7-4821",
        "placed_at": "2026-11-20T12:00:00.000000Z",
        "restaurant_id": "00000000-0000-7000-8000-000000000000",
        "total_minor": sum(entry.price_minor for entry in menu()[:ORDER_LINES]),
    }
    meta = {"actor": "anonymous", "correlation_id": "00000000-0000-7000-8000-000000000001"}
    return EventText(data=canonical(data), meta=canonical(meta))


def canonical(value: object) -> str:
    """Return JSON text with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def appends_per_s(open_appender: OpenAppender, seconds: float) -> float:
    """Append from THREADS threads at once for `seconds`, after a warm-up of each."""
    barrier = Barrier(THREADS)

    def work() -> tuple[int, float]:
        with open_appender() as append:
            for _ in range(WARMUP_APPENDS):
                append()
            barrier.wait(READY_TIMEOUT_S)
            return count_appends(append, seconds)

    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(work) for _ in range(THREADS)]
        return sum(done / span_s for done, span_s in (future.result() for future in running))


def count_appends(append: Append, seconds: float) -> tuple[int, float]:
    """Append until `seconds` have passed; return how many there were, and the exact span."""
    starts_at = time.monotonic()
    ends_at = starts_at + seconds
    done = 0
    while time.monotonic() < ends_at:
        append()
        done += 1
    return done, time.monotonic() - starts_at
