"""Event time in words and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    format_duration,
    iso,
    parse_duration,
    parse_time,
    to_datetime,
    to_ns,
)

BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("30s", 30 * SECOND), ("5m", 5 * MINUTE), ("1h30m", HOUR + 30 * MINUTE), ("250ms", SECOND // 4),
        ("14d", 14 * DAY), ("1.5h", 90 * MINUTE), ("1h 30m", 90 * MINUTE), ("0s", 0),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", " ", "5", "m", "5x", "-5m", "5m!", "!5m", "5m3", "1h,5m", "5 minutes", "1e3s"])
def test_what_is_not_a_duration_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@BOUNDED
@given(st.integers(0, 400 * 86400))
def test_a_duration_of_whole_seconds_survives_its_words(seconds: int) -> None:
    assert parse_duration(format_duration(seconds * SECOND)) == seconds * SECOND


@BOUNDED
@given(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_moment_is_the_same_in_any_zone_to_the_microsecond(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    ns = to_ns(moment)
    assert to_ns(elsewhere) == parse_time(elsewhere.isoformat()) == parse_time(iso(ns)) == ns
    assert to_datetime(ns) == moment


def test_iso_has_the_decimals_that_it_needs() -> None:
    whole = parse_time("2023-04-18T18:45:00+08:00")
    assert iso(whole) == "2023-04-18T10:45:00Z"
    assert iso(whole + 1) == "2023-04-18T10:45:00.000000001Z"
    assert iso(whole + SECOND // 2) == "2023-04-18T10:45:00.5Z"
    assert iso(-1) == "1969-12-31T23:59:59.999999999Z"


@pytest.mark.parametrize("text", ["2023-04-18T10:45:00", "2023-04-18", "noon"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        parse_time(text)
