"""Position rows → the same rows and, for whom a person speaks, theirs: persons to governments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from stance.evidence import cluster_of
from stance.records import Position
from stance.register import Actors


def by_government(positions: Iterable[Position], actors: Actors) -> Iterator[Position]:
    """Every row, and after each one by a person a copy for the government or body that the
    person speaks for on the row's day.

    So a person's own cell stays what it was, and a body's cell counts what it said itself and
    what was said for it: its counts are the sums of theirs. The day decides by office; who holds
    no office in the register at all speaks for what the entry says. A row without a date goes by
    the offices of today, and an actor who is not in the register by itself alone.
    """
    for position in positions:
        yield position
        body = government_of(position, actors)
        if body is not None:
            # Two persons with the same words said two things, as they did in their own cells.
            yield replace(position, actor=body, cluster=position.cluster or cluster_of(position))


def government_of(position: Position, actors: Actors) -> str | None:
    """The id of the body that a row counts for beside its own actor, if any."""
    if position.actor not in actors or actors[position.actor].kind != "person":
        return None
    day: date | None = None if position.published is None else position.published.date()
    return actors[position.actor].counts_for_on(day)
