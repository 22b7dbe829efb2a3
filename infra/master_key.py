"""The master key: it wraps the keys that are kept in the database, and is itself kept outside of it.

It is 32 random bytes in base64. Several may be given, comma-separated or one a line: the first wraps what is wrapped
from now on, the others only unwrap what they wrapped before. That is how a master key is replaced: put the new one
first, let everything be wrapped anew, take the old one away. Nothing is encrypted by a master key itself, only by keys
that are derived from it for one purpose each (HKDF, RFC 5869), so that no two purposes can be played off against each
other.
"""

import base64
import binascii
import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.refusal import CannotStart
from infra.settings import Settings

KEY_BYTES = 32
KEYS_MAX = 8
FILE = "master.key"
FILE_MAX_BYTES = 4096
_NONCE_BYTES = 12
_HOW = "32 random bytes in base64, as from: openssl rand -base64 32"


class MasterKeyUnknown(Exception):
    """Something was wrapped by a master key that this process was not given: give the old one too, behind the new."""


class MasterKey:
    """One master key. Its ``id`` tells which it is without telling anything of it."""

    def __init__(self, key: bytes) -> None:
        """``key``: KEY_BYTES of them."""
        if len(key) != KEY_BYTES:
            raise ValueError(_HOW)
        self._key = key
        self.subkey = cache(self._subkey)
        self.id = self.subkey("master key id")[:8].hex()

    def _subkey(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, always the same."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"comanda/{purpose}".encode()).derive(self._key)


class MasterKeys:
    """The master keys that this process was given, the present one first."""

    def __init__(self, keys: list[MasterKey]) -> None:
        """``keys``: at least one."""
        self.current = keys[0]
        self._by_id = {key.id: key for key in keys}

    def subkeys(self, purpose: str) -> list[bytes]:
        """The keys for one purpose from every master key, the present one's first."""
        return [key.subkey(purpose) for key in self._by_id.values()]

    def get(self, key_id: str) -> MasterKey:
        """The key of this id; raises MasterKeyUnknown."""
        try:
            return self._by_id[key_id]
        except KeyError:
            raise MasterKeyUnknown(f"master key {key_id} is not among those given: add it behind the new one") from None

    def wrap(self, purpose: str, name: str, secret: bytes) -> tuple[str, bytes]:
        """Encrypt a secret (AES-256-GCM, bound to its ``name``); returns the key's id and the result."""
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = AESGCM(self.current.subkey(purpose)).encrypt(nonce, secret, f"{purpose}/{name}".encode())
        return self.current.id, nonce + wrapped

    def unwrap(self, purpose: str, name: str, key_id: str, wrapped: bytes) -> bytes:
        """What was wrapped; raises MasterKeyUnknown, also where it was wrapped for another purpose or name."""
        nonce, rest = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return AESGCM(self.get(key_id).subkey(purpose)).decrypt(nonce, rest, f"{purpose}/{name}".encode())
        except InvalidTag:
            raise MasterKeyUnknown(f"{purpose} {name} was not wrapped by master key {key_id}") from None


def parse(text: str) -> MasterKeys:
    """The keys that a text lists; raises ValueError, which shows nothing of them."""
    told = [part for part in text.replace(",", "\n").split() if part]
    if not 1 <= len(told) <= KEYS_MAX:
        raise ValueError(f"1 to {KEYS_MAX} keys are expected, each {_HOW}")
    try:
        return MasterKeys([MasterKey(base64.b64decode(part, validate=True)) for part in told])
    except (binascii.Error, ValueError):
        raise ValueError(_HOW) from None


def load(settings: Settings) -> MasterKeys:
    """The keys of COMANDA_MASTER_KEY, else of the file that COMANDA_MASTER_KEY_FILE names; raises CannotStart."""
    if settings.master_key is not None:
        return _parsed(settings.master_key, "COMANDA_MASTER_KEY")
    path = settings.master_key_file
    if path is None:
        raise CannotStart(f"no master key: set COMANDA_MASTER_KEY ({_HOW}), or COMANDA_MASTER_KEY_FILE")
    try:
        with path.open("rb") as file:
            text = file.read(FILE_MAX_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as why:
        raise CannotStart(f"the master key file {path} cannot be read ({why}): restore it from a backup") from None
    return _parsed(text, str(path))


def ensure(folder: Path) -> Path:
    """The key file in the data folder, made on the first run; only its owner may read it. Raises CannotStart."""
    path = folder / FILE
    draft = folder / f"{FILE}.new"
    try:
        if not path.exists():
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    except OSError as why:
        raise CannotStart(f"cannot write the master key {path} ({why.strerror}): choose another folder") from None
    return path


def _parsed(text: str, where: str) -> MasterKeys:
    try:
        return parse(text)
    except ValueError as why:
        raise CannotStart(f"{where} is wrong: {why}") from None
