"""One run of a history through the public HTTP API: what the server holds of it so far, and what went wrong.

Everything sent is idempotent, by key or by nature, and follows from the file alone. So a broken connection is answered
by sending again, a run that was interrupted is continued by the next one, and a run of what is there already adds
nothing: an order is known by its number, kept as its ``client_reference``.

Orders run concurrently between two price changes of the history. A change waits until every earlier order is placed,
but not until it is cooked: an order's price is settled when it is placed, and with ``expected_total`` the server has to
agree on it.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from infra.cli.history import TIME_ZONE, History, PastOrder, opening_prices, slug, stretches
from infra.cli.public_api import RETRY_WINDOW_S, Json, PublicApi, Unexpected

CURRENCY = "GBP"
CATEGORY = "Menu"
CUSTOMER = "Walk-in"
COOKING_TIME = timedelta(minutes=25)
CONTACT_WINDOW_S = 10.0
SETTLE_WINDOW_S = 120.0
SETTLE_PAUSE_S = 0.25
ERRORS_MAX = 100

NEXT_STEP = {"awaiting_acceptance": "accept", "accepted": "start", "preparing": "ready", "ready": "collect"}
COMPLETED = "completed"


class Sales(NamedTuple):
    """How many orders, and what they brought in."""

    orders: int
    revenue_minor: int

    def __str__(self) -> str:
        return f"{self.orders} orders for {self.revenue_minor} pence"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOrder:
    """An order as the server holds it."""

    id: str
    reference: str | None
    stage: str
    lines: int
    total_minor: int

    @classmethod
    def read(cls, answer: Json) -> "HeldOrder":
        """Read an order of the API; raises Unexpected where it is none."""
        try:
            return cls(
                id=answer["id"],
                reference=answer.get("client_reference"),
                stage=answer["stage"],
                lines=len(answer["lines"]),
                total_minor=answer["total"]["amount_minor"],
            )
        except (KeyError, TypeError) as lacking:
            raise Unexpected("an order", 0, {"detail": f"it lacks {lacking}"}, gave_up=False) from lacking


class Pace:
    """Turns, at most so many a second over all threads."""

    def __init__(self, per_s: float | None) -> None:
        self._gap_s = 1 / per_s if per_s else 0.0
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def turn_in_s(self) -> float:
        """Take the next turn; answers in how many seconds it is."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._gap_s
        return turn - time.monotonic()


