"""Temperature, bias, thresholds and the confusion matrix of a model.

Temperature and bias are fitted on held-out articles, the thresholds on the development set; neither
has been trained on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stance.scorer import softmax

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes probabilities of logits: they are divided by ``temperature``, and ``none_bias``
    is added to the last class's."""

    temperature: float = 1.0
    none_bias: float = 0.0

    def __call__(self, logits: Floats) -> Floats:
        """Probabilities over the last axis."""
        scaled = logits / self.temperature
        scaled[..., -1] += self.none_bias
        return softmax(scaled)


def fit(logits: Floats, labels: Ints) -> Calibration:
    """The temperature in [0.25, 8] and the bias with the least negative log-likelihood.

    ``logits`` has shape (n, classes), ``labels`` (n,); the last class is that of no position. A
    model is trained on more positions than texts have, so a temperature alone leaves it too sure
    that there is one. For each temperature of a fine grid in the log the bias solves an equation
    in one unknown: the mean probability of the last class is its share. Where all labels, or
    none, are of that class no bias is fitted.
    Source: vector scaling, of which this is a part: Guo et al., On Calibration of Modern Neural
    Networks, ICML 2017.
    """
    grid = np.exp(np.linspace(np.log(0.25), np.log(8.0), 200))
    fitted = [Calibration(float(t), _bias(logits / t, labels)) for t in grid]
    losses = [negative_log_likelihood(one(logits), labels) for one in fitted]
    return fitted[int(np.argmin(losses))]


def _bias(logits: Floats, labels: Ints) -> float:
    """What the last class's logit lacks, in [-20, 20], by bisection."""
    share = float((labels == logits.shape[1] - 1).mean())
    if not 0 < share < 1:
        return 0.0
    odds = logits[:, -1] - np.logaddexp.reduce(logits[:, :-1], axis=1)
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        if float((1 / (1 + np.exp(-(odds + middle)))).mean()) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def negative_log_likelihood(probabilities: Floats, labels: Ints) -> float:
    """The mean of -log of the probability of what was right."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(right, 1e-12, 1.0)).mean())


BINS: Final = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in [low, high): how many, how sure and how often right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(probabilities: Floats, labels: Ints, bins: int = BINS) -> list[Bin]:
    """Confidence beside accuracy over equal-width bins; empty bins are left out.

    ``probabilities`` has shape (n, classes), ``labels`` (n,); the answer is the likeliest class.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(
            b / bins,
            (b + 1) / bins,
            int((which == b).sum()),
            float(confidence[which == b].mean()),
            float(right[which == b].mean()),
        )
        for b in range(bins)
        if (which == b).any()
    ]


