"""The base of every event, and the codec between events and canonical JSON."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class UnsortedFields(TypeError):
    """An event's fields must be declared in alphabetical order."""


class EventUnreadable(Exception):
    """A stored event cannot be read; its history must not be folded further."""


class EventTypeUnknown(EventUnreadable):
    """This program knows no event of this type: it is older than the history, or the history is not ours."""


class SchemaVersionUnknown(EventUnreadable):
    """This program knows the event's type, but not this schema version of it."""


class EventMalformed(EventUnreadable):
    """The event's data do not fit its type."""


class Plain(NamedTuple):
    """An event as plain data, with its keys in order and without what is None."""

    type: str
    schema_version: int
    data: dict[str, Any]


class Part(BaseModel):
    """A part of an event, with its fields in alphabetical order.

    The order of declaration is the order in which pydantic writes, so the serialiser's output is canonical JSON
    (sorted keys, no spaces, no NaN) at its full speed. The class itself refuses to be made otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="strings")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a subclass whose fields are not in alphabetical order."""
        super().__pydantic_init_subclass__(**kwargs)
        names = list(cls.model_fields)
        if names != sorted(names):
            msg = f"{cls.__name__}: write the fields as {sorted(names)}"
            raise UnsortedFields(msg)


class Happened(Part):
    """A fact of the past. Its name is its type in the store; ``at`` is when it happened, by the command's word."""

    schema_version: ClassVar[int] = 1
    upcasters: ClassVar[Mapping[int, Upcaster]] = MappingProxyType({})
    """From schema version n to n + 1, on plain data, one step each."""

    at: datetime

    def canonical(self) -> str:
        """The event's data as canonical JSON; a field that is None is left out."""
        return to_json(self, exclude_none=True).decode()

    def plain(self) -> "Plain":
        """The event as plain data, for who has something to change in it before it is stored."""
        return Plain(type(self).__name__, self.schema_version, self.model_dump(exclude_none=True))


class Codec:
    """Reads events from their stored form, whatever schema version they were written in."""

    def __init__(self, types: Iterable[type[Happened]]) -> None:
        """Know these event types, each under its class name."""
        self._types = {t.__name__: t for t in types}

    def decode(self, name: str, schema_version: int, data: str) -> Any:
        """The event of type ``name``; raises an EventUnreadable where that cannot be had."""
        cls = self._types.get(name)
        if cls is None:
            raise EventTypeUnknown(name)
        try:
            if schema_version == cls.schema_version:
                return cls.model_validate_json(data)
            return cls.model_validate_json(json.dumps(_upcast(cls, schema_version, json.loads(data))))
        except (ValueError, TypeError, LookupError, RecursionError) as why:  # a step meets what it did not expect
            msg = f"{name} v{schema_version}: {why}"
            raise EventMalformed(msg) from why


def _upcast(cls: type[Happened], schema_version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Lift ``data`` step by step to the present schema version of ``cls``."""
    if not 1 <= schema_version < cls.schema_version:
        msg = f"{cls.__name__} v{schema_version}"
        raise SchemaVersionUnknown(msg)
    for version in range(schema_version, cls.schema_version):
        data = cls.upcasters[version](data)
    return data
