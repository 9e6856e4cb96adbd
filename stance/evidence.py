"""What a set of statements says about an actor's stance, as exact as arithmetic allows.

An actor's position on an issue is a triple of shares (support, oppose, neutral): how it
would come down in statements about that issue. Before any evidence every triple is possible
under a weak symmetric Dirichlet prior. Under it the neutral share and the way the rest is
divided are independent Beta variables, so a product of two Gauss-Jacobi rules (nodes and
weights by Golub and Welsch, Mathematics of Computation 23, 1969) integrates over all
triples: exactly for ``2 * size - 1`` statements, and far beyond that to more digits than
anyone prints. Nothing is drawn at random; the same statements give the same numbers.

The matrix and the shifts both rest on this module: it alone knows what a row is worth and
which rows repeat each other.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.records import STANCES, Evidence, Position

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID_SIZE: Final = 64
"""Nodes along each of the two axes of the rule: 4,096 triples of shares."""

JEFFREYS: Final = 0.5
"""The usual weak prior for shares; it is worth one and a half statements in all."""

SHARPNESS_STEPS: Final = 100
"""Statements are told apart in steps of one per cent, so that a cell of a million rows
costs no more than three hundred of each model."""

_FACTOR_STEPS: Final = 10_000

_ODDS_OF_OTHER: Final = (-6.0, 3.0)
"""Log odds that a report of a position is of another stance: so few were counted that nothing
better than one in four hundred can be known."""

_NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Triples of shares with their prior probability.

    ``shares`` has a row for each triple (support, oppose, neutral; each row adds up to 1),
    ``weight`` its prior probability (adding up to 1) and ``lean`` its support - oppose in
    [-1, 1].
    """

    shares: Floats
    weight: Floats
    lean: Floats


@cache
def grid(size: int = GRID_SIZE, prior: float = JEFFREYS) -> Grid:
    """The product rule with ``size * size`` nodes over Dirichlet(prior, prior, prior).

    ``prior`` is positive; three times it is the number of statements that it is worth.
    """
    neutral, weight = _beta_rule(prior, 2 * prior, size)
    division, portion = _beta_rule(prior, prior, size)
    support = np.outer(1 - neutral, division).ravel()
    oppose = np.outer(1 - neutral, 1 - division).ravel()
    shares = np.stack([support, oppose, np.repeat(neutral, size)], axis=1)
    return Grid(shares, np.outer(weight, portion).ravel(), support - oppose)


def _beta_rule(a: float, b: float, size: int) -> tuple[Floats, Floats]:
    """Gauss-Jacobi nodes in (0, 1) and weights adding up to 1 for the density Beta(a, b)."""
    n = np.arange(1, size, dtype=np.float64)
    twice = 2 * n + a + b - 2
    middle = np.concatenate([[a / (a + b)], (1 + (a - b) * (a + b - 2) / twice / (twice + 2)) / 2])
    # At n = 1 the general term may be zero over zero; its own formula follows.
    below = twice**2 * np.where(n == 1, 1.0, (twice + 1) * (twice - 1))
    side = n * (n + a + b - 2) * (n + a - 1) * (n + b - 1) / below
    side[:1] = a * b / (a + b) ** 2 / (a + b + 1)
    off = np.diag(np.sqrt(side), 1)
    nodes, vectors = np.linalg.eigh(np.diag(middle) + off + off.T)
    return nodes.clip(1e-12, 1 - 1e-12), vectors[0] ** 2


def sharpness(position: Position) -> float:
    """How much a row tells, in [0, 1]: 1 is a certain statement, 0 says nothing.

    With calibrated probabilities p, the likelihood of the shares given one row is
    ``none + 3 * sum(p[k] * share[k])``: the row either shows no position (``none``) or one
    that the shares made likely. The probability that is left to the other two stances is
    split evenly between them. That costs a little precision (intervals 1 to 6 % wider in
    simulation) and buys a promise: a further supporting row never lowers the position,
    however unsure the row is. The likelihood is then ``1 - s + s * share[stance]``.
    """
    return float(_sharpness(*_arrays([position])[:2])[0])


def _sharpness(probabilities: Floats, stance: Ints) -> Floats:
    own = probabilities[np.arange(len(stance)), stance]
    other = (probabilities.sum(axis=1) - own) / 2
    none = np.maximum(0.0, 1 - own - 2 * other)
    told = none + 3 * np.maximum(own, other)
    return np.asarray(np.maximum(0.0, 3 * (own - other)) / told, dtype=np.float64)


