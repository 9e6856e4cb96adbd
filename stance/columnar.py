"""Evidence as columns → cells and shifts: what a database feeds, without a record for each row.

The numbers are those of `stance.positions` and `stance.shifts`. Rows become counts of a few
hundred kinds of statement (stance, how sure, which model), so that a cell of a million rows
costs one product of its counts with the kinds' log likelihoods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.evidence import SHARPNESS_STEPS, Floats, Record, factors, grid
from stance.positions import MIN_N, believe, state_of
from stance.records import STANCES, CellState
from stance.shifts import (
    MIN_CHANGE,
    MIN_PROBABILITY,
    PRIOR_CHANGE,
    Gap,
    gaps_between,
)

Ints = NDArray[np.int64]

UNDATED: Final = -(2**31)
"""The day of a row without a date."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Position rows as equally long arrays, shape (n,) but for ``probabilities`` (n, 3).

    ``cell`` numbers actor and issue together, from 0. ``stance`` is an index of ``STANCES``,
    ``kind`` one of ``EVIDENCE_KINDS``. ``day`` counts days (UTC) from any origin and is
    `UNDATED` where there is none. Rows of one cell with the same ``cluster`` are one statement;
    a row that repeats none has a number of its own. ``article`` and ``source`` are numbers of
    the caller's, from 0. ``reviewed`` rows enter as certain. ``model`` is an index of the
    ``records`` that go with the columns, or -1 for a model of which nothing was measured.
    """

    cell: Ints
    stance: Ints
    probabilities: Floats
    kind: Ints
    day: Ints
    cluster: Ints
    article: Ints
    source: Ints
    reviewed: NDArray[np.bool_]
    model: Ints

    def take(self, which: NDArray[np.generic]) -> Columns:
        """Some of the rows, by mask or by number."""
        return Columns(*(getattr(self, f.name)[which] for f in fields(self)))

    def within(self, since: int | None, until: int | None) -> Columns:
        """The rows of the days ``since`` (first) to ``until`` (no longer); all without either."""
        if since is None and until is None:
            return self
        keep = self.day != UNDATED
        if since is not None:
            keep &= self.day >= since
        if until is not None:
            keep &= self.day < until
        return self.take(keep)

    def independent(self) -> Columns:
        """The first row of each statement; of equally old ones the surest, then the first
        article, so that the order of the rows changes nothing."""
        n = len(self.cell)
        undated = self.day == UNDATED
        sure = self.probabilities[np.arange(n), self.stance]
        order = np.lexsort(
            (self.stance, self.article, -sure, self.day, undated, self.cluster, self.cell)
        )
        cell, cluster = self.cell[order], self.cluster[order]
        new = np.ones(n, dtype=bool)
        new[1:] = (cell[1:] != cell[:-1]) | (cluster[1:] != cluster[:-1])
        return self.take(order[new])


@dataclass(frozen=True, slots=True)
class CellFigures:
    """What is known of one cell; figures as in `stance.records.Cell`, days as in `Columns`."""

    cell: int
    position: float
    low: float
    high: float
    state: CellState
    n_support: int
    n_oppose: int
    n_neutral: int
    n_statements: int
    n_articles: int
    n_independent: int
    first: int | None
    last: int | None


def cells(
    columns: Columns,
    records: tuple[Record, ...] = (),
    *,
    since: int | None = None,
    until: int | None = None,
    weights: Mapping[int, float] | None = None,
    min_n: int = MIN_N,
    clusters: bool = True,
) -> list[CellFigures]:
    """The cells that have evidence, in the order of their numbers.

    ``records`` are the models' `stance.evidence.Record`; ``weights`` maps evidence kinds to
    the power, in [0, 1], that their likelihood is raised to (1 where none is given).
    """
    rows = columns.within(since, until)
    if not len(rows.cell):
        return []
    numbers, where = np.unique(rows.cell, return_inverse=True)
    printed = np.zeros((len(numbers), len(STANCES)), dtype=np.int64)
    np.add.at(printed, (where, rows.stance), 1)
    pairs = np.unique(where * (int(rows.article.max()) + 1) + rows.article)
    articles = np.bincount(pairs // (int(rows.article.max()) + 1), minlength=len(numbers))
    single = rows.independent()
    evidence = single if clusters else rows
    at = np.searchsorted(numbers, evidence.cell)
    independent = np.bincount(np.searchsorted(numbers, single.cell), minlength=len(numbers))
    kinds, which = _kinds(evidence, records, SHARPNESS_STEPS)
    power = np.ones(len(at))
    for kind, weight in (weights or {}).items():
        power[evidence.kind == kind] = weight
    size = len(numbers) * len(kinds)
    counts = np.bincount(at * len(kinds) + which, power, minlength=size).reshape(-1, len(kinds))
    log = np.log(kinds @ grid().shares.T)
    shown = np.zeros((len(numbers), len(STANCES)), dtype=np.int64)
    np.add.at(shown, (at, evidence.stance), 1)
    first, last = _ends(at, evidence.day, len(numbers))
    found = []
    for i, number in enumerate(numbers.tolist()):
        used = counts[i] > 0
        belief = believe(counts[i, used] @ log[used], shown[i].tolist(), min_n)
        found.append(
            CellFigures(
                number,
                belief.position,
                belief.low,
                belief.high,
                state_of(belief),
                n_support=int(printed[i, 0]),
                n_oppose=int(printed[i, 1]),
                n_neutral=int(printed[i, 2]),
                n_statements=int(printed[i].sum()),
                n_articles=int(articles[i]),
                n_independent=int(independent[i]),
                first=first[i],
                last=last[i],
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """One change in one cell: days as in `Columns`, the rest as in `stance.records.Shift`."""

    cell: int
    before: float
    after: float
    earliest: int
    latest: int
    probability: float


def shifts(
    columns: Columns,
    records: tuple[Record, ...] = (),
    *,
    min_probability: float = MIN_PROBABILITY,
    min_change: float = MIN_CHANGE,
    prior_change: float = PRIOR_CHANGE,
    clusters: bool = True,
) -> list[ShiftFigures]:
    """The changes in all cells, by cell and day; undated rows are left out."""
    dated = columns.take(columns.day != UNDATED)
    rows = dated.independent() if clusters else dated
    rows = rows.take(np.lexsort((rows.day, rows.cell)))
    bounds = np.flatnonzero(np.diff(rows.cell)) + 1
    found: list[ShiftFigures] = []
    for part in np.split(np.arange(len(rows.cell)), bounds):
        if len(part):
            series = rows.take(part)
            found += _shifts(series, records, min_probability, min_change, prior_change)
    return found


def _shifts(
    rows: Columns, records: tuple[Record, ...], least: float, change: float, prior: float
) -> Iterator[ShiftFigures]:
    days, where = np.unique(rows.day, return_inverse=True)
    gaps: list[Gap] = []
    if len(days) > 1:
        kinds, which = _kinds(rows, records)
        each = kinds[which]
        mean = np.stack([np.bincount(where, each[:, k]) for k in range(3)], axis=1)
        gaps = gaps_between(list(mean / np.bincount(where)[:, None]), least, prior)
    ends = [0, *(gap.at for gap in gaps), len(days)]
    for i, gap in enumerate(gaps):
        was = _lean(each[(where >= ends[i]) & (where < ends[i + 1])])
        now = _lean(each[(where >= ends[i + 1]) & (where < ends[i + 2])])
        if abs(now - was) >= change:
            earliest, latest = int(days[gap.first - 1]), int(days[gap.last])
            yield ShiftFigures(int(rows.cell[0]), was, now, earliest, latest, gap.probability)


def _lean(each: Floats) -> float:
    kinds, count = np.unique(each, axis=0, return_counts=True)
    log = count.astype(np.float64) @ np.log(kinds @ grid().shares.T)
    return believe(log, [0, 0, 0], 0).position


def _kinds(
    rows: Columns, records: tuple[Record, ...], steps: int | None = None
) -> tuple[Floats, Ints]:
    """The kinds of statement that occur, (kinds, 3) factors, and the kind of each row."""
    each = np.empty((len(rows.cell), len(STANCES)))
    for model in np.unique(rows.model).tolist():
        mine = rows.model == model
        of = records[model] if model >= 0 else None
        each[mine] = factors(
            rows.probabilities[mine], rows.stance[mine], rows.reviewed[mine], of, steps
        )
    # A number for each kind of row is found faster than equal rows of three numbers.
    key = np.round(each * 10_000).astype(np.int64) @ np.array([10**10, 10**5, 1])
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return each[first], which


def _ends(at: Ints, day: Ints, n: int) -> tuple[list[int | None], list[int | None]]:
    dated = day != UNDATED
    first, last = np.full(n, 2**62), np.full(n, -(2**62))
    np.minimum.at(first, at[dated], day[dated])
    np.maximum.at(last, at[dated], day[dated])
    known = last >= first
    return (
        [int(d) if k else None for d, k in zip(first, known, strict=True)],
        [int(d) if k else None for d, k in zip(last, known, strict=True)],
    )


__all__ = ["UNDATED", "CellFigures", "Columns", "ShiftFigures", "cells", "shifts"]
