"""The commands ``stance label export``, ``import`` and ``agreement``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli import ActorFiles, Fields, Inputs, IssueFiles, Model
from stance.errors import InputError, StanceError, UnknownNameError
from stance.given import REJECTED, OnlyActors, OnlyIssues

if TYPE_CHECKING:
    from stance.pipeline import Tracker
    from stance.progress import Tally
    from stance.records import Skipped
    from training.labelling.labelrow import LabelRow
    from training.labelling.picks import Picked, Question
    from training.labelling.reviews import Coders

_NAME = re.compile(r"[\w.@+-]+")
_SHOWN = 20

label = typer.Typer(
    help="Write the statements that are most worth labelling, and read the labels back.",
    no_args_is_help=True,
)

Seed = Annotated[int, typer.Option(help="Decides what chance decides.")]
AgreementOut = Annotated[
    Path | None, typer.Option("--agreement-out", help="Write the agreement here as JSON.")
]
Disputes = Annotated[
    Path | None,
    typer.Option(help="Write what coders label differently here (.csv .jsonl .parquet)."),
]


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    STUDIO = "label-studio"


@label.command("export")
def export_command(
    inputs: Inputs,
    out: Annotated[
        Path, typer.Option(help="The file to write (.csv; .json with --format label-studio).")
    ],
    n: Annotated[int, typer.Option("--n", min=1, help="Rows to pick.")] = 200,
    format: Annotated[Format, typer.Option(help="A table, or tasks for Label Studio.")] = (
        Format.CSV
    ),
    coders: Annotated[
        str | None, typer.Option(help="One file for each of these names (anna,ben).")
    ] = None,
    overlap: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the rows that every coder gets.")
    ] = 0.1,
    reviewed: Annotated[
        list[Path] | None,
        typer.Option(help="A reviewed file: what is labelled there is not asked again."),
    ] = None,
    random: Annotated[
        float, typer.Option(min=0, max=1, help="Share drawn by chance from all there is.")
    ] = 0.1,
    disputed: Annotated[
        float, typer.Option(min=0, max=1, help="Share for what coders or repeats dispute.")
    ] = 0.25,
    new: Annotated[
        float, typer.Option(min=0, max=1, help="Share for actors and issues hardly labelled yet.")
    ] = 0.25,
    few: Annotated[
        int, typer.Option(min=1, help="Labelled rows from which an actor or issue is not new.")
    ] = 5,
    per_article: Annotated[int, typer.Option(min=1, help="At most so many of an article.")] = 3,
    per_cell: Annotated[
        int, typer.Option(min=1, help="At most so many of one actor on one issue.")
    ] = 10,
    seed: Seed = 0,
    blind: Annotated[
        bool, typer.Option("--blind", help="Do not show coders what the model says.")
    ] = False,
    excel: Annotated[
        bool, typer.Option("--excel", help="Mark the CSV as UTF-8, as Excel needs it.")
    ] = False,
    model: Model = None,
    actors: ActorFiles = None,
    issues: IssueFiles = None,
    actor: OnlyActors = None,
    issue: OnlyIssues = None,
    field: Fields = None,
) -> None:
    """Pick the unlabelled statements that are most worth a coder's time."""
    from stance.pipeline import Tracker
    from stance.progress import Tally
    from training.labelling.picks import Wanted, pick, share_out

    if random + disputed + new > 1:
        raise typer.BadParameter("--random, --disputed and --new add up to more than 1")
    names = _coders(coders)
    _check_ending(out, format)
    fields = _pairs(field or [], "OURS=THEIRS, such as text=body")
    old = _reviewed(reviewed or [])
    tracker = Tracker.load(model=model, actors=actors or (), issues=issues or ())
    tally = Tally()
    asked = _asked(inputs, fields, tracker, tally, (actor or [], issue or []))
    for line in tally.lines():
        print(line, file=sys.stderr)
    if not asked:
        raise StanceError("no statement to label was found; nothing was written")
    wanted = Wanted(n, random, disputed, new, per_article, per_cell, few, seed)
    picked = pick(asked, old, wanted)
    if not picked.rows:
        raise StanceError("all statements there are have been labelled; nothing was written")
    rows = [_blinded(row) for row in picked.rows] if blind else picked.rows
    shares = share_out(rows, names, overlap) if names else {"": rows}
    for coder, mine in shares.items():
        _write(_named(out, coder), mine, format, excel)
    _tell_picked(picked, n)
    if tally.skipped:
        raise typer.Exit(REJECTED)


