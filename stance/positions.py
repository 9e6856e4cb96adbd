"""Position rows → matrix: where each actor stands on each issue, and how sure that is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

import numpy as np

from stance.evidence import (
    GRID_SIZE,
    SHARPNESS_STEPS,
    Floats,
    Record,
    Weights,
    first_appearance,
    grid,
    independent,
    instant,
    likelihoods,
    log_likelihood,
    posterior,
    powers,
)
from stance.records import STANCES, Cell, CellState, Position

__all__ = ["MIN_N", "STATES", "build_matrix", "independent"]

MIN_N: Final = 2
"""Independent statements that a cell needs before it is given more than a number."""

CREDIBLE: Final = 0.95
NEUTRAL_BAND: Final = 0.1
WIDEST: Final = 1.5
BOTH_SIDES: Final = 0.3
MOSTLY: Final = 0.5
LEANING: Final = 0.8
_END_BONUS: Final = 0.01

STATES: Final[dict[CellState, str]] = {
    "no evidence": "no statement of this actor on this issue was found",
    "too little evidence": (
        "statements were found, but fewer independent ones than asked for, or so unsure "
        "that the 95 % interval is wider than 1.5 of the 2 points from -1 to +1"
    ),
    "supports": "the 95 % interval lies wholly above +0.1",
    "opposes": "the 95 % interval lies wholly below -0.1",
    "mixed": (
        "statements on both sides: at least 30 % of what the actor says supports and 30 % "
        "opposes, or both sides occur and neither prevails"
    ),
    "neutral": "at least half of what the actor says takes no side",
    "leans support": "support outweighs opposition with a probability of 80 % or more",
    "leans oppose": "opposition outweighs support with a probability of 80 % or more",
}
"""What the states mean, for readers. `_RULES` tries them in the order that decides."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What a cell's independent statements leave us believing; the states read only this."""

    position: float
    low: float
    high: float
    support: float
    oppose: float
    neutral: float
    above_zero: float
    both_sides: bool
    enough: bool


_RULES: Final[tuple[tuple[CellState, Callable[[Belief], bool]], ...]] = (
    ("too little evidence", lambda b: not b.enough or b.high - b.low > WIDEST),
    ("mixed", lambda b: b.both_sides and min(b.support, b.oppose) >= BOTH_SIDES),
    ("supports", lambda b: b.low > NEUTRAL_BAND),
    ("opposes", lambda b: b.high < -NEUTRAL_BAND),
    ("neutral", lambda b: b.neutral >= MOSTLY),
    ("leans support", lambda b: b.above_zero >= LEANING),
    ("leans oppose", lambda b: b.above_zero <= 1 - LEANING),
    ("mixed", lambda b: b.both_sides),
    ("too little evidence", lambda b: True),
)


