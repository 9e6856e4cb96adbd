"""Which stored rows repeat each other: `stance.clusters`, kept up to date row by row.

A new row can only change the clusters of rows that it has to do with: rows of its actor and
issue that share a story, a quoted run of words or all words with it, with one of those, and so
on. `regroup` gathers that neighbourhood by index and compares it anew, so that the outcome is
that of a run over all articles, in whatever order they come, at the cost of a few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stance.clusters import compare, quoted_runs
from stance.evidence import cluster_of
from stance.records import Position
from stance.store import models as m
from stance.store.coding import ENCODING, hexed, signed
from stance.store.commits import Writing
from stance.store.reading import row_of, selected

_BATCH: Final = 500
T = TypeVar("T")


def run_hashes(position: Position) -> list[int]:
    """The runs of quoted words of a row, each told from those on other actors and issues."""
    pair = f"{position.actor}\0{position.issue}\0"
    return sorted(
        int.from_bytes(
            blake2b((pair + run).encode(*ENCODING), digest_size=8).digest(), "big", signed=True
        )
        for run in quoted_runs(position.text)
    )


def all_models(change: Writing) -> set[int]:
    """The models that have rows here; each one's rows are compared among themselves."""
    return set(change.connection.scalars(sa.select(m.Model.number)))


def rows_of_story(connection: Connection, story: int) -> list[int]:
    """The rows of all articles that print a story."""
    articles = sa.select(m.Article.number).where(m.Article.story == story)
    return list(
        connection.scalars(sa.select(m.Position.number).where(m.Position.article.in_(articles)))
    )


def regroup(
    change: Writing, model: int, seeds: Iterable[int], *, gone: Iterable[int] = ()
) -> set[int]:
    """Find the clusters of some rows and of all that have to do with them.

    ``gone`` are rows that no longer count; those that had to do with them are compared anew.
    Returns the numbers of the pairs of which a row changed its cluster.
    """
    left = _load(change.connection, set(gone), sa.true())
    near = _neighbourhood(change.connection, model, {*seeds, *_touched(change.connection, left)})
    found = compare((one.position for one in near.values()), _stories(change.connection, near))
    wanted = {number: signed(found.cluster(one.position)) for number, one in near.items()}
    names = {one.name for one in (*near.values(), *left.values())}
    for number, cluster in _unlike(change.connection, model, names, found.names):
        wanted.setdefault(number, cluster)
    return _move(change, wanted)


def rename_rows(change: Writing, pairs: set[int]) -> None:
    """After an actor or issue got another name: the clusters of all its rows, which hold it."""
    connection, p = change.connection, m.Position
    numbers: set[int] = set()
    for part in _parts(pairs):
        numbers.update(connection.scalars(sa.select(p.number).where(p.pair.in_(part))))
    rows = _load(connection, numbers, sa.true())
    names = [{"b_number": n, "name": signed(cluster_of(r.position))} for n, r in rows.items()]
    runs = [
        {"run": run, "position": number}
        for number, row in rows.items()
        for run in run_hashes(row.position)
    ]
    for part in _parts(numbers):
        connection.execute(sa.delete(m.Quoted).where(m.Quoted.position.in_(part)))
    if names:
        named = sa.update(p).where(p.number == sa.bindparam("b_number"))
        connection.execute(named.values(name=sa.bindparam("name")), names)
    if runs:
        connection.execute(sa.insert(m.Quoted), runs)
    for model in all_models(change):
        regroup(change, model, numbers)


@dataclass(frozen=True, slots=True)
class _Near:
    position: Position
    story: int
    name: int
    shown: tuple[str, str]


def _neighbourhood(connection: Connection, model: int, seeds: Iterable[int]) -> dict[int, _Near]:
    """The rows that have to do with some others, directly or not, and these."""
    found: dict[int, _Near] = {}
    waiting = set(seeds)
    while waiting:
        fresh = _load(connection, waiting, _counts(model))
        found |= fresh
        waiting = _touched(connection, fresh) - set(found)
        # those that do not count were looked at and are not looked at again
        waiting &= _countable(connection, model, waiting)
    return found


def _counts(model: int) -> sa.ColumnElement[bool]:
    p = m.Position
    return sa.and_(p.ended.is_(None), sa.or_(p.model == model, p.review.is_not(None)))


