"""The Idempotency-Key header: the same request twice is one request, and has one answer."""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

import falcon

from api.problems import IdempotencyKeyMalformed, IdempotencyKeyMissing
from domain.errors import KeyReused, Refusal
from domain.event_store import AlreadyAnswered, EventStore, StoredAnswer

PATTERN = r"^[\x21-\x7e]{1,200}$"
_KEY = re.compile(PATTERN)


class Keyed(NamedTuple):
    """A request that may be repeated: who sent it, under which key, and what exactly it said."""

    principal: str
    key: str
    fingerprint: bytes

    def answered(self, status: int, headers: dict[str, str], body: bytes) -> StoredAnswer:
        """The answer as the append keeps it."""
        return StoredAnswer(
            principal=self.principal,
            key=self.key,
            fingerprint=self.fingerprint,
            status=status,
            headers=headers,
            body=body.decode(),
        )


def keyed(req: falcon.Request, body: bytes) -> Keyed:
    """The request's key and fingerprint; raises IdempotencyKeyMissing or IdempotencyKeyMalformed."""
    key = req.get_header("IDEMPOTENCY-KEY")
    if key is None:
        raise IdempotencyKeyMissing
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    said = hashlib.sha256(f"{req.method} {req.path}\n".encode("utf-8", "replace") + body)
    return Keyed(req.context.principal.id, key, said.digest())


def once(store: EventStore, request: Keyed, resp: falcon.Response, act: Callable[[], StoredAnswer]) -> None:
    """Answer ``resp`` with what ``act`` did, or with what was answered to this key before.

    A refusal may come of the first attempt's own success (the price has changed since, say), so the stored answers
    are asked before it is uttered. Raises KeyReused where the key belongs to another request.
    """
    try:
        _send(resp, act())
    except AlreadyAnswered as before:
        _replay(resp, request, before.answer)
    except Refusal:
        answer = store.answer(request.principal, request.key)
        if answer is None:
            raise
        _replay(resp, request, answer)


def _replay(resp: falcon.Response, request: Keyed, answer: StoredAnswer) -> None:
    if answer.fingerprint != request.fingerprint:
        raise KeyReused
    resp.set_header("Idempotent-Replayed", "true")
    _send(resp, answer)


def _send(resp: falcon.Response, answer: StoredAnswer) -> None:
    resp.status = answer.status
    for name, value in answer.headers.items():
        resp.set_header(name, value)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = answer.body.encode()
