"""Calibration against logits whose truth is known."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from stance.modelfile import ModelInfo
from stance.scorer import calibrated, softmax
from training.calibrate import (
    LEAST_GOLD,
    Curve,
    best_threshold,
    confusion,
    expected_calibration_error,
    fit,
    issue_thresholds,
    joint_f1,
    reliability,
    worth_on,
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
    found = fit(logits, labels)
    assert found.temperature == pytest.approx(scale, rel=0.08)
    assert found.none_bias == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("bias", [-2.0, 1.5])
def test_the_bias_undoes_what_training_on_more_positions_did(bias: float) -> None:
    logits, labels = drawn(2.0)
    logits[:, -1] -= 2 * bias
    found = fit(logits, labels)
    assert found.temperature == pytest.approx(2, rel=0.08)
    assert found.none_bias == pytest.approx(bias, abs=0.1)
    assert found(logits)[:, -1].mean() == pytest.approx((labels == 3).mean(), abs=1e-6)


@pytest.mark.parametrize("only", [0, 3])
def test_no_bias_is_fitted_where_every_or_no_pair_has_a_position(only: int) -> None:
    logits, labels = drawn(1.0)
    assert fit(logits[labels == only], labels[labels == only]).none_bias == 0


def test_a_scorer_and_the_fit_make_the_same_probabilities() -> None:
    logits, labels = drawn(2.0)
    found = fit(logits, labels)
    info = ModelInfo(version="t", max_length=64, **asdict(found))
    assert np.array_equal(calibrated(logits, info), found(logits))


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


GRID = [round(0.2 + 0.05 * i, 2) for i in range(13)]


def curve(seed: int, shift: float, pages: int = 100) -> Curve:
    """An issue whose positions score around 0.7 and whose other candidates around 0.3, both
    ``shift`` higher; one position on every second page."""
    rng = np.random.default_rng(seed)
    gold = (np.arange(pages) % 2 == 0).astype(float)
    position, other = rng.normal([[0.7], [0.3]], 0.15, (2, pages)) + shift
    hits = (position[:, None] >= GRID) * gold[:, None]
    return Curve(hits, hits + (other[:, None] >= GRID), gold)


def test_an_issue_whose_scores_lie_elsewhere_gets_a_threshold_of_its_own() -> None:
    found = issue_thresholds({"same": curve(1, 0.0), "low": curve(2, -0.25)}, GRID, 0.5)
    assert set(found) == {"low"}
    assert 0.2 <= found["low"] < 0.45


def test_an_issue_with_few_positions_keeps_the_common_threshold() -> None:
    few = curve(2, -0.25, pages=2 * LEAST_GOLD - 4)
    assert few.gold.sum() < LEAST_GOLD
    assert issue_thresholds({"few": few}, GRID, 0.5) == {}


def test_the_common_threshold_weighs_as_so_many_positions() -> None:
    rows = np.arange(LEAST_GOLD)
    hits = np.tile(np.asarray(GRID) <= 0.3, (len(rows), 1)).astype(float)
    clear = Curve(hits, hits, np.ones(len(rows)))
    assert issue_thresholds({"clear": clear}, GRID, 0.3) == {}
    drawn = np.tile(np.asarray(GRID) <= 0.6, (len(rows), 1)).astype(float)
    noise = drawn + 3 * (np.asarray(GRID) < 0.45)
    found = issue_thresholds({"drawn": Curve(drawn, noise, np.ones(len(rows)))}, GRID, 0.3)
    assert found == {"drawn": 0.45}  # half-way between the best, 0.6, and the common, 0.3


def test_joint_f1_counts_all_issues() -> None:
    one = Curve(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]), np.array([1.0]))
    assert joint_f1([one, one]).tolist() == pytest.approx([4 / 6, 0.0])


def test_reliability_bins_hold_every_answer_once() -> None:
    logits, labels = drawn(1.0, 500)
    bins = reliability(softmax(logits), labels)
    assert sum(b.n for b in bins) == 500
    assert all(b.low <= b.confidence <= b.high and 0 <= b.accuracy <= 1 for b in bins)


def test_confusion_takes_a_threshold_for_each_candidate() -> None:
    probabilities = np.array([[0.5, 0.1, 0.0, 0.4], [0.5, 0.1, 0.0, 0.4]])
    counts = confusion(probabilities, np.array([0, 0]), np.array([0.5, 0.7]))
    assert counts[0].tolist() == [1, 0, 0, 1]


def test_confusion_is_measured_on_news_where_there_is_some() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0, 0.0], [0.1, 0.9, 0.0, 0.0], [0.9, 0.1, 0.0, 0.0]])
    given = (["news", "news", "written"], probabilities, np.array([0, 1, 1]), np.full(3, 0.5))
    worth = worth_on({"news", "other"}, *given)
    assert worth.confusion_of == ("news",)
    assert [row[:2] for row in worth.confusion[:2]] == [(1, 0), (0, 1)]
    worth = worth_on({"other"}, *given)
    assert worth.confusion_of == ()
    assert [row[:2] for row in worth.confusion[:2]] == [(1, 0), (1, 1)]


def test_how_sure_reports_were_is_measured_by_stance() -> None:
    probabilities = np.array([[0.6, 0.1, 0.1, 0.2], [0.5, 0.1, 0.0, 0.4], [0.1, 0.2, 0.0, 0.7]])
    given = (["news"] * 3, probabilities, np.array([0, 3, 1]), np.full(3, 0.5))
    # two reports of support, none of the others: of these nothing is known
    worth = worth_on({"news"}, *given)
    assert worth.reported_none == (0.3, 1.0, 1.0)
    assert worth.reported_other == (pytest.approx((0.25 + 1 / 6) / 2, abs=1e-4), 1.0, 1.0)
