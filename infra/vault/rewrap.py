"""A new master key: every person's key is wrapped anew. No event, no token and no text is touched."""

from collections.abc import Iterator
from uuid import UUID

from infra.vault.ciphers import Wrapping
from infra.vault.keys import Keys

AT_ONCE = 1000


def rewrap(keys: Keys, wrapping: Wrapping, *, at_once: int = AT_ONCE) -> Iterator[int]:
    """Wrap under the current master key what another one wraps, page by page; yields how many each time.

    It may be stopped and begun again at any point: what is done is done. Raises MasterKeyUnknown where a key is
    wrapped by a master key that was not given.
    """
    after = UUID(int=0)
    while page := keys.page(after, at_once):
        former = [key for key in page.values() if key is not None and key.master != wrapping.current]
        if former:
            yield keys.rewrap(former, [wrapping.wrap(key.subject, wrapping.unwrap(key)) for key in former])
        after = max(page)
