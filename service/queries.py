"""Checked parameters → what the store says: the one layer that addresses and pages ask.

Everything of one answer is seen at one data version, which its `Snapshot` holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

from service.filters import (
    ActorMatrixAsked,
    ActorWindow,
    ArticlesAsked,
    CompareAsked,
    MatrixAsked,
    PositionsAsked,
    ShiftsAsked,
    TimelineAsked,
    Window,
)
from service.problems import Refused
from service.schemas import Breach
from stance.compare import Comparison, compare
from stance.course import Stretch, course
from stance.errors import UnknownNameError
from stance.positions import build_matrix
from stance.records import Article, Cell
from stance.register import Actors, Issues
from stance.rollup import by_government
from stance.shifts import ShiftReport
from stance.store import Query, Row, Store
from stance.store.listing import Listed
from stance.store.reviewing import Review

Kind = Literal["actor", "issue"]
T = TypeVar("T")
R = TypeVar("R", Listed, Row)
_MOST_STEPS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store at one data version, with the names that requests may use."""

    store: Store
    actors: Actors
    issues: Issues
    version: int

    def known(self, kind: Kind) -> set[str]:
        """The ids of the register, and those that rows of the store have beside it."""
        entries = self.actors.entries if kind == "actor" else self.issues.entries
        return {entry.id for entry in entries} | self.store.names(kind)

    def known_issues(self) -> list[str]:
        """All issues, those of the register first and in its order."""
        registered = [entry.id for entry in self.issues.entries]
        return registered + sorted(self.store.names("issue") - set(registered))

    def check(self, kind: Kind, names: Iterable[str]) -> None:
        """Raises ``UnknownNameError``, with the nearest name, for one that nobody has."""
        wanted = list(names)
        if wanted:
            known = self.known(kind)
            for name in wanted:
                if name not in known:
                    raise UnknownNameError(kind, name, known)

    def found(self, kind: Kind, name: str) -> str:
        """A name of an address, which is refused with 404 where nobody has it."""
        try:
            self.check(kind, [name])
        except UnknownNameError as error:
            raise Refused(404, str(error)) from None
        return name

    def query(self, asked: Window | CompareAsked, actors: Sequence[str] = ()) -> Query:
        """The store's query of a window. Raises ``UnknownNameError``."""
        issues = [asked.issue] if isinstance(asked.issue, str) else asked.issue
        self.check("actor", actors)
        self.check("issue", issues)
        return Query(
            actors=list(actors) or None,
            issues=list(issues) or None,
            evidence=list(asked.evidence) or None,
            sources=list(asked.source) or None,
            since=asked.since,
            until=asked.until,
            version=self.version,
        )


def registered(kind: Kind, name: str, known: Sequence[str]) -> None:
    """Refuses with 404, and the nearest name, what the register does not have."""
    if name not in known:
        raise Refused(404, str(UnknownNameError(kind, name, known)))


# Cells, courses, shifts


def matrix(at: Snapshot, asked: MatrixAsked) -> list[Cell]:
    """The cells of a matrix."""
    if asked.by == "actor":
        return at.store.matrix(
            at.query(asked, asked.actor),
            min_n=asked.min_n,
            clusters=asked.clusters,
            weights=asked.weights(),
        )
    at.check("actor", asked.actor)
    rows = by_government(at.store.positions(at.query(asked)), at.actors)
    return build_matrix(
        rows,
        actors=asked.actor or None,
        issues=asked.issue or None,
        min_n=asked.min_n,
        clusters=asked.clusters,
        weights=asked.weights(),
        records=at.store.records(at.version),
    )


def actor_matrix(at: Snapshot, actor: str, asked: ActorMatrixAsked) -> list[Cell]:
    """The cells of one actor."""
    return at.store.matrix(
        at.query(asked, [actor]),
        min_n=asked.min_n,
        clusters=asked.clusters,
        weights=asked.weights(),
    )


def timeline(at: Snapshot, actor: str, asked: TimelineAsked) -> list[Stretch]:
    """An actor's course, cut into periods."""
    rows = at.store.positions(at.query(asked, [actor]))
    return course(rows, asked.period, min_n=asked.min_n, records=at.store.records(at.version))


