"""A store → rows: positions as they stand, or as they stood at an earlier data version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stance.evidence import instant
from stance.records import EVIDENCE_KINDS, STANCES, Article, Position
from stance.store import models as m
from stance.store.coding import date_of, hexed, inflated
from stance.store.commits import data_version, version_at

_BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Query:
    """Which positions are asked for; what is left out does not restrict.

    ``since`` is the first moment that counts and ``until`` the first that no longer does; with
    either, undated rows are left out. ``as_of`` is a day (to its end, UTC) or a moment: the
    rows as they were known then; ``version`` says the same by data version. Actors and issues
    are called what they are called today, also in rows of then: who was renamed or merged is
    found, asked for and counted under one name, and a matrix of then can be laid beside today's.
    """

    actors: Sequence[str] | None = None
    issues: Sequence[str] | None = None
    stances: Sequence[str] | None = None
    evidence: Sequence[str] | None = None
    sources: Sequence[str] | None = None
    article: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: date | datetime | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A position with its place in the store.

    ``number`` rises with every row that comes in, so that it can be paged by; ``id`` stays the
    same wherever the same article is read by the same model. ``review`` is the number of the
    review that the row stands for, where a coder decided it.
    """

    number: int
    id: str
    position: Position
    review: int | None = None


def version_of(connection: Connection, query: Query) -> int:
    """The data version that a query is about."""
    if query.version is not None:
        return query.version
    return data_version(connection) if query.as_of is None else version_at(connection, query.as_of)


def model_at(connection: Connection, version: int) -> int | None:
    """The number of the model whose rows counted at a data version."""
    return connection.scalar(
        sa.select(m.Changeover.model)
        .where(m.Changeover.added <= version)
        .order_by(m.Changeover.added.desc())
        .limit(1)
    )


def visible(version: int, model: int | None) -> sa.ColumnElement[bool]:
    """The rows that count at a data version: of its model or a coder, and not overridden."""
    p = m.Position
    return sa.and_(
        p.added <= version,
        sa.or_(p.ended.is_(None), p.ended > version),
        sa.or_(p.model == model, p.review.is_not(None)),
    )


