"""Two bodies of evidence on one issue → how probable it is that they hold different positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stance.evidence import (
    SHARPNESS_STEPS,
    Floats,
    Record,
    Weights,
    grid,
    independent,
    likelihoods,
    log_likelihood,
    posterior,
    powers,
)
from stance.records import Position

PRIOR_DIFFER: Final = 0.5
"""Even odds, before any evidence, that the two hold the same shares or each their own."""

_STEPS: Final = 400
_TAIL: Final = 0.025


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two positions side by side.

    ``a`` and ``b`` in [-1, 1] are the two positions, ``difference`` is a - b in [-2, 2] with its
    95 % interval. ``differ`` is the posterior probability that the two have shares of their own
    rather than the same, ``a_above`` that a supports more, given that they are their own.
    ``n_a`` and ``n_b`` count independent statements.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    differ: float
    a_above: float
    n_a: int
    n_b: int


def compare(
    a: Sequence[Position],
    b: Sequence[Position],
    records: Mapping[str, Record] | None = None,
    weights: Weights | None = None,
) -> Comparison:
    """Compare two actors' or two corpora's rows on one issue.

    The probability that they differ is that of two sets of shares against one for both, each
    under the matrix's prior, from even odds. Without evidence on a side it is the prior's 0.5.
    Statements that repeat each other count once on each side; ``weights`` are as for
    `stance.positions.build_matrix`.
    """
    over = grid()
    mine, yours = independent(a), independent(b)
    logs = [
        log_likelihood(likelihoods(rows, records, SHARPNESS_STEPS), over, powers(rows, weights))
        for rows in (mine, yours)
    ]
    same = _evidence(logs[0] + logs[1], over.weight)
    own = _evidence(logs[0], over.weight) + _evidence(logs[1], over.weight)
    odds = PRIOR_DIFFER / (1 - PRIOR_DIFFER) * np.exp(np.clip(own - same, -700, 700))
    leans = [posterior(log, over) for log in logs]
    means = [float(mass @ over.lean) for mass in leans]
    edges = np.linspace(-1 - 1 / _STEPS, 1 + 1 / _STEPS, _STEPS + 2)
    bins = [np.histogram(over.lean, edges, weights=mass)[0] for mass in leans]
    density = np.convolve(bins[0], bins[1][::-1])
    at = np.linspace(-2, 2, len(density))
    below = np.cumsum(density) / density.sum()
    middle = len(density) // 2
    return Comparison(
        a=means[0],
        b=means[1],
        difference=means[0] - means[1],
        low=float(at[np.searchsorted(below, _TAIL)]),
        high=float(at[min(int(np.searchsorted(below, 1 - _TAIL)), len(at) - 1)]),
        differ=float(odds / (1 + odds)),
        a_above=float((density[middle + 1 :].sum() + density[middle] / 2) / density.sum()),
        n_a=len(mine),
        n_b=len(yours),
    )


def _evidence(log: Floats, weight: Floats) -> float:
    top = float(log.max())
    return top + float(np.log(weight @ np.exp(log - top)))
