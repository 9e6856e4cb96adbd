"""The composition: what the tracker reports of an article, and that nothing else changes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import FakeScorer
from hypothesis import given
from hypothesis import strategies as st

from stance import Tracker
from stance.errors import InputError, ModelError
from stance.records import Article, Position
from stance.register import Actor, Actors, Issue, Issues
from stance.stages import Reader

TEXT = (
    "Alba backs the tax. The weather was fine.\n\nBorea rejects the tax, and Alba weighs the ban."
)


ACTORS = Actors(
    (
        Actor(id="alba", name="Alba", kind="person", pronoun="she"),
        Actor(id="borea", name="Borea", kind="person", pronoun="he"),
    )
)
ISSUES = Issues(
    (
        Issue(id="tax", title="The tax", proposition="The tax should stay", cues=("tax",)),
        Issue(id="ban", title="The ban", proposition="The ban should come", cues=("ban",)),
    )
)


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker(Reader(ACTORS, ISSUES), FakeScorer())


def test_reports_who_takes_which_position(tracker: Tracker) -> None:
    found = [(p.actor, p.issue, p.stance) for p in tracker.analyze(TEXT)]
    assert ("alba", "tax", "support") in found
    assert ("borea", "tax", "oppose") in found
    assert ("alba", "ban", "neutral") in found


def test_evidence_slices_back(tracker: Tracker) -> None:
    article = tracker.article(TEXT, title="A day in Alba")
    rows = tracker.positions(article)
    assert rows
    assert all(article.text[p.start : p.end] == p.text for p in rows)


def test_rows_carry_the_article_and_the_versions(tracker: Tracker) -> None:
    when = datetime(2025, 6, 1, tzinfo=UTC)
    row = tracker.analyze(TEXT, title="T", published="2025-06-01", source="S", url="U")[0]
    assert (row.title, row.source, row.url, row.published) == ("T", "S", "U", when)
    assert row.model_version == "fake-1"
    assert row.codebook_version
    assert row.score == pytest.approx(max(row.p_support, row.p_oppose, row.p_neutral))


def test_a_text_without_words_is_refused(tracker: Tracker) -> None:
    with pytest.raises(InputError, match="no words"):
        tracker.analyze(" \n ")


def test_a_date_that_cannot_be_read_is_refused(tracker: Tracker) -> None:
    with pytest.raises(InputError, match="published"):
        tracker.analyze(TEXT, published="the other day")


def test_run_gives_what_single_articles_give(tracker: Tracker) -> None:
    articles = [tracker.article(TEXT), tracker.article("Borea backs the ban.")]
    one_by_one = [p for a in articles for p in tracker.positions(a)]
    assert list(tracker.run(articles)) == one_by_one
    assert list(tracker.run(reversed(articles))) == [
        p for a in reversed(articles) for p in tracker.positions(a)
    ]


def test_run_is_lazy(tracker: Tracker) -> None:
    taken: list[str] = []

    def source() -> object:
        for text in (TEXT, "Borea backs the ban."):
            taken.append(text)
            yield tracker.article(text)

    next(tracker.run(source()))  # type: ignore[arg-type]
    assert len(taken) == 1


def test_a_threshold_can_be_tried(tracker: Tracker) -> None:
    article = tracker.article(TEXT)
    judged = tracker.judge(article)
    assert not tracker.report(article, judged, threshold=1.0)
    assert len(tracker.report(article, judged, threshold=0.0)) == len(judged)


@given(st.text(max_size=400))
def test_any_text_gives_rows_that_slice_back(tracker: Tracker, text: str) -> None:
    article = Article(text=f"{text} Alba backs the tax. {text}")
    rows: list[Position] = tracker.positions(article)
    assert all(article.text[p.start : p.end] == p.text for p in rows)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json is missing"):
        Tracker.load(model=tmp_path)
