"""Cells: what the statements of an actor on an issue leave us believing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.evidence import grid, independent, sharpness
from stance.positions import STATES, build_matrix
from stance.records import STANCES, Cell, CellState, Position, Stance

START = datetime(2025, 1, 1, tzinfo=UTC)


def row(
    stance: Stance = "support",
    p: Sequence[float] | None = None,
    *,
    n: int = 0,
    actor: str = "alba",
    issue: str = "ceasefire",
    text: str | None = None,
    published: datetime | None = START,
) -> Position:
    """A statement; ``n`` tells those of one test apart."""
    chances = [float(stance == other) for other in STANCES] if p is None else list(p)
    return Position(
        article_id=f"article {n}",
        actor=actor,
        issue=issue,
        stance=stance,
        score=chances[STANCES.index(stance)],
        p_support=chances[0],
        p_oppose=chances[1],
        p_neutral=chances[2],
        evidence="reported",
        start=0,
        end=10,
        text=f"made-up sentence {n}" if text is None else text,
        published=published,
    )


def said(pattern: str, **other: object) -> list[Position]:
    """A statement for each letter: S(upport), O(ppose), N(eutral)."""
    by_letter: dict[str, Stance] = {"S": "support", "O": "oppose", "N": "neutral"}
    return [row(by_letter[letter], n=i, **other) for i, letter in enumerate(pattern)]  # type: ignore[arg-type]


def only(positions: Sequence[Position], **options: int) -> Cell:
    (cell,) = build_matrix(positions, **options)  # type: ignore[arg-type]
    return cell


def position_of(positions: Sequence[Position]) -> float:
    found = only(positions).position
    assert found is not None
    return found


@st.composite
def rows(draw: st.DrawFn, max_size: int = 12) -> list[Position]:
    parts = st.tuples(*[st.floats(0.0, 1.0)] * 4).filter(lambda four: sum(four) > 0.01)
    drawn = draw(st.lists(parts, max_size=max_size))
    found = []
    for n, four in enumerate(drawn):
        p = [value / sum(four) for value in four[:3]]
        found.append(row(STANCES[int(np.argmax(p))], p, n=n))
    return found


# The posterior


@pytest.mark.parametrize("prior", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("counts", [(0, 0, 0), (3, 1, 0), (12, 7, 5), (40, 0, 0), (50, 50, 20)])
def test_the_quadrature_gives_the_evidence_of_the_textbook(
    prior: float, counts: tuple[int, int, int]
) -> None:
    over = grid(64, prior)
    found = math.log(over.weight @ np.prod(over.shares ** np.array(counts), axis=1))
    closed = math.lgamma(3 * prior) - math.lgamma(3 * prior + sum(counts))
    closed += sum(math.lgamma(prior + n) - math.lgamma(prior) for n in counts)
    assert found == pytest.approx(closed, abs=1e-9)


@pytest.mark.parametrize(("pattern", "expected"), [("S", 0.4), ("SSS", 2 / 3), ("SSO", 1 / 4.5)])
def test_certain_statements_give_the_dirichlet_mean(pattern: str, expected: float) -> None:
    assert position_of(said(pattern)) == pytest.approx(expected)


def test_a_thousand_statements_are_exact_to_the_digits_of_the_tables() -> None:
    assert position_of(said("S" * 180 + "O" * 90 + "N" * 30)) == pytest.approx(90 / 301.5, abs=1e-9)
    evidence = said("S" * 600 + "O" * 300 + "N" * 100)
    assert position_of(evidence) == pytest.approx(300 / 1001.5, abs=5e-5)


def test_a_row_that_tells_nothing_changes_nothing() -> None:
    nothing = row("support", [0.2, 0.2, 0.2], n=99)
    assert sharpness(nothing) == 0
    assert position_of([*said("SSO"), nothing]) == pytest.approx(position_of(said("SSO")))


def test_an_unsure_row_moves_less_and_leaves_a_wider_interval() -> None:
    sure = only([row(n=i) for i in range(4)])
    unsure = only([row("support", [0.6, 0.2, 0.2], n=i) for i in range(4)])
    assert sure.position is not None
    assert unsure.position is not None
    assert 0 < unsure.position < sure.position
    assert _width(unsure) > _width(sure)


def _width(cell: Cell) -> float:
    assert cell.low is not None
    assert cell.high is not None
    return cell.high - cell.low


@settings(deadline=None, max_examples=60)
@given(rows(), st.tuples(st.floats(0.34, 1), st.floats(0, 1), st.floats(0, 1)))
def test_one_more_supporting_statement_never_lowers_a_position(
    before: list[Position], parts: tuple[float, float, float]
) -> None:
    own, split, none = parts
    rest = min(1 - own, 2 * own) * (1 - none)
    p = [own, min(rest * split, own), min(rest * (1 - split), own)]
    more = row("support", p, n=1000)
    was = position_of(before) if before else 0.0
    assert position_of([*before, more]) >= was - 1e-9
    mirrored = row("oppose", [p[1], p[0], p[2]], n=1000)
    assert position_of([*before, mirrored]) <= was + 1e-9


@settings(deadline=None, max_examples=30)
@given(rows(), st.randoms())
def test_the_order_of_the_rows_changes_nothing(found: list[Position], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build_matrix(shuffled) == build_matrix(found)


@settings(deadline=None, max_examples=30)
@given(rows().filter(bool))
def test_the_interval_holds_the_position_and_stays_on_the_scale(found: list[Position]) -> None:
    cell = only(found)
    assert cell.position is not None
    assert cell.low is not None
    assert cell.high is not None
    assert -1 <= cell.low <= cell.position <= cell.high <= 1


@settings(deadline=None, max_examples=30)
@given(st.text("SON", min_size=1, max_size=15))
def test_mirrored_statements_give_the_mirrored_cell(pattern: str) -> None:
    cell = only(said(pattern))
    mirror = only(said(pattern.translate(str.maketrans("SO", "OS"))))
    assert cell.position is not None
    assert mirror.position is not None
    assert mirror.position == pytest.approx(-cell.position, abs=1e-9)
    assert (mirror.low, mirror.high) == pytest.approx(
        (-(cell.high or 0), -(cell.low or 0)), abs=0.01
    )
    assert len(mirror.state) == len(cell.state) or {mirror.state, cell.state} in (
        {"supports", "opposes"},
        {"leans support", "leans oppose"},
    )


def test_95_percent_intervals_cover_95_percent_with_the_classifiers_errors() -> None:
    """A classifier that sees each stance through noise (right 85 times in 100) and knows it."""
    chance = np.random.default_rng(20250101)
    separation = 2.0
    planted: dict[str, float] = {}
    evidence: list[Position] = []
    for n in (3, 10, 40):
        for actor in range(200):
            name = f"actor {n} {actor}"
            shares = chance.dirichlet([0.5] * 3)
            planted[name] = shares[0] - shares[1]
            seen = chance.normal(size=(n, 3))
            seen[np.arange(n), chance.choice(3, n, p=shares)] += separation
            odds = np.exp(separation * seen)
            for i, p in enumerate(odds / odds.sum(axis=1, keepdims=True)):
                stance = STANCES[int(p.argmax())]
                evidence.append(row(stance, p.tolist(), n=i, actor=name))
    cells = build_matrix(evidence)
    covered = [(c.low or 0) <= planted[c.actor] <= (c.high or 0) for c in cells]
    assert len(cells) == len(planted) == 600
    assert 0.93 <= np.mean(covered) <= 0.97


# States


def test_every_state_has_a_meaning_for_readers() -> None:
    assert set(STATES) == set(get_args(CellState))


@pytest.mark.parametrize(
    ("pattern", "state"),
    [
        ("S", "too little evidence"),
        ("SO", "too little evidence"),
        ("SS", "leans support"),
        ("SSS", "leans support"),
        ("SSSS", "supports"),
        ("OO", "leans oppose"),
        ("OOOO", "opposes"),
        ("SSN", "leans support"),
        ("NN", "neutral"),
        ("NNNNN", "neutral"),
        ("SNNNNN", "neutral"),
        ("SSO", "mixed"),
        ("SSOO", "mixed"),
        ("SSSSSSSSSSSSSO", "supports"),
        ("S" * 60 + "O" * 40, "mixed"),
        ("SONNNN", "neutral"),
        ("SSONN", "mixed"),
    ],
)
def test_state(pattern: str, state: str) -> None:
    assert only(said(pattern)).state == state


def test_one_clear_statement_shows_its_position_but_is_too_little() -> None:
    cell = only(said("S"))
    assert cell.state == "too little evidence"
    assert cell.position is not None
    assert cell.position > 0.3


def test_the_reader_sets_how_much_is_enough() -> None:
    assert only(said("SSSS"), min_n=5).state == "too little evidence"
    assert only(said("SSSS"), min_n=4).state == "supports"


def test_many_rows_that_tell_nothing_stay_too_little() -> None:
    vague = [row("support", [0.36, 0.32, 0.32], n=i) for i in range(6)]
    assert only(vague).state == "too little evidence"


# Repetition and counts


def test_a_reprint_changes_the_counts_and_nothing_else() -> None:
    first = said("SSO")
    again = [
        replace(first[0], article_id="reprint", text="Made-up   SENTENCE 0!", score=1.0),
        replace(first[0], article_id="later", published=START + timedelta(days=9)),
    ]
    alone, together = only(first), only([*again, *first])
    assert (together.n_statements, together.n_articles) == (5, 5)
    assert together.n_support == alone.n_support + 2
    assert together.n_independent == alone.n_independent == 3
    assert (together.position, together.low, together.state) == (
        alone.position,
        alone.low,
        alone.state,
    )


def test_a_repeated_statement_is_told_by_its_first_appearance() -> None:
    dates = [None, START + timedelta(days=5), START, START + timedelta(days=1)]
    copies = [row(n=i, text="the same", published=date) for i, date in enumerate(dates)]
    (kept,) = independent(copies)
    assert kept.published == START


def test_among_equally_old_copies_the_best_score_stands() -> None:
    weak = row("support", [0.5, 0.3, 0.2], n=1, text="the same")
    strong = row("support", [0.9, 0.05, 0.05], n=2, text="the same")
    assert independent([weak, strong]) == [strong]


def test_the_same_words_by_another_actor_or_on_another_issue_are_no_repetition() -> None:
    words = [row(text="yes"), row(text="yes", actor="borea"), row(text="yes", issue="talks")]
    assert len(independent(words)) == 3


def test_rows_without_text_repeat_none() -> None:
    assert only([row(n=i, text="") for i in range(3)]).n_independent == 3


def test_counts_are_of_statements_articles_and_stances() -> None:
    cell = only([*said("SSON"), row("oppose", n=0, text="more of the first article")])
    assert (cell.n_support, cell.n_oppose, cell.n_neutral) == (2, 2, 1)
    assert (cell.n_statements, cell.n_articles, cell.n_independent) == (5, 4, 5)


# Which cells, and when


def test_nothing_gives_an_empty_matrix_and_not_zeros() -> None:
    assert build_matrix([]) == []


def test_cells_stand_in_alphabetical_order() -> None:
    pairs = [("borea", "talks"), ("alba", "talks"), ("borea", "arms")]
    cells = build_matrix([row(actor=actor, issue=issue) for actor, issue in pairs])
    assert [(c.actor, c.issue) for c in cells] == sorted(pairs)


def test_names_given_filter_and_order_and_get_a_cell_without_evidence() -> None:
    found = [row(actor="alba", issue="talks"), row(actor="corva", issue="talks")]
    cells = build_matrix(found, actors=["zena", "alba"], issues=["talks", "arms"])
    assert [(c.actor, c.issue) for c in cells] == [
        ("zena", "talks"),
        ("zena", "arms"),
        ("alba", "talks"),
        ("alba", "arms"),
    ]
    empty = cells[0]
    assert empty.state == "no evidence"
    assert (empty.position, empty.low, empty.high, empty.first) == (None, None, None, None)
    assert empty.n_statements == empty.n_independent == 0


def test_the_window_takes_its_first_moment_and_not_its_last() -> None:
    days = [row(n=i, published=START + timedelta(days=i)) for i in range(4)]
    cell, *rest = build_matrix(
        days, since=START + timedelta(days=1), until=START + timedelta(days=3)
    )
    assert not rest
    assert (cell.n_statements, cell.first, cell.last) == (2, days[1].published, days[2].published)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 31))
def test_disjoint_windows_share_out_the_statements(offsets: list[int], cut: int) -> None:
    found = [row(n=i, published=START + timedelta(days=d)) for i, d in enumerate(offsets)]
    border = START + timedelta(days=cut)
    before = sum(c.n_statements for c in build_matrix(found, until=border))
    after = sum(c.n_statements for c in build_matrix(found, since=border))
    assert before + after == only(found).n_statements


def test_a_window_leaves_undated_rows_out() -> None:
    found = [row(n=1), row(n=2, published=None)]
    assert only(found).n_statements == 2
    assert build_matrix(found, since=START)[0].n_statements == 1


def test_dates_of_different_zones_are_compared_as_moments() -> None:
    late = datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=-5)))
    early = datetime(2025, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))
    cell = only([row(n=1, published=late), row(n=2, published=early)])
    assert (cell.first, cell.last) == (early, late)
