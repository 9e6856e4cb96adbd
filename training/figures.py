"""Texts → tallies → figures: every figure is a function of sums over texts.

A tally is one row of numbers for one text. Figures are taken from the sum of the rows, so that a
resample of the texts is a weighted sum and a thousand of them cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from training.calibrate import BINS
from training.metrics import Case, count, kept_empty, polarity

Floats = npt.NDArray[np.float64]

FIGURES: Final = {
    "tuple_f1": "tuple F1",
    "signed_f1": "+/- F1",
    "polarity": "polarity",
    "empty_left_empty": "empty kept",
    "tuple_precision": "precision",
    "tuple_recall": "recall",
    "ece": "ECE",
}
"""Figure → its heading. All lie in [0, 1]; of the calibration error (``ece``) less is better."""

_COUNTS: Final = 10
WIDTH: Final = _COUNTS + 3 * BINS
"""Columns of a tally: hits, predicted and gold of all tuples, the same of the signed ones, right
and asked polarities, kept and all empty texts; then by bin of confidence how many candidates,
the sum of their confidence, how many were right."""


def tally(case: Case, answers: Sequence[tuple[float, bool]]) -> Floats:
    """One text's row, shape (``WIDTH``,); ``answers`` holds (confidence, right) of every
    candidate whose label is known."""
    row = np.zeros(WIDTH)
    tuples, signed = count([case]), count([case], lambda f: f.stance != "neutral")
    row[:3] = tuples.hits, tuples.predicted, tuples.gold
    row[3:6] = signed.hits, signed.predicted, signed.gold
    row[6:8] = polarity([case])
    row[8:10] = kept_empty([case])
    bins = row[_COUNTS:].reshape(3, BINS)
    for confidence, right in answers:
        which = min(int(confidence * BINS), BINS - 1)
        bins[:, which] += 1, confidence, right
    return row


def figures(sums: Floats) -> dict[str, Floats]:
    """Every figure of sums with shape (..., ``WIDTH``), shape (...); NaN where it has no meaning
    (a precision of nothing predicted)."""
    bins = sums[..., _COUNTS:].reshape(*sums.shape[:-1], 3, BINS)
    gaps = np.abs(bins[..., 1, :] - bins[..., 2, :]).sum(-1)
    return {
        "tuple_f1": _share(2 * sums[..., 0], sums[..., 1] + sums[..., 2]),
        "signed_f1": _share(2 * sums[..., 3], sums[..., 4] + sums[..., 5]),
        "polarity": _share(sums[..., 6], sums[..., 7]),
        "empty_left_empty": _share(sums[..., 8], sums[..., 9]),
        "tuple_precision": _share(sums[..., 0], sums[..., 1]),
        "tuple_recall": _share(sums[..., 0], sums[..., 2]),
        "ece": _share(gaps, bins[..., 0, :].sum(-1)),
    }


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
