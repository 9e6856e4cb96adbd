"""Stored statements → another model's rows, without reading an article again.

The new rows wait beside the old ones until every article has them; then one commit makes them
the ones that count. The old ones stay, for `as_of` and for the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stance.attribution import Attribution, Noted
from stance.pipeline import Judged, Tracker
from stance.records import Article, Candidate
from stance.register import Actors, Issues
from stance.store import models as m
from stance.store.commits import Unchanged, Writing, writing
from stance.store.engine import told
from stance.store.grouping import regroup
from stance.store.ingest import use_model
from stance.store.reading import article_of, model_at
from stance.store.store import Store
from stance.store.stories import Placed
from stance.store.versions import change_over, number_of
from stance.store.writing import Entry, Span, add_positions

BATCH: Final = 32
"""Articles that are scored and written together."""

_FIELDS: Final = frozenset(field.name for field in fields(Candidate))


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of it: articles scored now, rows they gave, and questions left out because the
    register no longer has their actor or issue."""

    articles: int
    rows: int
    unasked: int


def rescore(
    store: Store, tracker: Tracker, progress: Callable[[int, int], None] | None = None
) -> Rescored:
    """Put all stored statements to a tracker's model and make its rows the ones that count.

    It may be stopped at any moment and goes on where it was. ``progress`` is told how many
    articles of how many are done. Raises ``StoreError``.
    """
    use_model(store, tracker)
    articles = rows = unasked = 0
    with told(store.engine):
        while True:
            for batch, waiting in _waiting(store, tracker.model_version):
                written, left_out = _score(store, tracker, batch)
                articles, rows, unasked = articles + len(batch), rows + written, unasked + left_out
                if progress is not None:
                    progress(articles, articles + waiting - len(batch))
            if _switch(store, tracker.model_version):
                return Rescored(articles, rows, unasked)


def _unscored(connection: Connection, version: str) -> sa.ColumnElement[bool]:
    model = number_of(connection, version)
    return ~sa.exists().where(m.Scored.model == model, m.Scored.article == m.Article.number)


def _waiting(store: Store, version: str) -> Iterator[tuple[list[int], int]]:
    """Batches of articles that the model has not scored, and how many there are still."""
    while True:
        with store.engine.connect() as connection:
            which = _unscored(connection, version)
            wanted = sa.select(m.Article.number).where(which).order_by(m.Article.number)
            batch = list(connection.scalars(wanted.limit(BATCH)))
            count = sa.select(sa.func.count()).select_from(m.Article).where(which)
            left = connection.scalar(count) or 0
        if not batch:
            return
        yield batch, left


@dataclass(frozen=True, slots=True)
class _Stored:
    placed: Placed
    article: Article
    statements: dict[Span, int]
    candidates: list[Candidate]
    said: Noted
    unasked: int


def _score(store: Store, tracker: Tracker, batch: Sequence[int]) -> tuple[int, int]:
    with store.engine.connect() as connection:
        stored = [_load(connection, number, tracker.actors, tracker.issues) for number in batch]
    reader = tracker.reader
    questions = [
        reader.question(one.article.text, candidate)
        for one in stored
        for candidate in one.candidates
    ]
    scores = iter(tracker.scorer.score(questions))
    entries = []
    for one in stored:
        judged = [Judged(candidate, next(scores), one.said) for candidate in one.candidates]
        rows = tracker.report(one.article, judged)
        entries.append((one, Entry(one.article, one.candidates, rows)))
    with writing(store.engine, "rescore") as change:
        model = number_of(change.connection, tracker.model_version)
        done = set() if model is None else _done(change, model, batch)
        if model is None or len(done) == len(batch):  # by another process, in the meantime
            raise Unchanged
        for one, entry in entries:
            if one.placed.number not in done:
                add_positions(change, one.placed, entry, one.statements, model)
    return sum(len(entry.positions) for _, entry in entries), sum(one.unasked for one in stored)


def _done(change: Writing, model: int, batch: Sequence[int]) -> set[int]:
    s = m.Scored
    wanted = sa.select(s.article).where(s.model == model, s.article.in_(batch))
    return set(change.connection.scalars(wanted))


def _load(connection: Connection, number: int, actors: Actors, issues: Issues) -> _Stored:
    a, s = m.Article, m.Statement
    wanted = sa.select(a.id, a.title, a.source, a.url, a.published, a.text, a.story)
    row = connection.execute(wanted.where(a.number == number)).one()
    printed = sa.select(sa.func.count()).select_from(a).where(a.story == row.story)
    shared = (connection.scalar(printed) or 0) > 1
    statements: dict[Span, int] = {}
    candidates: list[Candidate] = []
    said: dict[tuple[str, int, int], Attribution] = {}
    unasked = 0
    found = sa.select(s.number, s.start, s.end, s.candidates).where(s.article == number)
    for r in connection.execute(found.order_by(s.number)):
        statements[r.start, r.end] = r.number
        for question in r.candidates:
            if question["actor"] not in actors or question["issue"] not in issues:
                unasked += 1
                continue
            candidates.append(candidate_of(question))
            if noted := question.get("said"):
                said[question["actor"], r.start, r.end] = Attribution(**noted)
    placed = Placed(number, row.story, shared, joined=False)
    return _Stored(placed, article_of(row), statements, candidates, Noted(said), unasked)


def candidate_of(question: dict[str, Any]) -> Candidate:
    """A candidate as it was kept with its statement."""
    kept = {name: value for name, value in question.items() if name in _FIELDS}
    kept["context"] = tuple(kept["context"])
    kept["mentions"] = tuple(tuple(span) for span in kept["mentions"])
    return Candidate(**kept)


def _switch(store: Store, version: str) -> bool:
    """Let the model's rows count, if none is missing by now."""
    complete = False
    with writing(store.engine, "model") as change:
        connection = change.connection
        missing = sa.select(m.Article.number).where(_unscored(connection, version)).limit(1)
        complete = connection.scalar(missing) is None
        model = number_of(connection, version)
        if not complete or model is None or model_at(connection, change.version) == model:
            raise Unchanged
        change_over(change, model)
        reviewed = connection.scalars(
            sa.select(m.Position.number).where(
                m.Position.review.is_not(None), m.Position.ended.is_(None)
            )
        ).all()
        if reviewed:
            regroup(change, model, reviewed)
    return complete
