"""Temperature, thresholds and the confusion matrix of a model.

The temperature is fitted on held-out articles, the thresholds on the development set; neither
has been trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stance.scorer import softmax

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def fit_temperature(logits: Floats, labels: Ints) -> float:
    """The temperature in [0.25, 8] with the least negative log-likelihood.

    ``logits`` has shape (n, classes), ``labels`` (n,). One parameter on a smooth convex curve:
    a fine grid in the log is exact enough and has no failure mode.
    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    grid = np.exp(np.linspace(np.log(0.25), np.log(8.0), 400))
    losses = [negative_log_likelihood(softmax(logits / t), labels) for t in grid]
    return float(grid[int(np.argmin(losses))])


def negative_log_likelihood(probabilities: Floats, labels: Ints) -> float:
    """The mean of -log of the probability of what was right."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(right, 1e-12, 1.0)).mean())


def expected_calibration_error(probabilities: Floats, labels: Ints, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, in [0, 1]."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).sum()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps) / len(labels)) if len(labels) else 0.0


def confusion(probabilities: Floats, labels: Ints, threshold: float) -> Ints:
    """Counts of (true, predicted) with the decision that the tool takes.

    A candidate is a position where ``1 - P(none) >= threshold``, with the likeliest of the
    other stances; classes in the order support, oppose, neutral, none.
    """
    classes = probabilities.shape[1]
    stance = probabilities[:, :-1].argmax(axis=1)
    taken = 1 - probabilities[:, -1] >= threshold
    predicted = np.where(taken, stance, classes - 1)
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


TOLERANCE = 0.015
"""F1 that is given up for reporting less: on 180 texts such a difference is noise."""


def best_threshold(f1: Sequence[float], grid: Sequence[float]) -> float:
    """The highest threshold whose F1 is within ``TOLERANCE`` of the best.

    The curve is flat around its top, and of two thresholds that do equally well on texts rich
    in positions the higher one does better on ordinary pages, where most sentences have none.
    """
    best = max(f1)
    return max(t for t, value in zip(grid, f1, strict=True) if value >= best - TOLERANCE)
