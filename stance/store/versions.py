"""The models of a store: which there were, what is known of each, and whose rows count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import aliased

from stance.evidence import Record, record
from stance.store import models as m
from stance.store.commits import Unchanged, Writing, writing
from stance.store.reading import model_at


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that scored rows of a store.

    ``info`` is what ``model.json`` says of it: thresholds, calibration and confusion (counts;
    rows are true, columns predicted stances). ``rows`` counts its positions. ``current`` tells
    whether its rows are the ones that count.
    """

    version: str
    info: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    current: bool = False


def register(engine: Engine, version: str, info: Mapping[str, Any]) -> None:
    """Make a model known; the first one of a store is the one that counts.

    What is said of a model that is known replaces what was said before, field by field; a field
    that is empty now replaces nothing. So a model that was measured after its first rows came
    counts by what was measured.
    """
    with engine.connect() as connection:
        if _known(connection, version, info) is None:
            return
    with writing(engine, "model") as change:
        told = _known(change.connection, version, info)
        if told is None:
            raise Unchanged
        if _number(change.connection, version) is not None:
            known = sa.update(m.Model).where(m.Model.version == version)
            change.connection.execute(known.values(info=told))
            change.connection.execute(sa.update(m.Pair).values(revision=change.version))
            return
        added = sa.insert(m.Model).values(version=version, info=told, added=change.version)
        number = int(change.connection.execute(added.returning(m.Model.number)).scalar_one())
        if model_at(change.connection, change.version) is None:
            change_over(change, number)


def _known(connection: Connection, version: str, info: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is to be kept of a model; nothing where that is kept already."""
    kept = connection.execute(sa.select(m.Model.info).where(m.Model.version == version)).first()
    if kept is None:
        return dict(info)
    told = {**kept.info, **{name: value for name, value in info.items() if _says(value)}}
    return None if told == kept.info else told


def _says(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def change_over(change: Writing, model: int) -> None:
    """From this commit on, the rows of a model are the ones that count."""
    connection = change.connection
    connection.execute(sa.insert(m.Changeover).values(added=change.version, model=model))
    connection.execute(sa.update(m.Pair).values(revision=change.version))


def models(connection: Connection, version: int) -> list[StoredModel]:
    """All models in the order in which they came, as of a data version."""
    current = model_at(connection, version)
    p, later = m.Position, aliased(m.Position)
    mine = sa.select(p.model, sa.func.count()).where(p.review.is_(None)).group_by(p.model)
    again = sa.exists().where(
        later.id == p.id, later.review.is_(None), later.number > p.number
    )  # a row that came back when a review was withdrawn counts once
    rows = dict(connection.execute(mine).all())
    for model, twice in connection.execute(mine.where(p.ended.is_not(None), again)):
        rows[model] -= twice
    wanted = sa.select(m.Model.number, m.Model.version, m.Model.info).where(
        m.Model.added <= version
    )
    return [
        StoredModel(r.version, r.info, rows.get(r.number, 0), r.number == current)
        for r in connection.execute(wanted.order_by(m.Model.number))
    ]


def records(connection: Connection, version: int) -> dict[str, Record]:
    """What each model's reports are worth (`stance.evidence.Record`), where it was measured."""
    wanted = sa.select(m.Model.version, m.Model.info).where(m.Model.added <= version)
    found = {}
    for name, info in connection.execute(wanted):
        # measured on sentences that were written to be hard, it says more errors than news has
        news = bool(info.get("confusion_of"))
        means = (info.get(name, ()) for name in ("reported_none", "reported_other"))
        of = record(info["confusion"], *means) if news else None
        if of is not None:
            found[name] = of
    return found


def _number(connection: Connection, version: str) -> int | None:
    return connection.scalar(sa.select(m.Model.number).where(m.Model.version == version))


def number_of(connection: Connection, version: str) -> int | None:
    """The number of a model here, if it ever scored rows."""
    return _number(connection, version)
