"""The store on SQLite and PostgreSQL: what goes in comes out, once, and as a whole run has it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeScorer

from stance import Tracker
from stance.clusters import clustered
from stance.pages import article_from_text
from stance.positions import build_matrix
from stance.records import Article, Position
from stance.register import Actor, Actors, Issue, Issues
from stance.stages import Reader
from stance.store import Query, Store, ingest

DAY = datetime(2025, 3, 4, tzinfo=UTC)
STORY = """Alba backs the tax, and said so on the steps of the old customs house on Monday.

The harbour town had waited for a word on the matter since the council broke up in the spring
without a vote, and shopkeepers along the quay put up their shutters to hear what would come.

Borea rejects the tax. The price of herring rose all the same, for the boats stayed in port
while their owners argued about who should mend the lighthouse before the autumn gales.

Alba weighs the ban, which the fishermen of the north shore have asked for three times."""
QUOTED = 'Alba rejects the tax: "We will never pay a penny for the harbour of {}," {} said.'


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


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


def article(text: str, day: int | None = 0, **given: str) -> Article:
    published = None if day is None else DAY + timedelta(days=day)
    return article_from_text(text, published=published, **given)


def articles() -> list[Article]:
    """Reprints, a quotation that goes round, plain sentences, and one without any position."""
    return [
        article(STORY, 0, source="Harbour Post"),
        article(STORY.replace("three times", "four times"), 3, source="Inland News"),
        article(STORY.replace("old customs", "new customs").replace("autumn", "winter"), -2),
        article(QUOTED.format("Norburg", "she"), 5),
        article(QUOTED.format("Norburg", "Alba") + " The tax is low.", 4),
        article(QUOTED.format("Norburg", "the leader") + " Rain fell.", 1),
        article("Borea backs the ban.", 6),
        article("Borea backs the ban. It snowed.", 7),
        article("Borea weighs the tax.", None, title="A title"),
        article("Nobody spoke of anything.", 2),
    ]


def whole(tracker: Tracker, given: list[Article]) -> list[Position]:
    """What one run over all articles gives, as a table keeps it."""
    found = clustered((one, tracker.positions(one)) for one in given)
    return in_order(map(rounded, found))


def rounded(p: Position) -> Position:
    return replace(p, **{n: round(getattr(p, n), 4) for n in PROBABILITIES})


PROBABILITIES = ("score", "p_support", "p_oppose", "p_neutral")


def in_order(rows: object) -> list[Position]:
    return sorted(rows, key=lambda p: (p.article_id, p.start, p.actor, p.issue))


def test_what_goes_in_comes_out(store: Store, tracker: Tracker) -> None:
    given = articles()
    added, rows = ingest(store, tracker, given)
    assert added == len(given)
    assert rows == store.count() == len(whole(tracker, given))
    assert in_order(store.positions()) == whole(tracker, given)
    assert [store.article(one.id) for one in given] == given
    assert store.article("no such") is None


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_changes_nothing(store: Store, tracker: Tracker, seed: int) -> None:
    given = articles()
    random.Random(seed).shuffle(given)
    ingest(store, tracker, given)
    assert in_order(store.positions()) == whole(tracker, given)
    assert store.matrix() == build_matrix(whole(tracker, given))


def test_the_same_again_changes_nothing(store: Store, tracker: Tracker) -> None:
    ingest(store, tracker, articles())
    before = store.data_version(), list(store.positions())
    assert ingest(store, tracker, articles()) == (0, 0)
    assert (store.data_version(), list(store.positions())) == before


def test_an_empty_store_has_an_empty_matrix(store: Store) -> None:
    assert store.data_version() == 0
    assert store.matrix() == []
    assert list(store.positions()) == []
    (cell,) = store.matrix(Query(actors=["alba"], issues=["tax"]))
    assert (cell.state, cell.position, cell.low) == ("no evidence", None, None)


def test_rows_are_asked_for_by_what_they_are(store: Store, tracker: Tracker) -> None:
    ingest(store, tracker, articles())
    rows = whole(tracker, articles())
    alba = [p for p in rows if p.actor == "alba"]
    assert in_order(store.positions(Query(actors=["alba"]))) == alba
    assert in_order(store.positions(Query(stances=["neutral"], issues=["ban"]))) == [
        p for p in rows if p.stance == "neutral" and p.issue == "ban"
    ]
    window = Query(since=DAY, until=DAY + timedelta(days=3))
    assert {p.article_id for p in store.positions(window)} == {
        one.id for one in articles() if one.published and 0 <= (one.published - DAY).days < 3
    } & {p.article_id for p in rows}
    assert {p.source for p in store.positions(Query(sources=["Inland News"]))} == {"Inland News"}
    assert list(store.positions(Query(actors=[]))) == []


def test_pages_survive_what_comes_in_between(store: Store, tracker: Tracker) -> None:
    ingest(store, tracker, articles()[:5])
    known = Query(version=store.data_version())
    rows = store.rows(known)
    first = store.rows(known, limit=3)
    ingest(store, tracker, articles())
    rest = store.rows(known, after=first[-1].number)
    assert [*first, *rest] == rows
    assert store.count() > len(rows)


def test_text_that_no_database_takes_comes_back(store: Store, tracker: Tracker) -> None:
    odd = Article(text="Alba backs the tax \x00 and \ud83d \ue000 so on.", title="\ud800")
    ingest(store, tracker, [odd])
    (row,) = store.positions()
    assert row.text == odd.text
    assert store.article(odd.id) == odd
