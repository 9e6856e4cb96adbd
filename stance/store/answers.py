"""Cells and shifts, kept once they are worked out, so that asking again costs a look-up.

An answer belongs to one actor and issue, to what was asked (window, kinds, minimum n, data
version) and to the code that worked it out. It is kept in the database, where every process
finds it, with the revision of the actor and issue that it saw; an append, a review or another
model raises the revision of what it touches, and only that is worked out anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from stance.evidence import Record
from stance.positions import build_matrix
from stance.records import EVIDENCE_KINDS, STANCES, Cell, Position, Shift
from stance.shifts import ShiftReport, find_shifts
from stance.store import models as m
from stance.store import versions
from stance.store.coding import date_of, digest, hexed
from stance.store.commits import data_version
from stance.store.engine import snapshot
from stance.store.reading import (
    Query,
    cluster_at,
    conditions,
    model_at,
    rows_by_number,
    version_of,
)

NEAREST: Final = 20
"""Statements on either side that come with a shift, those nearest to it."""

MOST_QUESTIONS: Final = 200
"""So many different questions have their answers kept; the longest unanswered go first."""

_METHOD: Final = ("evidence.py", "positions.py", "shifts.py")
_BATCH: Final = 400
_STREAM: Final = 5000
_MOMENT: Final = "@"

Names = tuple[str, str]
Numbered = list[tuple[int, Position]]
Records = dict[str, Record]
Work = Callable[[Names, Numbered, Records], Any]


def matrix(engine: Engine, query: Query, **how: Any) -> list[Cell]:
    """The cells that `stance.positions.build_matrix` makes of a query's rows."""

    def cell(names: Names, rows: Numbered, records: Records) -> dict[str, Any] | None:
        made = build_matrix((p for _, p in rows), records=records, **how)
        return _plain(made[0]) if made else None

    found = _answers(engine, query, ["matrix", sorted(how.items())], cell).values
    cells = {names: _cell(names, kept) for names, kept in found.items() if kept is not None}
    asked = query.actors is not None or query.issues is not None
    actors = sorted({a for a, _ in cells}) if query.actors is None else dict.fromkeys(query.actors)
    issues = sorted({i for _, i in cells}) if query.issues is None else dict.fromkeys(query.issues)
    pairs = [(actor, issue) for actor in actors for issue in issues]
    return [
        cells[pair] if pair in cells else _empty(*pair) for pair in pairs if asked or pair in cells
    ]


def shifts(engine: Engine, query: Query, **how: Any) -> ShiftReport:
    """What `stance.shifts.find_shifts` finds in a query's rows, with the nearest statements."""

    def report(names: Names, rows: Numbered, records: Records) -> dict[str, Any]:
        numbers = {id(position): number for number, position in rows}
        found = find_shifts([p for _, p in rows], records=records, **how)
        told = [
            _plain(replace(one, evidence_before=(), evidence_after=()))
            | {
                "evidence_before": [numbers[id(p)] for p in one.evidence_before[-NEAREST:]],
                "evidence_after": [numbers[id(p)] for p in one.evidence_after[:NEAREST]],
            }
            for one in found.shifts
        ]
        counts = {"undated": found.undated, "tested": found.tested, "untested": found.untested}
        return {"shifts": told, **counts}

    answers = _answers(engine, query, ["shifts", sorted(how.items())], report)
    reports = [answers.values[names] for names in sorted(answers.values)]
    with engine.connect() as connection:
        wanted = [
            n
            for one in reports
            for shift in one["shifts"]
            for n in shift["evidence_before"] + shift["evidence_after"]
        ]
        rows = rows_by_number(connection, wanted, answers.version)
    return ShiftReport(
        tuple(
            _shift(names, kept, rows)
            for names in sorted(answers.values)
            for kept in answers.values[names]["shifts"]
        ),
        **{n: sum(one[n] for one in reports) for n in ("undated", "tested", "untested")},
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """By actor and issue, at one data version."""

    values: dict[Names, Any]
    version: int


def _answers(engine: Engine, query: Query, asked: Sequence[Any], work: Work) -> _Answers:
    with snapshot(engine) as connection:
        now = data_version(connection)
        version = min(version_of(connection, query), now)
        query = replace(query, version=version, as_of=None)
        records = versions.records(connection, version)
        worth = {name: asdict(of) for name, of in sorted(records.items())}
        question = _question(query, [*asked, worth], latest=version == now)
        revisions = _revisions(connection, query)
        kept = _kept(connection, question, query)
        found = {
            names: json.loads(answer)
            for names, (revision, answer) in kept.items()
            if revisions.get(names) == revision
        }
        missing = sorted(set(revisions) - set(found))
        fresh = dict.fromkeys(missing)
        for names, rows in _rows(connection, query, version, now, missing):
            fresh[names] = work(names, rows, records)
        if asked[0] == "shifts":
            fresh = {n: work(n, [], records) if one is None else one for n, one in fresh.items()}
    if fresh:
        _keep(engine, question, fresh, revisions, new=not kept)
    return _Answers(found | fresh, version)


def _question(query: Query, asked: Sequence[Any], *, latest: bool) -> str:
    names = ("stances", "evidence", "sources", "article", "since", "until")
    what = {name: getattr(query, name) for name in names}
    version = None if latest else query.version
    return digest(json.dumps([asked, what, version, _method()], default=_told))[:32]


def _told(value: object) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value)  # type: ignore[call-overload]


@cache
def _method() -> str:
    """Stands for the code that works the answers out, so that they do not outlive it."""
    return digest(*((files("stance") / name).read_text(encoding="utf-8") for name in _METHOD))


