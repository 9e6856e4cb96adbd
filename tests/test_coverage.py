"""What the intervals and the shifts promise, by simulation with the shipped model's confusion.

The planted shares are drawn from the matrix's own prior, Dirichlet(0.5, 0.5, 0.5), so that most
actors stand near a corner. A statement's true stance is drawn from the shares and reported as the
measured confusion has it, false reports included. Larger: tests/benchmarks/bench_coverage.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance import resources
from stance.evidence import grid, log_likelihood, posterior, record
from stance.modelfile import load_info
from tests.simulation import covered, permuted, reversals

INFO = load_info(resources.default_model())


@pytest.mark.parametrize("n", [3, 10, 100])
def test_intervals_cover_the_planted_position(n: int) -> None:
    share = covered(INFO.confusion, n, number=1200, seed=n)
    # 93 to 97 % by 1200 cells is told within a standard error of 0.7 points.
    assert 0.925 <= share <= 0.975


def test_permuted_dates_show_few_shifts() -> None:
    assert permuted(INFO.confusion, series=60, seed=1) <= 0.05


def test_a_planted_reversal_is_found_with_its_date() -> None:
    found, inside = reversals(None, series=60, seed=2)
    assert found >= 0.9
    assert inside >= 0.9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.integers(0, 1))
def test_one_more_statement_never_moves_the_position_away(shown: list[int], side: int) -> None:
    of = record(INFO.confusion)
    assert of is not None
    over = grid()
    rows = of.T / of.max(axis=0)[:, None]
    log = [log_likelihood(rows[[k]], over) for k in range(3)]
    before = sum((n * one for n, one in zip(shown, log, strict=True)), np.zeros(len(over.weight)))
    was, now = (posterior(both, over) @ over.lean for both in (before, before + log[side]))
    assert now >= was - 1e-12 if side == 0 else now <= was + 1e-12
