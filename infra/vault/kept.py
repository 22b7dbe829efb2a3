"""The keys that a process holds in the clear: few, and for a few seconds."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import NamedTuple

from infra.vault.ciphers import PersonKey

KEPT_MAX = 10_000
"""Some 5 MB."""
FRESH_S = 5.0
"""How long a key is used without a look at the store: so long at most does a process go on after an erasure."""


class _Kept(NamedTuple):
    key: PersonKey | None
    since: float


class KeptKeys:
    """The keys used last, None where the store has a tombstone. Thread safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never run back."""
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, subject: bytes, key: PersonKey | None) -> None:
        """Keep a key that the store has, or will have, at this moment."""
        with self._lock:
            self._kept[subject] = _Kept(key, self._clock())
            self._kept.move_to_end(subject)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)

    def drop(self, subject: bytes) -> None:
        """Forget a key."""
        with self._lock:
            self._kept.pop(subject, None)

    def fresh(self, subjects: Collection[bytes]) -> dict[bytes, PersonKey | None]:
        """Those of ``subjects`` that are known and may still be used; the others have to be looked up."""
        since = self._clock() - FRESH_S
        found = {}
        for subject in subjects:
            kept = self._kept.get(subject)
            if kept is not None and kept.since > since:
                found[subject] = kept.key
        return found