def _only(query: Query, actor: Any, issue: Any) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.actors is not None:
        found.append(actor.in_(query.actors))
    if query.issues is not None:
        found.append(issue.in_(query.issues))
    return found


def _revisions(connection: Connection, query: Query) -> dict[Names, int]:
    pair = m.Pair
    newest = sa.func.max(pair.revision)
    wanted = (
        sa.select(pair.shown_actor, pair.shown_issue, newest)
        .where(*_only(query, pair.shown_actor, pair.shown_issue))
        .group_by(pair.shown_actor, pair.shown_issue)
    )
    return {(actor, issue): revision for actor, issue, revision in connection.execute(wanted)}


def _kept(connection: Connection, question: str, query: Query) -> dict[Names, tuple[int, str]]:
    a = m.Answer
    wanted = sa.select(a.actor, a.issue, a.revision, a.answer).where(
        a.question == question, *_only(query, a.actor, a.issue)
    )
    return {(r.actor, r.issue): (r.revision, r.answer) for r in connection.execute(wanted)}


def _rows(
    connection: Connection, query: Query, version: int, now: int, pairs: Sequence[Names]
) -> Iterator[tuple[Names, Numbered]]:
    """The rows of some pairs, pair by pair; their texts, which no estimate reads, are left out."""
    p, pair, a = m.Position, m.Pair, m.Article
    model = model_at(connection, version)
    columns = (
        p.number, p.stance, p.score, p.p_support, p.p_oppose, p.p_neutral, p.evidence, a.id,
        a.source, a.published, m.Statement.start, m.Statement.end, m.Model.version,
        cluster_at(version, now), pair.shown_actor, pair.shown_issue, p.review,
    )  # fmt: skip
    wanted = (
        sa.select(*columns)
        .select_from(p)
        .join(pair, pair.number == p.pair)
        .join(a, a.number == p.article)
        .join(m.Statement, m.Statement.number == p.statement)
        .join(m.Model, m.Model.number == p.model)
        .where(*conditions(query, version, model))
        .order_by(pair.shown_actor, pair.shown_issue, p.number)
        .execution_options(yield_per=_STREAM)
    )
    for part in _parts(pairs):
        here = sa.tuple_(pair.shown_actor, pair.shown_issue).in_(part)
        found = connection.execute(wanted.where(here))
        for names, rows in groupby(found, key=lambda r: (r[14], r[15])):
            yield names, [(r[0], _position(r)) for r in rows]


def _position(r: Any) -> Position:
    return Position(
        article_id=r[7],
        actor=r[14],
        issue=r[15],
        stance=STANCES[r[1]],
        score=r[2],
        p_support=r[3],
        p_oppose=r[4],
        p_neutral=r[5],
        evidence=EVIDENCE_KINDS[r[6]],
        start=r[10],
        end=r[11],
        text="",
        source=r[8],
        published=date_of(r[9]),
        model_version=r[12],
        cluster=hexed(r[13]),
        reviewed=r[16] is not None,
    )


def _keep(
    engine: Engine,
    question: str,
    fresh: Mapping[Names, Any],
    revisions: Mapping[Names, int],
    *,
    new: bool,
) -> None:
    """Write answers down. Where the database cannot be written to now, they are just not kept."""
    rows = [
        {
            "question": question,
            "actor": actor,
            "issue": issue,
            "revision": revisions[actor, issue],
            "answer": json.dumps(answer, separators=(",", ":")),
        }
        for (actor, issue), answer in sorted(fresh.items())
    ]
    a = m.Answer
    with suppress(OperationalError), engine.execution_options(write=True).begin() as connection:
        insert = _insert(engine)
        for part in _parts(rows):
            values = insert(a).values(part)
            connection.execute(
                values.on_conflict_do_update(
                    index_elements=[a.question, a.actor, a.issue],
                    set_={"revision": values.excluded.revision, "answer": values.excluded.answer},
                    where=a.revision <= values.excluded.revision,
                )
            )
        if new:
            _make_room(connection)


def _make_room(connection: Connection) -> None:
    a = m.Answer
    newest = sa.func.max(a.revision).desc()
    questions = connection.scalars(sa.select(a.question).group_by(a.question).order_by(newest))
    if gone := questions.all()[MOST_QUESTIONS:]:
        connection.execute(sa.delete(a).where(a.question.in_(gone)))


def _lite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _insert(engine: Engine) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return sqlite.insert if _lite(engine) else postgresql.insert


def _plain(record: Any) -> dict[str, Any]:
    """A record's fields but for its names, as JSON can have them."""
    return {
        field.name: _MOMENT + value.isoformat() if isinstance(value, datetime) else value
        for field in fields(record)
        if field.name not in ("actor", "issue")
        for value in (getattr(record, field.name),)
    }


def _values(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value[1:])
        if isinstance(value, str) and value.startswith(_MOMENT)
        else value
        for name, value in kept.items()
    }


def _cell(names: Names, kept: Mapping[str, Any]) -> Cell:
    return Cell(actor=names[0], issue=names[1], **_values(kept))


def _empty(actor: str, issue: str) -> Cell:
    return build_matrix((), actors=[actor], issues=[issue])[0]


def _shift(names: Names, kept: Mapping[str, Any], rows: Mapping[int, Any]) -> Shift:
    sides = {
        side: tuple(rows[number].position for number in kept[side])
        for side in ("evidence_before", "evidence_after")
    }
    return Shift(actor=names[0], issue=names[1], **(_values(kept) | sides))


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    given = list(values)
    for at in range(0, len(given), _BATCH):
        yield given[at : at + _BATCH]