def expected_calibration_error(probabilities: Floats, labels: Ints, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, in [0, 1].

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    found = reliability(probabilities, labels, bins)
    gaps = sum(abs(b.confidence - b.accuracy) * b.n for b in found)
    return gaps / len(labels) if len(labels) else 0.0


def confusion(probabilities: Floats, labels: Ints, threshold: float | Floats) -> Ints:
    """Counts of (true, predicted) with the decision that the tool takes.

    A candidate is a position where ``1 - P(none) >= threshold``, with the likeliest of the
    other stances; classes in the order support, oppose, neutral, none. ``threshold`` is one for
    all or one for each candidate, shape (n,).
    """
    classes = probabilities.shape[1]
    stance = probabilities[:, :-1].argmax(axis=1)
    taken = 1 - probabilities[:, -1] >= threshold
    predicted = np.where(taken, stance, classes - 1)
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


@dataclass(frozen=True, slots=True)
class Worth:
    """What reports have been worth: the fields of that name in `stance.modelfile.ModelInfo`."""

    confusion: tuple[tuple[float, ...], ...]
    confusion_of: tuple[str, ...]
    reported_none: tuple[float, ...]
    reported_other: tuple[float, ...]


def worth_on(
    wanted: Collection[str],
    corpus: Sequence[str],
    probabilities: Floats,
    labels: Ints,
    threshold: Floats,
) -> Worth:
    """The `confusion` over the pairs of the ``wanted`` corpora, the names of these, and the mean
    probabilities of no position and of another stance that the reports of each stance had (1
    where there is none).

    Written sentences that are hard on purpose tell nothing of how often the model errs on news,
    and positions and shifts rest on that. Where no pair is of a wanted corpus it is measured on
    all of them, and no name is given. Arrays as for `confusion`; ``corpus`` names each pair's.
    """
    news = np.array([name in wanted for name in corpus], dtype=bool)
    names = tuple(sorted(set(corpus) & set(wanted)))
    kept = news if names else np.ones(len(labels), dtype=bool)
    probabilities, labels, threshold = probabilities[kept], labels[kept], threshold[kept]
    none = probabilities[:, -1]
    stance = np.where(1 - none >= threshold, probabilities[:, :-1].argmax(axis=1), -1)
    any_ = probabilities[:, :-1]
    other = 1 - any_.max(axis=1) / np.maximum(any_.sum(axis=1), 1e-12)
    counts = confusion(probabilities, labels, threshold)
    return Worth(
        tuple(tuple(float(n) for n in row) for row in counts),
        names,
        _means(none, stance, any_.shape[1]),
        _means(other, stance, any_.shape[1]),
    )


def _means(values: Floats, stance: Ints, stances: int) -> tuple[float, ...]:
    """By reported stance; 1 where nothing is reported."""
    parts = [values[stance == k] for k in range(stances)]
    return tuple(round(float(part.mean()), 4) if len(part) else 1.0 for part in parts)


TOLERANCE = 0.015
"""F1 that is given up for reporting less: on 180 texts such a difference is noise."""


def best_threshold(f1: Sequence[float], grid: Sequence[float]) -> float:
    """The highest threshold whose F1 is within ``TOLERANCE`` of the best.

    The curve is flat around its top, and of two thresholds that do equally well on texts rich
    in positions the higher one does better on ordinary pages, where most sentences have none.
    """
    best = max(f1)
    return max(t for t, value in zip(grid, f1, strict=True) if value >= best - TOLERANCE)


LEAST_GOLD: Final = 25
"""Gold positions that an issue needs before a threshold of its own is looked for; also the
weight of the common threshold, in positions, where one is found."""

_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """What an issue's texts give at every threshold, by page: ``hits`` and ``predicted`` of shape
    (pages, thresholds), ``gold`` (pages,)."""

    hits: Floats
    predicted: Floats
    gold: Floats

    def f1(self) -> Floats:
        """Tuple F1 at every threshold, shape (thresholds,); 0 where nothing is found."""
        total = self.predicted.sum(0) + self.gold.sum()
        return np.asarray(2 * self.hits.sum(0) / np.maximum(total, 1), dtype=np.float64)

    def of(self, pages: npt.NDArray[np.bool_]) -> Curve:
        """The part of some of the pages."""
        return Curve(self.hits[pages], self.predicted[pages], self.gold[pages])


def joint_f1(curves: Iterable[Curve]) -> Floats:
    """Tuple F1 over all issues at every threshold, shape (thresholds,). There is at least one."""
    every = list(curves)
    return Curve(
        np.concatenate([curve.hits for curve in every]),
        np.concatenate([curve.predicted for curve in every]),
        np.concatenate([curve.gold for curve in every]),
    ).f1()


def issue_thresholds(
    curves: Mapping[str, Curve], grid: Sequence[float], common: float
) -> dict[str, float]:
    """Thresholds of those issues for which one of their own is worth having.

    An issue's best threshold is drawn towards the ``common`` one as if ``LEAST_GOLD`` positions
    spoke for that. It is kept where the issue has so many positions and where the same choice,
    made on four fifths of the pages and scored on the fifth that it has not seen, gives more than
    ``TOLERANCE`` F1 over the common threshold. ``grid`` ascends.
    """
    at = int(np.argmin(np.abs(np.asarray(grid) - common)))
    return {
        issue: grid[_shrunken(curve, grid, at)]
        for issue, curve in curves.items()
        if curve.gold.sum() >= LEAST_GOLD and _cross_fitted(curve, grid, at) > TOLERANCE
    }


def _shrunken(curve: Curve, grid: Sequence[float], common: int) -> int:
    """The index of an issue's best threshold, drawn towards the common one."""
    best = best_threshold(curve.f1().tolist(), grid)
    weight = curve.gold.sum() / (curve.gold.sum() + LEAST_GOLD)
    wanted = grid[common] + weight * (best - grid[common])
    return int(np.argmin(np.abs(np.asarray(grid) - wanted)))


def _cross_fitted(curve: Curve, grid: Sequence[float], common: int) -> float:
    """What the issue's own threshold gives in F1 on pages that it was not chosen on."""
    fold = np.random.default_rng(0).permutation(len(curve.gold)) % _FOLDS
    hits = predicted = 0.0
    for k in range(_FOLDS):
        own = _shrunken(curve.of(fold != k), grid, common)
        unseen = curve.of(fold == k)
        hits += unseen.hits[:, own].sum()
        predicted += unseen.predicted[:, own].sum()
    f1 = 2 * hits / max(predicted + curve.gold.sum(), 1)
    return float(f1 - curve.f1()[common])
