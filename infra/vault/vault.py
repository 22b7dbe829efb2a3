"""The vault of domain.privacy: finds the key, seals, unseals, and destroys."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import orjson

from domain.privacy import ERASED, MARK, KeyUnknown, SubjectErased, SubjectKey
from infra.vault.ciphers import PersonKey, Token, Wrapping, unpack
from infra.vault.kept import KeptKeys
from infra.vault.keys import Keys

# Between a member's name and the token that is its value. In a text a quote is escaped: none can pretend to be one.
_BETWEEN = f'":"{MARK}'.encode("ascii")
_ERASED = orjson.dumps(ERASED)

Found = dict[bytes, PersonKey | None]


@dataclass(frozen=True, slots=True)
class KeySealer:
    """A person's key in hand; see domain.privacy.Sealer."""

    key: PersonKey
    fresh: tuple[SubjectKey, ...] = ()

    def seal(self, place: str, plain: str) -> str:
        """See Sealer.seal."""
        return self.key.seal(place, plain)


@dataclass(slots=True)
class Wanted:
    """Keys that a request waits for, so that one look at the store serves several requests."""

    subjects: Collection[bytes]
    found: Found = field(default_factory=dict)
    error: Exception | None = None


class KeyVault:
    """See domain.privacy.Vault. Thread safe."""

    def __init__(self, keys: Keys, wrapping: Wrapping, clock: Callable[[], float] = time.monotonic) -> None:
        """``keys`` stores, ``wrapping`` holds the master keys."""
        self._keys, self._wrapping = keys, wrapping
        self._kept = KeptKeys(clock)
        self._wait: Callable[[Wanted], bool] = lambda _: False

    def wait_with(self, wait: Callable[[Wanted], bool]) -> None:
        """Let ``wait`` do the looking up where it can: it answers True once ``settle`` was called with the Wanted."""
        self._wait = wait

    def begin(self, subject: UUID) -> KeySealer:
        """See Vault.begin."""
        key, stored = self._wrapping.new(subject)
        self._kept.put(key.subject, key)
        return KeySealer(key, (stored,))

    def sealer(self, subject: UUID) -> KeySealer:
        """See Vault.sealer."""
        mark = subject.bytes
        found = self._find((mark,))
        if mark not in found:
            # Whoever is first has made the key; the store says who that was.
            self._keys.add(self._wrapping.new(subject)[1])
            found = self._find((mark,))
        key = found[mark]
        if key is None:
            raise SubjectErased
        return KeySealer(key)

    def seal(self, subject: UUID, place: str, plain: str) -> str:
        """See Vault.seal."""
        return self.sealer(subject).seal(place, plain)

    def unseal(self, token: str, place: str) -> str | None:
        """See Vault.unseal."""
        parts = unpack(token.removeprefix(MARK).encode())
        key = self._known((parts.subject,))[parts.subject]
        return None if key is None else key.unseal(parts, place)

    def unseal_document(self, document: bytes, stream_id: UUID) -> bytes:
        """See Vault.unseal_document."""
        if _BETWEEN not in document:
            return document
        return self.unseal_documents(((stream_id, document),))[0]

    def unseal_documents(self, documents: Sequence[tuple[UUID, bytes]]) -> list[bytes]:
        """See Vault.unseal_documents."""
        cut = [(stream_id, *_cut(document)) for stream_id, document in documents]
        keys = self._known({member.token.subject for _, _, members in cut for member in members})
        return [_told(first, members, f"{stream_id}/", keys) for stream_id, first, members in cut]

    def erase(self, subject: UUID) -> None:
        """See Vault.erase."""
        self._keys.destroy(subject)
        self._kept.drop(subject.bytes)

    def settle(self, wanted: Sequence[Wanted]) -> None:
        """Look up what several requests wait for, all at once; raises nothing: each is told by its ``error``."""
        if not wanted:
            return
        subjects = {subject for one in wanted for subject in one.subjects}
        try:
            found = self._load(subjects)
        except Exception as why:  # whatever it is, each of them has to hear of it
            for one in wanted:
                one.error = why
            return
        for one in wanted:
            one.found = {subject: found[subject] for subject in one.subjects if subject in found}

    def _known(self, subjects: Collection[bytes]) -> Found:
        """The keys of all of these; raises KeyUnknown where one was never known."""
        found = self._find(subjects)
        for subject in subjects:
            if subject not in found:
                raise KeyUnknown(f"no key and no tombstone of {UUID(bytes=subject)}: is this its key store?")
        return found

    def _find(self, subjects: Collection[bytes]) -> Found:
        found = self._kept.fresh(subjects)
        if len(found) < len(subjects):
            wanted = Wanted([subject for subject in subjects if subject not in found])
            if not self._wait(wanted):
                self.settle([wanted])
            if wanted.error is not None:
                raise wanted.error
            found |= wanted.found
        return found

    def _load(self, subjects: Collection[bytes]) -> Found:
        stored = self._keys.load([UUID(bytes=subject) for subject in subjects])
        found: Found = {}
        for subject, key in stored.items():
            mark = subject.bytes
            found[mark] = None if key is None else PersonKey(mark, self._wrapping.unwrap(key))
            self._kept.put(mark, found[mark])
        return found


class _Sealed(NamedTuple):
    """A member of a document that is sealed: its name, its token, and the document from there to the next."""

    name: str
    token: Token
    following: bytes


def _cut(document: bytes) -> tuple[bytes, list[_Sealed]]:
    """The document up to the first token, then each token with what follows it."""
    first, *others = document.split(_BETWEEN)
    members, before = [], first
    for other in others:
        text, _, following = other.partition(b'"')
        name = before[before.rindex(b'"') + 1 :].decode()
        members.append(_Sealed(name, unpack(text), following))
        before = following
    return first, members


def _told(first: bytes, members: list[_Sealed], where: str, keys: Found) -> bytes:
    """The document with each token's text in its place; ``where`` is the stream's part of every place."""
    pieces = [first]
    for name, token, following in members:
        key = keys[token.subject]
        pieces += (b'":', _ERASED if key is None else orjson.dumps(key.unseal(token, where + name)), following)
    return b"".join(pieces)
