"""The commands that read position tables or a store over time and side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stance.errors import StanceError, UnknownNameError
from stance.given import (
    AsOf,
    Db,
    OnlyActors,
    OnlyIssues,
    Table,
    WeightsGiven,
    close,
    console,
    day_given,
    positions_given,
    records_given,
    weights_given,
)
from stance.records import Position


class By(StrEnum):
    """The periods of a course."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ARTICLE = "article"


def course(
    positions: Table = None,
    actor: OnlyActors = None,
    issue: OnlyIssues = None,
    by: Annotated[By, typer.Option(help="The periods.")] = By.MONTH,
    on: Annotated[
        str | None, typer.Option(help="The day to count staleness to; today if not given.")
    ] = None,
    min_n: Annotated[
        int, typer.Option(min=1, help="Independent statements a cell needs to be given a state.")
    ] = 2,
    weight: WeightsGiven = None,
    db: Db = None,
    as_of: AsOf = None,
) -> None:
    """Print where actors stood in each day, week, month or article, and how old that is."""
    from itertools import groupby

    from stance.course import course as periods
    from stance.course import staleness
    from stance.layout import label

    rows, rejected = positions_given(positions, actor, issue, db, as_of)
    day = (day_given(on, "--on") or datetime.now(UTC)).date()
    records, weights = records_given(rows, db), weights_given(weight)
    found = periods(rows, by.value, min_n=min_n, records=records, weights=weights)
    if not found:
        typer.echo("No dated statement was found.")
    for (who, what), stretches in groupby(found, lambda one: (one.cell.actor, one.cell.issue)):
        mine = [row for row in rows if (row.actor, row.issue) == (who, what)]
        age = staleness(mine, day)
        told = "no evidence until then" if age is None else f"last evidence {age} days before"
        typer.echo(f"{label(who)} on {label(what)} ({day}: {told})")
        for one in stretches:
            name = f"{one.first} {one.article}".strip()
            if by in (By.WEEK, By.MONTH):
                name += f" to {one.last}"
            typer.echo(
                f"  {name}  {_figures(one.cell.position, one.cell.low, one.cell.high)}"
                f"  n={one.cell.n_independent} of {one.printed}  {one.cell.state}"
            )
    undated = sum(row.published is None for row in rows)
    if undated:
        console().print(f"{undated} statements without a date left out", highlight=False)
    close(rejected)


def _figures(position: float | None, low: float | None, high: float | None) -> str:
    from stance.layout import signed

    if position is None or low is None or high is None:
        return "   -                   "
    return f"{signed(position):>5} [{signed(low):>5}, {signed(high):>5}]"


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="An actor's id, or a position table.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another actor's id, or another table.")],
    issue: Annotated[str, typer.Option(help="The issue's id.")],
    positions: Annotated[
        Path | None, typer.Option(help="The position table in which A and B are actors.")
    ] = None,
    actor: OnlyActors = None,
    weight: WeightsGiven = None,
    db: Db = None,
) -> None:
    """Print how probable it is that two actors, or two tables, differ on an issue."""
    from stance.compare import compare as compared

    if positions is None and db is None:
        mine, bad = positions_given(Path(a), actor, [issue])
        yours, worse = positions_given(Path(b), actor, [issue])
        rejected = [*bad, *worse]
        if len(actors := sorted({row.actor for row in (*mine, *yours)})) > 1:
            raise StanceError(
                f"expected one actor with --actor, found {len(actors)} in the tables: "
                f"{', '.join(actors[:5])}"
            )
    else:
        rows, rejected = positions_given(positions, None, [issue], db)
        mine, yours = _of(rows, a), _of(rows, b)
    records = records_given([*mine, *yours], db)
    found = compared(mine, yours, records, weights_given(weight))
    typer.echo(f"{a}: {found.a:+.2f} (n={found.n_a})   {b}: {found.b:+.2f} (n={found.n_b})")
    typer.echo(
        f"difference {found.difference:+.2f}, 95 % from {found.low:+.2f} to {found.high:+.2f}"
    )
    typer.echo(f"probability that they differ: {found.differ:.2f}")
    close(rejected)


def _of(rows: Sequence[Position], actor: str) -> list[Position]:
    found = [row for row in rows if row.actor == actor]
    if not found:
        raise UnknownNameError("actor", actor, {row.actor for row in rows})
    return found


plot_app = typer.Typer(name="plot", help="Pictures: .png, .svg or .html.", no_args_is_help=True)
Picture = Annotated[Path, typer.Option(help="The picture to write (.png .svg .html).")]


@plot_app.command("matrix")
def plot_the_matrix(
    positions: Table, out: Picture, actor: OnlyActors = None, issue: OnlyIssues = None
) -> None:
    """Draw where each actor stands on each issue."""
    from stance.plots import plot_matrix
    from stance.positions import build_matrix
    from stance.reliability import records_of

    rows, rejected = positions_given(positions, actor, issue)
    cells = build_matrix(rows, actors=actor, issues=issue, records=records_of(rows))
    plot_matrix(cells, out)
    close(rejected)


@plot_app.command("course")
def plot_a_course(
    positions: Table,
    out: Picture,
    actor: Annotated[str, typer.Option(help="The actor's id.")],
    issue: Annotated[str, typer.Option(help="The issue's id.")],
) -> None:
    """Draw an actor's course on an issue, with its band and evidence."""
    from stance.course import smoothed
    from stance.courseplot import plot_course
    from stance.layout import label
    from stance.reliability import records_of

    rows, rejected = positions_given(positions, [actor], [issue])
    line = smoothed(rows, records=records_of(rows))
    if not line:
        raise StanceError(f"{actor} on {issue}: no dated statement to draw")
    plot_course(line, out, title=f"{label(actor)} on {label(issue)}")
    close(rejected)


@plot_app.command("shifts")
def plot_the_shift(
    positions: Table,
    out: Picture,
    actor: Annotated[str, typer.Option(help="The actor's id.")],
    issue: Annotated[str, typer.Option(help="The issue's id.")],
    min_probability: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Least posterior probability of a shift.")
    ] = 0.9,
) -> None:
    """Draw an actor's most probable shift on an issue, with statements of both sides."""
    from stance.course import smoothed
    from stance.courseplot import plot_shift
    from stance.reliability import records_of
    from stance.shifts import find_shifts
    from stance.sides import sides

    rows, rejected = positions_given(positions, [actor], [issue])
    records = records_of(rows)
    found = find_shifts(rows, min_probability=min_probability, records=records).shifts
    if not found:
        raise StanceError(f"{actor} on {issue}: no shift of probability {min_probability:g}")
    best = max(found, key=lambda shift: shift.probability)
    plot_shift(best, sides(best, records), smoothed(rows, records=records), out)
    close(rejected)


def register(app: typer.Typer) -> None:
    """Add these commands once."""
    known = {command.name for command in app.registered_commands}
    for command in (course, compare):
        if command.__name__ not in known:
            app.command(command.__name__)(command)
    if "plot" not in {group.name for group in app.registered_groups}:
        app.add_typer(plot_app)
