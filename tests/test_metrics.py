"""The figures that are quoted: counted by hand on small cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.records import STANCES
from training.metrics import Case, Found, count, report

A = Found("alba", "tax", "support", "quote")
B = Found("borea", "tax", "oppose", "reported")
PAIRS = frozenset({("alba", "tax"), ("borea", "tax")})


def test_tuples_are_counted() -> None:
    wrong = Found("borea", "tax", "support")
    extra = Found("borea", "ban", "support")
    found = report([Case("1", gold=(A, B), predicted=(A, wrong, extra), candidates=PAIRS)])
    assert (found.tuples.hits, found.tuples.predicted, found.tuples.gold) == (1, 3, 2)
    assert found.tuples.precision == pytest.approx(1 / 3)
    assert found.tuples.recall == pytest.approx(1 / 2)
    assert found.tuples.f1 == pytest.approx(2 / 5)
    assert found.polarity == pytest.approx(1 / 2)
    assert found.by_issue["tax"].gold == 2
    assert found.by_evidence["quote"].recall == 1
    assert found.by_evidence["reported"].recall == 0


def test_disputed_pairs_are_left_out_on_both_sides() -> None:
    case = Case(
        "1", gold=(A,), predicted=(A, B), candidates=PAIRS, disputed=frozenset({("borea", "tax")})
    )
    assert report([case]).tuples.f1 == 1


def test_uncovered_gold_is_no_error_but_counted() -> None:
    case = Case("1", gold=(A,), predicted=(A,), candidates=PAIRS, uncovered=(B,))
    found = report([case])
    assert found.tuples.f1 == 1
    assert found.uncovered == 1


def test_a_text_with_only_uncovered_or_disputed_gold_is_not_position_free() -> None:
    uncovered = Case("1", (), (), frozenset(), uncovered=(B,))
    disputed = Case("2", (), (), frozenset(), disputed=frozenset({("alba", "tax")}))
    free, kept = Case("3", (), (A,), PAIRS), Case("4", (), (), PAIRS)
    found = report([uncovered, disputed, free, kept])
    assert (found.empty, found.empty_kept) == (2, 1)


def test_candidate_recall_and_size() -> None:
    found = report([Case("1", (A, B), (), frozenset({("alba", "tax")})), Case("2", (), (), PAIRS)])
    assert (found.reached, found.reachable) == (1, 2)
    assert found.candidates == pytest.approx(1.5)


def test_nothing_gives_zeros_not_errors() -> None:
    found = report([])
    assert (found.tuples.f1, found.polarity, found.empty_share, found.candidate_recall) == (0,) * 4


FOUND = st.builds(
    Found, st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), st.sampled_from(STANCES)
)
CASES = st.lists(
    st.builds(
        Case,
        st.just("1"),
        st.lists(FOUND, max_size=3).map(tuple),
        st.lists(FOUND, max_size=3).map(tuple),
        st.just(frozenset[tuple[str, str]]()),
    ),
    max_size=5,
)


@given(CASES)
def test_f1_lies_between_0_and_1_and_order_is_nothing(cases: list[Case]) -> None:
    counts = count(cases)
    assert 0 <= counts.f1 <= 1
    assert count(list(reversed(cases))) == counts


@given(CASES)
def test_saying_the_gold_scores_1(cases: list[Case]) -> None:
    right = [Case(c.id, c.gold, c.gold, c.candidates) for c in cases]
    counts = count(right)
    assert counts.f1 == (1 if counts.gold else 0)
