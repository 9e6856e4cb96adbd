"""Intervals and paired tests on numbers whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.bootstrap import difference, interval, resampled
from training.calibrate import expected_calibration_error
from training.figures import FIGURES, WIDTH, figures, tally
from training.metrics import Case, Found, report

A, B = Found("alba", "tax", "support"), Found("borea", "tax", "oppose")
PAIRS = frozenset({("alba", "tax"), ("borea", "tax")})


def shares(right: int, n: int) -> np.ndarray:
    """Rows of (right, asked), one a text."""
    return np.array([[float(i < right), 1.0] for i in range(n)])


def test_an_interval_is_as_wide_as_the_binomials() -> None:
    draws = resampled(shares(60, 100), [str(i) for i in range(100)], samples=4000, seed=1)
    found = interval(0.6, draws[:, 0] / draws[:, 1])
    assert (found.low, found.high) == pytest.approx((0.504, 0.696), abs=0.015)


def test_the_interval_of_a_biased_figure_lies_around_it() -> None:
    """A mean of absolute gaps grows with every resampling; its interval must still hold it."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 8))
    draws = np.abs(resampled(rows, [str(i) for i in range(60)], samples=500, seed=1)).mean(1)
    value = float(np.abs(rows.sum(0)).mean())
    plain, moved = interval(value, draws), interval(value, draws, biased=True)
    assert moved.low < value < moved.high
    assert moved.low >= 0
    assert plain.high - plain.low >= moved.high - moved.low > 0


def test_texts_of_one_page_are_drawn_together() -> None:
    rows = shares(60, 100)
    alone = resampled(rows, [str(i) for i in range(100)], samples=2000, seed=1)
    pages = resampled(rows, [str(i // 20) for i in range(100)], samples=2000, seed=1)
    assert np.std(pages[:, 0] / pages[:, 1]) > 3 * np.std(alone[:, 0] / alone[:, 1])
    assert set(pages[:, 1]) == {100.0}


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    rows, groups = shares(60, 100), [str(i) for i in range(100)]
    once = resampled(rows, groups, samples=50, seed=3)
    assert np.array_equal(once, resampled(rows, groups, samples=50, seed=3))
    assert not np.array_equal(once, resampled(rows, groups, samples=50, seed=4))


def test_a_paired_test_tells_a_difference_from_none() -> None:
    rng = np.random.default_rng(0)
    groups = [str(i) for i in range(200)]
    first = (rng.random(200) < 0.6).astype(float)
    worse = first * (rng.random(200) < 0.8)
    swapped = rng.permutation(first)
    draws = {
        name: resampled(row[:, None], groups, samples=2000, seed=1)[:, 0] / 200
        for name, row in {"first": first, "worse": worse, "swapped": swapped}.items()
    }
    lost = difference(first.mean(), worse.mean(), draws["first"], draws["worse"])
    assert lost.value < 0
    assert lost.high < 0
    assert lost.p < 0.01
    same = difference(first.mean(), swapped.mean(), draws["first"], draws["swapped"])
    assert same.p > 0.5
    assert same.low < 0 < same.high


def test_the_test_is_right_as_often_as_it_says() -> None:
    """Without a difference p lies below 0.1 in about one of ten trials."""
    rng = np.random.default_rng(0)
    groups = [str(i) for i in range(80)]
    low = 0
    for trial in range(150):
        rows = (rng.random((80, 2)) < 0.5).astype(float)
        draws = resampled(rows, groups, samples=300, seed=trial) / 80
        mean = rows.mean(0)
        low += difference(mean[0], mean[1], draws[:, 0], draws[:, 1]).p < 0.1
    assert 0.04 < low / 150 < 0.18


ANSWERS = st.lists(st.tuples(st.floats(0.25, 1), st.booleans()), max_size=4)
CASES = st.lists(
    st.tuples(
        st.builds(
            Case,
            st.just("1"),
            st.lists(st.sampled_from([A, B]), max_size=2, unique=True).map(tuple),
            st.lists(st.sampled_from([A, B]), max_size=2, unique=True).map(tuple),
            st.just(PAIRS),
        ),
        ANSWERS,
    ),
    min_size=1,
    max_size=6,
)


@given(CASES)
def test_figures_from_tallies_are_those_of_the_report(rows: list) -> None:
    sums = np.sum([tally(case, answers) for case, answers in rows], axis=0)
    found, whole = figures(sums), report([case for case, _ in rows])
    assert set(found) == set(FIGURES)
    for name, value in {
        "tuple_f1": whole.tuples.f1,
        "signed_f1": whole.signed.f1,
        "tuple_precision": whole.tuples.precision,
        "tuple_recall": whole.tuples.recall,
        "polarity": whole.polarity,
        "empty_left_empty": whole.empty_share,
    }.items():
        assert np.isnan(found[name]) or found[name] == pytest.approx(value)
    answers = [one for _, some in rows for one in some]
    if answers:
        sure = np.array([[c, 0.0] if right else [0.0, c] for c, right in answers])
        labels = np.zeros(len(answers), dtype=np.int64)
        assert found["ece"] == pytest.approx(expected_calibration_error(sure, labels))


def test_what_has_no_meaning_is_no_number() -> None:
    found = figures(np.zeros(WIDTH))
    assert all(np.isnan(value) for value in found.values())
    nothing = interval(float("nan"), np.full(10, np.nan))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
