"""Which rows are picked for labelling, and that nothing but the seed decides by chance."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.labelling.labelrow import LabelRow, row_id
from training.labelling.picks import Question, Wanted, pick, share_out, uncertainty
from training.labelling.repeats import groups

WORDS = "amber birch cedar delta ember fjord grove heron islet jetty knoll larch maple".split()


def words(number: int) -> str:
    """Six words that no other number has in common with more than a few."""
    chance = random.Random(number)
    return " ".join(f"{chance.choice(WORDS)}{chance.randrange(1000)}" for _ in range(6))


def question(
    at: int,
    unsure: float = 0.5,
    *,
    actor: str = "alba",
    issue: str = "tax",
    article: str = "",
    text: str = "",
    stance: str = "support",
) -> Question:
    article = article or f"a{at}"
    row = LabelRow(
        article_id=article,
        actor=actor,
        issue=issue,
        proposition="The tax should stay",
        start=at,
        end=at + 9,
        text=text or words(at),
        stance=stance,
        id=row_id(article, at, at + 9, actor, issue),
    )
    return Question(row, unsure)


def labelled(asked: Question, coder: str = "anna", label: str = "support") -> LabelRow:
    return asked.row.model_copy(update={"coder": coder, "label": label})


POOL = [
    question(at, at / 1000, actor=f"actor{at % 7}", issue=f"issue{at % 3}", article=f"a{at % 60}")
    for at in range(300)
]
ONLY_UNSURE = Wanted(random=0, disputed=0, new=0)


def reasons(rows: list[LabelRow]) -> Counter[str]:
    return Counter(row.reason for row in rows)


def test_the_least_sure_come_first() -> None:
    asked = [question(at, at / 10) for at in range(10)]
    found = pick(asked, [], replace(ONLY_UNSURE, n=3))
    assert {row.start for row in found.rows} == {7, 8, 9}
    assert found.reasons == {"uncertain": 3}
    assert found.distinct == 10


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_order_of_the_input_does_not_matter(chance: random.Random, seed: int) -> None:
    asked = POOL[:80]
    shuffled = chance.sample(asked, len(asked))
    wanted = Wanted(n=20, seed=seed)
    assert pick(shuffled, [], wanted) == pick(asked, [], wanted)


def test_another_seed_draws_other_rows() -> None:
    wanted = Wanted(n=40, random=0.5)
    drawn = [
        {
            row.id
            for row in pick(POOL, [], replace(wanted, seed=seed)).rows
            if row.reason == "random"
        }
        for seed in (0, 1)
    ]
    assert len(drawn[0]) == len(drawn[1]) == 20
    assert drawn[0] != drawn[1]


def test_chance_favours_neither_the_unsure_nor_the_repeated() -> None:
    often = [question(at, 0.9, text=words(1)) for at in range(50)]  # one question, fifty times
    sure = [question(100 + at, 0.0, actor=f"b{at}") for at in range(9)]
    hits = Counter(
        row.actor == "alba"
        for seed in range(200)
        for row in pick(
            [*often, *sure], [], Wanted(n=1, random=1, disputed=0, new=0, seed=seed)
        ).rows
    )
    assert 5 < hits[True] < 40  # 20 of 200 expected


@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_article_and_no_cell_fills_the_list(most: int) -> None:
    many = replace(ONLY_UNSURE, n=300, per_article=1000, per_cell=1000)
    by_article = pick(POOL, [], replace(many, per_article=most)).rows
    assert max(Counter(row.article_id for row in by_article).values()) == most
    by_cell = pick(POOL, [], replace(many, per_cell=most)).rows
    assert max(Counter(row.cell for row in by_cell).values()) == most
    assert len(by_article) == 60 * most  # every article gives as many as it may
    assert len(by_cell) == 21 * most


def test_nearly_the_same_words_are_asked_once() -> None:
    base = "Alba said on Monday that the tax on tea and coffee will stay for now"
    asked = [
        question(1, 0.3, text=base),
        question(2, 0.4, text=base.upper() + "!"),
        question(3, 0.2, text=base.replace("Monday", "Tuesday")),
        question(4, 0.1, text=base, actor="borea"),
    ]
    found = pick(asked, [], ONLY_UNSURE)
    assert {row.start for row in found.rows} == {2, 4}
    assert found.distinct == 2


def test_repeats_with_different_answers_are_disputed() -> None:
    asked = [
        question(1, 0.1, text="Alba backs the tax on tea"),
        question(2, 0.2, text="Alba backs the tax on tea!", stance="none"),
        question(3, 0.9),
    ]
    found = pick(asked, [], Wanted(n=4, random=0, disputed=0.25, new=0))
    assert {row.start: row.reason for row in found.rows} == {
        2: "repeats disagree",
        3: "uncertain",
    }


def test_a_label_that_the_model_contradicts_elsewhere_is_disputed() -> None:
    first, again = question(1, text="Alba backs the tax"), question(2, text="Alba backs the tax")
    settled = labelled(first, label="oppose")
    assert pick([first, again], [settled], Wanted()).rows[0].reason == "repeats disagree"
    assert pick([first, again], [labelled(first)], Wanted()).rows == []


def test_what_coders_disagree_on_is_asked_again_until_most_agree() -> None:
    asked = question(1)
    two = [labelled(asked), labelled(asked, "ben", "none")]
    (row,) = pick([asked], two, Wanted()).rows
    assert (row.id, row.reason, row.label, row.coder) == (
        asked.row.id,
        "coders disagree",
        None,
        None,
    )
    assert pick([asked], [*two, labelled(asked, "cleo", "none")], Wanted()).rows == []


def test_the_new_take_turns() -> None:
    known = [question(at, 0.9, actor="known") for at in range(20)]
    fresh = [question(100 + at, 0.1, actor="fresh") for at in range(20)]
    other = [question(200 + at, 0.2, actor="other") for at in range(20)]
    reviewed = [labelled(one) for one in known[:6]] + [labelled(other[0])]
    wanted = Wanted(n=12, random=0, disputed=0, new=0.5)
    rows = pick([*known, *fresh, *other], reviewed, wanted).rows
    found = Counter((row.actor, row.reason) for row in rows)
    assert found[("fresh", "new actor")] == 3
    assert found[("other", "new actor")] == 3
    assert found[("known", "uncertain")] == 6
    assert reasons(pick([*known, *fresh], [], wanted).rows) == {"uncertain": 12}


def test_a_new_issue_of_a_known_actor() -> None:
    tax = [question(at) for at in range(6)]
    tea = [question(50 + at, issue="tea") for at in range(3)]
    rows = pick([*tax, *tea], [labelled(one) for one in tax], Wanted(n=10, random=0)).rows
    assert Counter((row.issue, row.reason) for row in rows)[("tea", "new issue")] == 2


def test_the_shares_are_kept_and_nothing_is_asked_twice() -> None:
    clash = [question(1000 + at, actor=f"c{at}") for at in range(30)]
    reviewed = [
        labelled(one, coder, label)
        for one in clash
        for coder, label in (("anna", "support"), ("ben", "none"))
    ]
    rows = pick([*POOL, *clash], reviewed, Wanted(n=40, per_cell=20)).rows
    assert reasons(rows)["random"] == 4
    assert reasons(rows)["coders disagree"] == 10
    assert reasons(rows)["new actor"] == 10
    assert len({row.id for row in rows}) == 40


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda p: sum(p) > 0.01),
    st.floats(0, 1),
)
def test_uncertainty_lies_between_nought_and_one(given: list[float], least: float) -> None:
    shares = [p / sum(given) for p in given]
    by_answer = dict(zip(("support", "oppose", "neutral", "none"), shares, strict=True))
    assert 0 <= uncertainty(by_answer, least) <= 1


def test_uncertainty_is_greatest_at_the_decision() -> None:
    def unsure(none: float, least: float) -> float:
        return uncertainty({"support": 1 - none, "oppose": 0, "neutral": 0, "none": none}, least)

    assert unsure(0.3, 0.7) == pytest.approx(1)
    assert unsure(0.5, 0.7) < unsure(0.35, 0.7) < 1
    assert unsure(0.0, 0.7) == unsure(1.0, 0.7) == 0
    torn = {"support": 0.45, "oppose": 0.45, "neutral": 0.0, "none": 0.1}
    assert uncertainty(torn, 0.5) == pytest.approx(1)


def test_repeats_are_found_as_by_comparing_all() -> None:
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS[:6], k=chance.randint(0, 7))) for _ in range(120)]

    def alike(one: str, other: str) -> bool:
        a, b = set(one.split()), set(other.split())
        return bool(a | b) and len(a & b) * 10 >= 8 * len(a | b)

    root = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if alike(texts[i], texts[j]) and root[i] != root[j]:
                low, high = sorted((root[i], root[j]))
                root = [low if one == high else one for one in root]
    assert groups(texts) == root


@pytest.mark.parametrize(("overlap", "shared"), [(0, 0), (0.1, 4), (0.3, 12), (1, 40)])
def test_coders_share_what_they_are_to_share(overlap: float, shared: int) -> None:
    rows = pick(POOL, [], Wanted(n=40)).rows
    mine = share_out(rows, ["anna", "ben", "cleo"], overlap)
    seen = Counter(row.id for given in mine.values() for row in given)
    assert set(seen) == {row.id for row in rows}
    assert sum(count == 3 for count in seen.values()) == shared
    assert sum(count == 1 for count in seen.values()) == 40 - shared
    sizes = [len(given) for given in mine.values()]
    assert max(sizes) - min(sizes) <= 1
    place = {row.id: at for at, row in enumerate(rows)}
    assert all(
        [place[row.id] for row in given] == sorted(place[row.id] for row in given)
        for given in mine.values()
    )
