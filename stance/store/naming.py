"""What actors and issues are called today; rows keep the names under which they were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import InstrumentedAttribute

from stance.errors import StoreError, UnknownNameError
from stance.store import models as m
from stance.store.commits import Unchanged, Writing, writing
from stance.store.grouping import rename_rows

Kind = Literal["actor", "issue"]

Names = tuple[str, str]
"""An actor's and an issue's id."""


def aliases(connection: Connection, kind: str) -> dict[str, str]:
    """Every name of a kind that is called something else today, with what."""
    wanted = sa.select(m.Alias.old, m.Alias.new).where(m.Alias.kind == kind)
    said = {r.old: r.new for r in connection.execute(wanted.order_by(m.Alias.number))}
    return {name: _followed(said, name) for name in said}


def _followed(said: dict[str, str], name: str) -> str:
    seen = {name}
    while (name := said.get(name, name)) not in seen:
        seen.add(name)
    return name


def rename(engine: Engine, kind: Kind, old: str, new: str) -> None:
    """Call an actor or issue something else, also in rows that come later under its old name.

    Raises ``UnknownNameError`` for a name that is not in use and ``StoreError`` where the new
    one is: that would be a merge.
    """
    with writing(engine, "rename") as change:
        known = shown_names(change.connection, kind)
        if old not in known:
            raise UnknownNameError(kind, old, known)
        if not new.strip():
            raise StoreError(f"{kind} '{old}' cannot be called nothing")
        if new in known:
            raise StoreError(f"there is another {kind} '{new}'; to make one of both, merge them")
        _call(change, kind, [old], new)


def merge(engine: Engine, kind: Kind, names: Sequence[str], into: str) -> None:
    """Make one actor or issue of several. Raises ``UnknownNameError`` for a name not in use."""
    with writing(engine, "merge") as change:
        known = shown_names(change.connection, kind)
        for name in (*names, into):
            if name not in known:
                raise UnknownNameError(kind, name, known)
        others = [name for name in dict.fromkeys(names) if name != into]
        if not others:
            raise Unchanged
        _call(change, kind, others, into)


def shown_names(connection: Connection, kind: Kind) -> set[str]:
    """The actors or issues that there are rows of, as they are called today."""
    return set(connection.scalars(sa.select(_shown(kind)).distinct()))


def _shown(kind: Kind) -> InstrumentedAttribute[str]:
    return m.Pair.shown_actor if kind == "actor" else m.Pair.shown_issue


def _call(change: Writing, kind: Kind, names: Sequence[str], new: str) -> None:
    connection, column = change.connection, _shown(kind)
    said = [{"old": old, "new": new} for old in (*names, new)]  # the new name is its own now
    rows = [{"kind": kind, "added": change.version, **one} for one in said]
    connection.execute(sa.insert(m.Alias), rows)
    renamed = sa.update(m.Pair).where(column.in_(names)).values({column: new})
    connection.execute(renamed)
    pairs = set(connection.scalars(sa.select(m.Pair.number).where(column == new)))
    rename_rows(change, pairs)
    touch(change, pairs)


def pairs_for(change: Writing, names: Iterable[Names]) -> dict[Names, m.Pair]:
    """The pairs of actor and issue of some rows; those that are new are added."""
    wanted = sorted(set(names))
    found = _find(change.connection, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        actors, issues = (aliases(change.connection, kind) for kind in ("actor", "issue"))
        new = [
            {
                "actor": actor,
                "issue": issue,
                "shown_actor": actors.get(actor, actor),
                "shown_issue": issues.get(issue, issue),
                "revision": change.version,
            }
            for actor, issue in missing
        ]
        change.connection.execute(sa.insert(m.Pair), new)
        found = _find(change.connection, wanted)
    return found


def _find(connection: Connection, names: list[Names]) -> dict[Names, m.Pair]:
    p = m.Pair
    wanted = sa.select(p.number, p.actor, p.issue, p.shown_actor, p.shown_issue, p.revision).where(
        p.actor.in_({actor for actor, _ in names}), p.issue.in_({issue for _, issue in names})
    )
    rows = connection.execute(wanted).mappings()
    return {(row["actor"], row["issue"]): m.Pair(**row) for row in rows}


def touch(change: Writing, pairs: Iterable[int]) -> None:
    """Note that something about these pairs changed, so that answers are worked out anew."""
    numbers = sorted(set(pairs))
    if numbers:
        changed = sa.update(m.Pair).where(m.Pair.number.in_(numbers))
        change.connection.execute(changed.values(revision=change.version))
