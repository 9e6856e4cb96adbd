"""One event, one count: what is found to be the same story, the same statement, the same words."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import FakeScorer
from hypothesis import given, settings
from hypothesis import strategies as st

from stance import Tracker
from stance.clusters import clustered
from stance.evidence import cluster_of, independent
from stance.pages import article_from_text
from stance.positions import build_matrix
from stance.records import Article, Cell, Position
from stance.register import Actor, Actors, Issue, Issues
from stance.reprints import SHORTEST, Stories
from stance.shifts import find_shifts
from stance.stages import Reader

SEEDS = Path(__file__).parent.parent / "seeds" / "articles" / "articles.jsonl"
REPRINTS = {
    frozenset(pair.split())
    for pair in ("d001 d002", "d006 d007", "d020 d021", "d029 d030", "d034 d035")
}
DAY = datetime(2025, 3, 4, tzinfo=UTC)

STORY = """Alba backs the tax, and said so on the steps of the old customs house on Monday.

The harbour town had waited for a word on the matter since the council broke up in the spring
without a vote, and shopkeepers along the quay put up their shutters to hear what would come.

Borea rejects the tax. The price of herring rose all the same, for the boats stayed in port
while their owners argued about who should mend the lighthouse before the autumn gales.

Alba weighs the ban, which the fishermen of the north shore have asked for three times."""
OTHER = """Borea backs the ban at a meeting of the upland farmers that nobody else attended.

Rain had washed out the road to the valley, so that most of the speakers sent a letter instead,
and the clerk read all eleven of them aloud before lunch was served in the barn.

