"""What a refusal is, and those that are no one aggregate's own; a refusal's docstring is its message."""

import re
from typing import Any, ClassVar


class Refusal(Exception):
    """The request was refused."""

    pointer: ClassVar[str | None] = None
    """JSON pointer of the field at fault, where there is one."""

    def __init__(self, detail: str | None = None, *, pointer: str | None = None, **facts: Any) -> None:
        """Keep what the caller needs to act: ``facts`` are added to the answer under their names."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.at = pointer if pointer is not None else type(self).pointer
        self.facts = facts
        super().__init__(self.detail)

    @classmethod
    def code(cls) -> str:
        """The machine-readable name: the class's name in snake_case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Unknown(Refusal):
    """What the request names does not exist."""


class Contradiction(Refusal):
    """What has happened already stands against this request."""


class Unacceptable(Refusal):
    """The request is well formed, but the rules do not allow what it says."""


class Unauthenticated(Refusal):
    """Sign in first: this needs a bearer token."""


class Forbidden(Refusal):
    """None of your roles may do this."""


class TooMany(Refusal):
    """Too much was asked in too short a time; wait as long as Retry-After says."""

    def __init__(self, retry_after_s: int) -> None:
        """``retry_after_s``: when to ask again."""
        super().__init__()
        self.retry_after_s = retry_after_s


# Who asks


class TokenMissing(Unauthenticated):
    """Sign in first: send Authorization: Bearer with an access token of POST /v1/oauth/token."""


class TokenInvalid(Unauthenticated):
    """The access token is not valid; get a new one and repeat the request."""


class RateExceeded(TooMany):
    """Your rate limit is used up for now; wait as long as Retry-After says."""


# Streams and keys


class StreamMoved(Contradiction):
    """The record changed while this request was decided; read it again and repeat."""


class PreconditionFailed(Refusal):
    """If-Match names another version than the present one; read it again and repeat."""


class KeyReused(Refusal):
    """This Idempotency-Key was used with another request; take a new key for a new request."""