def _logit(p: Floats) -> Floats:
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _arrays(positions: Sequence[Position]) -> tuple[Floats, Ints, NDArray[np.bool_]]:
    p = [(row.p_support, row.p_oppose, row.p_neutral) for row in positions]
    stance = np.array([STANCES.index(row.stance) for row in positions], dtype=np.int64)
    reviewed = np.array([row.reviewed for row in positions], dtype=bool)
    return np.array(p, dtype=np.float64).reshape(-1, 3), stance, reviewed


Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Record:
    """What a model's reports of each stance (support, oppose, neutral) have been worth.

    ``false`` is the share that showed no position at all, ``none`` the mean probability of that
    which the model itself gave them. ``meant[c]`` are the chances of the true stances of a report
    of ``c`` that is of a position, where all stances are equally frequent; ``other`` is the mean
    probability that the model itself gave the two other stances, of what it gave any, if known.
    """

    false: Three
    none: Three
    meant: tuple[Three, Three, Three]
    other: Three | None = None


def record(
    confusion: Sequence[Sequence[float]],
    reported_none: Sequence[float],
    reported_other: Sequence[float] = (),
) -> Record | None:
    """The `Record` of a measured confusion.

    ``confusion`` counts questions, rows true support, oppose, neutral, none, columns predicted,
    as in ``model.json``; only what was reported counts. ``reported_none`` is `Record.none` and
    ``reported_other``, which may be empty, `Record.other`. Half a question is added to each count
    (Jeffreys' prior), so that what was never seen is not taken for impossible. A report of one
    side never speaks more for the other side than for neither: where it was measured so, both
    get the mean, so that one more supporting row cannot lower a
    position. ``None`` where nothing was measured.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    if counts.shape != (4, 4) or not counts[:3, :3].sum() or len(reported_none) != len(STANCES):
        return None
    read = counts[:, :3] + JEFFREYS
    false = read[3] / (read[3] + counts[:3, :3].sum(axis=0) + JEFFREYS)
    sides = read[:3] / read[:3].sum(axis=1, keepdims=True)
    meant = (sides / sides.sum(axis=0)).T
    for report, other in ((0, 1), (1, 0)):
        if meant[report, other] > meant[report, 2]:
            meant[report, [other, 2]] = meant[report, [other, 2]].mean()
    support, oppose, neutral = map(_three, meant)
    none, rest = (np.asarray(found, dtype=np.float64) for found in (reported_none, reported_other))
    told = _three(rest) if len(rest) == len(STANCES) else None
    return Record(_three(false), _three(none), (support, oppose, neutral), told)


def _three(values: Floats) -> Three:
    a, b, c = (float(value) for value in values)
    return a, b, c


def factors(
    probabilities: Floats,
    stance: Ints,
    reviewed: NDArray[np.bool_],
    of: Record | None = None,
    steps: int | None = None,
) -> Floats:
    """For each row the factor of each share in its likelihood: an (n, 3) array, at most 1.

    A row counts by its own calibrated probabilities. ``of``, the model's `Record`, corrects them
    by what was measured: the log odds that the row shows no position are moved as far as those
    of all reports of its stance lay from the truth, and so are those that it is of another stance;
    where the model's own mean of these is not known, its stance is never surer than such reports
    have been. Reviewed rows are certain. With ``steps`` rows are told apart in so many
    steps only.
    """
    own = np.eye(len(STANCES))[stance]
    if of is None:
        s = _rounded(_sharpness(probabilities, stance), steps)[:, None]
        told = 1 - s + s * own
    else:
        told = _corrected(probabilities, stance, of, steps)
    return np.asarray(np.where(reviewed[:, None], own, told), dtype=np.float64)


def _corrected(probabilities: Floats, stance: Ints, of: Record, steps: int | None) -> Floats:
    """`factors` of rows whose probabilities are corrected by a record.

    With ``f`` the chance of no position and ``m`` those of the true stances if there is one, the
    likelihood is ``f + 3 * (1 - f) * sum(m[k] * share[k])``. The other stances divide what is left
    to them as was measured, and none gets more than the row's own.
    """
    each = np.arange(len(stance))
    shown = probabilities.sum(axis=1)
    moved = _logit(np.array(of.false)) - _logit(np.array(of.none))
    f = _rounded(_logistic(_logit(1 - shown) + moved[stance]), steps)[:, None]
    meant = np.array(of.meant)[stance]
    sure, known = probabilities[each, stance] / np.maximum(shown, 1e-12), meant[each, stance]
    if of.other is None:
        trust = np.clip((sure - 1 / 3) / np.maximum(known - 1 / 3, 1e-9), 0.0, 1.0)
        t = _rounded(trust, None if steps is None else steps // 10)[:, None]
        meant = t * meant + (1 - t) / 3
    else:
        odds = _logit(1 - sure) + _logit(1 - known) - _logit(np.array(of.other))[stance]
        odds = np.clip(odds, *_ODDS_OF_OTHER) if steps is None else _in_steps(odds)
        share = meant / np.maximum(1 - known, 1e-9)[:, None]
        share[each, stance] = 0.0
        most = 1 / (1 + share.max(axis=1))
        meant = np.minimum(_logistic(odds), most)[:, None] * share
        meant[each, stance] = 1 - meant.sum(axis=1)
    likelihood = f + 3 * (1 - f) * meant
    return np.asarray(likelihood / likelihood.max(axis=1, keepdims=True))


def _in_steps(odds: Floats) -> Floats:
    """Log odds in steps of a half: with whole ones, 0.92 of intervals cover at 300 statements."""
    return np.asarray(np.clip(np.round(2 * odds) / 2, *_ODDS_OF_OTHER))


def _rounded(values: Floats, steps: int | None) -> Floats:
    return values if steps is None else np.asarray(np.round(values * steps) / steps)


def likelihoods(
    positions: Sequence[Position],
    records: Mapping[str, Record] | None = None,
    steps: int | None = None,
) -> Floats:
    """`factors` of position rows; ``records`` maps model versions to their `Record`."""
    probabilities, stance, reviewed = _arrays(positions)
    found = factors(probabilities, stance, reviewed, None, steps)
    version = np.array([row.model_version for row in positions], dtype=object)
    for name, of in (records or {}).items():
        mine = version == name
        found[mine] = factors(probabilities[mine], stance[mine], reviewed[mine], of, steps)
    return found


Weights = Mapping[Evidence, float]
"""By kind of evidence the power in [0, 1] that a row's likelihood is raised to; 1 without one."""


