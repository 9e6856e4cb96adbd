"""Krippendorff's alpha against worked examples, and what must hold of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.labelling import agreement
from training.labelling.agreement import alpha, alpha_of, coincidences, interval
from training.labelling.labelrow import ANSWERS, LabelRow


def units(*coders: str) -> list[list[str]]:
    """One string for each coder, a value for each unit; a dot is missing."""
    return [[value for value in unit if value != "."] for unit in zip(*coders, strict=True)]


# Krippendorff (2011), section C: four coders, twelve units, missing data. By hand:
# 40 values can be paired (the 3 of the last unit has no partner): 9 of 1, 13 of 2, 10 of 3,
# 5 of 4, 3 of 5. Units 2, 6 and 8 hold differing pairs: 6/3 + 12/3 + 6/3 = 8 in the matrix.
# Observed 8/40; expected (40^2 - 81 - 169 - 100 - 25 - 9) / (40 * 39) = 1216/1560.
# Alpha = 1 - (8/40) / (1216/1560) = 0.743.
FOUR = units("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
# A further example of common use: three coders, fifteen units. 26 values can be paired: 7, 4,
# 10 and 5; six of the matrix lie beside the diagonal. Observed 6/26; expected
# (26^2 - 49 - 16 - 100 - 25) / (26 * 25) = 486/650. Alpha = 1 - (6/26) / (486/650) = 0.691.
THREE = units(".....34121133.3", "1.213343.......", "..21344.21133.4")


@pytest.mark.parametrize(
    ("example", "values", "scale", "expected"),
    [
        (FOUR, "12345", "nominal", 0.743),
        (FOUR, "12345", "ordinal", 0.815),  # as the paper gives it, section D
        (THREE, "1234", "nominal", 0.691),
    ],
)
def test_the_worked_examples(
    example: list[list[str]], values: str, scale: agreement.Scale, expected: float
) -> None:
    assert alpha(example, values, scale) == pytest.approx(expected, abs=0.0005)


ANY_UNITS = st.lists(st.lists(st.sampled_from(ANSWERS), max_size=4), max_size=12)


@given(st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=20), st.integers(2, 4))
def test_perfect_agreement_is_one(values: list[str], coders: int) -> None:
    found = alpha([[value] * coders for value in values])
    assert found == (pytest.approx(1) if len(set(values)) > 1 else None)


@given(ANY_UNITS, st.randoms(use_true_random=False))
def test_neither_coders_nor_units_have_an_order(given: list[list[str]], chance: object) -> None:
    shuffled = [sorted(unit, key=lambda _: chance.random()) for unit in given]
    shuffled.sort(key=len)
    same = alpha(shuffled)
    assert alpha(given) == (None if same is None else pytest.approx(same))


@given(ANY_UNITS)
def test_what_cannot_be_paired_changes_nothing(given: list[list[str]]) -> None:
    more = [*given, ["support"], [], ["unclear", "oppose"], ["unclear", "unclear"]]
    assert alpha(more) == alpha(given)


@given(ANY_UNITS)
def test_alpha_is_at_most_one_and_any_difference_lowers_it(given: list[list[str]]) -> None:
    found = alpha(given)
    if found is not None:
        differ = any(len(set(unit)) > 1 for unit in given)
        assert (found < 1) == differ or found == pytest.approx(1)
        assert found <= 1 + 1e-9


@given(ANY_UNITS)
def test_the_names_of_the_values_do_not_matter(given: list[list[str]]) -> None:
    turned = dict(zip(ANSWERS, [*ANSWERS[1:], ANSWERS[0]], strict=True))
    found = alpha([[turned[value] for value in unit] for unit in given])
    assert alpha(given) == (None if found is None else pytest.approx(found))


def test_chance_gives_about_nought_and_opposition_less() -> None:
    crossed = [[a, b] for a in ANSWERS for b in ANSWERS] * 10
    assert alpha(crossed) == pytest.approx(0, abs=0.02)
    assert (alpha([["support", "oppose"], ["oppose", "support"]]) or 0) < 0


def test_on_a_scale_a_near_miss_weighs_less() -> None:
    same = [["support", "support"], ["oppose", "oppose"], ["neutral", "neutral"]] * 3
    near, far = [*same, ["support", "neutral"]], [*same, ["support", "oppose"]]
    steps = agreement.SIGNED
    assert (alpha(near, steps, "ordinal") or 0) > (alpha(far, steps, "ordinal") or 0)


def test_the_interval_holds_alpha_and_is_the_same_again() -> None:
    given = [["support", "support"]] * 15 + [["none", "none"]] * 15 + [["support", "none"]] * 5
    pieces = coincidences(given, ANSWERS)
    low, high = interval(pieces)
    found = alpha_of(pieces.sum(axis=0))
    assert low is not None
    assert high is not None
    assert found is not None
    assert low < found < high < 1
    assert high - low < 0.6
    assert interval(pieces) == (low, high)
    assert interval(pieces[:1]) == (None, None)


def rows(labels: dict[str, Sequence[str]], reason: str = "uncertain") -> list[LabelRow]:
    """Rows by coder, one for each label; an empty one is not labelled."""
    return [
        LabelRow(
            article_id=f"a{at}",
            actor="alba",
            issue="tax",
            proposition="The tax should stay",
            start=0,
            end=4,
            text="Tea.",
            stance="support",
            coder=coder,
            label=label,
            id=f"p{at}",
            reason=reason,
        )
        for coder, given in labels.items()
        for at, label in enumerate(given)
        if label
    ]


THREE_CODERS = {
    "anna": ["support", "oppose", "none", "neutral", "support", ""],
    "ben": ["support", "oppose", "none", "support", "unclear", "none"],
    "cleo": ["support", "", "", "support", "", ""],
}


def test_the_report_of_three_coders() -> None:
    found = agreement.report(rows(THREE_CODERS))
    assert found.reviewed == 6
    assert found.all.coders == ("anna", "ben", "cleo")
    assert found.all.rows == 4  # the last has one coder, the one before one answer
    # by hand: 3/2 * 2 + 2 * 2 pairs agree, and of the fourth row's three pairs one
    assert found.all.agreed == pytest.approx((3 + 2 + 2 + 1) / (3 + 2 + 2 + 3))
    by_pair = {(p.first, p.second): (p.rows, p.agreed) for p in found.all.pairs}
    assert by_pair == {
        ("anna", "ben"): (4, 0.75),
        ("anna", "cleo"): (2, 0.5),
        ("ben", "cleo"): (2, 1.0),
    }
    assert found.all.signed_rows == 3  # where two coders see a position
    assert found.random is None
    assert found.model is None
    assert json.dumps(agreement.as_json(found))
    text = "\n".join(agreement.as_lines(found))
    assert "6 rows reviewed by anna, ben, cleo: neutral 1," in text
    assert "anna, ben" in text


def test_rows_drawn_by_chance_tell_how_often_the_model_is_right() -> None:
    drawn = rows({"anna": ["support", "oppose", "none", "support"]}, reason="random")
    drawn += rows({"ben": ["support", "oppose", "none", "oppose"]}, reason="random")
    found = agreement.report(drawn)
    assert found.random == found.all
    assert found.model is not None
    # the model says support each time; the last has no verdict
    assert (found.model.right, found.model.rows) == (1, 3)
    # Wilson for 1 of 3 by hand: centre (1/3 + 0.6402) / 2.2805, half 1.96 / 2.2805 * 0.4216
    assert found.model.low == pytest.approx(0.0615, abs=0.001)
    assert found.model.high == pytest.approx(0.7923, abs=0.001)


def test_disputes_are_the_rows_with_different_labels() -> None:
    found = agreement.disputes(rows(THREE_CODERS))
    assert [row.id for row, _ in found] == ["p3", "p4"]
    assert found[1][1] == {"anna": "support", "ben": "unclear"}
    assert agreement.verdict({"anna": "neutral", "ben": "support", "cleo": "support"}) == "support"
    assert agreement.verdict({"anna": "neutral", "ben": "support"}) is None


def test_one_coder_alone_cannot_agree() -> None:
    found = agreement.report(rows({"anna": ["support", "none"]}))
    assert found.all.alpha is None
    assert "cannot be told" in "\n".join(agreement.as_lines(found))
