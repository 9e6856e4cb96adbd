"""Shifts: a finding, not a wiggle."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.evidence import grid
from stance.records import STANCES, Position, Shift, Stance
from stance.shifts import SEGMENT_PRIOR, ShiftReport, _Chain, _segment_evidence, find_shifts

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
BY_LETTER: dict[str, Stance] = {"S": "support", "O": "oppose", "N": "neutral"}


def said(pattern: str, actor: str = "alba", days: list[int] | None = None) -> list[Position]:
    """A certain statement a day for each letter: S(upport), O(ppose), N(eutral)."""
    return [
        Position(
            article_id=f"article {i}",
            actor=actor,
            issue="ceasefire",
            stance=BY_LETTER[letter],
            score=1.0,
            p_support=float(letter == "S"),
            p_oppose=float(letter == "O"),
            p_neutral=float(letter == "N"),
            evidence="quote",
            start=0,
            end=10,
            text=f"made-up sentence {i}",
            published=START + timedelta(days=i if days is None else days[i]),
        )
        for i, letter in enumerate(pattern)
    ]


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def only(positions: list[Position]) -> Shift:
    (shift,) = find_shifts(positions).shifts
    return shift


# Planted changes


@pytest.mark.parametrize("n", [4, 6, 12])
def test_a_planted_reversal_is_found_with_its_dates(n: int) -> None:
    positions = said("O" * n + "S" * n)
    shift = only(positions)
    assert shift.kind == "reversal"
    assert shift.before < -0.6
    assert shift.after > 0.6
    assert day(n - 3) <= shift.earliest <= day(n - 1)
    assert day(n) <= shift.latest <= day(n + 2)
    assert 0.9 <= shift.probability <= 1
    assert shift.evidence_before == tuple(positions[:n])
    assert shift.evidence_after == tuple(positions[n:])


def test_three_certain_days_against_four_are_the_fewest_that_tell() -> None:
    assert find_shifts(said("OOOSSSS")).shifts
    assert not find_shifts(said("OOOSSS")).shifts


def test_several_changes_are_told_apart() -> None:
    shifts = find_shifts(said("S" * 9 + "O" * 9 + "S" * 9)).shifts
    assert [(s.earliest, s.latest) for s in shifts] == [(day(8), day(9)), (day(17), day(18))]
    assert [s.kind for s in shifts] == ["reversal", "reversal"]


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("S" * 8 + "N" * 8, "softening"),
        ("O" * 8 + "N" * 8, "softening"),
        ("N" * 8 + "S" * 8, "hardening"),
        ("N" * 8 + "O" * 8, "hardening"),
        ("S" * 8 + "O" * 8, "reversal"),
    ],
)
def test_kind(pattern: str, kind: str) -> None:
    assert only(said(pattern)).kind == kind


def test_where_the_date_is_unsure_the_interval_is_wider_and_holds_it() -> None:
    shift = only(said("SSSSSSSS" + "SOSO" + "OOOOOOOO"))
    assert shift.earliest <= day(8)
    assert shift.latest >= day(11)
    assert shift.latest - shift.earliest > timedelta(days=1)


def _seen_through_noise(chance: np.random.Generator, truth: list[int]) -> list[Position]:
    """Statements of these stances as a classifier sees that is right 95 times in 100."""
    separation = 2.7
    seen = chance.normal(size=(len(truth), 3))
    seen[np.arange(len(truth)), truth] += separation
    odds = np.exp(separation * seen)
    found = []
    for p, base in zip(odds / odds.sum(axis=1, keepdims=True), said("S" * len(truth)), strict=True):
        a, b, c = p.tolist()
        stance = STANCES[int(p.argmax())]
        row = replace(base, stance=stance, score=max(a, b, c), p_support=a, p_oppose=b, p_neutral=c)
        found.append(row)
    return found


def test_reversals_are_found_through_a_classifiers_errors() -> None:
    chance = np.random.default_rng(11)
    found = dated = 0
    for _ in range(60):
        shifts = find_shifts(_seen_through_noise(chance, [0] * 6 + [1] * 6)).shifts
        found += len(shifts) == 1
        dated += len(shifts) == 1 and shifts[0].earliest <= day(5) and shifts[0].latest >= day(6)
    assert found >= 54
    assert dated >= 0.9 * found


# Silence


@pytest.mark.parametrize(
    ("planted", "sure"),
    [("S" * 6 + "O" * 6, 0.9), ("S" * 10 + "O" * 4, 0.9), ("SSSSSSSSNNNNOOOO", 0.95)],
)
def test_permuted_dates_stay_silent(planted: str, sure: float) -> None:
    chance = random.Random(5)
    alarms = 0
    for _ in range(100):
        letters = list(planted)
        chance.shuffle(letters)
        alarms += bool(find_shifts(said("".join(letters)), min_probability=sure).shifts)
    assert alarms <= 5


@pytest.mark.parametrize("shares", [(0.9, 0.1, 0.0), (0.5, 0.5, 0.0), (0.6, 0.2, 0.2)])
def test_a_steady_actor_gets_no_shift(shares: tuple[float, float, float]) -> None:
    chance = np.random.default_rng(3)
    alarms = 0
    for n in (5, 10, 20, 40):
        for _ in range(25):
            alarms += bool(
                find_shifts(said("".join(chance.choice(list("SON"), n, p=shares)))).shifts
            )
    assert alarms <= 5


@pytest.mark.parametrize("pattern", ["S", "SO", "SSOO", "SSSOOO", "SSSSSSSO", "OSSSSSSSSSSSS"])
def test_too_little_evidence_stays_silent(pattern: str) -> None:
    assert find_shifts(said(pattern)).shifts == ()


def test_a_certain_but_small_step_is_no_shift() -> None:
    positions = said("SSSSSSSSSO" * 10 + "S" * 150)
    assert find_shifts(positions, min_change=0.0).shifts
    assert find_shifts(positions).shifts == ()


def test_ten_sentences_of_one_speech_are_no_ten_findings() -> None:
    days = [0] * 10 + [1] * 10
    assert find_shifts(said("S" * 10 + "O" * 10, days=days)).shifts == ()


def test_no_change_is_placed_within_a_day() -> None:
    days = [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12]
    shift = only(said("SSSSSSS" + "OOOOOOO", days=days))
    assert shift.earliest.date() != shift.latest.date()


def test_reprints_change_nothing() -> None:
    positions = said("S" * 3 + "O" * 3)
    copies = [replace(positions[0], article_id=f"copy {i}") for i in range(9)]
    assert find_shifts([*positions, *copies]).shifts == find_shifts(positions).shifts == ()


# The report


def test_nothing_gives_an_empty_report() -> None:
    assert find_shifts([]) == ShiftReport((), undated=0, tested=0, untested=0)


def test_undated_rows_are_left_out_and_counted() -> None:
    positions = said("S" * 6 + "O" * 6)
    undated = [replace(row, published=None, text=f"undated {row.text}") for row in positions[:4]]
    report = find_shifts([*positions, *undated, *said("S", actor="borea")])
    assert report.shifts == find_shifts(positions).shifts
    assert (report.undated, report.tested, report.untested) == (4, 1, 1)


def test_shifts_stand_in_the_order_of_actor_issue_and_date() -> None:
    three = [said("S" * 8 + "O" * 8 + "S" * 8, actor=actor) for actor in ("corva", "alba")]
    shifts = find_shifts(three[0] + three[1]).shifts
    keys = [(s.actor, s.issue, s.earliest) for s in shifts]
    assert len(keys) == 4
    assert keys == sorted(keys)


@settings(deadline=None, max_examples=20)
@given(st.text("SON", max_size=16), st.randoms())
def test_the_order_of_the_rows_changes_nothing(pattern: str, chance: random.Random) -> None:
    positions = said("SSSSSSOOOOOO" + pattern)
    shuffled = list(positions)
    chance.shuffle(shuffled)
    assert find_shifts(shuffled) == find_shifts(positions)


@settings(deadline=None, max_examples=20)
@given(st.text("SON", max_size=8))
def test_turning_every_stance_around_turns_every_shift_around(pattern: str) -> None:
    planted = "S" * 10 + pattern + "O" * 12
    there = find_shifts(said(planted)).shifts
    back = find_shifts(said(planted.translate(str.maketrans("SO", "OS")))).shifts
    assert len(there) == len(back) > 0
    for one, other in zip(there, back, strict=True):
        assert (one.before, one.after) == pytest.approx((-other.before, -other.after))
        assert one.probability == pytest.approx(other.probability)
        assert (one.earliest, one.latest, one.kind) == (other.earliest, other.latest, other.kind)


# Exactness


def test_the_recursions_sum_over_all_segmentations() -> None:
    factors = np.random.default_rng(1).random((7, 3))
    over, prior = grid(32, SEGMENT_PRIOR), 0.5
    per_day = factors @ over.shares.T
    hazard = 1 - (1 - prior) ** (1 / 6)
    everything = without = 0.0
    for change in itertools.product([False, True], repeat=6):
        bounds = [0, *(i + 1 for i in range(6) if change[i]), 7]
        evidence = math.prod(
            float(over.weight @ per_day[start:end].prod(axis=0))
            for start, end in itertools.pairwise(bounds)
        )
        mass = evidence * hazard ** sum(change) * (1 - hazard) ** (6 - sum(change))
        everything += mass
        without += mass if not (change[2] or change[3]) else 0.0
    chain = _Chain(list(factors), prior)
    assert chain.ahead[-1] == pytest.approx(math.log(everything))
    assert chain.behind[0] == pytest.approx(math.log(everything))
    assert chain.probability(3, 4) == pytest.approx(1 - without / everything)


def test_the_evidence_of_long_series_is_that_of_the_plain_sum() -> None:
    factors = np.random.default_rng(2).random((70, 3))
    found = _segment_evidence(factors)
    over = grid(32, SEGMENT_PRIOR)
    log = np.log(factors @ over.shares.T)
    for start, end in [(0, 70), (0, 1), (10, 60), (33, 36), (34, 35), (69, 70), (20, 35)]:
        plain = np.log(over.weight @ np.exp(log[start:end].sum(axis=0)))
        assert found[start, end] == pytest.approx(plain, abs=1e-9)


def test_a_long_series_is_no_trouble() -> None:
    shift = only(said("S" * 200 + "O" * 200))
    assert (shift.earliest, shift.latest) == (day(199), day(200))
    assert shift.probability == pytest.approx(1)


# Weights


def test_a_kind_that_counts_for_less_makes_a_shift_less_sure() -> None:
    turned = said("OOOOOO" + "SSSSSS")
    probabilities = [
        find_shifts(turned, weights={"quote": weight}, min_probability=0.1).shifts[0].probability
        for weight in (1.0, 0.5, 0.2)
    ]
    assert probabilities == sorted(probabilities, reverse=True)
    assert find_shifts(turned, weights={"secondhand": 0.0}).shifts == find_shifts(turned).shifts


def test_a_kind_of_weight_zero_is_left_out() -> None:
    denied = [replace(row, evidence="secondhand") for row in said("OOOOOO", days=[20, 21, 22] * 2)]
    report = find_shifts([*said("SSSS"), *denied], weights={"secondhand": 0.0})
    assert report.shifts == ()
    assert report.tested == 1