def powers(positions: Sequence[Position], weights: Weights | None) -> Floats:
    """The power of each row, (n,)."""
    given = weights or {}
    return np.array([given.get(row.evidence, 1.0) for row in positions], dtype=np.float64)


def of_a_day(
    positions: Sequence[Position],
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> tuple[Floats, float]:
    """A day's rows as one observation: the mean of their `factors` (3,), in which each counts
    with its power, and the power of that observation, the largest of theirs.

    At least one of the rows has a power above zero.
    """
    power = powers(positions, weights)
    return power @ likelihoods(positions, records) / power.sum(), float(power.max())


def log_likelihood(each: Floats, over: Grid, weights: Floats | None = None) -> Floats:
    """The log likelihood of every triple of the grid, shape (triples,), given rows' `factors`
    (n, 3); ``weights`` (n,) are powers that the rows' likelihoods are raised to."""
    steps = np.round(each * _FACTOR_STEPS).astype(np.int64)
    kinds, which = np.unique(steps, axis=0, return_inverse=True)
    count = np.bincount(which.ravel(), weights, minlength=len(kinds))
    log = np.log(over.shares @ (kinds.T / _FACTOR_STEPS))
    return np.asarray(log @ count.astype(np.float64))


def posterior(log: Floats, over: Grid) -> Floats:
    """The probability of every triple of the grid given its log likelihood."""
    mass = over.weight * np.exp(log - log.max(initial=-math.inf))
    return np.asarray(mass / mass.sum())


def lean(
    positions: Sequence[Position],
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> float:
    """E[support - oppose] in [-1, 1] given these rows; 0 without any."""
    over = grid()
    each = likelihoods(positions, records, SHARPNESS_STEPS)
    log = log_likelihood(each, over, powers(positions, weights))
    return float(posterior(log, over) @ over.lean)


def independent(positions: Iterable[Position]) -> list[Position]:
    """The rows that are no repetition of another, in an order that ignores the input's.

    Rows of the same actor on the same issue with the same cluster are one piece of evidence,
    told by its first appearance: wire copy that another outlet prints a week later changes
    neither the position nor its date. Among equally old rows the one with the best score
    stands. A row without a cluster has that of its words, see `cluster_of`.
    """
    kept: dict[tuple[str, str, str], Position] = {}
    for position in sorted(positions, key=first_appearance):
        cluster = position.cluster or cluster_of(position)
        kept.setdefault((position.actor, position.issue, cluster), position)
    return list(kept.values())


def cluster_of(p: Position) -> str:
    """The cluster of a row that is compared by its words alone: 16 hex digits.

    It is the same for the same words by the same actor on the same issue, case, punctuation
    and spacing aside. A row without words repeats none.
    """
    words = _NOT_A_WORD.sub(" ", p.text.casefold()).strip()
    key = [p.actor, p.issue, words]
    if not words:
        key += [p.article_id, str(p.start), str(p.end), p.stance, p.text]
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def instant(moment: datetime) -> datetime:
    """A moment that can be compared with any other: one without a zone is taken as UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def first_appearance(p: Position) -> tuple[bool, float, float, str, int, int, str]:
    """What rows are sorted by to tell which came first; undated ones come last."""
    when = 0.0 if p.published is None else instant(p.published).timestamp()
    return (p.published is None, when, -p.score, p.article_id, p.start, p.end, p.stance)
