"""What the parts of a test run need to know who asks: the tests' master key, cheap password hashes, no limit."""

from typing import Any

from domain.identity import Identity, RatePolicy, Rates
from tests.keys import MASTER_KEY

_UNLIMITED = 1_000_000
IDENTITY: dict[str, Any] = {
    "master_key": MASTER_KEY,
    "argon2_time_cost": 1,
    "argon2_memory_kib": 64,
    **dict.fromkeys(("rate_machines", "rate_houses", "rate_customers", "rate_anonymous"), _UNLIMITED),
}


class Unlimited:
    """Rate limits that nobody exceeds."""

    def take(self, _: str, policy: RatePolicy) -> tuple[int, int]:
        return 0, policy.burst


NO_IDENTITY = Identity(
    account_of=lambda _: None,
    credentials=None,  # type: ignore[arg-type]  # for an application that nobody signs in to
    first_party=frozenset(),
    issuer="http://localhost",
    rate_limits=Unlimited(),
    rates=Rates(machines=1, houses=1, customers=1, anonymous=1),
    sessions=None,  # type: ignore[arg-type]
    sign_in_limits=None,  # type: ignore[arg-type]
    tokens=None,  # type: ignore[arg-type]
)
