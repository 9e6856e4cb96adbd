"""A date as pages and tables write it → a moment with a time zone, or a reason why not.

Strict on purpose: a shift is found by its dates, so that a guessed one does more harm
than a missing one.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from dateutil import parser, tz

_LONGEST: Final = 80
_YEARS: Final = range(1900, 2101)
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?=\D|$)")
_NUMBER: Final = re.compile(r"\d{9,13}(?:\.\d+)?")
_MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds, this would be the year 5138

# Names with one meaning in English-language news; any other zone name is refused.
_ZONES: Final = {
    **dict.fromkeys(("Z", "UTC", "GMT"), "UTC"),
    **dict.fromkeys(("BST",), "Europe/London"),
    **dict.fromkeys(("CET", "CEST"), "Europe/Brussels"),
    **dict.fromkeys(("EET", "EEST"), "Europe/Kyiv"),
    **dict.fromkeys(("MSK",), "Europe/Moscow"),
    **dict.fromkeys(("ET", "EST", "EDT"), "America/New_York"),
    **dict.fromkeys(("CT", "CDT"), "America/Chicago"),
    **dict.fromkeys(("PT", "PST", "PDT"), "America/Los_Angeles"),
}


def parse_date(value: object) -> datetime:
    """The moment that a cell, a JSON value or a line of a page names.

    Dates and times, ISO 8601, the usual English forms, and Unix time in seconds or
    milliseconds are read. A date alone is midnight, a time without zone is UTC.
    Raises ``ValueError`` with a one-line reason for anything else, for an incomplete date,
    and for one like 03/04/2025 whose day and month cannot be told apart.
    """
    moment = _aware(_parse(value))
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return moment


def _parse(value: object) -> datetime:
    if isinstance(value, datetime):
        # a plain datetime, also where a table library hands over a subclass of its own
        return datetime.combine(value.date(), value.time(), value.tzinfo)
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value)
    if isinstance(value, str):
        return _parse_text(" ".join(value.split()))
    raise ValueError(f"a date is a text or a number, not {type(value).__name__}")


def _parse_number(value: float) -> datetime:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no date")
    if 1900_00_00 < value < 2101_00_00 and value == int(value):
        return _parse_text(str(int(value)))
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    if not 0 < seconds < _MILLISECONDS_FROM:
        raise ValueError(f"{value} is no date")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{value} is no date") from error


def _parse_text(text: str) -> datetime:
    if not text or len(text) > _LONGEST:
        raise ValueError(f"'{text[:40]}' is no date")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if _NUMBER.fullmatch(text):
        return _parse_number(float(text))
    return _parse_words(_YEAR_FIRST.sub(_iso_order, text))


def _iso_order(match: re.Match[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    return f"{year:04}-{month:02}-{day:02}"


def _parse_words(text: str) -> datetime:
    """Read with two sets of missing parts and in both orders: a full date reads the same in all."""
    month_first = _read(text, day_first=False, missing=datetime(2000, 1, 1))
    if month_first != _read(text, day_first=False, missing=datetime(2001, 2, 2)):
        raise ValueError(f"'{text}' is no complete date")
    iso = re.match(r"\d{4}-", text) is not None
    if not iso and month_first != _read(text, day_first=True, missing=datetime(2000, 1, 1)):
        raise ValueError(f"'{text}' may be day or month first; write it as year-month-day")
    return month_first


def _read(text: str, *, day_first: bool, missing: datetime) -> datetime:
    try:
        return parser.parse(text, dayfirst=day_first, default=missing, tzinfos=_zone)
    except (ValueError, OverflowError, TypeError, ArithmeticError) as error:
        raise ValueError(f"'{text}' is no date") from error


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    zone = tz.gettz(_ZONES[name]) if name in _ZONES else None
    if zone is None:
        raise ValueError(f"unknown time zone {name}")
    return zone


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