def shifts(at: Snapshot, asked: ShiftsAsked) -> ShiftReport:
    """The shifts that were found, and how much evidence was left out."""
    return at.store.shifts(
        at.query(asked, asked.actor),
        min_probability=asked.min_probability,
        clusters=asked.clusters,
    )


def compared(at: Snapshot, asked: CompareAsked) -> Comparison:
    """Two actors on one issue."""
    mine, yours = (
        list(at.store.positions(at.query(asked, [actor]))) for actor in (asked.a, asked.b)
    )
    return compare(mine, yours, at.store.records(at.version))


# Lists that are paged


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: its rows, how many the whole list has, and where it goes on."""

    rows: list[T]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after a row, at the data version of the first page."""

    version: int
    after: int

    def written(self, asked: BaseModel) -> str:
        """The cursor as a token that is bound to the filters of a request."""
        told = json.dumps([self.version, self.after, _filters(asked)], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, asked: BaseModel) -> Cursor:
        """Raises `Refused` for what is no cursor of ours, or one of other filters."""
        try:
            told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, after, filters = told
            whole = isinstance(version, int) and isinstance(after, int)
            if not (whole and 0 <= version < _MOST_STEPS and 0 <= after < _MOST_STEPS):
                raise ValueError
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise _refused("is none that this service gave") from None
        if filters != _filters(asked):
            raise _refused("belongs to a request with other filters") from None
        return cls(version, after)


def _refused(reason: str) -> Refused:
    detail = f"cursor: {reason}; begin again without it"
    return Refused(422, detail, errors=[Breach(detail=detail, parameter="cursor")])


def _filters(asked: BaseModel) -> str:
    told = asked.model_dump_json(exclude={"cursor", "limit", "format", "select"})
    return hashlib.sha256(f"{type(asked).__name__} {told}".encode()).hexdigest()[:16]


def start(at: Snapshot, asked: ArticlesAsked | PositionsAsked) -> tuple[Snapshot, int]:
    """The snapshot that a page shows, and the row it begins after."""
    if asked.cursor is None:
        return at, 0
    cursor = Cursor.read(asked.cursor, asked)
    if cursor.version > at.store.data_version():
        raise _refused("is of data that are not here")
    return Snapshot(at.store, at.actors, at.issues, cursor.version), cursor.after


def _listed(at: Snapshot, asked: ActorWindow, **more: Any) -> Query:
    return replace(at.query(asked, asked.actor), **more)


def articles(at: Snapshot, after: int, asked: ArticlesAsked) -> Page[Listed]:
    """A page of articles."""
    query = _listed(at, asked, stances=list(asked.stance) or None)
    rows = at.store.articles(query, after=after, limit=asked.limit + 1)
    return _page(at, rows, at.store.count_listed(query), asked)


def positions(at: Snapshot, after: int, asked: PositionsAsked) -> Page[Row]:
    """A page of positions."""
    query = _listed(at, asked, stances=list(asked.stance) or None, article=asked.article)
    rows = at.store.rows(query, after=after, limit=asked.limit + 1)
    return _page(at, rows, at.store.count(query), asked)


def _page(
    at: Snapshot, rows: list[R], total: int, asked: ArticlesAsked | PositionsAsked
) -> Page[R]:
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    token = Cursor(at.version, shown[-1].number).written(asked) if more else None
    return Page(shown, total, token)


# Single things


@dataclass(frozen=True, slots=True)
class Reading:
    """An article with its rows, in the order of its text."""

    article: Article
    rows: list[Row]


def article(at: Snapshot, id: str) -> Reading:
    """An article and its positions; refused with 404 where there is none."""
    found = (
        at.store.article(id) if at.store.articles(Query(article=id, version=at.version)) else None
    )
    if found is None:
        raise Refused(404, "no article of this id is here")
    rows = at.store.rows(Query(article=id, version=at.version))
    return Reading(found, sorted(rows, key=lambda r: (r.position.start, r.number)))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A position and what coders said of it, oldest first."""

    row: Row
    reviews: list[Review]


def position(at: Snapshot, id: str) -> Judgement:
    """The row that counts of a position's id; refused with 404 where there is none."""
    row = at.store.row(id)
    reviews = at.store.reviews(id)
    if row is None:
        raise Refused(404, "no position of this id counts here")
    return Judgement(row, reviews)
