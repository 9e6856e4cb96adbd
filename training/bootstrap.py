"""How sure a figure is, and whether two systems differ: the bootstrap over texts.

Texts of one page are drawn together, as they are no independent evidence. Systems that are
compared see the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; NaN where it has no meaning or cannot be told."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A system's figure less the first one's, its 95 % interval, and the two-sided p."""

    value: float
    low: float
    high: float
    p: float


def resampled(rows: Floats, groups: Sequence[str], *, samples: int, seed: int) -> Floats:
    """Sums of ``rows`` (texts, columns) over ``samples`` draws of whole groups, with replacement.

    The same groups and seed give the same draws. Shape (samples, columns).
    Source: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
    """
    names, which = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    grouped = np.zeros((len(names), rows.shape[1]))
    np.add.at(grouped, which, rows)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=samples
    )
    return np.asarray(draws @ grouped, dtype=np.float64)


def interval(value: float, draws: Floats, *, biased: bool = False) -> Interval:
    """The percentile interval (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
    chapter 13) of a figure from its ``draws``; those without a meaning are left out.

    Of a figure that resampling itself makes larger, such as a mean of absolute gaps, the draws
    are moved by that bias (chapter 10) to lie around the value, and not below 0.
    """
    if not biased:
        return Interval(value, *_bounds(draws))
    known = draws[~np.isnan(draws)]
    bias = known.mean() - value if len(known) else 0.0
    return Interval(value, *_bounds(np.maximum(draws - bias, 0.0)))


def difference(first: float, other: float, firsts: Floats, others: Floats) -> Difference:
    """A paired bootstrap test of ``other`` against ``first``; draws of the two are paired.

    p is the share of draws whose difference lies at least as far from the observed one as that
    lies from zero, the observed sample counted in. Sources: Berg-Kirkpatrick, Burkett & Klein, An
    Empirical Investigation of Statistical Significance in NLP, EMNLP 2012, section 2, made
    two-sided; Davison & Hinkley 1997, equation 4.11, for counting the observed one in.
    """
    value = other - first
    draws = others - firsts
    draws = draws[~np.isnan(draws)]
    far = int((np.abs(draws - value) >= abs(value) - 1e-12).sum())
    p = (1 + far) / (1 + len(draws)) if not np.isnan(value) else float("nan")
    return Difference(value, *_bounds(draws), p)


def _bounds(draws: Floats) -> tuple[float, float]:
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
