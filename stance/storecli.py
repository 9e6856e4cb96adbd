"""The command line of a store: ``stance db …``, and what other commands do with ``--db``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stance.errors import InputError, StanceError, UnknownNameError

if TYPE_CHECKING:
    from stance.engine import Outcome, Settings
    from stance.pipeline import Tracker
    from stance.progress import Tally
    from stance.reading import Warned
    from stance.records import Article, Evidence, Skipped
    from stance.store import Query, Store
    from stance.store.reviewing import Verdict

db = typer.Typer(
    help="Look after a store: what is in it, its models, names and reviews.", no_args_is_help=True
)

Address = Annotated[
    str, typer.Option("--db", help="The store: a file, sqlite:///FILE or postgresql://HOST/NAME.")
]
AsOf = Annotated[str | None, typer.Option(help="As it was known at the end of this day (UTC).")]


class Kind(StrEnum):
    """What can be called something else."""

    ACTOR = "actor"
    ISSUE = "issue"


@db.command()
def info(db: Address) -> None:
    """Print what a store holds."""
    with _open(db) as store:
        version, articles = store.data_version(), store.count_articles()
        print(f"store: {store.address}")
        print(f"schema: {store.schema()}, data version: {version}")
        print(f"articles: {articles}, positions: {store.count()}")
        print(f"actors: {len(store.names('actor'))}, issues: {len(store.names('issue'))}")
        for model in store.models():
            mark = ", current" if model.current else ""
            print(f"model: {model.version} ({model.rows} rows{mark})")


@db.command()
def upgrade(db: Address) -> None:
    """Bring the tables of a store to this version of the program; an empty database is set up."""
    with _open(db, upgrade=True) as store:
        print(f"{store.address}: schema {store.schema()}")


@db.command()
def rescore(
    db: Address,
    model: Annotated[
        str | None, typer.Option(help="A model folder or a published version.")
    ] = None,
    actors: Annotated[
        list[Path] | None, typer.Option("--actors", help="YAML with actors to add or replace.")
    ] = None,
    issues: Annotated[
        list[Path] | None, typer.Option("--issues", help="YAML with issues to add or replace.")
    ] = None,
) -> None:
    """Put the stored statements to another model; its rows count once all are there."""
    from stance.pipeline import Tracker
    from stance.store import rescore as rescored

    with _open(db) as store:
        tracker = Tracker.load(model=model, actors=actors or (), issues=issues or ())
        done = rescored(store, tracker, _counter())
        print(
            f"model {tracker.model_version}: {done.articles} articles scored, {done.rows} rows; "
            "its rows are the ones that count now"
        )
        if done.unasked:
            print(
                f"note: {done.unasked} questions left out, for their actor or issue is in no "
                "register",
                file=sys.stderr,
            )


@db.command()
def rename(
    kind: Annotated[Kind, typer.Argument(help="actor or issue")],
    old: Annotated[str, typer.Argument(help="What it is called.")],
    new: Annotated[str, typer.Argument(help="What it is to be called.")],
    db: Address,
) -> None:
    """Call an actor or issue something else; nothing is scored again."""
    with _open(db) as store:
        store.rename(kind.value, old, new)
        print(f"{kind.value} {old} is now {new}")


@db.command()
def merge(
    kind: Annotated[Kind, typer.Argument(help="actor or issue")],
    names: Annotated[list[str], typer.Argument(help="Those that are one and the same.")],
    db: Address,
    into: Annotated[str, typer.Option(help="The name that stays.")],
) -> None:
    """Make one actor or issue of several; nothing is scored again."""
    with _open(db) as store:
        store.merge(kind.value, names, into)
        print(f"{kind.value} {', '.join(names)} is now {into}")


PositionId = Annotated[str, typer.Argument(metavar="POSITION", help="The id of a position.")]
Reviewer = Annotated[str, typer.Option(help="Who says so.")]
Note = Annotated[str, typer.Option(help="Why; kept with it.")]


@db.command()
def review(
    position: PositionId,
    stance: Annotated[str, typer.Argument(help="support, oppose, neutral or none (no position).")],
    db: Address,
    reviewer: Reviewer,
    evidence: Annotated[
        str | None, typer.Option(help="Another evidence kind; as the model found it if not given.")
    ] = None,
    note: Note = "",
) -> None:
    """Override a position with a coder's word, which counts as certain from now on."""
    with _open(db) as store:
        # the store checks both names and tells what it knows
        verdict, kind = cast("Verdict", stance), cast("Evidence | None", evidence)
        store.review(position, verdict, reviewer=reviewer, evidence=kind, note=note)
        print(f"position {position}: {stance}, says {reviewer}")