@label.command("import")
def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Filled-in files: .csv .jsonl .parquet, or Label Studio's export (.json).",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="The reviewed file to write or add to (.jsonl .csv .parquet)."),
    ],
    coder: Annotated[
        list[str] | None,
        typer.Option(help="The coder's name; or 3=anna for what Label Studio calls 3."),
    ] = None,
    exported: Annotated[
        list[Path] | None,
        typer.Option(help="The file that was handed out: the rest of each row comes from it."),
    ] = None,
    disputes: Disputes = None,
    agreement_out: AgreementOut = None,
    seed: Seed = 0,
    actors: ActorFiles = None,
    issues: IssueFiles = None,
) -> None:
    """Check labels, add them to the reviewed file, and tell how far coders agree."""
    from stance.register import load_actors, load_issues
    from stance.rowfiles import ending
    from training.labelling import reviews

    ending(out)
    there = _kept(out)
    known = reviews.Known(
        set(load_actors(actors or ()).by_id),
        set(load_issues(issues or ()).by_id),
        reviews.read_exported(exported or []),
    )
    taken = reviews.take(files, _who(coder or []), known)
    reviews.reasons(taken.skipped, _SHOWN, _say)
    if not taken.rows:
        raise StanceError("no label could be read; nothing was written")
    merged = reviews.merge([*there, *taken.rows])
    reviews.write_rows(out, merged.rows)
    _say(
        f"labels read: {len(taken.rows)}, without a label: {taken.unlabelled}, "
        f"cancelled: {taken.cancelled}, skipped: {len(taken.skipped)}"
    )
    if taken.further:
        _say(f"not kept: what stands under {', '.join(sorted(taken.further))}")
    if merged.replaced:
        _say(
            f"replaced: {merged.replaced} older rows of the same id and coder, "
            f"{merged.changed} of them with another label"
        )
    if merged.outdated:
        _say(f"not taken: {merged.outdated} rows older than what their coder said since")
    _say(f"written: {out}, {len(merged.rows)} rows")
    _agreement(merged.rows, disputes, agreement_out, seed)
    if taken.skipped:
        raise typer.Exit(REJECTED)


@label.command("agreement")
def agreement_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Reviewed files.")],
    disputes: Disputes = None,
    agreement_out: AgreementOut = None,
    seed: Seed = 0,
) -> None:
    """Tell how far the coders of reviewed files agree."""
    from training.labelling.reviews import merge, read_reviewed, reasons

    rows: list[LabelRow] = []
    skipped: list[Skipped] = []
    for file in files:
        good, bad = read_reviewed(file)
        rows += good
        skipped += bad
    reasons(skipped, _SHOWN, _say)
    if not rows:
        raise StanceError("no reviewed row could be read")
    _agreement(merge(rows).rows, disputes, agreement_out, seed)
    if skipped:
        raise typer.Exit(REJECTED)


# Export


def _asked(
    inputs: Sequence[str],
    fields: dict[str, str],
    tracker: Tracker,
    tally: Tally,
    only: tuple[list[str], list[str]],
) -> list[Question]:
    from stance.progress import progress
    from stance.reading import read
    from training.labelling.picks import questions

    actors, issues = only
    _check("actor", actors, tracker.actors.by_id)
    _check("issue", issues, tracker.issues.by_id)
    asked: list[Question] = []
    for article in progress(tally.articles(read(inputs, fields=fields)), lambda: None):
        found = questions(article, tracker.judge(article), tracker)
        kept = [
            one
            for one in found
            if (not actors or one.row.actor in actors) and (not issues or one.row.issue in issues)
        ]
        tally.positions += sum(one.row.stance != "none" for one in kept)
        asked += kept
    return asked


