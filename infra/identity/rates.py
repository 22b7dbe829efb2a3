"""Rate limits that several processes share without asking the database on the way of a request.

A process leases tokens of a principal's bucket in chunks of a twentieth of the burst, ahead of need, through one thread
that settles for all principals at once. A request takes one of the leased tokens: it waits for nothing. Where they are
used up before the next lease is there, up to one more chunk is taken on credit, which the next lease pays for. So the
long-run rate is exact, and a burst may be off by a twentieth for each process. What a principal at rest has not used
goes back after REST_S.

Where the database is away, everything is let through: it is the orders' only store, and says no by itself.

Tokens are counted without a lock: two threads at the very same count may take one token between them, no worse.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from math import ceil

import structlog

from domain.event_store import StoreUnavailable
from domain.identity import RatePolicy
from infra.identity.database import IdentityDatabase

CHUNKS = 20
BUCKETS_MAX = 20_000
BATCH_MAX = 200
REST_S = 2.0
LOOK_EVERY_S = 0.5
FORGET_EVERY_S = 600.0
END_MAX_S = 5.0
CREDIT_WAIT_S = 1

_LEASE = """
select granted, remaining
from comanda.lease_rates(%s::text[], %s::text[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])
"""
_FORGET = """
delete from comanda.rate_limits where (principal, policy) in (
    select principal, policy from comanda.rate_limits where at < clock_timestamp() - interval '1 hour'
    limit 10000 for update skip locked
)
"""

log = structlog.get_logger(__name__)


class _Bucket:
    """What this process may take for one principal under one policy.

    ``granted`` is counted by the leasing thread alone, ``used`` by those that serve requests; what is left is the
    difference. ``shared``: what was left for all processes at the last lease.
    """

    __slots__ = ("chunk", "granted", "leasing", "policy", "principal", "refused_until_s", "shared", "used", "used_at_s")

    def __init__(self, principal: str, policy: RatePolicy) -> None:
        self.principal, self.policy = principal, policy
        self.chunk = max(1, policy.burst // CHUNKS)
        self.granted = self.used = 0
        self.shared = policy.burst
        self.leasing = False
        self.refused_until_s = self.used_at_s = 0.0


class LeasedRates:
    """The contract of domain.identity.RateLimits."""

    def __init__(self, database: IdentityDatabase) -> None:
        """Prepare; nothing runs before ``open``."""
        self._database = database
        self._buckets: dict[tuple[str, RatePolicy], _Bucket] = {}
        self._wanting: deque[_Bucket] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._failing = False
        self._forgotten_at_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="rates", daemon=True)

    def open(self) -> None:
        """Begin to lease."""
        self._thread.start()

    def close(self) -> None:
        """Give back what was not used, and end."""
        self._closing = True
        self._wake.set()
        self._thread.join(END_MAX_S)

    def take(self, principal: str, policy: RatePolicy) -> tuple[int, int]:
        """See RateLimits.take."""
        bucket = self._buckets.get((principal, policy)) or self._new(principal, policy)
        now_s = bucket.used_at_s = time.monotonic()
        if bucket.refused_until_s > now_s:
            return ceil(bucket.refused_until_s - now_s), 0
        left = bucket.granted - bucket.used
        if left <= bucket.chunk >> 1 and not bucket.leasing:
            bucket.leasing = True
            self._wanting.append(bucket)
            self._wake.set()
        if left <= -bucket.chunk:
            return CREDIT_WAIT_S, 0
        bucket.used += 1
        remaining = left - 1 + bucket.shared
        return 0, remaining if remaining > 0 else 0

    def _new(self, principal: str, policy: RatePolicy) -> _Bucket:
        while len(self._buckets) >= BUCKETS_MAX:
            self._buckets.pop(next(iter(self._buckets), (principal, policy)), None)
        return self._buckets.setdefault((principal, policy), _Bucket(principal, policy))

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
            while self._wanting:
                self._lease([self._wanting.popleft() for _ in range(min(len(self._wanting), BATCH_MAX))])
            self._rest(REST_S)
            self._forget()
        self._rest(0.0)

    def _lease(self, buckets: list[_Bucket]) -> None:
        buckets.sort(key=_order)
        spent = [max(bucket.used - bucket.granted, 0) for bucket in buckets]
        rows = self._settled(buckets, spent, [bucket.chunk for bucket in buckets])
        for bucket, debt, (granted, remaining) in zip(buckets, spent, rows, strict=True):
            bucket.granted += debt + int(granted)
            bucket.shared = int(remaining)
            if granted < 1:
                bucket.refused_until_s = time.monotonic() + (1 - remaining) / bucket.policy.per_s
            bucket.leasing = False

    def _rest(self, rest_s: float) -> None:
        """Give back what principals at rest have not used, and forget them."""
        before_s = time.monotonic() - rest_s
        resting = [key for key, b in list(self._buckets.items()) if b.used_at_s <= before_s and not b.leasing]
        gone = [bucket for key in resting if (bucket := self._buckets.pop(key, None)) is not None]
        gone.sort(key=_order)
        for start in range(0, len(gone), BATCH_MAX):
            batch = gone[start : start + BATCH_MAX]
            self._settled(batch, [bucket.used - bucket.granted for bucket in batch], [0] * len(batch))

    def _forget(self) -> None:
        if time.monotonic() - self._forgotten_at_s > FORGET_EVERY_S:
            self._forgotten_at_s = time.monotonic()
            self._asked(_FORGET, ())

    def _settled(self, buckets: list[_Bucket], spent: list[int], wanted: list[int]) -> list[tuple[float, float]]:
        """What each is granted, and what is left for all; what it wants, where the database is away."""
        columns = (
            [bucket.principal for bucket in buckets],
            [bucket.policy.name for bucket in buckets],
            [bucket.policy.per_s for bucket in buckets],
            [bucket.policy.burst for bucket in buckets],
            spent,
            wanted,
        )
        rows = self._asked(_LEASE, columns)
        return [(want, bucket.shared) for bucket, want in zip(buckets, wanted, strict=True)] if rows is None else rows

    def _asked(self, sql: str, params: Sequence[object]) -> list[tuple[float, float]] | None:
        try:
            rows: list[tuple[float, float]] = self._database.run(sql, params)
        except StoreUnavailable as why:
            if not self._failing:
                log.warning("rate limits are not counted while the database is away", reason=str(why))
            self._failing = True
            return None
        self._failing = False
        return rows


def _order(bucket: _Bucket) -> tuple[str, str]:
    return bucket.principal, bucket.policy.name
