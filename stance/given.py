"""What the commands that read positions share: their options, and how they read and end."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stance import storecli
from stance.errors import InputError, StanceError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console

    from stance.evidence import Record
    from stance.records import Evidence, Position, Skipped

REJECTED = 3

Table = Annotated[
    Path | None,
    typer.Argument(metavar="[POSITIONS]", help="A position table (.csv .jsonl .parquet)."),
]

Db = Annotated[
    str | None,
    typer.Option("--db", help="A store in place of a table: a file or postgresql://HOST/NAME."),
]

AsOf = Annotated[
    str | None, typer.Option(help="With --db: as it was known at the end of this day (UTC).")
]

OnlyActors = Annotated[list[str] | None, typer.Option("--actor", help="Only this actor's id.")]

OnlyIssues = Annotated[list[str] | None, typer.Option("--issue", help="Only this issue's id.")]


WeightsGiven = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="KIND=WEIGHT",
        help="How much a kind of evidence counts, from 0 to 1: secondhand=0.5",
    ),
]


def weights_given(given: Sequence[str] | None) -> dict[Evidence, float]:
    """The weights of some kinds of evidence; raises ``InputError`` in one line."""
    from stance.records import EVIDENCE_KINDS

    found: dict[Evidence, float] = {}
    for one in given or ():
        name, _, number = one.partition("=")
        kind = next((kind for kind in EVIDENCE_KINDS if kind == name.strip()), None)
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if kind is None or not 0 <= weight <= 1:
            kinds = ", ".join(EVIDENCE_KINDS)
            raise InputError(
                f"'{one}': expected KIND=WEIGHT, KIND one of {kinds}, WEIGHT from 0 to 1",
                file="--weight",
            )
        found[kind] = weight
    return found


def console(*, out: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=not out)


def wanted(
    actor: list[str] | None, issue: list[str] | None, actors: Iterable[str], issues: Iterable[str]
) -> Callable[[Position], bool]:
    """Which rows are asked for; raises ``UnknownNameError`` for a name that is nowhere."""
    check_names("actor", actor, set(actors))
    check_names("issue", issue, set(issues))
    return lambda p: (not actor or p.actor in actor) and (not issue or p.issue in issue)


def check_names(what: str, given: list[str] | None, known: set[str]) -> None:
    for name in given or ():
        if name not in known:
            raise UnknownNameError(what, name, known)


def positions_given(
    path: Path | None,
    actor: list[str] | None,
    issue: list[str] | None,
    db: str | None = None,
    as_of: str | None = None,
) -> tuple[list[Position], list[Skipped]]:
    from stance.tables import read_positions

    only_one(path, db)
    if db is not None:
        with storecli.open_store(db) as store:
            return list(store.positions(storecli.query(store, actor, issue, as_of))), []
    if as_of is not None:
        raise typer.BadParameter("--as-of needs --db: a table does not tell when it was written")
    assert path is not None
    rows, rejected = read_positions(path)
    if rejected and not rows:
        for one in rejected:
            print(one, file=sys.stderr)
        raise StanceError(f"{path}: no row could be read")
    keep = wanted(actor, issue, {r.actor for r in rows}, {r.issue for r in rows})
    return list(filter(keep, rows)), rejected


def records_given(rows: Iterable[Position], db: str | None = None) -> dict[str, Record]:
    """What the models of some rows are worth, as their store says or else their model folders."""
    from stance.reliability import records_of

    if db is None:
        return records_of(rows)
    with storecli.open_store(db) as store:
        return store.records()


def only_one(path: Path | None, db: str | None) -> None:
    if (path is None) == (db is None):
        raise typer.BadParameter("expected either a table of positions or --db STORE")


def close(rejected: Sequence[Skipped]) -> None:
    for one in rejected:
        print(f"skipped: {one}", file=sys.stderr)
    if rejected:
        raise typer.Exit(REJECTED)


def day_given(given: str | None, option: str) -> Any:
    from stance.dates import parse_date

    if given is None:
        return None
    try:
        return parse_date(given)
    except ValueError as error:
        raise InputError(str(error), file=option) from None
