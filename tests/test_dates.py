"""Dates as others write them: read exactly, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.dates import parse_date

NOON = datetime(2025, 8, 16, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2025-08-16T12:00:00Z",
        "2025-08-16 12:00",
        "2025-08-16T14:00:00+02:00",
        "2025-08-16T12:00:00.000000000Z",
        "Sat, 16 Aug 2025 12:00:00 GMT",
        "16 August 2025, 12:00",
        "August 16, 2025 12:00 PM",
        "Aug. 16th, 2025 8:00 am EDT",
        "16/08/2025 12:00",
        "1755345600",
        1755345600,
        1755345600000,
        1755345600.0,
        datetime(2025, 8, 16, 12, 0),
        datetime(2025, 8, 16, 15, 0, tzinfo=timezone(timedelta(hours=3))),
    ],
)
def test_a_moment_is_read(value: object) -> None:
    assert parse_date(value) == NOON


@pytest.mark.parametrize(
    "value",
    [
        "2025-08-16",
        "20250816",
        20250816,
        "16 Aug 2025",
        "2025/8/16",
        "16.8.2025",
        date(2025, 8, 16),
    ],
)
def test_a_date_alone_is_midnight_utc(value: object) -> None:
    assert parse_date(value) == datetime(2025, 8, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("03/04/2025", "day or month first"),
        ("August 2025", "no complete date"),
        ("Monday", "no complete date"),
        ("10:30", "no complete date"),
        ("soon", "no date"),
        ("16 Aug 2025 12:00 XYZ", "no date"),
        ("", "no date"),
        ("x" * 1000, "no date"),
        ("0001-01-01", "year"),
        (float("nan"), "no date"),
        (-1, "no date"),
        (True, "not bool"),
        ([2025], "not list"),
    ],
)
def test_what_is_not_certain_is_refused(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_date(value)


@given(
    st.one_of(
        st.text(max_size=90), st.integers(), st.floats(), st.datetimes(), st.dates(), st.none()
    )
)
def test_any_value_is_a_moment_with_a_zone_or_a_reason_in_one_line(value: object) -> None:
    try:
        told = parse_date(value).isoformat()
    except ValueError as error:
        told = str(error)
    assert "\n" not in told


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 12, 31)))
def test_iso_dates_come_back(moment: datetime) -> None:
    assert parse_date(moment.isoformat()) == moment.replace(tzinfo=UTC)