class Replay:
    """One run over a history: what the server holds of it so far, and what went wrong."""

    def __init__(
        self, api: PublicApi, name: str, pace: Pace, done: Callable[[], None], complain: Callable[[str], None]
    ) -> None:
        self.held: dict[str, HeldOrder] = {}
        self.errors = 0
        self.halted = False
        self._api, self._name, self._pace, self._done, self._complain = api, name, pace, done, complain
        self._lock = threading.Lock()

    def bring(self, history: History, orders: Sequence[PastOrder], clients: int) -> str:
        """Bring the orders to the server and to their end, whatever it has of them; answers the restaurant's id."""
        restaurant_id = self._restaurant()
        found = {order.reference: order for order in self.listed(restaurant_id)}
        left = [past for past in orders if past.number not in found]
        pool = ThreadPoolExecutor(clients)
        try:
            work = [pool.submit(self._resume, past, found[past.number]) for past in orders if past.number in found]
            if left:
                work += self._place_all(pool, restaurant_id, history, left)
            for job in work:
                job.result()
        except KeyboardInterrupt:
            self._halt()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return restaurant_id

    def listed(self, restaurant_id: str) -> list[HeldOrder]:
        """Read every order that the server lists for the restaurant."""
        return [HeldOrder.read(order) for order in self._api.pages("/v1/orders", {"restaurant_id": restaurant_id})]

    def placed(self) -> Sales:
        """Sum up what the server has acknowledged of this history."""
        return Sales(len(self.held), sum(order.total_minor for order in self.held.values()))

    def projected(self, restaurant_id: str) -> Sales:
        """Wait until the sales of all days show what was placed, within a bound; answers what they show."""
        end = time.monotonic() + SETTLE_WINDOW_S
        window_s = CONTACT_WINDOW_S if self.halted else RETRY_WINDOW_S
        query = {"restaurant_id": restaurant_id, "by": "day"}
        while True:
            total = self._api.get("/v1/stats/sales", query, window_s)["total"]
            sales = Sales(total["orders"], total["revenue_minor"])
            if sales == self.placed() or sales.orders > len(self.held) or self.halted or time.monotonic() > end:
                return sales
            time.sleep(SETTLE_PAUSE_S)

    def duplicates(self, restaurant_id: str) -> int:
        """Count the orders listed twice, once the list shows each order that was completed, within a bound."""
        end = time.monotonic() + SETTLE_WINDOW_S
        completed = {number for number, order in self.held.items() if order.stage == COMPLETED}
        while True:
            listed = self.listed(restaurant_id)
            lost = completed - {order.reference for order in listed if order.stage == COMPLETED}
            if not lost or self.halted or time.monotonic() > end:
                break
            time.sleep(SETTLE_PAUSE_S)
        for number in sorted(lost):
            self.error(f"order {number}: completed, but not listed so")
        times = Counter(order.reference for order in listed if order.reference is not None)
        return sum(times.values()) - len(times)

    def error(self, message: str) -> None:
        """Count an error and say it, up to the bound at which the run halts."""
        with self._lock:
            self.errors += 1
            if self.errors <= ERRORS_MAX:
                self._complain(message)
            if self.errors == ERRORS_MAX:
                self._complain(f"halted after {ERRORS_MAX} errors")
                self.halted = True

    @contextmanager
    def errors_of(self, what: str) -> Iterator[None]:
        """Count an unexpected answer as an error of ``what``; a server that stays away halts the run."""
        try:
            yield
        except Unexpected as unexpected:
            self.halted |= unexpected.gave_up
            self.error(f"{what}: {unexpected}")

    def _halt(self) -> None:
        self.halted = True
        self._api.stop()

    def _restaurant(self) -> str:
        """Find the restaurant by its name, the oldest if there are several, or register it."""
        known = [
            each["id"]
            for each in self._api.pages("/v1/restaurants", {"name": self._name})
            if each["name"] == self._name
        ]
        if known:
            return str(min(known))
        body = {"name": self._name, "currency": CURRENCY, "time_zone": TIME_ZONE}
        return str(self._api.post("/v1/restaurants", body, key=f"{slug(self._name)}:restaurant")["id"])

    def _place_all(
        self, pool: ThreadPoolExecutor, restaurant_id: str, history: History, left: Sequence[PastOrder]
    ) -> list[Future[None]]:
        """Set the menu, then hand out the orders stretch by stretch; a price changes when all before it are placed."""
        menu = f"/v1/restaurants/{restaurant_id}/menu"
        prices_minor = opening_prices(history, left)
        items = [_item(item_id, history.names[item_id], price) for item_id, price in prices_minor.items()]
        self._api.call("PUT", menu, {"items": items})
        placed, work = threading.Semaphore(0), []
        for stretch in stretches(left, prices_minor):
            if self.halted:
                break
            for item_id, price_minor in stretch.prices_minor.items():
                with self.errors_of(f"price of {item_id}"):
                    self._api.call("PATCH", f"{menu}/items/{item_id}", {"price": _money(price_minor)})
            work += [pool.submit(self._carry, past, restaurant_id, placed) for past in stretch.orders]
            for _ in stretch.orders:
                placed.acquire()
        return work

    def _carry(self, past: PastOrder, restaurant_id: str, placed: threading.Semaphore) -> None:
        """Place one order and see it through."""
        order = None
        try:
            with self.errors_of(f"order {past.number}"):
                order = None if self.halted else self._place(past, restaurant_id)
        finally:
            placed.release()
        if order is not None:
            self._resume(past, order)

    def _place(self, past: PastOrder, restaurant_id: str) -> HeldOrder:
        self._api.pause(self._pace.turn_in_s())
        body = {
            "restaurant_id": restaurant_id,
            "fulfilment": "pickup",
            "lines": [{"item_id": line.item_id, "quantity": line.quantity} for line in past.lines],
            "customer": {"name": CUSTOMER},
            "client_reference": past.number,
            "expected_total": _money(past.total_minor),
            "placed_at": past.placed_at.isoformat(),
        }
        return HeldOrder.read(self._api.post("/v1/orders", body, key=f"{slug(self._name)}:{past.number}"))

    def _resume(self, past: PastOrder, order: HeldOrder) -> None:
        """Lead an order that the server has from its stage to completed."""
        if order.stage in {*NEXT_STEP, COMPLETED}:  # else it was called off: no sale
            self._hold(past, order)
        with self.errors_of(f"order {past.number}"):
            while order.stage != COMPLETED and not self.halted:
                order = self._step(order, past.placed_at + COOKING_TIME)
                self.held[past.number] = order
        self._done()

    def _hold(self, past: PastOrder, order: HeldOrder) -> None:
        if (order.lines, order.total_minor) != (len(past.lines), past.total_minor):
            self.error(f"order {past.number}: {order.total_minor} on the server, {past.total_minor} in the file")
        self.held[past.number] = order

    def _step(self, order: HeldOrder, ready_at: datetime) -> HeldOrder:
        """Take an order one stage on; where it has gone on already (an answer was lost), see how far."""
        path, step = f"/v1/orders/{order.id}", NEXT_STEP.get(order.stage)
        if step is None:
            raise Unexpected(path, 0, {"detail": f"{order.stage}, which never completes"}, gave_up=False)
        body = {"ready_at": ready_at.isoformat()} if step == "accept" else {}
        try:
            after = HeldOrder.read(self._api.post(f"{path}/{step}", body))
        except Unexpected as refused:
            after = HeldOrder.read(self._api.get(path)) if refused.status == HTTPStatus.CONFLICT else order
            if after.stage == order.stage:
                raise
        if after.stage == order.stage:
            raise Unexpected(f"{path}/{step}", 0, {"detail": f"still {after.stage}"}, gave_up=False)
        return after


def _money(amount_minor: int) -> Json:
    return {"amount_minor": amount_minor, "currency": CURRENCY}


def _item(item_id: str, name: str, price_minor: int) -> Json:
    return {
        "item_id": item_id,
        "name": name,
        "price": _money(price_minor),
        "category": CATEGORY,
        "available": True,
    }
