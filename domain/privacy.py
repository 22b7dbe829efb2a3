"""Personal data as history holds it: sealed texts, each under its person's key, and the contract of the vault.

Whoever takes personal text in (the api) seals it before the rules see it; whoever answers unseals it on the way out.
In between (events, read models, stored answers, queues, logs) there are tokens only, so that destroying one key erases
a person everywhere at once, and the history that is hashed never changes.
"""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from domain.errors import Contradiction

MARK: Final = "enc1."
"""How every token begins; no text that a caller sends may begin so (domain.values.Text)."""
SUBJECT_BYTES: Final = 16
SUBJECT_CHARS: Final = 22
"""A token's first bytes are its subject, so many characters of base64."""
ERASED: Final = "[erased]"
"""What a document says in the place of a text whose key was destroyed."""


class KeyUnknown(Exception):
    """A token names a person of whom there is neither a key nor a tombstone: the key store is not the right one."""


class TokenForged(Exception):
    """A token does not belong where it stands, or was changed: moved from another place, or tampered with."""


def subject_of(text: str) -> UUID | None:
    """Whose key a token was sealed under, by its own word; None for a text that is no token."""
    if not text.startswith(MARK):
        return None
    head = text[len(MARK) : len(MARK) + SUBJECT_CHARS]
    return UUID(bytes=base64.urlsafe_b64decode(head + "==")[:SUBJECT_BYTES])


class SubjectErased(Contradiction):
    """This person's data were erased; nothing more can be kept about them."""


class SubjectKey(NamedTuple):
    """A person's key as it is stored: wrapped by the master key of the id ``master``."""

    subject: UUID
    wrapped: bytes
    master: str


class Sealer(Protocol):
    """One person's key in hand, for as long as one request takes."""

    @property
    def fresh(self) -> tuple[SubjectKey, ...]:
        """The key, where it was made just now and is still to be stored with the append (Append.keys)."""
        ...

    def seal(self, place: str, plain: str) -> str:
        """The token of ``plain``: the same text at the same place gives the same token, so that a repeat is one."""
        ...


class Vault(Protocol):
    """Seals and unseals personal text. Any call may raise domain.event_store.StoreUnavailable.

    ``subject`` is the person: an account's id, or the order's own id where an order is for nobody with an account.
    ``place`` is "<stream id>/<field>", where field is the name of the JSON member that holds the token wherever it is
    shown ("name", "phone", "line1" ...): a token that stands in another stream or under another name is refused.
    """

    def begin(self, subject: UUID) -> Sealer:
        """A fresh key for somebody new, which is stored with the append: no look at the database."""
        ...

    def sealer(self, subject: UUID) -> Sealer:
        """The person's key; made and stored at once where there is none. Raises SubjectErased."""
        ...

    def seal(self, subject: UUID, place: str, plain: str) -> str:
        """The token of ``plain``; as ``sealer(subject).seal``."""
        ...

    def unseal(self, token: str, place: str) -> str | None:
        """The text; None where the person's key was destroyed. Raises KeyUnknown and TokenForged."""
        ...

    def unseal_document(self, document: bytes, stream_id: UUID) -> bytes:
        """A JSON document about ``stream_id`` with every token replaced by its text, or by ERASED.

        Costs next to nothing where there is no token. Raises as ``unseal``.
        """
        ...

    def unseal_documents(self, documents: Sequence[tuple[UUID, bytes]]) -> list[bytes]:
        """As ``unseal_document`` for each stream id and its document, with one look for the keys of all."""
        ...

    def erase(self, subject: UUID) -> None:
        """Destroy the person's key and leave a tombstone, known or not; repeatable."""
        ...
