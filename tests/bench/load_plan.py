"""What the load generator is told and what it tells: a plan in, a result out, both as JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Self

CONNECTIONS_MAX = 512
SECONDS_MAX = 600.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One request's bytes as text, around the number that makes it unlike any other."""

    head: str
    tail: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to send where, on 127.0.0.1: the shapes in turn, for a warm-up and then `seconds`.

    Without `rate_per_s` it is flat out. `sample_every` N prints the id of every Nth new resource.
    """

    port: int
    shapes: tuple[Shape, ...]
    seconds: float
    warmup_s: float = 1.0
    connections: int = 32
    rate_per_s: float | None = None
    sample_every: int = 0

    def __post_init__(self) -> None:
        """Refuse what has no bound."""
        if not 0 < self.connections <= CONNECTIONS_MAX:
            raise ValueError(f"connections must be 1 to {CONNECTIONS_MAX}, not {self.connections}")
        if not 0 < self.seconds + self.warmup_s <= SECONDS_MAX:
            raise ValueError(f"a run lasts at most {SECONDS_MAX} s")

    def to_json(self) -> str:
        """Return the plan as the load generator reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a plan."""
        fields = json.loads(text)
        return cls(**{**fields, "shapes": tuple(Shape(**shape) for shape in fields["shapes"])})


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came back after the warm-up. Latencies in ms, CPU as a share of one core."""

    ok_per_s: float
    statuses: dict[str, int]
    broken: int
    p50_ms: float
    p99_ms: float
    cpu_share: float
    cpu_us_per_request: float


def post(path: str, body: bytes, run: str, token: str = "") -> Shape:
    """A POST of JSON, with a token where one is given; its Idempotency-Key is `run` and the request's number."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_bearer(token)}Idempotency-Key: {run}-"
    tail = f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body.decode()}"
    return Shape(head=head, tail=tail)


def get(path: str, token: str = "") -> Shape:
    """A GET, with a bearer token where one is given; its number rides in a header that nobody reads."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_bearer(token)}Request-Id: bench-"
    return Shape(head=head, tail="\r\n\r\n")


def _bearer(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n" if token else ""
