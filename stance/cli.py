"""The command line: parse, call the library, write.

Exit codes: 0 all read, 3 finished with rejected rows, 2 usage, 1 failed or nothing read.
Further commands (training, the service) register under the entry-point group
``stance.commands``, so that this package imports neither.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stance import storecli
from stance.errors import InputError, StanceError, UnknownNameError
from stance.given import (
    REJECTED,
    AsOf,
    Db,
    OnlyActors,
    OnlyIssues,
    Table,
    WeightsGiven,
    close,
    console,
    day_given,
    only_one,
    positions_given,
    wanted,
    weights_given,
)

if TYPE_CHECKING:
    from stance.engine import Settings
    from stance.records import Position, Shift, Skipped
    from stance.shifts import ShiftReport

LEAST_PROBABILITY = 0.5
"""Of a shift that may be asked for: below, no change is likelier than one."""

app = typer.Typer(
    name="stance",
    help="Where each political actor stands on each issue, on what evidence, and how sure that is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(storecli.db, name="db")

actors_app = typer.Typer(name="actors", help="The register of actors.", no_args_is_help=True)
app.add_typer(actors_app)

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, folders or patterns (.txt .html .json .jsonl .csv .parquet, also .gz); "
        "- is standard input.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="Write the table here (.csv .jsonl .parquet).")]
Model = Annotated[
    str | None,
    typer.Option(help="A model folder or a published version, in place of the current model."),
]
ActorFiles = Annotated[
    list[Path] | None, typer.Option("--actors", help="YAML with actors to add or replace.")
]
IssueFiles = Annotated[
    list[Path] | None, typer.Option("--issues", help="YAML with issues to add or replace.")
]
Fields = Annotated[
    list[str] | None,
    typer.Option(help="Where a field stands in the input, as OURS=THEIRS (text=body)."),
]
Clusters = Annotated[
    bool,
    typer.Option(
        "--clusters/--no-clusters",
        help="Count a statement once, however often it was printed; or each time.",
    ),
]


class By(StrEnum):
    """Whose cells a matrix has."""

    PERSON = "person"
    GOVERNMENT = "government"


@app.command()
def run(
    inputs: Inputs,
    out: Annotated[Path | None, typer.Option(help="The position table to write.")] = None,
    db: Annotated[
        str | None, typer.Option("--db", help="The store to add to, in place of a table.")
    ] = None,
    model: Model = None,
    actors: ActorFiles = None,
    issues: IssueFiles = None,
    actor: OnlyActors = None,
    issue: OnlyIssues = None,
    field: Fields = None,
    clusters: Annotated[
        bool,
        typer.Option(
            "--clusters/--no-clusters",
            help="Find reprints and repeated quotations among all articles; or compare words only.",
        ),
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, help="Processes for the text work, 0 for none of its own; by default by cores."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads of the model; by default all cores that it may use."),
    ] = None,
    batch_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens handed to a thread of the model at once.")
    ] = 2048,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Questions handed to it at once, at most.")
    ] = 64,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from a run into this table that was stopped; a store always does.",
        ),
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option(help="Write every rejected row here, with its reason (JSON lines)."),
    ] = None,
) -> None:
    """Read articles and write one row per position, into a table or a store.

    The rows are the same for any number of processes, threads and any size of batch. Beside the
    table a manifest (TABLE.manifest.json) tells what was read, with what, and what failed.

    Exit codes: 0 all was read, 3 finished with rejected rows, 2 usage, 1 failed.
    """
    if (out is None) == (db is None):
        raise typer.BadParameter("expected either --out TABLE or --db STORE")
    from stance.engine import Settings, default_workers

    settings = Settings(
        default_workers() if workers is None else workers, threads, batch_tokens, batch_size
    )
    if db is not None:
        filtered = bool(actor or issue)
        if filtered or not clusters:
            raise typer.BadParameter(
                "a store keeps every row; --actor, --issue and --no-clusters are for reading it"
            )
        _run_into_store(db, inputs, model, actors, issues, field, settings, errors)
        return
    assert out is not None
    from stance.pipeline import Tracker
    from stance.progress import Tally, progress
    from stance.reading import files_of, take
    from stance.runner import ErrorLog, Table, job_of, run_table

    fields = _fields(field or [])
    tracker = Tracker.load(model=model, actors=actors or (), issues=issues or ())
    keep = wanted(actor, issue, tracker.actors.by_id, tracker.issues.by_id)
    options = {"fields": fields, "actor": actor, "issue": issue, "clusters": clusters}
    with ErrorLog(errors) as rejected:
        tally = Tally(rejected=rejected)
        try:
            run_table(
                tracker,
                take(inputs, fields=fields),
                job_of(tracker, files_of(inputs), options),
                Table(out, clusters, resume),
                tally,
                settings=settings,
                keep=keep,
                bar=lambda outcomes: progress(outcomes, lambda: _count(inputs, fields)),
            )
        except StanceError:
            if not tally.read:  # why nothing could be
                for line in tally.problems():
                    print(line, file=sys.stderr)
            raise
    _tell(tally)
    console().print(f"written: {out}", markup=False, highlight=False, soft_wrap=True)
    if tally.skipped:
        raise typer.Exit(REJECTED)


def _run_into_store(
    db: str,
    inputs: list[str],
    model: str | None,
    actors: list[Path] | None,
    issues: list[Path] | None,
    field: list[str] | None,
    settings: Settings,
    errors: Path | None,
) -> None:
    from stance.pipeline import Tracker
    from stance.progress import Tally, progress
    from stance.reading import read
    from stance.runner import ErrorLog

    fields = _fields(field or [])
    with ErrorLog(errors) as rejected:
        tally = Tally(rejected=rejected)
        storecli.run_into(
            db,
            lambda: Tracker.load(model=model, actors=actors or (), issues=issues or ()),
            read(inputs, fields=fields),
            tally,
            lambda found: progress(found, lambda: _count(inputs, fields)),
            settings,
        )
    _tell(tally)
    if tally.skipped:
        raise typer.Exit(REJECTED)


@app.command()
def matrix(
    positions: Table = None,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it (.png .svg .html).")] = None,
    actor: OnlyActors = None,
    issue: OnlyIssues = None,
    since: Annotated[str | None, typer.Option(help="Only from this day on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only before this day.")] = None,
    min_n: Annotated[
        int, typer.Option(min=1, help="Independent statements a cell needs to be given a state.")
    ] = 2,
    weight: WeightsGiven = None,
    clusters: Clusters = True,
    by: Annotated[
        By, typer.Option(help="Count a person's statements also for whom the person speaks.")
    ] = By.PERSON,
    actors: ActorFiles = None,
    db: Db = None,
    as_of: AsOf = None,
) -> None:
    """Print where each actor stands on each issue, with intervals and counts."""
    from stance.plots import plot_matrix
    from stance.positions import build_matrix
    from stance.reliability import records_of
    from stance.screen import print_matrix
    from stance.tables import write_matrix

    window = {"since": day_given(since, "--since"), "until": day_given(until, "--until")}
    weights = weights_given(weight)
    rejected: list[Skipped] = []
    if db is not None and by is By.PERSON:
        only_one(positions, db)
        with storecli.open_store(db) as store:
            asked = storecli.query(store, actor, issue, as_of, **window)
            cells = store.matrix(asked, min_n=min_n, clusters=clusters, weights=weights)
    else:
        if by is By.GOVERNMENT:
            rows, rejected = positions_given(positions, None, issue, db, as_of)
            rows = _for_governments(rows, actor, actors)
        else:
            rows, rejected = positions_given(positions, actor, issue, db, as_of)
        cells = build_matrix(
            rows,
            actors=actor,
            issues=issue,
            min_n=min_n,
            clusters=clusters,
            records=records_of(rows),
            weights=weights,
            **window,
        )
    print_matrix(cells, console(out=True))
    if out is not None:
        write_matrix(out, cells)
    if plot is not None:
        plot_matrix(cells, plot)
    close(rejected)


@app.command()
def shifts(
    positions: Table = None,
    out: Out = None,
    actor: OnlyActors = None,
    issue: OnlyIssues = None,
    min_probability: Annotated[
        float,
        typer.Option(
            min=LEAST_PROBABILITY, max=0.999, help="Least posterior probability of a shift."
        ),
    ] = 0.9,
    weight: WeightsGiven = None,
    clusters: Clusters = True,
    db: Db = None,
    as_of: AsOf = None,
) -> None:
    """Print when positions changed, and how sure that is."""
    from stance.reliability import records_of
    from stance.screen import print_shifts
    from stance.shifts import find_shifts
    from stance.sides import sides
    from stance.tables import write_shifts

    rejected: list[Skipped] = []
    weights = weights_given(weight)
    if db is not None:
        only_one(positions, db)

        def find(least: float) -> ShiftReport:
            with storecli.open_store(db) as store:
                asked = storecli.query(store, actor, issue, as_of)
                return store.shifts(
                    asked, min_probability=least, clusters=clusters, weights=weights
                )
    else:
        rows, rejected = positions_given(positions, actor, issue, db, as_of)
        records = records_of(rows)

        def find(least: float) -> ShiftReport:
            return find_shifts(
                rows, min_probability=least, clusters=clusters, records=records, weights=weights
            )

    report = find(min_probability)
    print_shifts(report.shifts, console(out=True))
    for shift in report.shifts:
        if note := sides(shift).note:
            print(f"note: {shift.actor} on {shift.issue}, {shift.latest:%Y-%m-%d}: {note}")
    if not report.shifts:
        _hint_at_weaker(find(LEAST_PROBABILITY).shifts)
    console().print(
        f"{report.tested} series tested, {report.untested} with evidence on fewer than two days; "
        f"{report.undated} statements without a date left out",
        markup=False,
        highlight=False,
    )
    if out is not None:
        write_shifts(out, report.shifts)
    close(rejected)


def _hint_at_weaker(weaker: Sequence[Shift]) -> None:
    """Where nothing is sure enough, say what came closest, so that it can be asked for."""
    if weaker:
        best = max(weaker, key=lambda shift: shift.probability)
        print(
            f"closest: {best.actor} on {best.issue}, probability {best.probability:.2f} "
            "(--min-probability shows it)",
            file=sys.stderr,
        )


@app.command()
def analyze(
    text: Annotated[str, typer.Argument(help="The text; - reads standard input.")],
    date: Annotated[str | None, typer.Option(help="The day it was published.")] = None,
    title: Annotated[str | None, typer.Option(help="Its headline.")] = None,
    model: Model = None,
    actors: ActorFiles = None,
    issues: IssueFiles = None,
) -> None:
    """Print the positions of one text, with the evidence marked."""
    from stance.pipeline import Tracker
    from stance.screen import print_analysis

    given = sys.stdin.read() if text == "-" else text
    tracker = Tracker.load(model=model, actors=actors or (), issues=issues or ())
    article = tracker.article(given, title, day_given(date, "--date"))
    print_analysis(article, tracker.positions(article), console(out=True))


@actors_app.command()
def discover(
    inputs: Inputs,
    out: Annotated[Path, typer.Option(help="The register file to write (YAML).")],
    least: Annotated[int, typer.Option(min=1, help="Statements somebody needs to be listed.")] = 2,
    actors: ActorFiles = None,
    field: Fields = None,
) -> None:
    """List who speaks in articles and is not in the register, with an entry for each."""
    from stance.discover import as_yaml
    from stance.discover import discover as found_in
    from stance.progress import Tally, progress
    from stance.reading import read
    from stance.register import load_actors, load_issues
    from stance.screen import print_speakers
    from stance.stages import Reader

    fields = _fields(field or [])
    register = load_actors(actors or ())
    tally = Tally()
    articles = progress(tally.articles(read(inputs, fields=fields)), lambda: _count(inputs, fields))
    found = found_in(articles, Reader(register, load_issues()), least=least)
    if not tally.read:
        _tell(tally)
        raise StanceError("nothing could be read; no file was written")
    try:
        out.write_text(as_yaml(found, register), encoding="utf-8")
    except OSError as error:
        raise InputError(error.strerror or "cannot be written", file=str(out)) from None
    print_speakers(found.speakers, console(out=True))
    for line in tally.problems():
        print(line, file=sys.stderr)
    print(
        f"articles read: {found.articles}, speakers found: {len(found.speakers)}, "
        f"references left unresolved: {found.unresolved}",
        file=sys.stderr,
    )
    console().print(f"written: {out}", markup=False, highlight=False, soft_wrap=True)
    if tally.skipped:
        raise typer.Exit(REJECTED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. A user's mistake is told in one line."""
    _add_commands()
    try:
        code = typer.main.get_command(app).main(
            None if arguments is None else list(arguments), "stance", standalone_mode=True
        )
        return int(code or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except StanceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UnknownNameError) else 1
    except BrokenPipeError:
        return 1