def _countable(connection: Connection, model: int, numbers: set[int]) -> set[int]:
    p = m.Position
    return {
        number
        for part in _parts(numbers)
        for number in connection.scalars(
            sa.select(p.number).where(p.number.in_(part), _counts(model))
        )
    }


def _load(
    connection: Connection, numbers: set[int], which: sa.ColumnElement[bool]
) -> dict[int, _Near]:
    p = m.Position
    wanted = selected(p.cluster.expression).add_columns(m.Article.story, p.name)
    found: dict[int, _Near] = {}
    for part in _parts(numbers):
        for r in connection.execute(wanted.where(p.number.in_(part), which)):
            position = row_of(r).position
            found[r.number] = _Near(position, r.story, r.name, (r.shown_actor, r.shown_issue))
    return found


def _touched(connection: Connection, rows: dict[int, _Near]) -> set[int]:
    """The rows that share a story, a run or all words with some others."""
    p, pair, a = m.Position, m.Pair, m.Article
    found: set[int] = set()
    for part in _parts({near.name for near in rows.values()}):
        found.update(
            connection.scalars(sa.select(p.number).where(p.name.in_(part), p.compared.is_(True)))
        )
    for part in _parts({run for near in rows.values() for run in run_hashes(near.position)}):
        found.update(connection.scalars(sa.select(m.Quoted.position).where(m.Quoted.run.in_(part))))
    # By story alone: a database that began with the pair would look at all of its rows.
    together = {(near.story, *near.shown) for near in rows.values()}
    for part in _parts({near.story for near in rows.values()}):
        printed = (
            sa.select(p.number, a.story, pair.shown_actor, pair.shown_issue)
            .select_from(a)
            .join(p, p.article == a.number)
            .join(pair, pair.number == p.pair)
            .where(a.story.in_(part))
        )
        found.update(r[0] for r in connection.execute(printed) if tuple(r[1:]) in together)
    return found


def _stories(connection: Connection, rows: dict[int, _Near]) -> dict[str, int]:
    """The stories of articles that are not alone with theirs."""
    a = m.Article
    shared: set[int] = set()
    for part in _parts({near.story for near in rows.values()}):
        wanted = sa.select(a.story).where(a.story.in_(part)).group_by(a.story)
        shared.update(connection.scalars(wanted.having(sa.func.count() > 1)))
    return {n.position.article_id: n.story for n in rows.values() if n.story in shared}


def _unlike(
    connection: Connection, model: int, words: set[int], names: dict[str, str]
) -> Iterable[tuple[int, int]]:
    """Rows that were not compared, with words of some that were and another cluster now."""
    p = m.Position
    for part in _parts(words):
        wanted = sa.select(p.number, p.name).where(
            p.name.in_(part), p.compared.is_(False), _counts(model)
        )
        for number, name in connection.execute(wanted):
            yield number, signed(names.get(hexed(name), hexed(name)))


def _move(change: Writing, wanted: dict[int, int]) -> set[int]:
    """Write down the clusters that changed, and what they were where others knew them."""
    p, pairs = m.Position, set[int]()
    connection = change.connection
    for part in _parts(set(wanted)):
        now = connection.execute(
            sa.select(p.number, p.cluster, p.added, p.pair).where(p.number.in_(part))
        ).all()
        moved = [r for r in now if r.cluster != wanted[r.number]]
        known = [r for r in moved if r.added < change.version]
        pairs.update(r.pair for r in moved)
        _remember(change, [(r.number, r.cluster) for r in known])
        for r in moved:
            connection.execute(
                sa.update(p).where(p.number == r.number).values(cluster=wanted[r.number])
            )
    return pairs


def _remember(change: Writing, clusters: Sequence[tuple[int, int]]) -> None:
    """Keep what was believed before this commit; within it a row may move more than once."""
    f = m.FormerCluster
    if not clusters:
        return
    numbers = [number for number, _ in clusters]
    kept = set(
        change.connection.scalars(
            sa.select(f.position).where(f.position.in_(numbers), f.until == change.version)
        )
    )
    new = [
        {"position": number, "until": change.version, "cluster": cluster}
        for number, cluster in clusters
        if number not in kept
    ]
    if new:
        change.connection.execute(sa.insert(f), new)


def _parts(values: Iterable[T]) -> Iterable[list[T]]:
    rest = iter(sorted(values))  # type: ignore[type-var]
    while part := list(islice(rest, _BATCH)):
        yield part
