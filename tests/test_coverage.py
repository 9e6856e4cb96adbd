"""What the intervals and the shifts promise, by simulation with the shipped model's confusion.

The planted shares are drawn from the matrix's own prior, Dirichlet(0.5, 0.5, 0.5), so that most
actors stand near a corner. A statement's true stance is drawn from the shares and reported as the
measured confusion has it, false reports included, with a probability of its own that is half a
log odd too sure. Larger: tests/benchmarks/bench_coverage.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance import resources
from stance.evidence import factors, grid, log_likelihood, posterior
from stance.modelfile import load_info
from tests.simulation import Model, covered, permuted, reversals

MODEL = Model(load_info(resources.default_model()).confusion, bias=-0.5)


@pytest.mark.parametrize(("n", "number"), [(3, 1200), (10, 1200), (100, 1200), (300, 600)])
def test_intervals_cover_the_planted_position(n: int, number: int) -> None:
    share = covered(MODEL, n, number=number, seed=n)
    # 93 to 97 % is told within a standard error of 0.6 points by 1200 cells, 0.9 by 600.
    assert 0.925 <= share <= 0.975


def test_permuted_dates_show_few_shifts() -> None:
    assert permuted(MODEL, series=60, seed=1) <= 0.05


def test_a_planted_reversal_is_found_with_its_date() -> None:
    found, inside = reversals(Model(None), series=60, seed=2)
    assert found >= 0.9
    assert inside >= 0.9


_CHANCES = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1), st.floats(1 / 3, 1)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(_CHANCES, st.integers(0, 1), st.floats(0, 1), st.floats(1 / 3, 1))
def test_one_more_statement_never_moves_the_position_away(
    shown: list[tuple[int, float, float]], side: int, none: float, own: float
) -> None:
    """However unsure it and the others are, and whatever the model's record."""
    rows = [*shown, (side, none, own)]
    stance = np.array([k for k, _, _ in rows])
    rest = np.array([[(1 - own) / 2] * 3 for _, _, own in rows])
    rest[np.arange(len(rows)), stance] = [own for _, _, own in rows]
    probabilities = (1 - np.array([[none] for _, none, _ in rows])) * rest
    each = factors(probabilities, stance, np.zeros(len(rows), dtype=bool), MODEL.records[0])
    over = grid()
    was, now = (
        float(posterior(log_likelihood(part, over), over) @ over.lean) for part in (each[:-1], each)
    )
    assert now >= was - 1e-12 if side == 0 else now <= was + 1e-12
