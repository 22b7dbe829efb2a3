"""Password hashes: argon2id (RFC 9106), a few at a time.

A hash takes a tenth of a second of a core and 64 MiB on purpose. So a process makes HASHES_AT_ONCE of them at once, and
WAITING_MAX more may wait: a crowd that signs in is told to come back, while orders are served by the other threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.event_store import StoreBusy

HASHES_AT_ONCE = 1
WAITING_MAX = 4
WAIT_S = 5.0
TIME_COST = 3
MEMORY_KIB = 65_536
PARALLELISM = 1
"""One lane: more would take several cores for one sign-in."""
_NOBODYS = "the password of nobody"


class Passwords:
    """Makes and checks hashes of passwords."""

    def __init__(self, *, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB) -> None:
        """Hash with these costs from now on; older hashes are still checked with theirs."""
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=PARALLELISM)
        self._places = threading.BoundedSemaphore(HASHES_AT_ONCE + WAITING_MAX)
        self._turn = threading.BoundedSemaphore(HASHES_AT_ONCE)
        self._of_nobody = self._hasher.hash(_NOBODYS)

    def hash(self, password: bytes) -> str:
        """A hash with its salt and its costs; raises StoreBusy."""
        with self._in_turn():
            return self._hasher.hash(password)

    def check(self, password: bytes, hashed: str | None) -> bool:
        """Whether ``hashed`` is of this password. None is nobody's, which costs the same work. Raises StoreBusy."""
        with self._in_turn():
            try:
                matches = self._hasher.verify(self._of_nobody if hashed is None else hashed, password)
            except (VerificationError, InvalidHashError):
                return False
            return matches and hashed is not None

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other costs than those of today."""
        return self._hasher.check_needs_rehash(hashed)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise StoreBusy("too many sign-ins at once")
        try:
            if not self._turn.acquire(timeout=WAIT_S):
                raise StoreBusy("too many sign-ins at once")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()
