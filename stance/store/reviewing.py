"""A coder's word on a position: it overrides the model's, counts as certain, and stays.

The review is kept with who said it, when and why. The row that it overrides is ended, not
deleted, and one that says what the coder says takes its place. It belongs to the sentence, the
actor and the issue, so that it also overrides what another model makes of them later. A review
that is withdrawn stays as well: a further one says that the models' rows stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from stance.errors import StoreError, UnknownNameError
from stance.records import EVIDENCE_KINDS, STANCES, Evidence
from stance.store import models as m
from stance.store.commits import Writing, writing
from stance.store.grouping import all_models, regroup
from stance.store.naming import touch

Verdict = Literal["support", "oppose", "neutral", "none"]
"""What a coder may say; ``none``: this sentence shows no position of the actor on the issue."""

WITHDRAWN: Final = "model"
"""What a review says that withdraws the one before: the model's row stands."""

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict of a coder. ``supersedes`` is the number of the earlier one it replaces.

    A ``stance`` of "model" withdraws that one: what the models found stands again.
    """

    number: int
    position_id: str
    reviewer: str
    stance: Verdict | Literal["model"]
    evidence: Evidence | None
    note: str
    at: datetime
    version: int
    supersedes: int | None


def review(
    engine: Engine,
    position_id: str,
    stance: Verdict,
    *,
    reviewer: str,
    evidence: Evidence | None,
    note: str,
) -> Review:
    """Override a position. Raises ``StoreError`` for an id that is nowhere."""
    if stance not in VERDICTS:
        raise UnknownNameError("verdict", stance, VERDICTS)
    if evidence is not None and evidence not in EVIDENCE_KINDS:
        raise UnknownNameError("evidence kind", evidence, EVIDENCE_KINDS)
    _check_reviewer(reviewer)
    with writing(engine, "review") as change:
        number = _review(change, position_id, stance, reviewer, evidence, note)
        (written,) = _reviews(change.connection, m.Review.number == number)
    return written


def withdraw(engine: Engine, position_id: str, *, reviewer: str, note: str) -> Review:
    """Let the models' rows stand again where a review overrides them.

    Raises ``StoreError`` for an id that is nowhere and for a position without a review.
    """
    _check_reviewer(reviewer)
    with writing(engine, "withdraw") as change:
        number = _withdraw(change, position_id, reviewer, note)
        (written,) = _reviews(change.connection, m.Review.number == number)
    return written


def decided(connection: Connection, statements: Iterable[int]) -> set[tuple[int, int]]:
    """The statements and pairs for which a coder's word stands."""
    r = m.Review
    last = (
        sa.select(sa.func.max(r.number))
        .where(r.statement.in_(list(statements)))
        .group_by(r.statement, r.pair)
    )
    wanted = sa.select(r.statement, r.pair).where(r.number.in_(last), r.stance != WITHDRAWN)
    return {(row.statement, row.pair) for row in connection.execute(wanted)}


def _check_reviewer(reviewer: str) -> None:
    if not reviewer.strip():
        raise StoreError("a review names its reviewer, found an empty name")


def reviews_of(connection: Connection, position_id: str) -> list[Review]:
    """All that coders said about the sentence, actor and issue of a position, oldest first."""
    r, p = m.Review, m.Position
    same = sa.exists().where(p.id == position_id, p.statement == r.statement, p.pair == r.pair)
    return _reviews(connection, same)


def _review(
    change: Writing,
    position_id: str,
    stance: Verdict,
    reviewer: str,
    evidence: Evidence | None,
    note: str,
) -> int:
    p, row = m.Position, _newest(change.connection, position_id)
    kind = None if evidence is None else EVIDENCE_KINDS.index(evidence)
    number = _write(change, row, stance, kind, reviewer, note)
    same = (p.statement == row["statement"], p.pair == row["pair"], p.ended.is_(None))
    ended = change.connection.scalars(
        sa.update(p).where(*same).values(ended=change.version).returning(p.number)
    ).all()
    if stance != "none":
        _put_in_place(change, row, number, stance, evidence)
    _regroup_around(change, [*ended, int(row["number"])], row)
    touch(change, [row["pair"]])
    return number


