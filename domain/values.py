"""The kinds of value that commands and events are made of, each with its limits."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, core_schema

from domain.privacy import MARK

T = TypeVar("T")

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
NAME_MAX_CHARS = 200
NOTE_MAX_CHARS = 500
PRINTABLE = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
"""No control characters: PostgreSQL stores no NUL, and a kitchen printer obeys the others."""


class Value(BaseModel):
    """A frozen value that knows all of its fields: an unknown one is refused, not dropped.

    Its errors do not repeat the input, which may be personal, and an error may end in a log.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class From:
    """``Annotated[Fact, From(Input)]``: read by the strict rules of ``Input``, kept as the lenient ``Fact``.

    Rules about input grow stricter with time, and what has happened must stay readable all the same. So an event's
    parts only say their shape, and what a request may say is another type with the same fields. What is a ``Fact``
    already is taken as it is.
    """

    strict: type[BaseModel]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as the strict type, then make the fact of its fields."""

        def read(raw: Any, check: ValidatorFunctionWrapHandler) -> Any:
            return raw if isinstance(raw, source) else source.model_construct(**dict(check(raw)))

        return core_schema.no_info_wrap_validator_function(read, handler.generate_schema(self.strict))


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def _text_only(raw: Any) -> Any:
    """Refuse numbers, even written as text: pydantic would read them as seconds since 1970."""
    if isinstance(raw, datetime) or (isinstance(raw, str) and _RFC_3339.fullmatch(raw)):
        return raw
    msg = "write the time as RFC 3339 text, such as 2026-11-20T12:00:00Z"
    raise ValueError(msg)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        msg = "say the offset from UTC, such as 2026-11-20T12:00:00Z"
        raise ValueError(msg)
    if not EARLIEST <= at < LATEST:  # before the conversion, which overflows in the years 1 and 9999
        msg = f"a year from {EARLIEST.year} to {LATEST.year - 1} is expected"
        raise ValueError(msg)
    return at.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_text_only), AfterValidator(_utc)]
"""A moment, RFC 3339 with an offset on the way in, UTC inside."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day_only(raw: Any) -> Any:
    """Refuse numbers here too."""
    if (isinstance(raw, date) and not isinstance(raw, datetime)) or (isinstance(raw, str) and _DAY.fullmatch(raw)):
        return raw
    msg = "write the day as text, such as 2026-11-20"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_day_only)]
"""A day of the calendar, by itself."""


def _not_null(raw: Any) -> Any:
    if raw is None:
        msg = "there is nothing to clear here: leave the field out to leave it as it is"
        raise ValueError(msg)
    return raw


def _never_null(schema: dict[str, Any]) -> None:
    """Leave None out of the JSON Schema of a field, as its type and as its default."""
    (told,) = (part for part in schema.pop("anyOf") if part != {"type": "null"})
    del schema["default"]
    schema.update(told)


Told = Annotated[T | None, BeforeValidator(_not_null), Field(json_schema_extra=_never_null)]
"""For a field that may be left out, which says None inside, but not be null."""


def _unsealed(text: str) -> str:
    """Refuse what would be taken for a sealed text when it is shown."""
    if text.startswith(MARK):
        msg = f"a text cannot begin with {MARK}, which marks what is sealed"
        raise ValueError(msg)
    return text


Text = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, pattern=PRINTABLE),
    AfterValidator(_unsealed),
]
Name = Annotated[Text, Field(max_length=NAME_MAX_CHARS)]
Note = Annotated[Text, Field(max_length=NOTE_MAX_CHARS)]
ItemId = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._:@-]{1,64}$")]
"""A menu item's id, chosen by the restaurant: letters, digits and ``. _ : @ -``."""
