"""Drives one HTTP/1.1 server over keep-alive connections, as a process of its own.

Reads a plan as JSON on stdin and prints a result as JSON, its last line. Nothing is built while it runs: a request is
two byte strings round a number, an answer is a status and a length. So it costs 9 µs of one core per request (it asked
a server of fixed bytes 55 000 times a second) and reports what it used, to show that the server was the bottleneck.

Flat out, each connection sends as soon as it is answered. Paced, requests leave on a timetable, and a latency counts
from the timetable, so that a slow server cannot hide its queue.
"""

import json
import re
import selectors
import socket
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count

from tests.bench.load_plan import Plan, Result, Shape

LOOPBACK = "127.0.0.1"
RECEIVE_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0
DRAIN_S = 2.0
SILENCE_S = 10.0
BROKEN_MAX = 1_000
HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LOCATION_ID = re.compile(rb"\r\nlocation: *\S*/([0-9a-f-]{36})", re.IGNORECASE)


class ServerUnusable(Exception):
    """The server refuses connections, stays silent, or answers without a Content-Length."""


class Connection:
    """One keep-alive connection with at most one request in flight."""

    __slots__ = ("address", "received", "sampled", "socket", "started_at")

    def __init__(self, address: tuple[str, int]) -> None:
        """Connect to an address, host and port."""
        self.address = address
        self.connect()

    def connect(self) -> None:
        """Open a new socket, with nothing in flight."""
        self.received = b""
        self.started_at = 0.0
        self.sampled = False
        self.socket = socket.create_connection(self.address, CONNECT_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def send(self, request: bytes, started_at: float) -> None:
        """Send one request, timed from the moment given. It fits the socket's empty buffer."""
        self.started_at = started_at
        self.received = b""
        if self.socket.send(request) != len(request):
            raise ServerUnusable("a request does not fit the send buffer")

    def receive(self) -> bytes | None:
        """Return the whole answer, or None while some of it is missing."""
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionResetError
        self.received += chunk
        head_end = self.received.find(HEAD_END)
        if head_end < 0:
            return None
        length = CONTENT_LENGTH.search(self.received, 0, head_end)
        if length is None:
            raise ServerUnusable("an answer has no Content-Length")
        whole = head_end + len(HEAD_END) + int(length[1])
        return self.received if len(self.received) >= whole else None


@dataclass
class Tally:
    """What was answered inside the measured span."""

    opens_at: float
    closes_at: float
    statuses: Counter[bytes] = field(default_factory=Counter)
    latencies_s: "array[float]" = field(default_factory=lambda: array("d"))
    broken: int = 0

    def record(self, status: bytes, started_at: float, now: float) -> None:
        """Count one answer, unless it fell into the warm-up or came after the end."""
        if self.opens_at <= now < self.closes_at:
            self.statuses[status] += 1
            self.latencies_s.append(now - started_at)

    def result(self, cpu_s: float, wall_s: float, requests: int) -> Result:
        """Sum up. Only statuses 2xx count as done."""
        ok = sum(number for status, number in self.statuses.items() if status.startswith(b"2"))
        ordered = sorted(self.latencies_s)
        return Result(
            ok_per_s=ok / (self.closes_at - self.opens_at),
            statuses={status.decode(): number for status, number in self.statuses.items()},
            broken=self.broken,
            p50_ms=percentile(ordered, 0.50) * 1e3,
            p99_ms=percentile(ordered, 0.99) * 1e3,
            cpu_share=cpu_s / wall_s,
            cpu_us_per_request=cpu_s / max(requests, 1) * 1e6,
        )


def percentile(ordered: list[float], share: float) -> float:
    """Return the value at a share (0 to 1) of an ascending list, or 0.0 of an empty one."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def requests(shapes: tuple[Shape, ...]) -> Iterator[bytes]:
    """Yield requests without end, each with a number that no other has."""
    encoded = [(shape.head.encode(), shape.tail.encode()) for shape in shapes]
    for number in count(1):
        head, tail = encoded[number % len(encoded)]
        yield b"%s%012d%s" % (head, number, tail)


class Fleet:
    """All connections of one run, what they send, and the tally of what they are answered."""

    def __init__(self, plan: Plan, selector: selectors.BaseSelector) -> None:
        """Open the connections and register them for reading."""
        self.plan = plan
        self.selector = selector
        self.requests = requests(plan.shapes)
        self.sent = 0
        self.connections = [Connection((LOOPBACK, plan.port)) for _ in range(plan.connections)]
        for connection in self.connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        self.starts_at = self.heard_at = time.monotonic()
        opens_at = self.starts_at + plan.warmup_s
        self.tally = Tally(opens_at=opens_at, closes_at=opens_at + plan.seconds)

    def send(self, connection: Connection, started_at: float) -> None:
        """Send the next request on a connection that has none in flight."""
        self.sent += 1
        connection.sampled = bool(self.plan.sample_every) and not (self.sent % self.plan.sample_every)
        request = next(self.requests)
        try:
            connection.send(request, started_at)
        except ConnectionError:
            self._reopen(connection)
            connection.send(request, started_at)

    def answered(self, timeout_s: float) -> Iterator[Connection]:
        """Yield each connection whose answer is complete; reopen those that the server closed.

        Raises ServerUnusable when nothing was heard for SILENCE_S.
        """
        ready = self.selector.select(timeout_s)
        if ready:
            self.heard_at = time.monotonic()
        elif time.monotonic() - self.heard_at >= SILENCE_S:
            raise ServerUnusable(f"no answer within {SILENCE_S} s")
        for key, _ in ready:
            connection: Connection = key.data
            try:
                answer = connection.receive()
            except ConnectionError:
                self._reopen(connection)
                yield connection
                continue
            if answer is not None:
                now = time.monotonic()
                self.tally.record(answer[9:12], connection.started_at, now)
                if connection.sampled:
                    show_sample(answer, now)
                yield connection

    def drain(self, in_flight: int) -> None:
        """Take the answers still on their way, so that no server sees a cut connection."""
        gives_up_at = time.monotonic() + DRAIN_S
        while in_flight > 0 and time.monotonic() < gives_up_at:
            in_flight -= sum(1 for _ in self.answered(DRAIN_S))

    def _reopen(self, connection: Connection) -> None:
        self.tally.broken += 1
        if self.tally.broken > BROKEN_MAX:
            raise ServerUnusable(f"more than {BROKEN_MAX} broken connections")
        self.selector.unregister(connection.socket)
        connection.socket.close()
        connection.connect()
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)


def drive_flat_out(fleet: Fleet) -> None:
    """Keep every connection busy until the span ends: its rate is what the server can do."""
    for connection in fleet.connections:
        fleet.send(connection, time.monotonic())
    in_flight = len(fleet.connections)
    while in_flight == len(fleet.connections):
        for connection in fleet.answered(SILENCE_S):
            now = time.monotonic()
            if now < fleet.tally.closes_at:
                fleet.send(connection, now)
            else:
                in_flight -= 1
    fleet.drain(in_flight)


def drive_paced(fleet: Fleet, rate_per_s: float) -> None:
    """Send on a timetable of `rate_per_s`; with no free connection, a request waits its turn."""
    idle = deque(fleet.connections)
    interval_s = 1.0 / rate_per_s
    due_at = time.monotonic()
    while (now := time.monotonic()) < fleet.tally.closes_at:
        while idle and due_at <= now:
            fleet.send(idle.popleft(), due_at)
            due_at += interval_s
        wait_s = max(due_at - time.monotonic(), 0.0) if idle else SILENCE_S
        idle.extend(fleet.answered(min(wait_s, SILENCE_S)))
    fleet.drain(len(fleet.connections) - len(idle))


def show_sample(answer: bytes, at: float) -> None:
    """Print the id of a created resource and the monotonic moment its 201 was read."""
    location = LOCATION_ID.search(answer)
    if location is not None:
        sys.stdout.write(json.dumps({"id": location[1].decode(), "answered_at": at}) + "\n")
        sys.stdout.flush()


def carry_out(plan: Plan) -> Result:
    """Run one plan and sum it up.

    Waiting is by epoll flat out. Paced it is by select(2), whose timeout is finer than epoll's
    millisecond, so that requests leave when they are due.
    """
    paced = plan.rate_per_s is not None
    with selectors.SelectSelector() if paced else selectors.DefaultSelector() as selector:
        fleet = Fleet(plan, selector)
        cpu_before_s = time.process_time()
        if plan.rate_per_s is not None:
            drive_paced(fleet, plan.rate_per_s)
        else:
            drive_flat_out(fleet)
        cpu_s = time.process_time() - cpu_before_s
        wall_s = time.monotonic() - fleet.starts_at
        for connection in fleet.connections:
            connection.socket.close()
    return fleet.tally.result(cpu_s, wall_s, fleet.sent)


def main() -> None:
    """Read the plan from stdin, carry it out, print the result as the last line."""
    plan = Plan.from_json(sys.stdin.read())
    sys.stdout.write(json.dumps(asdict(carry_out(plan))) + "\n")


if __name__ == "__main__":
    main()
