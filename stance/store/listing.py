"""Articles as a list: what each is, without its text, and how many positions were found in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stance.evidence import instant
from stance.store import models as m
from stance.store.coding import date_of
from stance.store.reading import Query, conditions, model_at, version_of, visible


@dataclass(frozen=True, slots=True)
class Listed:
    """An article without its text. ``number`` rises with every article that comes in, so that
    it can be paged by; ``positions`` counts the rows that count."""

    number: int
    id: str
    title: str | None
    source: str | None
    url: str | None
    published: datetime | None
    positions: int


def articles(
    connection: Connection, query: Query, *, after: int = 0, limit: int | None = None
) -> list[Listed]:
    """Articles in the order in which they came in, from after a number on.

    ``sources``, ``article``, ``since`` and ``until`` of the query are of the article; with
    actors, issues, stances or evidence only articles that hold such a position are listed.
    """
    version = version_of(connection, query)
    model = model_at(connection, version)
    a, p = m.Article, m.Position
    found = (
        sa.select(sa.func.count())
        .select_from(p)
        .where(p.article == a.number, visible(version, model))
        .scalar_subquery()
    )
    wanted = (
        sa.select(a.number, a.id, a.title, a.source, a.url, a.published, found.label("positions"))
        .where(*_conditions(query, version, model), a.number > after)
        .order_by(a.number)
        .limit(limit)
    )
    return [
        Listed(r.number, r.id, r.title, r.source, r.url, date_of(r.published), r.positions)
        for r in connection.execute(wanted)
    ]


def count(connection: Connection, query: Query) -> int:
    """How many articles `articles` would list without a limit."""
    version = version_of(connection, query)
    model = model_at(connection, version)
    wanted = sa.select(sa.func.count()).select_from(m.Article)
    return int(connection.scalar(wanted.where(*_conditions(query, version, model))) or 0)


def _conditions(query: Query, version: int, model: int | None) -> list[sa.ColumnElement[bool]]:
    a = m.Article
    found: list[sa.ColumnElement[bool]] = [a.added <= version]
    if query.article is not None:
        found.append(a.id == query.article)
    if query.sources is not None:
        found.append(a.source.in_(query.sources))
    if query.since is not None:
        found.append(a.moment >= instant(query.since).timestamp())
    if query.until is not None:
        found.append(a.moment < instant(query.until).timestamp())
    held = (query.actors, query.issues, query.stances, query.evidence)
    if any(one is not None for one in held):
        only = replace(query, sources=None, article=None, since=None, until=None)
        found.append(
            a.number.in_(
                sa.select(m.Position.article)
                .join(m.Pair, m.Pair.number == m.Position.pair)
                .where(*conditions(only, version, model))
            )
        )
    return found
