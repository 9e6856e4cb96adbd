"""Dated position rows → shifts: when an actor's position changed, and how sure that is.

Exact Bayesian change-point inference for each actor and issue (the product-partition
model of Barry and Hartigan, Annals of Statistics 20, 1992; recursions as in Fearnhead,
Statistics and Computing 16, 2006). The dated independent statements fall into segments,
within each of which the actor's shares of support, opposition and neutrality stay the
same; a segment's evidence integrates over those shares with the rule of `stance.evidence`.
Sums over all segmentations are exact, by dynamic programming, in logarithms.

Measured with the defaults below, dates permuted: up to 6 % of short series of one or more
stances show a shift, and up to 3 % one of a probability of 0.95.

All statements of one day (UTC) enter as one observation, with the mean of their
likelihoods: no change is placed within a day, and ten sentences from one speech weigh
what one does, for they are no ten findings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final

import numpy as np

from stance.evidence import (
    Floats,
    Record,
    Weights,
    first_appearance,
    grid,
    independent,
    instant,
    lean,
    of_a_day,
)
from stance.records import Position, Shift, ShiftKind

PRIOR_CHANGE: Final = 0.5
"""Even odds, before any evidence, that there is a change at all in a series; every gap
between two days is as likely to hold one, whatever its length."""

SEGMENT_PRIOR: Final = 0.2
"""The Dirichlet prior on a segment's shares: between two shifts an actor says mostly one
thing. Weaker than the matrix's prior, it lets three certain days against four tell a
reversal, and three against three not, as permuted dates would show those once in ten times."""

MIN_PROBABILITY: Final = 0.9
MIN_CHANGE: Final = 0.3
"""A smaller step on the scale from -1 to 1 is not reported, however certain it is."""

NEUTRAL_BAND: Final = 0.1
"""A reversal starts beyond this on one side of zero and ends beyond it on the other."""

WHERE: Final = 0.9
"""The probability with which a change that took place lies between its two dates."""

_NODES: Final = 32
_SMALL: Final = 24
_FEWEST_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """The shifts, and what could and could not be looked at.

    ``undated`` counts the statements left out for want of a date, ``tested`` the series
    (actor and issue) with evidence on two days or more, ``untested`` the other series.
    """

    shifts: tuple[Shift, ...]
    undated: int
    tested: int
    untested: int


@dataclass(frozen=True, slots=True)
class _Day:
    """The statements of one day (UTC) that count, and when the first and the last came."""

    first: datetime
    last: datetime
    rows: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A change found: it splits the days before ``at`` from those from ``at`` on.

    With probability ``probability`` there is one here; if so, it most likely lies at one
    of the gaps ``first`` to ``last`` (numbered by the day that follows them).
    """

    at: int
    first: int
    last: int
    probability: float


