"""Calibration against logits whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from stance.scorer import softmax
from training.calibrate import (
    best_threshold,
    confusion,
    expected_calibration_error,
    fit_temperature,
)


def drawn(scale: float, n: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels drawn from them; the logits are then stretched by ``scale``."""
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(n, 4)) * 2
    chances = softmax(logits).cumsum(axis=1)
    labels = (rng.random((n, 1)) > chances).sum(axis=1).clip(max=3)
    return logits * scale, labels


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_stretch(scale: float) -> None:
    logits, labels = drawn(scale)
    assert fit_temperature(logits, labels) == pytest.approx(scale, rel=0.08)


def test_calibrated_probabilities_have_a_small_error_and_overconfident_ones_a_large() -> None:
    logits, labels = drawn(1.0)
    assert expected_calibration_error(softmax(logits), labels) < 0.03
    assert expected_calibration_error(softmax(logits * 4), labels) > 0.12


def test_confusion_decides_as_the_tool_does() -> None:
    probabilities = np.array(
        [[0.5, 0.1, 0.1, 0.3], [0.2, 0.1, 0.1, 0.6], [0.1, 0.3, 0.1, 0.5], [0.0, 0.1, 0.0, 0.9]]
    )
    labels = np.array([0, 0, 1, 3])
    counts = confusion(probabilities, labels, threshold=0.5)
    assert counts.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_of_thresholds_that_do_equally_well_the_one_that_reports_less_is_taken() -> None:
    grid = [0.2, 0.3, 0.4, 0.5]
    assert best_threshold([0.5, 0.7, 0.7, 0.6], grid) == 0.4
    assert best_threshold([0.5, 0.7, 0.69, 0.68], grid) == 0.4
