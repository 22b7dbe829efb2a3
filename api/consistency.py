"""Reading one's own writes: a token names a stream's version, and a read waits until its model has passed it."""

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import falcon

from api.problems import HeaderInvalid, ReadModelBehind
from projections.projection import Projection, partition_of

WAIT_DEFAULT_S, WAIT_MAX_S = 2.0, 10.0
_POLL_S = 0.005
PATTERN = r"^([0-9a-f]{32})\.([1-9][0-9]{0,8})$"
_TOKEN = re.compile(PATTERN)
_WAIT = re.compile(r"(?:^|,)\s*wait=(\d{1,6})\s*(?:,|;|$)")

_WRITE = "select seq, category from comanda.events where stream_id = %s and version = %s::int"
_CHECKPOINT = "select seq from read_models.checkpoints where projection = %s and partition = %s::int"


class Token(NamedTuple):
    """A write that the reader wants to see."""

    stream_id: UUID
    version: int

    @classmethod
    def parse(cls, told: str) -> "Token":
        """The token out of its header; raises ValueError."""
        match = _TOKEN.fullmatch(told)
        if match is None:
            raise ValueError(told)
        return cls(UUID(match[1]), int(match[2]))

    def __str__(self) -> str:
        """As it stands in the Consistency-Token header."""
        return f"{self.stream_id.hex}.{self.version}"


class Fetch(Protocol):
    """All rows of one query."""

    def __call__(self, sql: str, params: tuple[Any, ...]) -> list[Any]:
        """Run it."""
        ...


def token_of(req: falcon.Request) -> Token | None:
    """The request's token, if any; raises HeaderInvalid."""
    told = req.get_header("CONSISTENCY-TOKEN")
    if told is None:
        return None
    try:
        return Token.parse(told.strip())
    except ValueError:
        raise HeaderInvalid(
            "Consistency-Token: send it as an answer gave it", pointer="/header/Consistency-Token"
        ) from None


def wait_s(req: falcon.Request) -> float:
    """How long ``Prefer: wait=N`` (RFC 7240) allows, within limits."""
    match = _WAIT.search(req.get_header("PREFER") or "")
    return min(float(match[1]), WAIT_MAX_S) if match else WAIT_DEFAULT_S


def wanted_version(req: falcon.Request, stream_id: UUID) -> int:
    """The version of this stream that the request's token demands; 1, the first, where it demands none."""
    token = token_of(req)
    return token.version if token is not None and token.stream_id == stream_id else 1


def require_known(wanted: int, version: int) -> None:
    """Raise HeaderInvalid where the token names a version that the stream has not come to."""
    if version < wanted:
        raise _unknown_write()


def await_read_model(
    req: falcon.Request, projection: Projection[Any], fetch: Fetch, clock: Callable[[], float] = time.monotonic
) -> None:
    """Return once ``projection`` has passed the request's token; raises ReadModelBehind when that takes too long.

    A write of a category that the projection does not read can never show in it: nobody waits for that.
    """
    token = token_of(req)
    if token is None:
        return
    deadline = clock() + wait_s(req)
    rows = fetch(_WRITE, token)
    if not rows:
        raise _unknown_write()
    wanted, category = rows[0]
    if category != projection.category:
        return
    while True:
        reached = fetch(_CHECKPOINT, (projection.name, partition_of(token.stream_id)))
        if reached and reached[0][0] >= wanted:
            return
        if clock() >= deadline:
            raise ReadModelBehind
        time.sleep(_POLL_S)


def _unknown_write() -> HeaderInvalid:
    return HeaderInvalid("Consistency-Token: no such write is known", pointer="/header/Consistency-Token")
