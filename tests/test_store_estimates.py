"""A store's estimates are those of a table: by the record that the store keeps of each model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes import FakeScorer
from stored import article as made
from stored import articles, make_tracker

from stance.compare import compare
from stance.course import course
from stance.evidence import record
from stance.modelfile import ModelInfo
from stance.positions import build_matrix
from stance.records import Article, Position
from stance.reliability import record_of
from stance.shifts import find_shifts
from stance.store import Query, Store, ingest
from stance.tables import read_positions, write_positions

CONFUSION = ((340, 49, 5, 106), (19, 188, 6, 58), (8, 11, 21, 16), (127, 64, 16, 4581))


def info(**given: Any) -> ModelInfo:
    measured = {
        "confusion": CONFUSION,
        "confusion_of": ("news",),
        "reported_none": (0.1, 0.2, 0.3),
    }
    return ModelInfo(version="fake-1", max_length=64, **(measured | given))


class Measured(FakeScorer):
    """A scorer whose model says what was measured of it."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info


def given() -> list[Article]:
    """The usual articles, and a series in which an actor turns."""
    before = [made(f"Borea rejects the tax. {n} geese flew.", -40 + n) for n in range(9)]
    return [*articles(), *before, *(made(f"Borea backs the tax. {n} boats.", n) for n in range(9))]


def table(store: Store, path: Path) -> list[Position]:
    """The store's rows as a position table has them."""
    write_positions(path, store.positions())
    return read_positions(path)[0]


def test_estimates_are_those_of_the_table(store: Store, tmp_path: Path) -> None:
    ingest(store, make_tracker(Measured(info())), given())
    (reviewed, *_) = store.rows(Query(actors=["alba"]))
    store.review(reviewed.id, "neutral", reviewer="coder-1")
    rows = table(store, tmp_path / "rows.csv")
    of = record_of(info())
    assert of is not None
    records = {"fake-1": of}
    assert store.records() == records
    cells = build_matrix(rows, records=records)
    assert store.matrix() == store.matrix() == cells
    assert cells != build_matrix(rows)
    report = find_shifts(rows, min_probability=0.5, records=records)
    assert report.shifts
    assert report != find_shifts(rows, min_probability=0.5)
    found = store.shifts(min_probability=0.5)
    assert found == report
    for mine, theirs in zip(found.shifts, report.shifts, strict=True):
        assert mine.evidence_before == theirs.evidence_before[-20:]
        assert mine.evidence_after == theirs.evidence_after[:20]
    assert store.course(period="week") == course(rows, "week", records=records)
    alba, borea = (
        [row for row in rows if (row.actor, row.issue) == (actor, "tax")]
        for actor in ("alba", "borea")
    )
    sides = [Query(actors=[actor], issues=["tax"]) for actor in ("alba", "borea")]
    assert store.compare(*sides) == compare(alba, borea, records)


def test_what_is_measured_later_counts_for_rows_of_before(store: Store) -> None:
    ingest(store, make_tracker(Measured(info(reported_none=()))), given())
    assert store.records() == {}
    plain, known = store.matrix(), store.data_version()
    ingest(store, make_tracker(Measured(info())), given())
    assert store.records() == {"fake-1": record(CONFUSION, (0.1, 0.2, 0.3))}
    assert store.matrix() == build_matrix(store.positions(), records=store.records()) != plain
    assert store.data_version() == known + 1
    ingest(store, make_tracker(Measured(info(reported_none=()))), given())  # an older file
    assert store.data_version() == known + 1
    assert store.records() != {}


@pytest.mark.parametrize("without", ["confusion", "confusion_of", "reported_none"])
def test_a_model_that_was_not_measured_on_news_has_no_record(store: Store, without: str) -> None:
    ingest(store, make_tracker(Measured(info(**{without: ()}))), articles())
    assert store.records() == {}
    assert store.matrix() == build_matrix(store.positions())
