"""When a restaurant is open: on its own wall clock, past midnight, on holidays and when the clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.restaurant.hours import (
    DayException,
    GivenHours,
    OpeningHours,
    Span,
    Weekday,
    WeeklySpan,
    is_open,
    next_opening,
)
from tests.domain.strategies import PATIENT

LONDON, AUCKLAND, APIA = ZoneInfo("Europe/London"), ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Apia")
GIVEN: TypeAdapter[OpeningHours] = TypeAdapter(GivenHours)
CHRISTMAS = date(2026, 12, 25)


def weekly(*spans: str) -> OpeningHours:
    """Spans such as "friday 18:00-02:00"."""
    told = [span.replace("-", " ").split() for span in spans]
    return OpeningHours(weekly=tuple(WeeklySpan(day=Weekday(day), opens=o, closes=c) for day, o, c in told))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LUNCH_AND_DINNER = weekly("friday 12:00-14:30", "friday 18:00-02:00")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T11:59:59.999", False),  # a Friday; London is on UTC in winter
        ("2026-11-20T12:00", True),
        ("2026-11-20T14:29:59", True),
        ("2026-11-20T14:30", False),
        ("2026-11-20T18:00", True),
        ("2026-11-21T01:59", True),
        ("2026-11-21T02:00", False),
        ("2026-11-21T12:30", False),  # Saturday
        ("2026-11-20T00:30", False),  # the night after Thursday
    ],
)
def test_a_day_has_several_spans_and_the_last_may_end_after_midnight(at: str, expected: bool) -> None:
    assert is_open(LUNCH_AND_DINNER, LONDON, utc(at)) is expected


def test_a_span_may_last_the_whole_day() -> None:
    always = weekly(*(f"{day} 00:00-24:00" for day in Weekday))
    assert all(is_open(always, LONDON, utc("2026-03-28T00:00") + timedelta(minutes=7 * n)) for n in range(500))
    round_the_clock = weekly("friday 09:00-09:00")
    assert is_open(round_the_clock, LONDON, utc("2026-11-21T08:59"))
    assert not is_open(round_the_clock, LONDON, utc("2026-11-21T09:00"))


def test_an_exception_takes_the_place_of_its_days_spans_and_leaves_the_night_before_alone() -> None:
    hours = weekly("thursday 18:00-02:00", "friday 18:00-02:00")
    closed = hours.model_copy(update={"exceptions": (DayException(date=CHRISTMAS, reason="Christmas"),)})
    assert is_open(closed, LONDON, utc("2026-12-25T01:30"))  # still Christmas Eve's dinner
    assert not is_open(closed, LONDON, utc("2026-12-25T19:00"))
    assert is_open(hours, LONDON, utc("2026-12-25T19:00"))
    brunch = DayException(date=CHRISTMAS, spans=(Span(opens="10:00", closes="13:00"),))
    assert is_open(hours.model_copy(update={"exceptions": (brunch,)}), LONDON, utc("2026-12-25T10:00"))


def test_hours_are_those_of_the_restaurants_own_wall() -> None:
    lunch = weekly("friday 12:00-14:00")
    assert is_open(lunch, AUCKLAND, utc("2026-11-19T23:00"))  # noon on Friday the 20th, 13 hours ahead
    assert not is_open(lunch, AUCKLAND, utc("2026-11-20T12:00"))


# The clocks go forward in London on 29 March 2026 at 01:00 UTC and back on 25 October at 01:00 UTC, both Sundays


def test_a_time_that_is_skipped_is_the_moment_of_the_change() -> None:
    early = weekly("sunday 01:30-04:00")
    assert next_opening(early, LONDON, utc("2026-03-29T00:00")) == utc("2026-03-29T01:00")
    assert is_open(early, LONDON, utc("2026-03-29T01:00"))  # the wall says 02:00
    assert not is_open(early, LONDON, utc("2026-03-29T03:00"))  # and now 04:00
    late = weekly("saturday 20:00-01:30")
    assert is_open(late, LONDON, utc("2026-03-29T00:59:59"))
    assert not is_open(late, LONDON, utc("2026-03-29T01:00"))


def test_a_span_that_is_skipped_whole_is_none() -> None:
    skipped = weekly("sunday 01:15-01:45")
    day = [utc("2026-03-29T00:00") + timedelta(minutes=5 * n) for n in range(36)]
    assert not any(is_open(skipped, LONDON, at) for at in day)
    assert next_opening(skipped, LONDON, day[0]) == utc("2026-04-05T00:15")


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    late = weekly("saturday 20:00-01:30")
    assert is_open(late, LONDON, utc("2026-10-25T00:29"))  # 01:29, the first time
    assert not is_open(late, LONDON, utc("2026-10-25T00:30"))
    assert not is_open(late, LONDON, utc("2026-10-25T01:15"))  # 01:15 again
    early = weekly("sunday 01:30-03:00")
    assert next_opening(early, LONDON, utc("2026-10-24T23:00")) == utc("2026-10-25T00:30")
    assert is_open(early, LONDON, utc("2026-10-25T01:10"))  # it stays open through the second hour
    assert is_open(early, LONDON, utc("2026-10-25T02:59"))


def test_a_day_that_a_country_left_out_has_no_hours() -> None:
    # Samoa went from Thursday, 29 December 2011 straight to Saturday.
    fridays = weekly("friday 10:00-20:00")
    assert next_opening(fridays, APIA, utc("2011-12-29T12:00")) == utc("2012-01-05T20:00")


# When it opens next


def test_the_next_opening_is_now_where_it_is_open_and_never_where_it_never_is() -> None:
    noon = utc("2026-11-20T12:00")
    assert next_opening(LUNCH_AND_DINNER, LONDON, noon) == noon
    assert next_opening(LUNCH_AND_DINNER, LONDON, utc("2026-11-20T15:00")) == utc("2026-11-20T18:00")
    assert next_opening(LUNCH_AND_DINNER, LONDON, utc("2026-11-21T02:00")) == utc("2026-11-27T12:00")
    assert next_opening(OpeningHours(), LONDON, noon) is None


# By chance

WALLS = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 59])).map(lambda t: f"{t[0]:02}:{t[1]:02}")
SPANS = st.builds(WeeklySpan, day=st.sampled_from(Weekday), opens=WALLS, closes=WALLS | st.just("24:00"))
DATES = st.dates(date(2026, 3, 25), date(2026, 4, 10)) | st.dates(date(2026, 10, 20), date(2026, 11, 5))
HOURS = st.builds(
    OpeningHours,
    weekly=st.lists(SPANS, max_size=6).map(tuple),
    exceptions=st.lists(
        st.builds(
            DayException, date=DATES, spans=st.lists(st.builds(Span, opens=WALLS, closes=WALLS), max_size=2).map(tuple)
        ),
        max_size=3,
        unique_by=lambda e: e.date,
    ).map(tuple),
)
# Half-hour changes, changes at midnight, southern summers, and a zone without any.
ZONES = st.sampled_from(
    [
        *("Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"),
        *("Asia/Beirut", "Pacific/Auckland", "Africa/Casablanca", "Asia/Kolkata"),
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@PATIENT
@given(HOURS, ZONES, MOMENTS)
def test_nothing_is_open_before_the_next_opening_and_it_is_open_then(
    hours: OpeningHours, zone: ZoneInfo, at: datetime
) -> None:
    opens = next_opening(hours, zone, at)
    if opens is None:
        return
    assert opens >= at
    assert is_open(hours, zone, opens)
    waiting = min(opens - at, timedelta(days=3))
    assert not any(is_open(hours, zone, opens - waiting * n / 50) for n in range(1, 50) if opens > at)


@PATIENT
@given(HOURS, ZONES, MOMENTS)
def test_at_a_wall_time_that_comes_once_the_wall_alone_decides(
    hours: OpeningHours, zone: ZoneInfo, at: datetime
) -> None:
    """Against the simplest reading there is, one minute at a time, wherever no change of clocks is near."""
    offsets = {(at + timedelta(hours=n)).astimezone(zone).utcoffset() for n in range(-50, 51)}
    assume(len(offsets) == 1)
    assert is_open(hours, zone, at) is _by_the_wall(hours, at.astimezone(zone).replace(tzinfo=None))


def _by_the_wall(hours: OpeningHours, wall: datetime) -> bool:
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        own = [e.spans for e in hours.exceptions if e.date == day]
        spans = own[0] if own else [s for s in hours.weekly if list(Weekday).index(s.day) == day.weekday()]
        for span in spans:
            opens = datetime.combine(day, datetime.strptime(span.opens, "%H:%M").time())  # noqa: DTZ007  a wall time
            closes = datetime.combine(day, datetime.min.time()) + timedelta(
                hours=int(span.closes[:2]), minutes=int(span.closes[3:])
            )
            if opens <= wall < (closes if closes > opens else closes + timedelta(days=1)):
                return True
    return False


@PATIENT
@given(st.integers(0, 23), ZONES, DATES)
def test_a_restaurant_that_never_closes_never_closes(hour: int, zone: ZoneInfo, day: date) -> None:
    always = OpeningHours(
        weekly=tuple(WeeklySpan(day=d, opens=f"{hour:02}:00", closes=f"{hour:02}:00") for d in Weekday)
    )
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    assert all(is_open(always, zone, midnight + timedelta(minutes=13 * n)) for n in range(120))


# What a request may say


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"weekly": [{"day": "funday", "opens": "10:00", "closes": "12:00"}]}, "day"),
        ({"weekly": [{"day": "monday", "opens": "24:00", "closes": "12:00"}]}, "opens"),
        ({"weekly": [{"day": "monday", "opens": "9:00", "closes": "12:00"}]}, "opens"),
        ({"weekly": [{"day": "monday", "opens": "10:00", "closes": "12:60"}]}, "closes"),
        (
            {
                "weekly": [
                    {"day": "monday", "opens": "10:00", "closes": "14:00"},
                    {"day": "monday", "opens": "13:59", "closes": "15:00"},
                ]
            },
            "overlap",
        ),
        ({"exceptions": [{"date": "2026-12-25"}, {"date": "2026-12-25"}]}, "twice"),
        ({"exceptions": [{"date": 20000}]}, "date"),
        ({"exceptions": [{"date": "2026-02-30"}]}, "date"),
        ({"weekly": [{"day": "monday", "opens": "10:00", "closes": "12:00"}] * 101}, "weekly"),
    ],
)
def test_hours_that_make_no_sense_are_refused(told: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        GIVEN.validate_python(told)
