"""What happens to rows later: reviews, other models, other names, and what was known before."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fakes import FakeScorer
from stored import QUOTED, STORY, article, articles, in_order, make_tracker, whole

from stance import Tracker
from stance.errors import StoreError, UnknownNameError
from stance.positions import build_matrix
from stance.records import Cell, Scores
from stance.store import Query, Store, ingest, rescore


class Contrary(FakeScorer):
    """Takes support for opposition, and opposition for support."""

    version = "fake-2"

    def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
        found = super().score(questions)
        return [replace(one, support=one.oppose, oppose=one.support) for one in found]


@pytest.fixture
def full(store: Store, tracker_of_two: Tracker) -> Store:
    ingest(store, tracker_of_two, articles())
    return store


# ---------------------------------------------------------------------------------------
# Other models


def test_another_model_scores_what_is_stored(full: Store) -> None:
    before, known = list(full.positions()), full.data_version()
    contrary = make_tracker(Contrary())
    done = rescore(full, contrary)
    assert (done.articles, done.rows) == (len(articles()), len(before))
    assert in_order(full.positions()) == whole(contrary, articles())
    assert list(full.positions(Query(version=known))) == before
    assert [(one.version, one.current) for one in full.models()] == [
        ("fake-1", False),
        ("fake-2", True),
    ]


def test_a_store_takes_rows_of_one_model_only(full: Store) -> None:
    with pytest.raises(StoreError, match=r"'fake-1'.*'fake-2'.*rescore --model fake-2"):
        ingest(full, make_tracker(Contrary()), [article("Alba rejects the ban at last.")])
    rescore(full, make_tracker(Contrary()))
    ingest(full, make_tracker(Contrary()), [article("Alba rejects the ban at last.")])
    assert full.count() == len(whole(make_tracker(), articles())) + 1


def test_rescoring_goes_on_where_it_was_stopped(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stance.store.rescoring.BATCH", 2)
    before = list(full.positions())

    def stop(done: int, of: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    contrary = make_tracker(Contrary())
    with pytest.raises(KeyboardInterrupt):
        rescore(full, contrary, stop)
    assert list(full.positions()) == before
    late = article("Borea rejects the ban, she said.")
    ingest(full, make_tracker(), [late])
    done = rescore(full, contrary)
    assert done.articles == len(articles()) + 1 - 4
    assert in_order(full.positions()) == whole(contrary, [*articles(), late])
    back = rescore(full, make_tracker())
    assert back.articles == 0
    assert in_order(full.positions()) == whole(make_tracker(), [*articles(), late])


# ---------------------------------------------------------------------------------------
# Reviews


def test_a_review_overrides_the_model_and_stays(full: Store) -> None:
    old = next(row for row in full.rows() if row.position.stance == "oppose")
    known = full.data_version()
    one = full.review(old.id, "support", reviewer="coder-1", note="irony")
    now = full.row(old.id)
    assert now is not None
    assert (now.position.stance, now.position.score, now.position.p_support) == ("support", 1, 1)
    assert (now.review, now.position.text) == (one.number, old.position.text)
    assert full.count() == full.count(Query(version=known))
    assert old in full.rows(Query(version=known))
    two = full.review(old.id, "none", reviewer="coder-2")
    assert (two.supersedes, full.row(old.id)) == (one.number, None)
    assert full.count() == full.count(Query(version=known)) - 1
    three = full.review(old.id, "neutral", reviewer="coder-2", evidence="action")
    now = full.row(old.id)
    assert now is not None
    assert (now.position.stance, now.position.evidence) == ("neutral", "action")
    assert [r.number for r in full.reviews(old.id)] == [one.number, two.number, three.number]
    assert [r.reviewer for r in full.reviews(old.id)] == ["coder-1", "coder-2", "coder-2"]


def test_a_review_outlives_its_model(full: Store) -> None:
    old = next(row for row in full.rows() if row.position.stance == "oppose")
    full.review(old.id, "neutral", reviewer="coder-1")
    rescore(full, make_tracker(Contrary()))
    now = full.row(old.id)
    assert now is not None
    assert now.position.stance == "neutral"
    assert full.count() == len(whole(make_tracker(), articles()))


def test_a_withdrawn_review_leaves_what_the_model_found(full: Store) -> None:
    before, cells, models = list(full.positions()), full.matrix(), full.models()
    old = next(row for row in full.rows() if "penny" in row.position.text)
    full.review(old.id, "support", reviewer="coder-1")
    full.review(old.id, "none", reviewer="coder-2")
    reviewed, known = full.matrix(), full.data_version()
    assert reviewed != cells
    gone = full.withdraw_review(old.id, reviewer="coder-2", note="was irony after all")
    assert (gone.stance, gone.note, gone.version) == ("model", "was irony after all", known + 1)
    assert in_order(full.positions()) == in_order(before)
    assert (full.matrix(), full.models()) == (cells, models)
    assert full.matrix(Query(version=known)) == reviewed
    now = full.row(old.id)
    assert now is not None
    assert (now.review, now.position.reviewed) == (None, False)
    assert [r.stance for r in full.reviews(old.id)] == ["support", "none", "model"]
    full.review(old.id, "neutral", reviewer="coder-1")
    full.withdraw_review(old.id, reviewer="coder-1")
    assert in_order(full.positions()) == in_order(before)
    assert (full.matrix(), full.models()) == (cells, models)


def test_a_withdrawn_review_binds_no_later_model(full: Store) -> None:
    old = next(row for row in full.rows() if row.position.stance == "oppose")
    full.review(old.id, "neutral", reviewer="coder-1")
    full.withdraw_review(old.id, reviewer="coder-1")
    contrary = make_tracker(Contrary())
    rescore(full, contrary)
    assert in_order(full.positions()) == whole(contrary, articles())


def test_a_review_that_outlived_its_model_can_be_withdrawn(full: Store) -> None:
    old = next(row for row in full.rows() if row.position.stance == "oppose")
    full.review(old.id, "neutral", reviewer="coder-1")
    contrary = make_tracker(Contrary())
    rescore(full, contrary)
    full.withdraw_review(old.id, reviewer="coder-1")
    assert in_order(full.positions()) == whole(contrary, articles())
    rescore(full, make_tracker())
    assert in_order(full.positions()) == whole(make_tracker(), articles())


def test_what_was_not_reviewed_cannot_be_withdrawn(full: Store) -> None:
    (row, *_) = full.rows()
    before = full.data_version()
    with pytest.raises(StoreError, match="has no review that could be withdrawn"):
        full.withdraw_review(row.id, reviewer="coder-1")
    with pytest.raises(StoreError, match="no position 'nowhere'"):
        full.withdraw_review("nowhere", reviewer="coder-1")
    with pytest.raises(StoreError, match="names its reviewer"):
        full.withdraw_review(row.id, reviewer="")
    assert full.data_version() == before
    full.review(row.id, "none", reviewer="coder-1")
    full.withdraw_review(row.id, reviewer="coder-1")
    with pytest.raises(StoreError, match="has no review that could be withdrawn"):
        full.withdraw_review(row.id, reviewer="coder-1")


def test_clusters_follow_a_review(full: Store, tracker_of_two: Tracker) -> None:
    """Without the row that tied two others together, they are what they are without it."""
    given = articles()
    quoting = sorted((r for r in full.rows() if "penny" in r.position.text), key=_published)
    assert len({r.position.cluster for r in quoting}) == 1
    full.review(quoting[0].id, "none", reviewer="coder-1")
    gone = quoting[0].position.article_id
    rest = whole(tracker_of_two, [one for one in given if one.id != gone])
    assert {p.cluster for p in rest if "penny" in p.text} == {
        r.position.cluster for r in full.rows() if "penny" in r.position.text
    }


def _published(row: object) -> object:
    return row.position.published


def test_reviews_of_nothing_are_refused(full: Store) -> None:
    (row, *_) = full.rows()
    before = full.data_version()
    with pytest.raises(StoreError, match="no position 'nowhere'"):
        full.review("nowhere", "support", reviewer="coder-1")
    with pytest.raises(UnknownNameError, match=r"did you mean.* support"):
        full.review(row.id, "suport", reviewer="coder-1")
    with pytest.raises(StoreError, match="names its reviewer"):
        full.review(row.id, "support", reviewer=" ")
    assert full.data_version() == before


# ---------------------------------------------------------------------------------------
# Names


def called_alba(cells: Sequence[Cell]) -> list[Cell]:
    return [replace(c, actor="alba") if c.actor == "a_morgan" else c for c in cells]


def test_a_renamed_actor_keeps_its_rows(full: Store, tracker_of_two: Tracker) -> None:
    cells = full.matrix()
    full.rename("actor", "alba", "a_morgan")
    assert [
        replace(c, actor="alba") if c.actor == "a_morgan" else c for c in full.matrix()
    ] == cells
    late = article(STORY.replace("three", "five"), 9)
    ingest(full, tracker_of_two, [late])
    assert full.names("actor") == {"a_morgan", "borea"}
    expected = build_matrix(whole(tracker_of_two, [*articles(), late]))
    assert called_alba(full.matrix()) == expected
    full.rename("actor", "a_morgan", "alba")
    assert full.matrix() == expected
    assert in_order(full.positions()) == whole(tracker_of_two, [*articles(), late])


def test_merged_actors_count_as_one(full: Store) -> None:
    rows = full.count()
    full.merge("actor", ["borea"], "alba")
    assert full.names("actor") == {"alba"}
    assert sum(cell.n_statements for cell in full.matrix()) == full.count() == rows
    with pytest.raises(UnknownNameError, match="borea"):
        full.merge("actor", ["borea"], "alba")


def test_names_are_checked(full: Store) -> None:
    with pytest.raises(UnknownNameError, match="did you mean alba"):
        full.rename("actor", "albo", "x")
    with pytest.raises(StoreError, match="merge them"):
        full.rename("issue", "tax", "ban")


def test_words_that_two_merged_actors_say_are_one_statement(
    store: Store, tracker_of_two: Tracker
) -> None:
    said = QUOTED.format("Norburg", "she")
    other = said.replace("Alba", "Borea")
    ingest(store, tracker_of_two, [article(said, 0), article(other, 1)])
    store.merge("actor", ["borea"], "alba")
    (cell,) = store.matrix()
    assert (cell.n_statements, cell.n_independent) == (2, 1)


# ---------------------------------------------------------------------------------------
# What was known on a day


def test_as_of_tells_what_was_known(
    store: Store, tracker_of_two: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()]
    monkeypatch.setattr("stance.store.commits.time.time", lambda: clock[0])
    given = articles()
    random.Random(4).shuffle(given)
    known = []
    for day, part in enumerate((given[:4], given[4:7], given[7:]), start=1):
        clock[0] = datetime(2026, 1, day, 12, tzinfo=UTC).timestamp()
        ingest(store, tracker_of_two, part)
        known.append(store.matrix())
    row = store.rows()[0]
    clock[0] = datetime(2026, 1, 4, tzinfo=UTC).timestamp()
    store.review(row.id, "none", reviewer="coder-1")
    known.append(store.matrix())
    clock[0] = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
    rescore(store, make_tracker(Contrary()))
    known.append(store.matrix())
    for day, cells in enumerate(known, start=1):
        as_of = datetime(2026, 1, day, tzinfo=UTC).date()
        assert store.matrix(Query(as_of=as_of)) == cells, day
    assert store.matrix(Query(as_of=datetime(2025, 12, 31, tzinfo=UTC))) == []
    assert store.matrix(Query(as_of=datetime(2026, 1, 1, 11, tzinfo=UTC))) == []


# ---------------------------------------------------------------------------------------
# Jobs


def test_a_job_is_claimed_once_and_done(store: Store) -> None:
    job = store.submit("ingest", {"articles": 3}, total=3)
    assert job is not None
    assert (job.state, job.done, job.total) == ("queued", 0, 3)
    assert store.claim("a", kinds=["other"]) is None
    claimed = store.claim("a")
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempts) == (job.id, "running", 1)
    assert store.claim("b") is None
    assert store.heartbeat(job.id, "a", done=2)
    assert not store.heartbeat(job.id, "b", done=3)
    assert not store.complete(job.id, "b")
    assert store.complete(job.id, "a", {"rows": 7})
    ended = store.job(job.id)
    assert ended is not None
    assert (ended.state, ended.done, ended.result) == ("done", 2, {"rows": 7})
    assert not store.fail(job.id, "a", "too late")
    assert store.data_version() == 0


def test_a_job_whose_worker_fell_silent_is_taken_over(store: Store) -> None:
    job = store.submit("ingest", {})
    assert job is not None
    for attempt in range(1, 6):
        claimed = store.claim(f"worker-{attempt}", lease=0.0)
        assert claimed is not None
        assert claimed.attempts == attempt
        time.sleep(0.001)
    assert not store.complete(job.id, "worker-1")
    assert store.claim("worker-6") is None
    given_up = store.job(job.id)
    assert given_up is not None
    assert given_up.state == "failed"
    assert "fell silent 5 times" in (given_up.error or "")


def test_a_job_put_back_costs_no_attempt(store: Store) -> None:
    job = store.submit("ingest", {})
    assert job is not None
    store.claim("a")
    assert store.release(job.id, "a")
    again = store.claim("b")
    assert again is not None
    assert (again.owner, again.attempts) == ("b", 1)
    assert store.fail(job.id, "b", "no such file")
    assert [(one.state, one.error) for one in store.jobs()] == [("failed", "no such file")]


def test_a_full_queue_takes_no_more(store: Store) -> None:
    assert store.submit("ingest", {}, most_waiting=2)
    assert store.submit("ingest", {}, most_waiting=2)
    assert store.submit("ingest", {}, most_waiting=2) is None
    assert len(store.jobs(states=["queued"])) == 2


def test_no_two_workers_get_the_same_job(store: Store) -> None:
    jobs = {job.id for n in range(24) if (job := store.submit("ingest", {"n": n})) is not None}
    address = store.engine.url.render_as_string(hide_password=False)

    def work(owner: str) -> list[str]:
        done = []
        with Store.open(address) as mine:
            while (job := mine.claim(owner)) is not None:
                assert mine.complete(job.id, owner)
                done.append(job.id)
        return done

    with ThreadPoolExecutor(4) as pool:
        found = [id for done in pool.map(work, "abcd") for id in done]
    assert len(found) == len(set(found))
    assert set(found) == jobs


def test_several_may_add_the_same_at_once(store: Store) -> None:
    address = store.engine.url.render_as_string(hide_password=False)

    def add(seed: int) -> int:
        given = articles()
        random.Random(seed).shuffle(given)
        with Store.open(address) as mine:
            return ingest(mine, make_tracker(), given)[0]

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(add, range(3))) == len(articles())
    assert in_order(store.positions()) == whole(make_tracker(), articles())
    assert store.data_version() == 1 + len(articles())
