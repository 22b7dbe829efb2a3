"""What the parts of a test run need to know who asks: the tests' master key, and cheap password hashes."""

from typing import Any

from domain.identity import Identity
from tests.keys import MASTER_KEY

IDENTITY: dict[str, Any] = {"master_key": MASTER_KEY, "argon2_time_cost": 1, "argon2_memory_kib": 64}

NO_IDENTITY = Identity(
    account_of=lambda _: None,
    credentials=None,  # type: ignore[arg-type]  # for an application that nobody signs in to
    first_party=frozenset(),
    issuer="http://localhost",
    sessions=None,  # type: ignore[arg-type]
    sign_in_limits=None,  # type: ignore[arg-type]
    tokens=None,  # type: ignore[arg-type]
)
