"""A shift → its two sides: their intervals, and whether it is told by others than before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stance.evidence import Record, Weights
from stance.positions import build_matrix
from stance.records import Position, Shift

CHANGED: Final = 0.9
"""The probability of another composition from which a note says so."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The 95 % intervals before and after, and a note where who reports, or how, changed too;
    it is empty where there is no sign of that."""

    before: tuple[float, float]
    after: tuple[float, float]
    note: str


def sides(
    shift: Shift, records: Mapping[str, Record] | None = None, weights: Weights | None = None
) -> Sides:
    """What a shift's two sides show; the rest is as for `stance.positions.build_matrix`."""
    return Sides(
        _interval(shift.evidence_before, records, weights),
        _interval(shift.evidence_after, records, weights),
        _note(shift.evidence_before, shift.evidence_after),
    )


def _interval(
    rows: Sequence[Position], records: Mapping[str, Record] | None, weights: Weights | None
) -> tuple[float, float]:
    (cell,) = build_matrix(rows, clusters=False, records=records, weights=weights)
    if cell.low is None or cell.high is None:
        raise ValueError("a side of a shift has evidence")
    return cell.low, cell.high


def _note(before: Sequence[Position], after: Sequence[Position]) -> str:
    changed = []
    outlets = [Counter(row.source for row in side if row.source) for side in (before, after)]
    if other_composition(*outlets) >= CHANGED:
        changed.append("outlets")
    kinds = [Counter[str](row.evidence for row in side) for side in (before, after)]
    if other_composition(*kinds) >= CHANGED:
        changed.append("evidence kinds")
    return f"the {' and '.join(changed)} changed at the same time" if changed else ""


def other_composition(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """The probability, from even odds, that two counts come from different shares.

    The Bayes factor of two sets of shares against one, each Dirichlet with one half for each
    name that occurs: exact for the few statements that a shift has, where a chi-square is not.
    """
    names = sorted(before.keys() | after.keys())
    if not names:
        return 0.5
    first, second = ([side.get(name, 0) for name in names] for side in (before, after))
    both = [x + y for x, y in zip(first, second, strict=True)]
    log = _evidence(first) + _evidence(second) - _evidence(both)
    return 1 / (1 + math.exp(min(-log, 700)))


def _evidence(counts: Sequence[int]) -> float:
    prior = 0.5
    inside = sum(math.lgamma(prior + n) - math.lgamma(prior) for n in counts)
    whole = prior * len(counts)
    return inside + math.lgamma(whole) - math.lgamma(whole + sum(counts))
