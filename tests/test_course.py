"""Courses, comparisons and the two sides of a shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.compare import compare
from stance.course import PERIODS, Period, _marginals, course, smoothed, staleness
from stance.evidence import grid
from stance.positions import build_matrix
from stance.records import Position
from stance.shifts import SEGMENT_PRIOR, find_shifts
from stance.sides import other_composition, sides
from tests.test_shifts import said

EVERY_TEN = [10 * i for i in range(16)]


def test_a_reversal_steps_and_a_steady_actor_stays_level() -> None:
    line = smoothed(said("O" * 8 + "S" * 8))
    assert all(point.position < -0.6 for point in line[:7])
    assert all(point.position > 0.6 for point in line[9:])
    assert all(point.low <= point.position <= point.high for point in line)
    level = [point.position for point in smoothed(said("S" * 16))]
    assert max(level) - min(level) < 0.05


def test_the_line_is_the_mean_over_all_segmentations() -> None:
    """Three days have four segmentations; each is written out."""
    factors = np.array([[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.9, 1.0]])
    over = grid(32, SEGMENT_PRIOR)
    told = factors @ over.shares.T
    change = 1 - 0.5**0.5
    total, first = 0.0, np.zeros(len(over.weight))
    for cuts, bounds in [(0, (0, 3)), (1, (0, 1, 3)), (1, (0, 2, 3)), (2, (0, 1, 2, 3))]:
        parts = [over.weight * told[a:b].prod(axis=0) for a, b in pairwise(bounds)]
        prior = change**cuts * (1 - change) ** (2 - cuts)
        rest = float(np.prod([part.sum() for part in parts[1:]]))
        first += prior * rest * parts[0]
        total += prior * rest * parts[0].sum()
    assert _marginals(factors, 0.5)[0] == pytest.approx(first / total, abs=1e-12)


@pytest.mark.parametrize("period", PERIODS)
def test_periods_share_out_the_counts(period: Period) -> None:
    rows = said("SSONSOSSNOOSSSSS", days=EVERY_TEN)
    (cell,) = build_matrix(rows)
    stretches = course(rows, period)
    assert sum(one.cell.n_independent for one in stretches) == cell.n_independent
    assert sum(one.printed for one in stretches) == cell.n_statements
    assert [one.first for one in stretches] == sorted(one.first for one in stretches)
    assert all(one.first <= one.last for one in stretches)


def test_a_reprint_counts_in_its_month_but_is_no_new_evidence() -> None:
    rows = [replace(row, cluster=f"c{i}") for i, row in enumerate(said("SS", days=[0, 1]))]
    later = replace(rows[0], article_id="again", published=datetime(2025, 3, 2, tzinfo=UTC))
    january, march = course([*rows, later], "month")
    assert (january.cell.n_independent, january.printed) == (2, 2)
    assert (march.cell.n_independent, march.printed) == (0, 1)
    assert march.cell.state == "no evidence"
    assert staleness([*rows, later], date(2025, 3, 10)) == staleness(rows, date(2025, 3, 10)) == 67
    assert staleness(rows, date(2024, 1, 1)) is None


def test_weeks_begin_on_monday_and_months_end() -> None:
    (row,) = said("S")  # Wednesday, 1 January 2025
    (week,), (month,) = course([row], "week"), course([row], "month")
    assert (week.first, week.last) == (date(2024, 12, 30), date(2025, 1, 5))
    assert (month.first, month.last) == (date(2025, 1, 1), date(2025, 1, 31))


@settings(max_examples=20, deadline=None)
@given(st.text("SON", min_size=1, max_size=8), st.randoms())
def test_the_order_of_articles_changes_no_course(pattern: str, chance: object) -> None:
    rows = said(pattern)
    mixed = list(rows)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert course(mixed, "week") == course(rows, "week")
    assert smoothed(mixed) == smoothed(rows)


def test_nothing_gives_nothing() -> None:
    undated = [replace(row, published=None) for row in said("SS")]
    for rows in ([], undated):
        assert course(rows, "day") == []
        assert smoothed(rows) == []
        assert staleness(rows, date(2025, 1, 1)) is None


@settings(max_examples=20, deadline=None)
@given(st.text("SON", min_size=1, max_size=12), st.integers(0, 12))
def test_disjoint_windows_have_the_summed_counts(pattern: str, cut: int) -> None:
    rows = said(pattern)
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=cut)
    whole = build_matrix(rows, actors=["alba"], issues=["ceasefire"])[0]
    parts = [
        build_matrix(rows, actors=["alba"], issues=["ceasefire"], since=since, until=until)[0]
        for since, until in ((None, at), (at, None))
    ]
    for name in ("n_support", "n_oppose", "n_neutral", "n_statements", "n_independent"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


# Comparisons


def test_opposite_actors_differ_and_equal_ones_do_not() -> None:
    found = compare(said("S" * 8), said("O" * 8))
    assert found.differ > 0.99
    assert found.low > 0.5
    assert found.a_above > 0.99
    same = compare(said("S" * 8), said("S" * 8, actor="bruno"))
    assert same.differ < 0.3
    assert same.low < 0 < same.high


def test_without_evidence_the_odds_stay_even() -> None:
    found = compare([], said("SSS"))
    assert found.differ == pytest.approx(0.5)
    assert (found.n_a, found.n_b) == (0, 3)


@settings(max_examples=25, deadline=None)
@given(st.text("SON", max_size=8), st.text("SON", max_size=8))
def test_the_other_way_round_it_is_the_same(a: str, b: str) -> None:
    one, other = compare(said(a), said(b)), compare(said(b), said(a))
    assert one.differ == pytest.approx(other.differ)
    assert one.difference == pytest.approx(-other.difference)
    assert one.a_above == pytest.approx(1 - other.a_above)
    assert one.low == pytest.approx(-other.high, abs=0.02)


# Who reports


def told_by(outlets: Sequence[str]) -> list[Position]:
    half = len(outlets) // 2
    rows = said("O" * half + "S" * half)
    return [replace(row, source=name) for row, name in zip(rows, outlets, strict=True)]


def test_a_change_of_outlets_is_noted() -> None:
    (turned,) = find_shifts(told_by(["a"] * 8 + ["b"] * 8)).shifts
    found = sides(turned)
    assert "outlets" in found.note
    assert found.before[1] < 0 < found.after[0]
    (steady,) = find_shifts(told_by(["a", "b"] * 8)).shifts
    assert sides(steady).note == ""


def test_few_statements_tell_nothing_of_a_composition() -> None:
    assert other_composition({}, {}) == 0.5
    assert other_composition({"a": 1}, {"b": 1}) < 0.9
    assert other_composition({"a": 9, "b": 9}, {"a": 9, "b": 9}) < 0.3


def test_by_chance_alone_few_shifts_get_a_note() -> None:
    rng = np.random.default_rng(5)
    noted = 0
    for _ in range(400):
        counts = rng.multinomial(8, [0.4, 0.3, 0.2, 0.1], 2)
        before, after = (dict(zip("abcd", map(int, side), strict=True)) for side in counts)
        noted += other_composition(before, after) >= 0.9
    assert noted <= 20


def test_days_apart_do_not_matter_but_their_order() -> None:
    near = smoothed(said("OOOSSS"))
    far = smoothed(said("OOOSSS", days=EVERY_TEN[:6]))
    assert [p.position for p in near] == [p.position for p in far]
    assert far[-1].day - far[0].day == timedelta(days=50)