@db.command()
def withdraw(position: PositionId, db: Address, reviewer: Reviewer, note: Note = "") -> None:
    """Withdraw the review of a position: the model's row counts again, the review stays known."""
    with _open(db) as store:
        store.withdraw_review(position, reviewer=reviewer, note=note)
        print(f"position {position}: the model's row counts again, says {reviewer}")


@db.command()
def reviews(position: PositionId, db: Address) -> None:
    """Print all that coders said of a position, oldest first."""
    with _open(db) as store:
        found = store.reviews(position)
        if not found and store.row(position) is None:
            raise StanceError(f"{store.address}: there is no position '{position}'")
        for one in found:
            said = "withdrawn" if one.stance == "model" else one.stance
            kind = f" ({one.evidence})" if one.evidence else ""
            note = f": {one.note}" if one.note else ""
            print(f"{one.at:%Y-%m-%d %H:%M} {one.reviewer}: {said}{kind}{note}")


@db.command()
def rows(
    db: Address,
    actor: Annotated[list[str] | None, typer.Option(help="Only this actor's id.")] = None,
    issue: Annotated[list[str] | None, typer.Option(help="Only this issue's id.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after the row of this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 20,
) -> None:
    """Print positions with their numbers and ids, in the order in which they came in."""
    with _open(db) as store:
        for row in store.rows(query(store, actor, issue, None), after=after, limit=limit):
            said = row.position
            mark = " (reviewed)" if said.reviewed else ""
            print(f"{row.number} {row.id} {said.actor} {said.issue} {said.stance}{mark}")
            print(f"    {said.text}")


@db.command()
def export(
    db: Address,
    out: Annotated[Path, typer.Option(help="The position table (.csv .jsonl .parquet).")],
    actor: Annotated[list[str] | None, typer.Option(help="Only this actor's id.")] = None,
    issue: Annotated[list[str] | None, typer.Option(help="Only this issue's id.")] = None,
    as_of: AsOf = None,
) -> None:
    """Write the positions of a store as a table."""
    from stance.tables import write_positions

    with _open(db) as store:
        rows = write_positions(out, store.positions(query(store, actor, issue, as_of)))
        print(f"written: {out} ({rows} rows, data version {store.data_version()})")


# What other commands do with a store


def run_into(
    url: str,
    tracker: Callable[[], Tracker],
    found: Iterable[Article | Skipped | Warned],
    tally: Tally,
    bar: Callable[[Iterable[Article]], Iterable[Article]],
    settings: Settings,
) -> None:
    """Append what was read to a store, article by article, and say how much of it was new."""
    from stance.store import ingest

    with _open(url) as store:
        articles = bar(tally.articles(found))
        added, tally.positions = ingest(
            store, tracker(), articles, partial(_unresolved, tally), settings
        )
        if not tally.read:
            raise StanceError(f"{store.address}: nothing could be read; nothing was added")
        print(f"added to {store.address}: {added} articles, {tally.read - added} were there before")


def _unresolved(tally: Tally, outcome: Outcome) -> None:
    tally.unresolved += outcome.prepared.unresolved


def open_store(url: str) -> Store:
    """The store of an address, as a command opens it."""
    return _open(url)


def query(
    store: Store,
    actors: Sequence[str] | None,
    issues: Sequence[str] | None,
    as_of: str | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Query:
    """What the options ask of a store. Raises ``UnknownNameError`` and ``InputError``."""
    from stance.store import Query

    for kind, given in (("actor", actors), ("issue", issues)):
        known = store.names("actor" if kind == "actor" else "issue") if given else set()
        for name in given or ():
            if name not in known:
                raise UnknownNameError(kind, name, known)
    return Query(
        actors=actors or None, issues=issues or None, as_of=_day(as_of), since=since, until=until
    )


def _day(given: str | None) -> date | None:
    from stance.dates import parse_date

    if given is None:
        return None
    try:
        moment = parse_date(given)
    except ValueError as error:
        raise InputError(str(error), file="--as-of") from None
    # a day alone is meant to its end; a time of day is meant as it stands
    return moment if ":" in given else moment.date()


def _open(url: str, *, upgrade: bool | None = None) -> Store:
    from stance.store import Store

    return Store.open(url, upgrade=upgrade)


def _counter() -> Callable[[int, int], None] | None:
    if not sys.stderr.isatty():
        return None

    def tell(done: int, of: int) -> None:
        print(f"\r{done} of {of} articles", end="" if done < of else "\n", file=sys.stderr)

    return tell
