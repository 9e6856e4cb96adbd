"""What actors and issues are called today; rows keep the names under which they were found."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stance.store import models as m
from stance.store.commits import Writing

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
