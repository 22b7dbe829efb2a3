"""AES-256-GCM in its two uses here: texts under a person's key, and persons' keys under the master key.

A token is ``enc1.`` and, in base64url without padding, subject (16 bytes), nonce (12), ciphertext and tag (16). Its
additional data are the subject, which is also the key's id, and the place (stream id and field).

The nonce is a keyed hash of all of that and of the text, not a random number: so the same text at the same place gives
the same token, and a repeated command is seen to be a repeat; a nonce comes twice only with the very same message,
which is all that GCM asks (RFC 5116, section 3.2; the idea is that of SIV, RFC 5297). The database's holder can
see that two texts of one person at one place are equal, and nothing more, for want of the key.
"""

import base64
import binascii
import os
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.privacy import MARK, SUBJECT_BYTES, SubjectKey, TokenForged
from infra.master_key import MasterKeys

SECRET_BYTES = 64
"""A person's secret: 32 bytes for the cipher and 32 for its nonces."""
NONCE_BYTES, TAG_BYTES = 12, 16
PURPOSE = "persons' keys"
"""Names the subkey of the master key that wraps."""

_HEAD_BYTES = SUBJECT_BYTES + NONCE_BYTES


class Token(NamedTuple):
    """A token's parts."""

    subject: bytes
    nonce: bytes
    sealed: bytes


def unpack(text: bytes) -> Token:
    """The parts of a token, of which ``text`` is all behind the mark; raises TokenForged for what is none."""
    try:
        raw = base64.urlsafe_b64decode(text + b"==")
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) <= _HEAD_BYTES + TAG_BYTES:
        raise TokenForged("what begins like a token is none")
    return Token(raw[:SUBJECT_BYTES], raw[SUBJECT_BYTES:_HEAD_BYTES], raw[_HEAD_BYTES:])


class PersonKey:
    """One person's key in the clear. It is never printed, pickled or logged."""

    __slots__ = ("_cipher", "_nonce", "subject")

    def __init__(self, subject: bytes, secret: bytes) -> None:
        """``secret``: SECRET_BYTES at random."""
        self.subject = subject
        self._cipher, self._nonce = AESGCM(secret[:32]), blake2b(key=secret[32:], digest_size=NONCE_BYTES)

    def seal(self, place: str, plain: str) -> str:
        """The token of ``plain`` at ``place``."""
        bound, text = self.subject + place.encode(), plain.encode()
        hashing = self._nonce.copy()
        hashing.update(bound + b"\0" + text)
        nonce = hashing.digest()
        raw = self.subject + nonce + self._cipher.encrypt(nonce, text, bound)
        return MARK + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")

    def unseal(self, token: Token, place: str) -> str:
        """The text; raises TokenForged where the token was sealed elsewhere, or is not what was sealed."""
        try:
            return self._cipher.decrypt(token.nonce, token.sealed, self.subject + place.encode()).decode()
        except InvalidTag:
            raise TokenForged(f"a token at {place} does not belong there, or was changed") from None


class Wrapping:
    """Wraps persons' keys under the current master key, and unwraps them under any that is still held."""

    def __init__(self, masters: MasterKeys) -> None:
        """Wrap by what is derived from each master key for this purpose."""
        self._masters = masters
        self._ciphers: dict[str, AESGCM] = {}
        self.current = masters.current.id
        self._wrapper = self._cipher(self.current)

    def new(self, subject: UUID) -> tuple[PersonKey, SubjectKey]:
        """A fresh key for ``subject``, in the clear and as it is stored."""
        random = os.urandom(SECRET_BYTES + NONCE_BYTES)
        secret, nonce, mark = random[:SECRET_BYTES], random[SECRET_BYTES:], subject.bytes
        wrapped = nonce + self._wrapper.encrypt(nonce, secret, mark)
        return PersonKey(mark, secret), SubjectKey(subject, wrapped, self.current)

    def wrap(self, subject: UUID, secret: bytes) -> SubjectKey:
        """A person's secret as it is stored, bound to the person."""
        nonce = os.urandom(NONCE_BYTES)
        return SubjectKey(subject, nonce + self._wrapper.encrypt(nonce, secret, subject.bytes), self.current)

    def unwrap(self, key: SubjectKey) -> bytes:
        """A person's secret; raises MasterKeyUnknown, TokenForged."""
        try:
            return self._cipher(key.master).decrypt(
                key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:], key.subject.bytes
            )
        except InvalidTag:
            raise TokenForged(f"the key of {key.subject} was changed, or is another person's") from None

    def _cipher(self, master: str) -> AESGCM:
        """One object for each master key: to make it takes as long as to wrap."""
        cipher = self._ciphers.get(master)
        if cipher is None:
            cipher = self._ciphers[master] = AESGCM(self._masters.get(master).subkey(PURPOSE))
        return cipher
