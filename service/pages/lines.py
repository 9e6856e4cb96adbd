"""An actor's course on an issue → an SVG: line, band, statements and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from stance.course import Smoothed
from stance.records import Shift

WIDTH: Final = 720
HEIGHT: Final = 170
_LEFT: Final = 84
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 30
MOST_TICKS: Final = 400
"""Statements that are drawn, the latest; all of them stand in the table beside the drawing."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One statement: where it stands, its mark, and what it says on hover."""

    x: float
    y: float
    mark: str
    told: str


@dataclass(frozen=True, slots=True)
class Region:
    """The dates in which a shift lies."""

    x: float
    width: float
    told: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template puts into the SVG; points are pairs of coordinates as SVG writes them."""

    line: str
    band: str
    ticks: list[Tick]
    regions: list[Region]
    first: str
    last: str


_MARKS: Final = {"support": "▲", "oppose": "▼", "neutral": "○"}


def drawing(course: Sequence[Smoothed], shifts: Sequence[Shift]) -> Drawing:
    """The course of one actor on one issue; it has at least one day."""
    first, last = course[0].day, course[-1].day
    span = max(1, (last - first).days)

    def across(day: date) -> float:
        share = min(1.0, max(0.0, (day - first).days / span))
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def down(position: float) -> float:
        return round(_TOP + (1 - position) / 2 * (HEIGHT - _TOP - _BOTTOM), 1)

    points = [(across(one.day), one) for one in course]
    low = [f"{x},{down(one.low)}" for x, one in points]
    high = [f"{x},{down(one.high)}" for x, one in points]
    ticks = [
        Tick(x, down({"support": 1.0, "oppose": -1.0, "neutral": 0.0}[row.stance]),
             _MARKS[row.stance], f"{one.day}: {row.stance}, {row.score:.0%} sure: {row.text}")
        for x, one in points
        for row in one.statements
    ]  # fmt: skip
    regions = [
        Region(
            across(_day(one.earliest)),
            max(3.0, across(_day(one.latest)) - across(_day(one.earliest))),
            f"{one.kind}: {one.probability:.0%} probable, between {_day(one.earliest)} and "
            f"{_day(one.latest)}",
        )
        for one in shifts
    ]
    return Drawing(
        " ".join(f"{x},{down(one.position)}" for x, one in points),
        " ".join([*high, *reversed(low)]),
        ticks[-MOST_TICKS:],
        regions,
        first.isoformat(),
        last.isoformat(),
    )


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