def _withdraw(change: Writing, position_id: str, reviewer: str, note: str) -> int:
    connection, p = change.connection, m.Position
    row = _newest(connection, position_id)
    statement, pair = row["statement"], row["pair"]
    if (statement, pair) not in decided(connection, [statement]):
        raise StoreError(f"position '{position_id}' has no review that could be withdrawn")
    number = _write(change, row, WITHDRAWN, None, reviewer, note)
    here = (p.statement == statement, p.pair == pair)
    coders = sa.update(p).where(*here, p.ended.is_(None)).values(ended=change.version)
    ended = connection.scalars(coders.returning(p.number)).all()
    # One row of each model: it may have been overridden and have come back more than once.
    last = sa.select(sa.func.max(p.number)).where(*here, p.review.is_(None)).group_by(p.id)
    models = connection.execute(sa.select(p.__table__).where(p.number.in_(last))).mappings().all()
    for one in models:
        _add_again(change, dict(one))
    _regroup_around(change, [*ended, *(one["number"] for one in models)], row)
    touch(change, [pair])
    return number


def _newest(connection: Connection, position_id: str) -> dict[str, Any]:
    p = m.Position
    wanted = sa.select(p.__table__).where(p.id == position_id).order_by(p.number.desc()).limit(1)
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        raise StoreError(f"there is no position '{position_id}'")
    return dict(row)


def _write(
    change: Writing, row: dict[str, Any], stance: str, kind: int | None, reviewer: str, note: str
) -> int:
    """Put a review down; returns its number."""
    r = m.Review
    here = (r.statement == row["statement"], r.pair == row["pair"])
    values = {
        "position_id": row["id"],
        "statement": row["statement"],
        "pair": row["pair"],
        "reviewer": reviewer,
        "stance": stance,
        "evidence": kind,
        "note": note,
        "supersedes": change.connection.scalar(sa.select(sa.func.max(r.number)).where(*here)),
        "added": change.version,
    }
    added = sa.insert(r).values(values).returning(r.number)
    return int(change.connection.execute(added).scalar_one())


def _put_in_place(
    change: Writing, row: dict[str, Any], review: int, stance: Verdict, evidence: Evidence | None
) -> None:
    """The coder's row: the model's, but for what the coder said, and certain."""
    row = row | {f"p_{one}": float(one == stance) for one in STANCES}
    row |= {"review": review, "stance": [*STANCES, "none"].index(stance), "score": 1.0}
    if evidence is not None:
        row["evidence"] = EVIDENCE_KINDS.index(evidence)
    _add_again(change, row)


def _add_again(change: Writing, row: dict[str, Any]) -> None:
    """A row like an earlier one that counts from now on, with the runs that it quotes."""
    connection, old = change.connection, row["number"]
    values = {name: value for name, value in row.items() if name != "number"}
    values |= {"added": change.version, "ended": None}
    new = connection.execute(sa.insert(m.Position).values(values).returning(m.Position.number))
    number = int(new.scalar_one())
    runs = connection.scalars(sa.select(m.Quoted.run).where(m.Quoted.position == old)).all()
    if runs:
        connection.execute(sa.insert(m.Quoted), [{"run": n, "position": number} for n in runs])


def _regroup_around(change: Writing, numbers: list[int], row: dict[str, Any]) -> None:
    """Compare anew what is there now, and all that had to do with what no longer is."""
    p = m.Position
    mine = (p.article == row["article"], p.statement == row["statement"])  # articles are indexed
    here = change.connection.scalars(sa.select(p.number).where(*mine)).all()
    for model in all_models(change):
        touch(change, regroup(change, model, [*here], gone=numbers))


def _reviews(connection: Connection, which: sa.ColumnElement[bool]) -> list[Review]:
    r = m.Review
    wanted = (
        sa.select(r.__table__, m.Commit.at)
        .join(m.Commit, m.Commit.version == r.added)
        .where(which)
        .order_by(r.number)
    )
    return [
        Review(
            number=row["number"],
            position_id=row["position_id"],
            reviewer=row["reviewer"],
            stance=row["stance"],
            evidence=None if row["evidence"] is None else EVIDENCE_KINDS[row["evidence"]],
            note=row["note"],
            at=datetime.fromtimestamp(row["at"], UTC),
            version=row["added"],
            supersedes=row["supersedes"],
        )
        for row in connection.execute(wanted).mappings()
    ]