def _check(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise UnknownNameError(what, name, known)


def _coders(given: str | None) -> list[str]:
    names = [name.strip() for name in given.split(",")] if given is not None else []
    for name in names:
        if not _NAME.fullmatch(name):
            raise typer.BadParameter(
                f"--coders '{given}': expected names of letters and digits with commas between"
            )
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"--coders '{given}': expected each name once")
    return names


def _check_ending(out: Path, format: Format) -> None:
    from stance.rowfiles import ending

    if format is Format.CSV:
        ending(out)
    elif out.suffix.casefold() != ".json":
        raise InputError("expected the ending .json for label-studio", file=str(out))


def _named(out: Path, coder: str) -> Path:
    """labels.csv for Anna is labels.anna.csv."""
    stem, dot, rest = out.name.partition(".")
    return out.with_name(f"{stem}.{coder}{dot}{rest}") if coder else out


def _write(path: Path, rows: Sequence[LabelRow], format: Format, excel: bool) -> None:
    from training.labelling.reviews import write_rows
    from training.labelling.studio import write_tasks

    if format is Format.STUDIO:
        config = write_tasks(path, rows)
        _say(f"written: {path}, {len(rows)} tasks; their labelling configuration: {config}")
    else:
        write_rows(path, rows, for_excel=excel and path.suffix.casefold() == ".csv")
        _say(f"written: {path}, {len(rows)} rows")


def _blinded(row: LabelRow) -> LabelRow:
    told = ("stance", "score", "p_support", "p_oppose", "p_neutral", "p_none")
    return row.model_copy(update=dict.fromkeys(told))


def _tell_picked(picked: Picked, n: int) -> None:
    counts = ", ".join(f"{reason} {count}" for reason, count in picked.reasons.items())
    _say(f"picked {len(picked.rows)} of {picked.distinct} distinct unlabelled statements: {counts}")
    if len(picked.rows) < min(n, picked.distinct):
        _say("fewer than asked: --per-article and --per-cell allow no more")


# Import


def _who(given: Sequence[str]) -> Coders:
    from training.labelling.reviews import Coders

    plain = [one for one in given if "=" not in one]
    if len(plain) > 1:
        raise typer.BadParameter("--coder: expected one name, or THEIRS=NAME for each of several")
    names = _pairs([one for one in given if "=" in one], "THEIRS=NAME, such as 3=anna")
    return Coders(plain[0] if plain else None, names)


def _kept(out: Path) -> list[LabelRow]:
    """What is in the reviewed file already; a row that cannot be read would be lost."""
    from training.labelling.reviews import read_reviewed

    if not out.exists():
        return []
    rows, skipped = read_reviewed(out)
    if skipped:
        raise StanceError(f"{skipped[0]} (nothing was added: the file would lose this row)")
    return rows


def _reviewed(files: Iterable[Path]) -> list[LabelRow]:
    """Reviewed rows for an export; a bad one is an error, as it would be asked again."""
    from training.labelling.reviews import merge, read_reviewed

    rows: list[LabelRow] = []
    for file in files:
        good, bad = read_reviewed(file)
        if bad:
            raise StanceError(f"{bad[0]}")
        rows += good
    return merge(rows).rows


def _agreement(
    rows: Sequence[LabelRow], disputes: Path | None, agreement_out: Path | None, seed: int
) -> None:
    from stance.rowfiles import replacing
    from training.labelling import agreement
    from training.labelling.reviews import write_disputes

    found = agreement.report(rows, seed=seed)
    disputed = agreement.disputes(rows)
    for line in agreement.as_lines(found):
        print(line)
    if disputed:
        print(f"disputed: {len(disputed)} rows" + ("" if disputes else " (--disputes FILE)"))
    if disputes is not None:
        write_disputes(disputes, disputed)
    if agreement_out is not None:
        with replacing(agreement_out) as file:
            file.write(json.dumps(agreement.as_json(found), indent=1).encode() + b"\n")


def _pairs(given: Iterable[str], expected: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given:
        left, _, right = one.partition("=")
        if not left.strip() or not right.strip():
            raise typer.BadParameter(f"'{one}': expected {expected}")
        pairs[left.strip()] = right.strip()
    return pairs


def _say(line: str) -> None:
    print(line, file=sys.stderr)