def build_matrix(
    positions: Iterable[Position],
    *,
    actors: Sequence[str] | None = None,
    issues: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    min_n: int = MIN_N,
    clusters: bool = True,
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> list[Cell]:
    """The cells of the matrix, one for each actor and issue.

    Without ``actors`` and ``issues`` there is a cell for every pair that has evidence,
    sorted by actor, then issue. Names given are filter and order at once, and a pair of
    them without evidence gets a cell that says so. ``since`` is the first moment that
    counts and ``until`` the first that no longer does; with either, undated rows are left
    out. The order of the rows changes nothing. Without ``clusters`` every printing of a
    statement is taken for evidence of its own. ``records`` maps model versions to what their
    reports are worth (`stance.evidence.Record`); rows of other versions count by their own
    probabilities alone. ``weights`` maps kinds of evidence to the power in [0, 1] that their
    likelihood is raised to: at 0.5 two second-hand statements count for one.

    The position is the posterior mean of support - oppose under Jeffreys' prior on the
    three shares (see `stance.evidence`), its interval the shortest that holds 95 % of the
    posterior: it may end at -1 or +1, where a consistent actor belongs.
    """
    rows = defaultdict(list)
    for position in positions:
        if _within(position.published, since, until):
            rows[position.actor, position.issue].append(position)
    order = _pairs(set(rows), actors, issues)
    how = _How(min_n, clusters, records or {}, weights or {})
    return [_cell(actor, issue, rows.get((actor, issue), []), how) for actor, issue in order]


@dataclass(frozen=True, slots=True)
class _How:
    """What `build_matrix` was asked for beside the rows."""

    min_n: int
    clusters: bool
    records: Mapping[str, Record]
    weights: Weights


def _within(moment: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    if moment is None:
        return since is None and until is None
    when = instant(moment)
    return (since is None or instant(since) <= when) and (until is None or when < instant(until))


def _pairs(
    found: set[tuple[str, str]], actors: Sequence[str] | None, issues: Sequence[str] | None
) -> list[tuple[str, str]]:
    """The cells to show: those found, or all of the names that were asked for."""
    rows = sorted({actor for actor, _ in found}) if actors is None else dict.fromkeys(actors)
    columns = sorted({issue for _, issue in found}) if issues is None else dict.fromkeys(issues)
    asked = actors is not None or issues is not None
    pairs = [(actor, issue) for actor in rows for issue in columns]
    return pairs if asked else [pair for pair in pairs if pair in found]


def _cell(actor: str, issue: str, rows: Sequence[Position], how: _How) -> Cell:
    count = Counter(row.stance for row in rows)
    statements = independent(rows)
    evidence = statements if how.clusters else sorted(rows, key=first_appearance)
    dates = sorted((row.published for row in evidence if row.published is not None), key=instant)
    belief = _believe(evidence, how) if evidence else None
    return Cell(
        actor=actor,
        issue=issue,
        position=belief.position if belief else None,
        low=belief.low if belief else None,
        high=belief.high if belief else None,
        state=state_of(belief) if belief else "no evidence",
        n_support=count["support"],
        n_oppose=count["oppose"],
        n_neutral=count["neutral"],
        n_statements=len(rows),
        n_articles=len({row.article_id for row in rows}),
        n_independent=len(statements),
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
    )


def state_of(belief: Belief) -> CellState:
    """The state that a belief amounts to, see `STATES`."""
    return next(state for state, holds in _RULES if holds(belief))


def _believe(evidence: Sequence[Position], how: _How) -> Belief:
    each = likelihoods(evidence, how.records, SHARPNESS_STEPS)
    count = Counter(row.stance for row in evidence)
    shown = [count[stance] for stance in STANCES]
    return believe(log_likelihood(each, grid(), powers(evidence, how.weights)), shown, how.min_n)


def believe(log: Floats, shown: Sequence[int], min_n: int) -> Belief:
    """What a log likelihood over the triples of `grid` leaves us believing.

    ``shown`` counts the supporting, opposing and neutral statements that it comes from.
    """
    over = grid()
    mass = posterior(log, over)
    low, high = _interval(mass)
    support, oppose, neutral = (mass @ over.shares).tolist()
    return Belief(
        position=support - oppose,
        low=low,
        high=high,
        support=support,
        oppose=oppose,
        neutral=neutral,
        above_zero=float(mass[over.lean > 0].sum()),
        both_sides=min(shown[:2]) > 0,
        enough=sum(shown) >= min_n,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Where on the scale from -1 to 1 each triple of the grid begins and ends to count.

    A triple stands for its neighbourhood: half the way to the triples beside it that have
    the same neutral share. ``at`` holds all ends in order, ``of`` the triple that each
    belongs to, and ``step`` what passing it adds to the density for each unit of mass.
    """

    at: Floats
    of: np.ndarray[tuple[int], np.dtype[np.intp]]
    step: Floats


@cache
def _edges() -> _Edges:
    lean = grid().lean.reshape(GRID_SIZE, GRID_SIZE)  # a row for each neutral share
    most = 1 - grid().shares[:, 2].reshape(GRID_SIZE, GRID_SIZE)[:, :1]
    lean = np.sort(lean, axis=1)
    middle = (lean[:, 1:] + lean[:, :-1]) / 2
    low = np.concatenate([-most, middle], axis=1).ravel()
    high = np.concatenate([middle, most], axis=1).ravel()
    # No node has a neutral share of zero; the outermost stand for those that do.
    low[np.argmin(low)], high[np.argmax(high)] = -1.0, 1.0
    height = 1 / (high - low)
    order = np.argsort(np.concatenate([low, high]), kind="stable")
    return _Edges(
        at=np.concatenate([low, high])[order],
        of=np.tile(np.arange(GRID_SIZE**2), 2)[order],
        step=np.concatenate([height, -height])[order],
    )


def _interval(mass: Floats) -> tuple[float, float]:
    """The shortest interval of support - oppose that holds `CREDIBLE` of the posterior."""
    edges = _edges()
    density = np.cumsum(mass[edges.of] * edges.step).clip(0)[:-1]
    below = np.concatenate([[0.0], np.cumsum(density * np.diff(edges.at))])
    below /= below[-1]
    left_out = np.linspace(0, 1 - CREDIBLE, 51)
    low = np.interp(left_out, below, edges.at)
    high = np.interp(left_out + CREDIBLE, below, edges.at)
    # The middle one wins ties, so that mirrored evidence gets a mirrored interval; but one
    # that ends at -1 or +1 wins against a hardly shorter one: there are actors who belong there.
    width = np.round(high - low, 6) + np.abs(left_out - left_out.mean()) * 1e-6
    width[[0, -1]] -= _END_BONUS
    best = int(np.argmin(width))
    return float(low[best]), float(high[best])