def cluster_at(version: int, now: int) -> sa.ColumnElement[int]:
    """The cluster of a row as it was known at a data version."""
    if version >= now:
        return m.Position.cluster.expression
    former = (
        sa.select(m.FormerCluster.cluster)
        .where(m.FormerCluster.position == m.Position.number, m.FormerCluster.until > version)
        .order_by(m.FormerCluster.until)
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(former, m.Position.cluster)


def conditions(query: Query, version: int, model: int | None) -> list[sa.ColumnElement[bool]]:
    """What a query asks, over the tables of positions, pairs and (for sources) articles."""
    p, pair = m.Position, m.Pair
    found = [visible(version, model)]
    if query.actors is not None:
        found.append(pair.shown_actor.in_(query.actors))
    if query.issues is not None:
        found.append(pair.shown_issue.in_(query.issues))
    if query.stances is not None:
        found.append(p.stance.in_([STANCES.index(s) for s in STANCES if s in query.stances]))
    if query.evidence is not None:
        kinds = [EVIDENCE_KINDS.index(kind) for kind in EVIDENCE_KINDS if kind in query.evidence]
        found.append(p.evidence.in_(kinds))
    if query.sources is not None:
        found.append(_articles(m.Article.source.in_(query.sources)))
    if query.article is not None:
        found.append(_articles(m.Article.id == query.article))
    if query.since is not None:
        found.append(p.moment >= instant(query.since).timestamp())
    if query.until is not None:
        found.append(p.moment < instant(query.until).timestamp())
    return found


def _articles(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return m.Position.article.in_(sa.select(m.Article.number).where(which))


def rows(
    connection: Connection, query: Query, *, after: int = 0, limit: int | None = None
) -> Iterator[Row]:
    """The rows of a query in the order in which they came in, from after a number on."""
    version = version_of(connection, query)
    model = model_at(connection, version)
    cluster = cluster_at(version, data_version(connection))
    wanted = (
        selected(cluster)
        .where(*conditions(query, version, model), m.Position.number > after)
        .order_by(m.Position.number)
        .limit(limit)
    )
    result = connection.execution_options(yield_per=_BATCH).execute(wanted)
    return (row_of(found) for found in result)


def rows_by_number(connection: Connection, numbers: Sequence[int], version: int) -> dict[int, Row]:
    """Single rows, whether they still count or not."""
    cluster = cluster_at(version, data_version(connection))
    found: dict[int, Row] = {}
    for at in range(0, len(numbers), _BATCH):
        part = numbers[at : at + _BATCH]
        result = connection.execute(selected(cluster).where(m.Position.number.in_(part)))
        found |= {row.number: row for row in map(row_of, result)}
    return found


def row(connection: Connection, id: str) -> Row | None:
    """The row of an id that counts now; a model's that a coder overrode gives the coder's."""
    version = data_version(connection)
    wanted = selected(m.Position.cluster.expression).where(
        m.Position.id == id, visible(version, model_at(connection, version))
    )
    found = connection.execute(wanted).first()
    return None if found is None else row_of(found)


def count(connection: Connection, query: Query) -> int:
    """How many rows a query has."""
    version = version_of(connection, query)
    found = conditions(query, version, model_at(connection, version))
    wanted = sa.select(sa.func.count()).select_from(m.Position)
    return (
        connection.scalar(wanted.join(m.Pair, m.Pair.number == m.Position.pair).where(*found)) or 0
    )


def selected(cluster: sa.ColumnElement[int]) -> sa.Select[*tuple[Any, ...]]:
    """Everything that `row_of` needs, from positions joined with what they refer to."""
    p, a, s, pair = m.Position, m.Article, m.Statement, m.Pair
    return (
        sa.select(
            p.number,
            p.id,
            p.review,
            a.id.label("article_id"),
            pair.shown_actor,
            pair.shown_issue,
            p.stance,
            p.score,
            p.p_support,
            p.p_oppose,
            p.p_neutral,
            p.evidence,
            s.start,
            s.end,
            s.text,
            a.title,
            a.source,
            a.url,
            a.published,
            m.Model.version.label("model_version"),
            p.codebook,
            cluster.label("cluster"),
            p.cue,
            p.via,
            p.addressee,
        )
        .select_from(p)
        .join(pair, pair.number == p.pair)
        .join(a, a.number == p.article)
        .join(s, s.number == p.statement)
        .join(m.Model, m.Model.number == p.model)
    )


def row_of(r: sa.Row[*tuple[Any, ...]]) -> Row:
    """The record of what `selected` found."""
    position = Position(
        article_id=r.article_id,
        actor=r.shown_actor,
        issue=r.shown_issue,
        stance=STANCES[r.stance],
        score=r.score,
        p_support=r.p_support,
        p_oppose=r.p_oppose,
        p_neutral=r.p_neutral,
        evidence=EVIDENCE_KINDS[r.evidence],
        start=r.start,
        end=r.end,
        text=r.text,
        title=r.title,
        source=r.source,
        url=r.url,
        published=date_of(r.published),
        model_version=r.model_version,
        codebook_version=r.codebook,
        cluster=hexed(r.cluster),
        cue=r.cue,
        via=r.via,
        addressee=r.addressee,
        reviewed=r.review is not None,
    )
    return Row(r.number, r.id, position, r.review)


def count_articles(connection: Connection) -> int:
    """How many articles a store has."""
    return connection.scalar(sa.select(sa.func.count()).select_from(m.Article)) or 0


def article(connection: Connection, id: str) -> Article | None:
    """An article with its text, where the store has it."""
    a = m.Article
    wanted = sa.select(a.id, a.title, a.source, a.url, a.published, a.text)
    found = connection.execute(wanted.where(a.id == id)).one_or_none()
    return None if found is None else article_of(found)


def article_of(r: sa.Row[*tuple[Any, ...]]) -> Article:
    """The record of a row of the table of articles."""
    return Article(
        text=inflated(r.text),
        title=r.title,
        source=r.source,
        url=r.url,
        published=date_of(r.published),
        id=r.id,
    )
