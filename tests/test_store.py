"""The store on SQLite and PostgreSQL: what goes in comes out, once, and as a whole run has it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from stored import DAY, articles, in_order, whole

from stance import Tracker
from stance.positions import build_matrix
from stance.records import Article
from stance.store import Query, Store, ingest


def test_what_goes_in_comes_out(store: Store, tracker_of_two: Tracker) -> None:
    given = articles()
    added, rows = ingest(store, tracker_of_two, given)
    assert added == len(given)
    assert rows == store.count() == len(whole(tracker_of_two, given))
    assert in_order(store.positions()) == whole(tracker_of_two, given)
    assert [store.article(one.id) for one in given] == given
    assert store.article("no such") is None


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_changes_nothing(
    store: Store, tracker_of_two: Tracker, seed: int
) -> None:
    given = articles()
    random.Random(seed).shuffle(given)
    ingest(store, tracker_of_two, given)
    assert in_order(store.positions()) == whole(tracker_of_two, given)
    assert store.matrix() == build_matrix(whole(tracker_of_two, given))


def test_the_same_again_changes_nothing(store: Store, tracker_of_two: Tracker) -> None:
    ingest(store, tracker_of_two, articles())
    before = store.data_version(), list(store.positions())
    assert ingest(store, tracker_of_two, articles()) == (0, 0)
    assert (store.data_version(), list(store.positions())) == before


def test_an_empty_store_has_an_empty_matrix(store: Store) -> None:
    assert store.data_version() == 0
    assert store.matrix() == []
    assert list(store.positions()) == []
    (cell,) = store.matrix(Query(actors=["alba"], issues=["tax"]))
    assert (cell.state, cell.position, cell.low) == ("no evidence", None, None)


def test_rows_are_asked_for_by_what_they_are(store: Store, tracker_of_two: Tracker) -> None:
    ingest(store, tracker_of_two, articles())
    rows = whole(tracker_of_two, articles())
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


def test_pages_survive_what_comes_in_between(store: Store, tracker_of_two: Tracker) -> None:
    ingest(store, tracker_of_two, articles()[:5])
    known = Query(version=store.data_version())
    rows = store.rows(known)
    first = store.rows(known, limit=3)
    ingest(store, tracker_of_two, articles())
    rest = store.rows(known, after=first[-1].number)
    assert [*first, *rest] == rows
    assert store.count() > len(rows)


def test_text_that_no_database_takes_comes_back(store: Store, tracker_of_two: Tracker) -> None:
    odd = Article(text="Alba backs the tax \x00 and \ud83d \ue000 so on.", title="\ud800")
    ingest(store, tracker_of_two, [odd])
    (row,) = store.positions()
    assert row.text == odd.text
    assert store.article(odd.id) == odd