def _add_commands() -> None:
    """Add our other commands, then those of other packages: functions, or groups of them as a
    ``Typer``."""
    from stance import estimatescli

    estimatescli.register(app)
    known = {command.name for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for entry in entry_points(group="stance.commands"):
        if entry.name in known:
            continue
        loaded: Any = entry.load()
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=entry.name)
        else:
            app.command(entry.name)(loaded)


def _fields(given: Iterable[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for one in given:
        ours, sign, theirs = one.partition("=")
        if not sign or not theirs:
            raise typer.BadParameter(f"'{one}': expected OURS=THEIRS, such as text=body")
        fields[ours] = theirs
    return fields


def _for_governments(
    rows: Sequence[Position], actor: list[str] | None, files: list[Path] | None
) -> list[Position]:
    from stance.register import load_actors
    from stance.rollup import by_government

    rolled = list(by_government(rows, load_actors(files or ())))
    keep = wanted(actor, None, {row.actor for row in rolled}, ())
    return list(filter(keep, rolled))


def _count(inputs: Sequence[str], fields: dict[str, str]) -> int | None:
    """How many articles there are, where that can be told beforehand."""
    from stance.reading import read
    from stance.records import Article

    if "-" in inputs:
        return None
    return sum(isinstance(found, Article) for found in read(inputs, fields=fields))


def _tell(tally: Any) -> None:
    for line in tally.lines():
        print(line, file=sys.stderr)


__all__ = ["app", "main"]
