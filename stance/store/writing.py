"""Articles with their rows → a store, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from stance.attribution import Attribution
from stance.errors import StoreError
from stance.evidence import cluster_of
from stance.records import EVIDENCE_KINDS, STANCES, Article, Candidate, Position
from stance.store import models as m
from stance.store.coding import deflated, moment_of, position_id, signed
from stance.store.commits import Unchanged, Writing, writing
from stance.store.grouping import all_models, regroup, rows_of_story, run_hashes
from stance.store.naming import pairs_for, touch
from stance.store.reading import model_at
from stance.store.reviewing import decided
from stance.store.stories import Placed, add_to_stories

DECIMALS: Final = 4
"""Probabilities are kept as a position table has them, so that both give the same cells."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, all that a model was asked about it, and the rows that came of it."""

    article: Article
    candidates: Sequence[Candidate]
    positions: Sequence[Position]
    said: Sequence[Attribution] = ()
    """How each candidate is introduced, where that is at hand; kept for another model."""


def append(engine: Engine, entries: Iterable[Entry], model_version: str) -> int:
    """Add those articles that the store does not have; returns how many they were.

    All of them are kept in one transaction. Raises ``StoreError`` where another model's rows
    are the ones that count in this store.
    """
    given = {entry.article.id: entry for entry in entries}
    fresh: list[Entry] = []
    with engine.connect() as connection:
        known = known_articles(connection, list(given))
    if known == set(given):
        return 0
    with writing(engine, "append") as change:
        model = _model(change, model_version)
        known = known_articles(change.connection, list(given))
        fresh = [entry for id, entry in given.items() if id not in known]
        if not fresh:
            raise Unchanged
        for entry in fresh:
            _add(change, entry, model)
    return len(fresh)


def known_articles(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these articles the store has."""
    return set(connection.scalars(sa.select(m.Article.id).where(m.Article.id.in_(ids))))


def _model(change: Writing, version: str) -> int:
    current = model_at(change.connection, change.version)
    wanted = sa.select(m.Model.number, m.Model.version).where(m.Model.number == current)
    number, counted = change.connection.execute(wanted).one_or_none() or (None, None)
    if number is None or counted != version:
        raise StoreError(
            f"the store's rows are of model '{counted}', these are of '{version}'; "
            f"score the stored statements with it first: stance db rescore --model {version}"
        )
    return int(number)


def _add(change: Writing, entry: Entry, model: int) -> None:
    placed = add_to_stories(change, article_values(entry.article, change.version), entry.article)
    statements = _add_statements(change, placed.number, entry)
    add_positions(change, placed, entry, statements, model)


def article_values(article: Article, version: int) -> dict[str, Any]:
    """An article's row but for what tells its story."""
    return {
        "id": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "published": None if article.published is None else article.published.isoformat(),
        "moment": moment_of(article),
        "text": deflated(article.text),
        "added": version,
    }


def _add_statements(change: Writing, article: int, entry: Entry) -> dict[Span, int]:
    """The numbers of the sentences that were asked about or that carry a row."""
    asked: dict[Span, list[dict[str, Any]]] = {}
    for candidate, said in zip_longest(entry.candidates, entry.said):
        question = asdict(candidate)
        if said is not None and said != Attribution():
            question["said"] = asdict(said)
        asked.setdefault((candidate.start, candidate.end), []).append(question)
    for position in entry.positions:
        asked.setdefault((position.start, position.end), [])
    if not asked:
        return {}
    s = m.Statement
    rows = [
        {
            "article": article,
            "start": start,
            "end": end,
            "text": entry.article.text[start:end],
            "candidates": candidates,
        }
        for (start, end), candidates in asked.items()
    ]
    change.connection.execute(sa.insert(s), rows)
    found = change.connection.execute(
        sa.select(s.start, s.end, s.number).where(s.article == article)
    )
    return {(start, end): number for start, end, number in found}


def add_positions(
    change: Writing,
    placed: Placed,
    entry: Entry,
    statements: dict[Span, int],
    model: int,
) -> None:
    """A model's rows of one article, and the clusters that they and others are in now."""
    connection, p = change.connection, m.Position
    connection.execute(sa.insert(m.Scored).values(model=model, article=placed.number))
    pairs = pairs_for(change, ((p.actor, p.issue) for p in entry.positions))
    by_coders = decided(connection, statements.values())
    rows, runs = [], []
    for position in entry.positions:
        pair = pairs[position.actor, position.issue]
        shown = replace(position, actor=pair.shown_actor, issue=pair.shown_issue)
        statement = statements[position.start, position.end]
        runs.append(run_hashes(shown))
        rows.append(
            position_values(position)
            | {
                "article": placed.number,
                "statement": statement,
                "pair": pair.number,
                "model": model,
                "moment": moment_of(entry.article),
                "name": (name := signed(cluster_of(shown))),
                "cluster": name,
                "compared": placed.shared or bool(runs[-1]),
                "added": change.version,
                # a coder's word stands, whatever another model makes of the sentence
                "ended": change.version if (statement, pair.number) in by_coders else None,
            }
        )
    if rows:
        added = sa.insert(p).returning(p.number, sort_by_parameter_order=True)
        numbers = list(connection.scalars(added, rows))
        quoted = zip(numbers, runs, strict=True)
        if found := [{"run": run, "position": n} for n, hashes in quoted for run in hashes]:
            connection.execute(sa.insert(m.Quoted), found)
    else:
        numbers = []
    changed = {pair.number for pair in pairs.values()}
    if placed.joined:
        everyone = rows_of_story(connection, placed.story)
        for one in all_models(change):
            changed |= regroup(change, one, [*everyone, *numbers])
    elif numbers:
        changed |= regroup(change, model, numbers)
    touch(change, changed)


def position_values(position: Position) -> dict[str, Any]:
    """What a row says by itself."""
    return {
        "id": position_id(
            position.article_id,
            position.actor,
            position.issue,
            position.start,
            position.end,
            position.model_version,
        ),
        "stance": STANCES.index(position.stance),
        "score": round(position.score, DECIMALS),
        "p_support": round(position.p_support, DECIMALS),
        "p_oppose": round(position.p_oppose, DECIMALS),
        "p_neutral": round(position.p_neutral, DECIMALS),
        "evidence": EVIDENCE_KINDS.index(position.evidence),
        "codebook": position.codebook_version,
        "cue": position.cue,
        "via": position.via,
        "addressee": position.addressee,
    }