def find_shifts(
    positions: Iterable[Position],
    *,
    min_probability: float = MIN_PROBABILITY,
    min_change: float = MIN_CHANGE,
    prior_change: float = PRIOR_CHANGE,
    clusters: bool = True,
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> ShiftReport:
    """The changes of position that the evidence shows, by actor, issue and date.

    Reported are the changes with a posterior probability of at least ``min_probability``
    (in (0, 1)) and a step of at least ``min_change`` (in [0, 2]). ``prior_change`` in
    (0, 1) is the probability of any change in a series before its evidence. A change that
    took place lies between ``earliest`` and ``latest`` with a probability of 90 %; where
    that is sharp these are the last day of the old and the first of the new position. The
    order of the rows changes nothing. Without ``clusters`` every printing of a statement is
    taken for evidence of its own. ``records`` and ``weights`` are as for
    `stance.positions.build_matrix`; a kind of weight 0 is left out.
    """
    rows = list(positions)
    series: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for row in rows:
        if not weights or weights.get(row.evidence, 1.0) > 0:
            series[row.actor, row.issue].append(row)
    found: list[Shift] = []
    tested = 0
    for key in sorted(series):
        days = _days(series[key], clusters)
        if len(days) < _FEWEST_DAYS:
            continue
        tested += 1
        found += _shifts(days, min_probability, min_change, prior_change, records, weights)
    undated = sum(row.published is None for row in rows)
    return ShiftReport(tuple(found), undated, tested, len(series) - tested)


def _days(rows: Iterable[Position], clusters: bool) -> list[_Day]:
    """The dated statements, independent ones or all, day by day."""
    known = [row for row in rows if row.published is not None]
    evidence = independent(known) if clusters else sorted(known, key=first_appearance)
    dated = [(instant(row.published), row) for row in evidence if row.published is not None]
    days = []
    for _, group in groupby(sorted(dated, key=itemgetter(0)), key=_utc_day):
        moments, statements = zip(*group, strict=True)
        days.append(_Day(moments[0], moments[-1], statements))
    return days


def _utc_day(dated: tuple[datetime, Position]) -> date:
    return dated[0].astimezone(UTC).date()


def _shifts(
    days: Sequence[_Day],
    min_probability: float,
    min_change: float,
    prior: float,
    records: Mapping[str, Record] | None,
    weights: Weights | None,
) -> Iterator[Shift]:
    each, power = zip(*(of_a_day(day.rows, records, weights) for day in days), strict=True)
    gaps = gaps_between(each, min_probability, prior, power)
    bounds = [0, *(gap.at for gap in gaps), len(days)]
    segments = [
        tuple(row for day in days[start:end] for row in day.rows) for start, end in pairwise(bounds)
    ]
    for gap, (before, after) in zip(gaps, pairwise(segments), strict=True):
        was, now = (lean(side, records, weights) for side in (before, after))
        if abs(now - was) >= min_change:
            yield Shift(
                actor=before[0].actor,
                issue=before[0].issue,
                before=was,
                after=now,
                earliest=days[gap.first - 1].last,
                latest=days[gap.last].first,
                probability=gap.probability,
                kind=_kind(was, now),
                evidence_before=before,
                evidence_after=after,
            )


def gaps_between(
    days: Sequence[Floats],
    min_probability: float,
    prior: float,
    powers: Sequence[float] | None = None,
) -> list[Gap]:
    """The changes in a series of two days or more, each given by its mean factors (3,) and the
    power that its likelihood is raised to (1 without ``powers``)."""
    return _Chain(days, prior, powers).changes(min_probability)


def _kind(was: float, now: float) -> ShiftKind:
    if was * now < 0 and min(abs(was), abs(now)) > NEUTRAL_BAND:
        return "reversal"
    return "softening" if abs(now) < abs(was) else "hardening"


class _Chain:
    """All segmentations of a series of days, weighed.

    ``evidence[i, j]`` is the log evidence of one segment that holds the days i to j - 1,
    with the prior of its gaps; ``ahead[j]`` sums over all ways to divide the days before
    j, ``behind[i]`` over all ways to divide those from i on. Segments multiply, so their
    prior is put where they are joined: each gap is a change with the same probability,
    chosen so that no gap is one with probability ``1 - prior``.
    """

    def __init__(
        self, factors: Sequence[Floats], prior: float, powers: Sequence[float] | None = None
    ) -> None:
        self.n = len(factors)
        stay = math.log1p(-prior) / (self.n - 1)
        self.change = math.log(-math.expm1(stay))
        self.evidence = _segment_evidence(np.array(factors), powers)
        boundary = np.arange(self.n + 1)
        self.evidence += stay * (boundary - boundary[:, None] - 1).clip(0)
        self.ahead = self._ahead()
        self.behind = self._behind()

    def _ahead(self) -> Floats:
        total = np.zeros(self.n + 1)
        for j in range(1, self.n + 1):
            joined = total[:j] + self.evidence[:j, j]
            joined[1:] += self.change
            total[j] = np.logaddexp.reduce(joined)
        return total

    def _behind(self) -> Floats:
        total = np.zeros(self.n + 1)
        for i in range(self.n - 1, -1, -1):
            joined = self.evidence[i, i + 1 :] + total[i + 1 :]
            joined[:-1] += self.change
            total[i] = np.logaddexp.reduce(joined)
        return total

    def probability(self, first: int, last: int) -> float:
        """The posterior probability of at least one change at the gaps first to last."""
        start = self.ahead[:first].copy()
        start[1:] += self.change
        end = self.behind[last + 1 :].copy()
        end[:-1] += self.change
        mass, scale = _scaled((start[:, None] + self.evidence[:first, last + 1 :] + end).ravel())
        none = np.log(mass.sum()) + scale
        return float(np.clip(-np.expm1(none - self.ahead[self.n]), 0.0, 1.0))

    def best(self) -> list[int]:
        """The gaps of the most probable segmentation that has a change."""
        score, came_from = np.zeros(self.n + 1), np.zeros(self.n + 1, dtype=np.intp)
        for j in range(1, self.n + 1):
            joined = score[:j] + self.evidence[:j, j]
            joined[1:] += self.change
            skip = 1 if j == self.n else 0  # the whole series in one segment has no change
            # Rounded, so that of equally good ones the first wins on every machine.
            came_from[j] = skip + int(np.argmax(joined[skip:].round(9)))
            score[j] = joined[came_from[j]]
        gaps, j = [], int(came_from[self.n])
        while j > 0:
            gaps.append(j)
            j = int(came_from[j])
        return gaps[::-1]

    def changes(self, min_probability: float) -> list[Gap]:
        """The changes of the best segmentation that are probable enough.

        Each is judged between its neighbours: the least probable goes first, and those
        beside it are judged again over the wider stretch that this leaves them.
        """
        at = self.best()
        while at:
            bounds = [0, *at, self.n]
            gaps = [
                self._gap(low + 1, gap, high - 1)
                for low, gap, high in zip(bounds, at, bounds[2:], strict=False)
            ]
            worst = min(range(len(gaps)), key=lambda k: gaps[k].probability)
            if gaps[worst].probability >= min_probability:
                return gaps
            del at[worst]
        return []

    def _gap(self, low: int, at: int, high: int) -> Gap:
        """Judge the change at a gap among the gaps low to high; grow it to its date range."""
        whole = self.probability(low, high)
        first = last = at
        while (here := self.probability(first, last)) < WHERE * whole:
            left = self.probability(first - 1, last) if first > low else here
            right = self.probability(first, last + 1) if last < high else here
            to_left = first > low and left >= right - 1e-9
            first, last = (first - 1, last) if to_left else (first, last + 1)
        return Gap(at, first, last, whole)


def _segment_evidence(factors: Floats, powers: Sequence[float] | None = None) -> Floats:
    """The log evidence of every stretch of days: [i, j] holds the days i to j - 1, i < j."""
    over = grid(_NODES, SEGMENT_PRIOR)
    each = np.log(factors @ over.shares.T)
    if powers is not None:
        each *= np.array(powers)[:, None]
    total = np.concatenate([np.zeros((1, len(over.weight))), each])
    total = np.cumsum(total, axis=0)
    evidence = np.full((len(total), len(total)), -np.inf)
    _fill(evidence, total, np.log(over.weight), 0, len(total))
    return evidence


def _fill(evidence: Floats, total: Floats, log_weight: Floats, start: int, end: int) -> None:
    """Fill in the stretches between the boundaries start to end - 1.

    A stretch across the middle is what lies before it times what lies after it, so that all
    of these come from one matrix product; the two halves are filled in the same way.
    """
    if end - start <= _SMALL:
        for i in range(start, end - 1):
            mass, scale = _scaled(total[i + 1 : end] - total[i] + log_weight)
            evidence[i, i + 1 : end] = np.log(mass.sum(axis=1)) + scale
        return
    middle = (start + end) // 2
    before, scale_before = _scaled(total[middle] - total[start:middle] + log_weight)
    after, scale_after = _scaled(total[middle:end] - total[middle])
    # Two halves that speak for quite different shares share no node that is above zero in
    # double precision; their stretch is then as good as impossible.
    product = np.maximum(before @ after.T, np.finfo(np.float64).tiny)
    evidence[start:middle, middle:end] = np.log(product) + scale_before[:, None] + scale_after
    _fill(evidence, total, log_weight, start, middle + 1)
    _fill(evidence, total, log_weight, middle, end)


def _scaled(log: Floats) -> tuple[Floats, Floats]:
    """Numbers given by their logarithms, each row divided by its largest, and those."""
    largest = log.max(axis=-1)
    return np.exp(log - largest[..., None]), largest
