"""The base of every command: what the caller says, and what the server adds to it."""

from typing import ClassVar

from pydantic.json_schema import SkipJsonSchema

from domain.values import Instant, Value


class Command(Value):
    """An intention. The fields named in ``given`` come from the server, never from the request's body."""

    given: ClassVar[frozenset[str]] = frozenset({"at"})

    at: SkipJsonSchema[Instant]
