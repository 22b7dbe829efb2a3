"""Clients that place orders, drive them through their life, repeat what was not answered, and remember all answers."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from infra.cli.public_api import PublicApi
from tests.faults.stories import Acknowledged, Json, Story, chance, menu, tell
from tests.servers.ports import HOST

CLIENTS = 6
PAUSE_S = 0.02
ANSWER_MAX_S = 15.0
REPEAT_FOR_S = 60.0
REPEAT_PAUSE_S = 0.05
POLL_S = 0.01
RECENT = 1000
JOIN_MAX_S = REPEAT_FOR_S + 2 * ANSWER_MAX_S
REPEATED = frozenset({429, 503})
TWICE, HASTY = 0.1, 0.05  # shares of orders placed again although answered, and not waited for at first


Bearer = Callable[[], str]
"""Gives an operator's access token that is fresh."""


class Answer(NamedTuple):
    """One whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class NeverAnswered(Exception):
    """A request was repeated for as long as the load repeats, and met neither success nor refusal."""


def open_restaurant(port: int, name: str, bearer: Bearer) -> str:
    """Opens one with the menu of the stories, or finds it open; answers with its id."""
    api = PublicApi(f"http://{HOST}:{port}", bearer)
    about = {"name": name, "currency": "GBP", "time_zone": "Europe/London"}
    restaurant_id = str(api.post("/v1/restaurants", about, key=name)["id"])
    api.call("PUT", f"/v1/restaurants/{restaurant_id}/menu", menu())
    return restaurant_id


class Load:
    """Orders flow inside the block. Afterwards every request begun has been answered, or stands in `faults`."""

    def __init__(
        self, port: int, seed: int, bearer: Bearer, *, clients: int = CLIENTS, repeat_for_s: float = REPEAT_FOR_S
    ) -> None:
        self.acknowledged: dict[str, Acknowledged] = {}
        self.faults: list[str] = []
        self.repeats: list[tuple[float, str]] = []
        self.placed_at: list[float] = []
        self.stepped_at: list[float] = []
        self.repeat_for_s = repeat_for_s
        self._port, self.bearer = port, bearer
        self._name = f"{seed}-{port}-{time.monotonic_ns()}"
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._restaurant = ""
        self._threads = [
            threading.Thread(target=self._flow, args=(number, chance(seed + number)), daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        self._restaurant = open_restaurant(self._port, self._name, self.bearer)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Begin nothing new, and see to the end what was begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_MAX_S)

    def first_success_after(self, moment: float, within_s: float) -> float:
        """Seconds from a moment (monotonic) until an order was placed and another moved on; raises TimeoutError."""
        while time.monotonic() - moment < within_s:
            with self._lock:
                ends = [next((at for at in when[-RECENT:] if at > moment), None) for when in self._successes]
            if None not in ends:
                return max(at for at in ends if at is not None) - moment
            time.sleep(POLL_S)
        raise TimeoutError(f"no success within {within_s:g} s")

    def repeats_between(self, begin: float, end: float) -> list[str]:
        """Why requests had to be repeated in a span of (monotonic) time."""
        return [why for at, why in self.repeats if begin <= at < end]

    def summary(self) -> str:
        """What flowed, in words."""
        steps = sum(len(order.steps) for order in self.acknowledged.values())
        return f"{len(self.acknowledged)} orders and {steps} steps, {len(self.repeats)} requests repeated"

    @property
    def _successes(self) -> tuple[list[float], list[float]]:
        return self.placed_at, self.stepped_at

    def _note(self, moments: list[float]) -> None:
        with self._lock:
            moments.append(time.monotonic())

    def _flow(self, number: int, rng: random.Random) -> None:
        client = _Client(self, self._port)
        told = 0
        while not self._stop.is_set():
            told += 1
            story = tell(self._restaurant, f"{self._name}-{number}-{told}", rng)
            try:
                self._live(client, story, rng)
            except Exception as why:  # whatever it is, the test shall see it
                with self._lock:
                    self.faults.append(f"{story.key}: {type(why).__name__}: {why}")
            time.sleep(rng.uniform(0, 2 * PAUSE_S))
        client.close()

    def _live(self, client: "_Client", story: Story, rng: random.Random) -> None:
        key = {"Idempotency-Key": story.key}
        if rng.random() < HASTY:
            client.send_and_hang_up("/v1/orders", story.body, key)
        answer = client.post("/v1/orders", story.body, key)
        self._note(self.placed_at)
        known = Acknowledged(order_id=str(json.loads(answer.body)["id"]), story=story)
        with self._lock:
            self.acknowledged[story.key] = known
        for step in story.steps:
            if rng.random() < TWICE:
                again = client.post("/v1/orders", story.body, key)
                assert again.body == answer.body, "a repeat had another answer"
            client.post(f"/v1/orders/{known.order_id}/{step}", story.step_body(step))
            known.steps.append(step)
            self._note(self.stepped_at)

    def repeated(self, why: str) -> None:
        """Note when and why."""
        with self._lock:
            self.repeats.append((time.monotonic(), why))


class _Client:
    """One keep-alive connection that repeats a POST until it is answered."""

    def __init__(self, load: Load, port: int) -> None:
        self._load = load
        self._connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_MAX_S)

    def close(self) -> None:
        self._connection.close()

    def post(self, path: str, body: Json, headers: dict[str, str] | None = None) -> Answer:
        """The answer, which is a success; raises NeverAnswered, or AssertionError for a refusal."""
        deadline = time.monotonic() + self._load.repeat_for_s
        while True:
            try:
                answer = self._exchange(path, body, headers or {})
            except (OSError, http.client.HTTPException) as lost:
                self._connection.close()
                why = f"{type(lost).__name__}: {lost}"
            else:
                if answer.status < 300:
                    return answer
                why = f"{answer.status} {answer.body.decode('utf-8', 'replace')}"
                assert answer.status in REPEATED or b"stream_moved" in answer.body, why
            self._load.repeated(why)
            if time.monotonic() > deadline:
                raise NeverAnswered(f"POST {path}: {why}")
            time.sleep(REPEAT_PAUSE_S)

    def send_and_hang_up(self, path: str, body: Json, headers: dict[str, str]) -> None:
        """Send it and be gone before the answer: what a phone does in a tunnel."""
        with suppress(OSError, http.client.HTTPException):
            self._request(path, body, headers)
        self._connection.close()

    def _exchange(self, path: str, body: Json, headers: dict[str, str]) -> Answer:
        self._request(path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def _request(self, path: str, body: Json, headers: dict[str, str]) -> None:
        kind = {"Content-Type": "application/json", "Authorization": f"Bearer {self._load.bearer()}"}
        self._connection.request("POST", path, json.dumps(body).encode(), {**kind, **headers})
