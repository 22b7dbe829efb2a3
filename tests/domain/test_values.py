"""Times, texts, numbers and money as people send them, and what is made of them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.ids import NUMBER_CHARS, born_at, order_number
from domain.money import AMOUNT_MAX_MINOR, CURRENCIES, MoneyInput
from domain.values import EARLIEST, LATEST, Instant, ItemId, Name, Note
from tests.domain.strategies import PATIENT

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
NAME: TypeAdapter[str] = TypeAdapter(Name)
NOTE: TypeAdapter[str] = TypeAdapter(Note)
ITEM_ID: TypeAdapter[str] = TypeAdapter(ItemId)

# Moments


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2026-11-20T12:00:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20t12:00:00z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00.000001Z", datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=UTC)),
        ("2026-11-20T23:30:00+13:00", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("2026-11-20T12:00:00-05:30", datetime(2026, 11, 20, 17, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 11, 20, 11, tzinfo=UTC)),
    ],
)
def test_a_moment_is_understood_wherever_it_was_said_and_kept_in_utc(told: object, meant: datetime) -> None:
    understood = INSTANT.validate_python(told)
    assert (understood, understood.tzinfo) == (meant, UTC)


@pytest.mark.parametrize("told", [0, 1_795_176_000, 1.5, 10**30, True, None, [], {}, float("nan"), "", "1795176000.5x"])
def test_a_moment_is_text_and_never_a_number(told: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(told)


@pytest.mark.parametrize("told", ["2026-11-20T12:00:00", "2026-11-20", datetime(2026, 11, 20, 12)])  # noqa: DTZ001
def test_a_moment_without_an_offset_is_no_moment(told: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(told)


@pytest.mark.parametrize(
    "told",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00-14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59+14:00",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "2000-01-01T00:00:00+00:01",  # 1999 in UTC
        "2099-12-31T23:59:59-00:01",  # 2100 in UTC
        "2026-02-29T12:00:00Z",
        "2026-11-20T12:00:00+24:00",
        "2026-11-20T24:00:01Z",
        "+10000-01-01T00:00:00Z",
    ],
)
def test_a_moment_outside_of_our_century_is_refused_and_nothing_breaks(told: str) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(told)


OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(timezone)


@PATIENT
@given(st.datetimes(datetime(1999, 12, 31), datetime(2100, 1, 2), timezones=OFFSETS))  # noqa: DTZ001  OFFSETS tells
def test_every_moment_is_either_refused_or_read_back_the_same(at: datetime) -> None:
    try:
        understood = INSTANT.validate_python(at)
    except ValidationError:
        assert not EARLIEST <= at < LATEST
    else:
        assert INSTANT.validate_json(INSTANT.dump_json(understood)) == understood == at


@PATIENT
@given(st.datetimes(timezones=OFFSETS))
def test_no_moment_of_any_age_breaks_anything(at: datetime) -> None:
    for told in (at, at.isoformat()):
        with suppress(ValidationError):
            assert EARLIEST <= INSTANT.validate_python(told) < LATEST


# Texts


def test_a_text_loses_the_space_around_it_and_keeps_that_within() -> None:
    assert NAME.validate_python("  Ann  Lee \n") == "Ann  Lee"
    assert NOTE.validate_python("no nuts\n\tplease") == "no nuts\n\tplease"


@pytest.mark.parametrize("told", ["", "   ", "\n", "a\0b", "a\x1bb", "a\rb", "a\x7fb", "x" * 501, 7, None, b"Ann"])
def test_a_text_is_printable_and_not_endless(told: object) -> None:
    for kind in (NAME, NOTE):
        with pytest.raises(ValidationError):
            kind.validate_python(told)


def test_a_text_with_half_a_character_is_refused() -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python("\ud800")


@pytest.mark.parametrize("told", ["curry", "A.b_c:d@e-9", "x" * 64])
def test_an_item_is_named_in_plain_letters(told: str) -> None:
    assert ITEM_ID.validate_python(told) == told


@pytest.mark.parametrize("told", ["", "x" * 65, "a b", "a/b", "caf\u00e9", "curry\n", 7])
def test_an_item_is_not_named_otherwise(told: object) -> None:
    with pytest.raises(ValidationError):
        ITEM_ID.validate_python(told)


# Money


@pytest.mark.parametrize("amount_minor", [0, 1, AMOUNT_MAX_MINOR])
def test_an_amount_is_a_whole_number_of_pence(amount_minor: int) -> None:
    assert MoneyInput(amount_minor=amount_minor, currency="GBP").amount_minor == amount_minor


@pytest.mark.parametrize("amount_minor", [-1, AMOUNT_MAX_MINOR + 1, 8.95, 9.0, "895", True, None, float("inf")])
def test_an_amount_is_nothing_else(amount_minor: object) -> None:
    with pytest.raises(ValidationError, match="amount_minor"):
        MoneyInput.model_validate({"amount_minor": amount_minor, "currency": "GBP"})


@pytest.mark.parametrize("currency", ["", "gbp", "XXX", "GBPS", "EURO", "\u00a3", 826, None])
def test_a_currency_is_one_that_exists(currency: object) -> None:
    with pytest.raises(ValidationError, match="currency"):
        MoneyInput.model_validate({"amount_minor": 895, "currency": currency})


def test_all_currencies_have_three_capitals() -> None:
    assert {"GBP", "EUR", "USD", "JPY", "NZD"} <= CURRENCIES
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)


# Numbers for people


def test_an_order_has_a_short_number_that_is_easy_to_say() -> None:
    assert order_number(UUID(int=0)) == "000000"
    assert order_number(UUID("019aa0c0-0000-7000-8000-00000000abcd")) == "001AYD"
    assert order_number(UUID(int=2**128 - 1)) == "ZZZZZZ"


@PATIENT
@given(st.uuids())
def test_an_order_number_has_no_letter_that_is_misheard(order_id: UUID) -> None:
    number = order_number(order_id)
    assert len(number) == NUMBER_CHARS
    assert not set(number) - set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert order_number(UUID(int=order_id.int ^ 1)) != number


def test_an_id_tells_when_it_was_made() -> None:
    # The example of RFC 9562, appendix A.6: Tuesday, 22 February 2022, 14:22:22.00 in New York.
    assert born_at(UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert born_at(UUID(int=0)) == datetime(1970, 1, 1, tzinfo=UTC)