Alba rejects the ban. She spoke by telephone from a railway station, with a brass band behind
her, and the farmers asked her to repeat the part about the seed potatoes."""


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    actors = Actors(
        (
            Actor(id="alba", name="Alba", kind="person", pronoun="she"),
            Actor(id="borea", name="Borea", kind="person", pronoun="he"),
        )
    )
    issues = Issues(
        (
            Issue(id="tax", title="The tax", proposition="The tax should stay", cues=("tax",)),
            Issue(id="ban", title="The ban", proposition="The ban should come", cues=("ban",)),
        )
    )
    return Tracker(Reader(actors, issues), FakeScorer())


def article(text: str, day: int = 0, title: str | None = None) -> Article:
    return article_from_text(text, title=title, published=DAY + timedelta(days=day))


def rows_of(tracker: Tracker, articles: list[Article]) -> list[Position]:
    return list(clustered((one, tracker.positions(one)) for one in articles))


def row(text: str, article_id: str, day: int = 0, **given: object) -> Position:
    values = {
        "article_id": article_id,
        "actor": "alba",
        "issue": "tax",
        "stance": "support",
        "score": 0.9,
        "p_support": 0.9,
        "p_oppose": 0.04,
        "p_neutral": 0.03,
        "evidence": "quote",
        "start": 0,
        "end": len(text),
        "text": text,
        "published": DAY + timedelta(days=day),
    }
    return Position(**values | given)


def cluster(*rows: Position, stories: dict[str, str] | None = None) -> list[str]:
    """The clusters of rows whose articles are told apart by their ids, or are ``stories``."""
    texts = stories or {}
    printed = [
        (Article(text=texts.get(one.article_id, one.article_id), id=one.article_id), [one])
        for one in rows
    ]
    return [one.cluster for one in clustered(printed)]


# ---------------------------------------------------------------------------------------
# Stories


def seeds() -> dict[str, str]:
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return {one["id"]: article_from_text(one["text"]).text for one in map(json.loads, lines)}


def groups(texts: dict[str, str]) -> set[frozenset[str]]:
    stories = Stories()
    for id, text in texts.items():
        stories.add(id, text)
    members: dict[int, set[str]] = {}
    for id, story in stories.shared().items():
        members.setdefault(story, set()).add(id)
    return {frozenset(group) for group in members.values()}


def test_the_reprints_among_the_demonstration_articles_are_found_and_nothing_else() -> None:
    assert groups(seeds()) == REPRINTS


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_articles_changes_no_story(shuffler: random.Random) -> None:
    texts = list(seeds().items())
    shuffler.shuffle(texts)
    assert groups(dict(texts)) == REPRINTS


def test_a_chain_of_versions_is_one_story_in_every_order() -> None:
    words = " ".join(f"word{n}" for n in range(130)).split()
    versions = {str(n): " ".join(words[15 * n : 15 * n + 70]) for n in range(5)}
    assert groups(versions) == {frozenset("01234")}
    assert groups({id: versions[id] for id in "30142"}) == {frozenset("01234")}


def test_brief_notices_must_agree_word_for_word() -> None:
    notice = "On day {} of the talks Alba backs the tax in public, " + "once more " * 12
    assert len(notice.split()) < SHORTEST
    texts = {"a": notice.format("one"), "b": notice.format("two"), "c": notice.format("ONE")}
    assert groups(texts) == {frozenset("ac")}


# ---------------------------------------------------------------------------------------
# Statements


def test_a_position_carries_the_cluster_of_its_words_from_the_start(tracker: Tracker) -> None:
    rows = tracker.positions(article(STORY))
    assert len(rows) >= 3
    assert [one.cluster for one in rows] == [cluster_of(one) for one in rows]
    assert rows_of(tracker, [article(STORY)]) == rows


def test_rows_come_in_their_order_and_are_otherwise_as_they_were(tracker: Tracker) -> None:
    articles = [article(STORY), article(OTHER, 1), article("Alba backs the tax again.", 2)]
    before = [one for each in articles for one in tracker.positions(each)]
    after = rows_of(tracker, articles)
    assert [replace(one, cluster="") for one in after] == [
        replace(one, cluster="") for one in before
    ]


def reprint(number: int) -> str:
    """The story as one of ten outlets prints it."""
    text = STORY.replace("on Monday", f"on Monday, the Courier of Port {number} wrote")
    if number % 2:
        text = text.replace("Alba backs the tax,", "Alba backs the tax for good,")
    if number % 3 == 0:
        text = text.rpartition("\n\n")[0]
    return text


def counts(cell: Cell) -> tuple[int, ...]:
    return (cell.n_support, cell.n_oppose, cell.n_neutral, cell.n_statements, cell.n_articles)


def test_ten_reprints_change_no_cell_and_raise_only_what_counts_all(tracker: Tracker) -> None:
    corpus = [article(STORY, title="Alba backs the tax"), article(OTHER, 1)]
    copies = [
        article(reprint(n), day=n % 4, title=f"Alba backs the tax, paper {n}") for n in range(10)
    ]
    copies[0] = replace(copies[0], published=None)
    alone = build_matrix(rows_of(tracker, corpus))
    together = build_matrix(rows_of(tracker, [*copies[:5], *corpus, *copies[5:]]))
    assert len(alone) == 4
    for before, after in zip(alone, together, strict=True):
        fixed = {name: getattr(before, name) for name in ALL_COUNTS}
        assert replace(after, **fixed) == before
        assert all(a <= b for a, b in zip(counts(before), counts(after), strict=True))
    by_cell = {(cell.actor, cell.issue): cell for cell in together}
    assert by_cell["alba", "tax"].n_articles == 11
    assert by_cell["alba", "ban"].n_articles == 1 + 6 + 1  # four papers cut the last paragraph


ALL_COUNTS = ("n_support", "n_oppose", "n_neutral", "n_statements", "n_articles")


def test_every_printing_can_be_counted(tracker: Tracker) -> None:
    rows = rows_of(tracker, [article(reprint(n), n) for n in range(10)])
    (once,) = build_matrix(rows, actors=["borea"], issues=["tax"])
    (each,) = build_matrix(rows, actors=["borea"], issues=["tax"], clusters=False)
    assert (once.n_independent, once.n_statements) == (1, 10)
    assert (each.n_independent, each.n_statements) == (1, 10)
    assert once.state == "too little evidence"
    assert each.state == "opposes"
    assert (once.last, each.last) == (DAY, DAY + timedelta(days=9))


def test_shifts_can_count_every_printing() -> None:
    days = [row(f"Sentence {n}", str(n), day=7 * n, cluster="one") for n in range(6)]
    assert find_shifts(days).untested == 1
    assert find_shifts(days, clusters=False).tested == 1


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_articles_changes_no_cluster(tracker: Tracker, order: list[int]) -> None:
    articles = [article(reprint(n), day=n % 2) for n in range(4)]
    articles += [article(OTHER, 1), article("Alba backs the tax at last.", 3)]
    expected = {place(one): one.cluster for one in rows_of(tracker, articles)}
    found = rows_of(tracker, [articles[n] for n in order])
    assert {place(one): one.cluster for one in found} == expected


def place(one: Position) -> tuple[object, ...]:
    return (one.article_id, one.actor, one.issue, one.start)


WORDS = " ".join(f"common{n}" for n in range(60))
SAME_STORY = {"a": WORDS, "b": f"{WORDS} and more"}


def test_a_sentence_reworded_in_a_reprint_is_one_statement_whatever_its_score() -> None:
    first = row("Alba will keep the tax, she said on Monday.", "a")
    later = row("Alba will keep the tax, she said in Port Norland.", "b", 1, stance="neutral")
    assert cluster(first, later, stories=SAME_STORY) == [cluster_of(first)] * 2
    assert cluster(first, later) == [cluster_of(first), cluster_of(later)]


def test_what_a_reprint_adds_counts_only_if_it_shows_another_stance() -> None:
    first = row("Alba will keep the tax, she said on Monday.", "a")
    same = row("Her party has always wanted it.", "b", 1, start=90)
    other = row("Last year Alba had fought it.", "b", 1, start=190, stance="oppose")
    assert cluster(first, same, other, stories=SAME_STORY) == [
        cluster_of(first),
        cluster_of(first),
        cluster_of(other),
    ]


def test_background_that_two_stories_share_does_not_make_them_one() -> None:
    other = " ".join(f"rare{n}" for n in range(60))
    stories = {**SAME_STORY, "c": other, "d": f"{other} and more"}
    background = "Her party has always wanted it."
    rows = [
        row("Alba will keep the tax, she said on Monday.", "a"),
        row(background, "b", 1),
        row("No harbour can live without dues, Alba told the guild.", "c", 5),
        row(background, "d", 6),
    ]
    one, copied, two, again = cluster(*rows, stories=stories)
    assert one == copied
    assert two == again
    assert one != two


def test_two_statements_of_one_article_stay_two() -> None:
    rows = [
        row("Alba backs the tax on herring, she said.", "a", start=0),
        row("Alba backs the tax on salt, she said.", "a", start=50),
        row("Alba backs the tax on herring and salt, she said.", "b", 1),
    ]
    one, two, both = cluster(*rows, stories=SAME_STORY)
    assert one != two
    assert both in (one, two)


QUOTED = "we will keep the tax until the last herring is landed"


@pytest.mark.parametrize(
    "again",
    [
        f'"{QUOTED.capitalize()}," the governor told the guild.',
        f"Asked twice, she said: “{QUOTED.capitalize()} and salted.”",
        f"Speaking of «{QUOTED}», Alba smiled.",
        f'The "Courier" has her as saying "{QUOTED}',
    ],
)
def test_a_quotation_that_other_outlets_repeat_is_one_statement(again: str) -> None:
    first = row(f"Alba said: “{QUOTED.capitalize()}.”", "a")
    assert cluster(first, row(again, "b", 1)) == [cluster_of(first)] * 2
    assert cluster(row(again, "b", 1), first) == [cluster_of(first)] * 2


@pytest.mark.parametrize(
    "again",
    [
        "Alba said that we will keep the tax until the last herring is landed.",  # no quotation
        "“We will keep the tax,” Alba said, “for as long as the guild can bear to pay it.”",
        "“No comment,” said Alba.",
    ],
)
def test_other_words_are_another_statement(again: str) -> None:
    first = row(f"Alba said: “{QUOTED.capitalize()}.” She added: “No comment.”", "a")
    assert len(set(cluster(first, row(again, "b", 1)))) == 2


def test_the_same_quotation_twice_in_an_article_stays_two_rows_of_evidence() -> None:
    rows = [row(f"Alba: “{QUOTED}”", "a"), row(f"“{QUOTED}”, she said.", "a", start=60)]
    assert len(set(cluster(*rows))) == 2


def test_what_two_actors_say_is_never_one_statement() -> None:
    rows = [row(f"“{QUOTED}”", "a"), row(f"“{QUOTED}”", "b", actor="borea")]
    assert len(set(cluster(*rows))) == 2
    assert len(independent(rows)) == 2
