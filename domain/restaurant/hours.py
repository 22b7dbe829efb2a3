"""Opening hours: spans of the wall clock by weekday and date, and what they mean in real time.

A span belongs to the day on which it begins; one that closes no later than it opens ends on the next day. An
exception takes the place of the weekday's spans that begin on its date, so that a closed day leaves the end of the
night before alone.

Where the clocks are changed, a wall time is read as its first occurrence: one that comes twice counts the first time,
and one that is skipped is the moment of the change. Spans keep their order that way; one that is skipped whole is none.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, model_validator

from domain.event import Part
from domain.values import Day, From, Name, Value

SPANS_MAX = 100
DAY_SPANS_MAX = 10
EXCEPTIONS_MAX = 100
LOOKAHEAD_DAYS = 370
"""How far ahead the next opening is looked for."""

_DAY_MINUTES = 24 * 60
_AROUND = timedelta(days=2)


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEK = tuple(Weekday)


class Span(Part):
    """From one wall time to another; the next day's where it is not later than the first."""

    closes: str
    opens: str


class WeeklySpan(Part):
    """A span of every such weekday."""

    closes: str
    day: Weekday
    opens: str


class DayException(Part):
    """One date's own spans; none where the restaurant stays closed."""

    date: date
    reason: str | None = None
    spans: tuple[Span, ...] = ()


class OpeningHours(Part):
    """When it is open: by weekday, but for the dates among the exceptions."""

    exceptions: tuple[DayException, ...] = ()
    weekly: tuple[WeeklySpan, ...] = ()


def is_open(hours: OpeningHours, zone: ZoneInfo, at: datetime) -> bool:
    """Whether ``at`` lies within a span: its first moment does, its last does not."""
    local = at.astimezone(zone)
    day = local.date()
    if _is_steady(zone, at, local):
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in _spans(hours, day)) or any(
            opens <= minute + _DAY_MINUTES < closes for opens, closes in _spans(hours, day - timedelta(days=1))
        )
    return any(start <= at < end for n in range(-2, 2) for start, end in _openings(hours, zone, _after(day, n)))


def next_opening(hours: OpeningHours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """``at`` itself where it is open then, else when it opens next, in UTC; None if not within LOOKAHEAD_DAYS."""
    if is_open(hours, zone, at):
        return at
    today = at.astimezone(zone).date()
    for n in range(-1, LOOKAHEAD_DAYS):
        for start, _ in sorted(_openings(hours, zone, _after(today, n))):
            if start > at:
                return start
    return None


def _openings(hours: OpeningHours, zone: ZoneInfo, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The spans that begin on ``day``, in UTC."""
    for opens, closes in _spans(hours, day):
        start, end = _instant(zone, day, opens), _instant(zone, day, closes)
        if start < end:
            yield start, end


def _spans(hours: OpeningHours, day: date) -> Iterator[tuple[int, int]]:
    """The spans that begin on ``day``, in minutes since its midnight."""
    for exception in hours.exceptions:
        if exception.date == day:
            yield from (_minutes(span.opens, span.closes) for span in exception.spans)
            return
    weekday = _WEEK[day.weekday()]
    for span in hours.weekly:
        if span.day is weekday:
            yield _minutes(span.opens, span.closes)


def _minutes(opens: str, closes: str) -> tuple[int, int]:
    start, end = _minute(opens), _minute(closes)
    return start, end if end > start else end + _DAY_MINUTES


def _minute(wall: str) -> int:
    return int(wall[:2]) * 60 + int(wall[3:])


def _is_steady(zone: ZoneInfo, at: datetime, local: datetime) -> bool:
    """Whether no clock is changed near ``at``: there, wall time and real time run side by side."""
    offset = local.utcoffset()
    return (
        offset == (at - _AROUND).astimezone(zone).utcoffset() and offset == (at + _AROUND).astimezone(zone).utcoffset()
    )


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """When the wall clock first shows this time or, where it is skipped, when the clocks are changed; in UTC."""
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    there = wall.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return there
    # Skipped: PEP 495 reads it by the old offset with fold 0 and by the new one with fold 1, around the change.
    return _change(zone, wall.replace(fold=1).astimezone(UTC), there)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first moment with the offset of ``after``, to the second."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return before + timedelta(seconds=low)


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)


# What a request may say

_Opens = Annotated[str, StringConstraints(strict=True, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_Closes = Annotated[str, StringConstraints(strict=True, pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class SpanInput(Value):
    """From one wall time, such as 18:00, to another, such as 02:00 on the next day."""

    opens: _Opens
    closes: _Closes


class WeeklySpanInput(SpanInput):
    """A span of every such weekday."""

    day: Weekday


class DayExceptionInput(Value):
    """One date's own spans; none where the restaurant stays closed."""

    date: Day
    reason: Name | None = None
    spans: Annotated[tuple[Annotated[Span, From(SpanInput)], ...], Field(max_length=DAY_SPANS_MAX)] = ()

    @model_validator(mode="after")
    def _apart(self) -> "DayExceptionInput":
        _refuse_overlap(str(self.date), self.spans)
        return self


class OpeningHoursInput(Value):
    """When it is open: by weekday, but for the dates among the exceptions."""

    weekly: Annotated[tuple[Annotated[WeeklySpan, From(WeeklySpanInput)], ...], Field(max_length=SPANS_MAX)] = ()
    exceptions: Annotated[
        tuple[Annotated[DayException, From(DayExceptionInput)], ...], Field(max_length=EXCEPTIONS_MAX)
    ] = ()

    @model_validator(mode="after")
    def _sound(self) -> "OpeningHoursInput":
        for day in Weekday:
            _refuse_overlap(day, [span for span in self.weekly if span.day is day])
        dates = [exception.date for exception in self.exceptions]
        if len(set(dates)) < len(dates):
            msg = "a date stands twice among the exceptions; give it all of its spans at once"
            raise ValueError(msg)
        return self


def _refuse_overlap(day: str, spans: "list[WeeklySpan] | tuple[Span, ...]") -> None:
    ends = 0
    for opens, closes in sorted(_minutes(span.opens, span.closes) for span in spans):
        if opens < ends:
            msg = f"two spans of {day} overlap; make one of them"
            raise ValueError(msg)
        ends = closes


GivenHours = Annotated[OpeningHours, From(OpeningHoursInput)]
"""Opening hours out of a request."""
