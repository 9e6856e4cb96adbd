"""A coder's word on a position: it overrides the model's, counts as certain, and stays.

The review is kept with who said it, when and why. The row that it overrides is ended, not
deleted, and one that says what the coder says takes its place. It belongs to the sentence, the
actor and the issue, so that it also overrides what another model makes of them later.
"""

from __future__ import annotations

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

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict of a coder. ``supersedes`` is the number of the earlier one it replaces."""

    number: int
    position_id: str
    reviewer: str
    stance: Verdict
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
    if not reviewer.strip():
        raise StoreError("a review names its reviewer, found an empty name")
    with writing(engine, "review") as change:
        number = _review(change, position_id, stance, reviewer, evidence, note)
        (written,) = _reviews(change.connection, m.Review.number == number)
    return written


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
    connection, p, r = change.connection, m.Position, m.Review
    newest = sa.select(p.__table__).where(p.id == position_id).order_by(p.number.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    if row is None:
        raise StoreError(f"there is no position '{position_id}'")
    here = (r.statement == row["statement"], r.pair == row["pair"])
    earlier = connection.scalar(sa.select(sa.func.max(r.number)).where(*here))
    values = {
        "position_id": position_id,
        "statement": row["statement"],
        "pair": row["pair"],
        "reviewer": reviewer,
        "stance": stance,
        "evidence": None if evidence is None else EVIDENCE_KINDS.index(evidence),
        "note": note,
        "supersedes": earlier,
        "added": change.version,
    }
    added = sa.insert(r).values(values).returning(r.number)
    number = int(connection.execute(added).scalar_one())
    same = (p.statement == row["statement"], p.pair == row["pair"], p.ended.is_(None))
    ended = connection.scalars(
        sa.update(p).where(*same).values(ended=change.version).returning(p.number)
    ).all()
    newest_row = int(row["number"])
    if stance != "none":
        _put_in_place(change, dict(row), number, stance, evidence)
    _regroup_around(change, [*ended, newest_row], row["statement"])
    touch(change, [row["pair"]])
    return number


def _put_in_place(
    change: Writing, row: dict[str, Any], review: int, stance: Verdict, evidence: Evidence | None
) -> None:
    """The coder's row: the model's, but for what the coder said, and certain."""
    connection = change.connection
    old = row.pop("number")
    row |= {f"p_{one}": float(one == stance) for one in STANCES}
    row |= {
        "review": review,
        "stance": [*STANCES, "none"].index(stance),
        "score": 1.0,
        "added": change.version,
        "ended": None,
    }
    if evidence is not None:
        row["evidence"] = EVIDENCE_KINDS.index(evidence)
    new = connection.execute(sa.insert(m.Position).values(row).returning(m.Position.number))
    number = int(new.scalar_one())
    runs = connection.scalars(sa.select(m.Quoted.run).where(m.Quoted.position == old)).all()
    if runs:
        connection.execute(sa.insert(m.Quoted), [{"run": n, "position": number} for n in runs])


def _regroup_around(change: Writing, numbers: list[int], statement: int) -> None:
    """Compare anew what is there now, and all that had to do with what no longer is."""
    here = change.connection.scalars(
        sa.select(m.Position.number).where(m.Position.statement == statement)
    ).all()
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
