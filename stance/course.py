"""Dated position rows → an actor's course: cells by period, and a smoothed line with its band.

The line is the change-point model of `stance.shifts`, averaged over all its segmentations: at
each day with evidence the posterior of the shares, whichever segment the day lies in. Unlike a
random walk it has no speed to be chosen, it stays level where nothing changed, steps where
something did, and never disagrees with the shifts that are reported. Segments are drawn
independently of each other, so the average is exact by the forward-backward recursion over the
nodes of the rule (Rabiner, Proceedings of the IEEE 77, 1989), in time linear in the days.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final, Literal, get_args

import numpy as np

from stance.evidence import (
    Floats,
    Record,
    Weights,
    first_appearance,
    grid,
    independent,
    instant,
    of_a_day,
)
from stance.positions import MIN_N, build_matrix
from stance.records import Cell, Position
from stance.shifts import PRIOR_CHANGE, SEGMENT_PRIOR

Period = Literal["day", "week", "month", "article"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)

_NODES: Final = 32
_TAIL: Final = 0.025


@dataclass(frozen=True, slots=True)
class Stretch:
    """One period of one cell: the days ``first`` to ``last``, and what was first said in it.

    ``cell`` counts the statements that appeared first in this period, ``printed`` all rows,
    reprints of older statements too. ``article`` is the article's id, where periods are those.
    """

    first: date
    last: date
    cell: Cell
    printed: int
    article: str = ""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The position on a day with evidence, its 95 % band, and what was said that day."""

    day: date
    position: float
    low: float
    high: float
    statements: tuple[Position, ...]


def course(
    positions: Iterable[Position],
    period: Period = "month",
    *,
    min_n: int = MIN_N,
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> list[Stretch]:
    """The cells of each period that has rows, by actor, issue and time; undated rows are left out.

    Days are those of UTC, weeks begin on Monday. A statement belongs to the period in which it
    first appeared. The rest is as for `stance.positions.build_matrix`.
    """
    rows: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for row in positions:
        if row.published is not None:
            rows[row.actor, row.issue].append(row)
    found = []
    for key in sorted(rows):
        printed: dict[tuple[date, date, str], int] = defaultdict(int)
        for row in rows[key]:
            printed[_period(row, period)] += 1
        new: dict[tuple[date, date, str], list[Position]] = defaultdict(list)
        for row in independent(rows[key]):
            new[_period(row, period)].append(row)
        for when in sorted(printed):
            (cell,) = build_matrix(
                new[when],
                actors=key[:1],
                issues=key[1:],
                min_n=min_n,
                records=records,
                weights=weights,
            )
            found.append(Stretch(when[0], when[1], cell, printed[when], when[2]))
    return found


def _day(row: Position) -> date:
    if row.published is None:
        raise ValueError("an undated row lies on no day")
    return instant(row.published).astimezone(UTC).date()


def _period(row: Position, period: Period) -> tuple[date, date, str]:
    day = _day(row)
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6), ""
    if period == "month":
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return day.replace(day=1), following - timedelta(days=1), ""
    return day, day, row.article_id if period == "article" else ""


def smoothed(
    positions: Iterable[Position],
    *,
    prior_change: float = PRIOR_CHANGE,
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> list[Smoothed]:
    """The line of one actor on one issue at each day with dated evidence.

    ``prior_change`` in (0, 1) is the probability of any change before the evidence. Statements
    of one day enter as one observation, as for the shifts, and ``weights`` are as for these. The
    order of the rows changes nothing.
    """
    days: dict[date, list[Position]] = defaultdict(list)
    for row in independent([row for row in positions if row.published is not None]):
        if not weights or weights.get(row.evidence, 1.0) > 0:
            days[_day(row)].append(row)
    if not days:
        return []
    order = sorted(days)
    each = [sorted(days[day], key=first_appearance) for day in order]
    told, power = zip(*(of_a_day(day, records, weights) for day in each), strict=True)
    mass = _marginals(np.array(told), prior_change, np.array(power))
    mean, low, high = _summary(mass)
    return [
        Smoothed(day, float(m), float(a), float(b), tuple(rows))
        for day, m, a, b, rows in zip(order, mean, low, high, each, strict=True)
    ]


def _marginals(factors: Floats, prior: float, powers: Floats | None = None) -> Floats:
    """The posterior of the shares on each day, shape (days, nodes)."""
    over = grid(_NODES, SEGMENT_PRIOR)
    told = factors @ over.shares.T
    if powers is not None:
        told = told ** powers[:, None]
    n = len(told)
    change = -math.expm1(math.log1p(-prior) / (n - 1)) if n > 1 else 0.0
    ahead, behind = np.empty_like(told), np.ones_like(told)
    state = over.weight
    for t in range(n):
        state = told[t] * state
        ahead[t] = state / state.sum()
        state = (1 - change) * ahead[t] + change * over.weight
    for t in range(n - 1, 0, -1):
        after = told[t] * behind[t]
        state = (1 - change) * after + change * float(over.weight @ after)
        behind[t - 1] = state / state.max()
    mass = ahead * behind
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def _summary(mass: Floats) -> tuple[Floats, Floats, Floats]:
    lean = grid(_NODES, SEGMENT_PRIOR).lean
    order = np.argsort(lean, kind="stable")
    below = np.cumsum(mass[:, order], axis=1)
    last = len(lean) - 1
    low = lean[order][(below < _TAIL).sum(axis=1).clip(0, last)]
    high = lean[order][(below < 1 - _TAIL).sum(axis=1).clip(0, last)]
    return mass @ lean, low, high


def staleness(positions: Sequence[Position], day: date) -> int | None:
    """Days from the last independent evidence up to ``day`` to that day; ``None`` without any.

    A reprint does not make old evidence fresh.
    """
    dated = independent([row for row in positions if row.published is not None])
    known = [said for said in map(_day, dated) if said <= day]
    return (day - max(known)).days if known else None
