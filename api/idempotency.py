"""The Idempotency-Key header: the same request twice is one request, and has one answer."""

import hmac
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import falcon

from api.problems import IdempotencyKeyMalformed, IdempotencyKeyMissing
from domain.errors import KeyReused, Refusal
from domain.event_store import AlreadyAnswered, EventStore, StoredAnswer

PATTERN = r"^[\x21-\x7e]{1,200}$"
_KEY = re.compile(PATTERN)

Shown = Callable[[StoredAnswer], bytes]


class Fingerprints:
    """Tells whether two requests say the same, by what can be kept of the first: keyed BLAKE2b (RFC 7693).

    A hash without a key would let whoever reads the database try telephone numbers until one fits.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take fingerprints under the first key; know those that were taken under the others."""
        self._keys = keys

    def of(self, said: bytes) -> bytes:
        """The fingerprint of a request."""
        return _fingerprint(self._keys[0], said)

    def known(self, fingerprint: bytes, said: bytes) -> bool:
        """Whether a kept fingerprint is that of this request."""
        return any(hmac.compare_digest(fingerprint, _fingerprint(key, said)) for key in self._keys)


def _fingerprint(key: bytes, said: bytes) -> bytes:
    return blake2b(said, key=key, digest_size=32).digest()


class Keyed(NamedTuple):
    """A request that may be repeated: who sent it, under which key, and what exactly it said."""

    principal: str
    key: str
    said: bytes
    fingerprints: Fingerprints

    def repeats(self, answer: StoredAnswer) -> bool:
        """Whether the answer was given to this very request."""
        return self.fingerprints.known(answer.fingerprint, self.said)

    def answered(self, status: int, headers: dict[str, str], body: bytes | None) -> StoredAnswer:
        """The answer as the append keeps it; see StoredAnswer for one without a body."""
        return StoredAnswer(
            principal=self.principal,
            key=self.key,
            fingerprint=self.fingerprints.of(self.said),
            status=status,
            headers=headers,
            body=None if body is None else body.decode(),
        )


def keyed(req: falcon.Request, body: bytes) -> Keyed:
    """The request's key and fingerprint; raises IdempotencyKeyMissing or IdempotencyKeyMalformed."""
    key = req.get_header("IDEMPOTENCY-KEY")
    if key is None:
        raise IdempotencyKeyMissing
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    said = f"{req.method} {req.path}\n".encode("utf-8", "replace") + body
    return Keyed(req.context.principal.id, key, said, req.context.fingerprints)


def _as_stored(answer: StoredAnswer) -> bytes:
    assert answer.body is not None
    return answer.body.encode()


def once(
    store: EventStore,
    request: Keyed,
    resp: falcon.Response,
    act: Callable[[], StoredAnswer],
    shown: Shown = _as_stored,
) -> None:
    """Answer ``resp`` with what ``act`` did, or with what was answered to this key before.

    ``shown``: the body to send of a stored answer, which holds personal text only sealed.

    A refusal may come of the first attempt's own success (the price has changed since, say), so the stored answers
    are asked before it is uttered. Raises KeyReused where the key belongs to another request.
    """
    try:
        _send(resp, act(), shown)
    except AlreadyAnswered as before:
        _replay(resp, request, before.answer, shown)
    except Refusal:
        answer = store.answer(request.principal, request.key)
        if answer is None:
            raise
        _replay(resp, request, answer, shown)


def _replay(resp: falcon.Response, request: Keyed, answer: StoredAnswer, shown: Shown) -> None:
    if not request.repeats(answer):
        raise KeyReused
    resp.set_header("Idempotent-Replayed", "true")
    _send(resp, answer, shown)


def _send(resp: falcon.Response, answer: StoredAnswer, shown: Shown) -> None:
    resp.status = answer.status
    for name, value in answer.headers.items():
        resp.set_header(name, value)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = shown(answer)
