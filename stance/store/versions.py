"""The models of a store: which there were, what is known of each, and whose rows count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

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
    """Make a model known; the first one of a store is the one that counts."""
    with engine.connect() as connection:
        if _number(connection, version) is not None:
            return
    with writing(engine, "model") as change:
        if _number(change.connection, version) is not None:
            raise Unchanged
        added = sa.insert(m.Model).values(version=version, info=dict(info), added=change.version)
        number = int(change.connection.execute(added.returning(m.Model.number)).scalar_one())
        if model_at(change.connection, change.version) is None:
            change_over(change, number)


def change_over(change: Writing, model: int) -> None:
    """From this commit on, the rows of a model are the ones that count."""
    connection = change.connection
    connection.execute(sa.insert(m.Changeover).values(added=change.version, model=model))
    connection.execute(sa.update(m.Pair).values(revision=change.version))


def models(connection: Connection, version: int) -> list[StoredModel]:
    """All models in the order in which they came, as of a data version."""
    current = model_at(connection, version)
    rows = dict(
        connection.execute(
            sa.select(m.Position.model, sa.func.count())
            .where(m.Position.review.is_(None))
            .group_by(m.Position.model)
        ).all()
    )
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
        of = record(info["confusion"], info.get("reported_none", ())) if news else None
        if of is not None:
            found[name] = of
    return found


def _number(connection: Connection, version: str) -> int | None:
    return connection.scalar(sa.select(m.Model.number).where(m.Model.version == version))


def number_of(connection: Connection, version: str) -> int | None:
    """The number of a model here, if it ever scored rows."""
    return _number(connection, version)
