"""``stance model``: which model answers, what it scores, and how that is changed.

Runs on the base installation. What a command needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.errors import ModelError, StanceError

if TYPE_CHECKING:
    from stance.pipeline import Tracker
    from stance.registry import History, Measured, Registry, Staged
    from training.gate import Pinned

app = typer.Typer(
    help="The published models: list, show, publish, roll back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--registry",
        help="The folder of the published models; else STANCE_MODELS, else the user's data folder.",
    ),
]


@app.command("list")
def list_models(registry: Folder = None) -> None:
    """List the models: versions, dates, tuple F1 on the pinned evaluation; * is the current."""
    from stance.registry import shipped_version
    from training.gate import COMPARED, of_shipped, read_pinned

    found = _registry(registry)
    history = found.history()
    pinned = read_pinned()
    names = list(pinned.sets)
    rows = [["", "version", "published", *names, ""]]
    for version in history.models:
        event = history.published(version)
        scores = event.scores if event else {}
        rows.append(
            [
                "*" if history.current == version else "",
                version,
                f"{event.at:%Y-%m-%d %H:%M}" if event else "",
                *(_figure(scores.get(name), COMPARED) for name in names),
                "forced" if event and event.forced else "",
            ]
        )
    scores = of_shipped(pinned)
    figures = [_figure(scores.get(name), COMPARED) for name in names]
    mark = "*" if history.current is None else ""
    rows.append([mark, shipped_version(), "ships with it", *figures, ""])
    _print(_table(rows))
    print(f"registry: {found.folder}")


@app.command()
def show(
    version: Annotated[
        str | None, typer.Argument(help="A version of the list; the current one without it.")
    ] = None,
    registry: Folder = None,
) -> None:
    """Show a model: what it is, its scores and thresholds, and that its files are untouched."""
    from stance import resources
    from stance.modelfile import load_info
    from stance.registry import digests
    from training.gate import of_shipped, read_pinned

    found = _registry(registry)
    history = found.history()
    version = version or found.current_version()
    folder = found.find(version)
    info = load_info(folder)
    card = folder / "CARD.md"
    is_shipped = folder == resources.default_model()
    files = digests(folder) if is_shipped else history.models[version]
    event = None if is_shipped else history.published(version)
    scores = of_shipped(read_pinned()) if event is None else event.scores
    current = version == found.current_version()
    print(f"version: {version}{' (current)' if current else ''}")
    print(f"published: {event.at.isoformat()}" if event else "published: ships with it")
    if event and event.forced:
        print(f"forced, although: {'; '.join(event.worse)}")
    print(f"folder: {folder}")
    print(f"card: {card if card.is_file() else 'none'}")
    print(
        f"tokens of a pair: at most {info.max_length}, "
        f"temperature: {info.temperature:.4g}, bias of none: {info.none_bias:.3g}"
    )
    own = "".join(f", {issue} {least:.3f}" for issue, least in info.thresholds.items())
    print(f"threshold: {info.threshold:.3f}{own}")
    _print(_scores(scores))
    print("files, " + ("as they ship:" if is_shipped else "each as it was published:"))
    _print(f"  {digest}  {name}" for name, digest in files.items())


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="The model folder, such as a run's model/.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also a model that is worse than the current one.")
    ] = False,
    registry: Folder = None,
) -> None:
    """Copy a model into the registry and make it the current one, unless it is worse."""
    from stance.registry import CurrentChanged
    from training.gate import faults, measure, read_pinned

    found = _registry(registry)
    pinned = read_pinned()
    with found.staged(folder) as staged:
        tracker = _tried(staged)
        _tell_absent(pinned)
        scores = measure(tracker, pinned)
        while True:
            history = found.history()
            current = _of_current(found, history, staged, scores, pinned)
            against = faults(pinned, scores, current)
            _print(_scores(scores, current))
            if against and not force:
                raise StanceError(
                    f"{folder}: '{staged.version}' is not published: {'; '.join(against)} "
                    f"(tolerance {pinned.tolerance:g}); --force publishes it all the same"
                )
            try:
                found.publish(staged, after=history.current, scores=scores, worse=against)
            except CurrentChanged:
                continue
            break
    print(f"published: {staged.version}{', forced' if against else ''}, and current from now on")


@app.command()
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="A version of the list; the one before without it.")
    ] = None,
    registry: Folder = None,
) -> None:
    """Make the model before the current one, or the named one, current again."""
    print(f"current: {_registry(registry).rollback(version)}")


@app.command()
def pin(
    slack: Annotated[
        float | None, typer.Option(min=0, max=1, help="How far below a figure its floor lies.")
    ] = None,
) -> None:
    """Measure the model that ships, and write its figures and floors into floors.json.

    For the maintainer, when new weights or texts ship. Floors may sink: look at the difference.
    """
    from stance import resources
    from stance.pipeline import Tracker
    from training import gate

    before = gate.read_pinned()
    _tell_absent(before)
    if slack is not None:
        before = before.model_copy(update={"slack": slack})
    after = gate.pin(before, Tracker.load(model=resources.default_model()))
    gate.write_pinned(after)
    rows = [["set", "figure", "measured", "floor", "before"]]
    for name, one in after.sets.items():
        for figure, floor in one.floors.items():
            old = before.sets[name].floors.get(figure)
            was = "" if old is None else f"{old:.3f}"
            rows.append([name, figure, f"{one.figures[figure]:.3f}", f"{floor:.3f}", was])
    _print(_table(rows))
    print(f"written: {gate.FLOORS}")


def _registry(folder: Path | None) -> Registry:
    from stance.registry import Registry, default_registry

    return default_registry() if folder is None else Registry(folder)


def _tried(staged: Staged) -> Tracker:
    """The tracker of a copy that has answered a question; errors name the file in it."""
    from stance.pipeline import Tracker
    from stance.register import load_actors, load_issues
    from stance.scorer import load_tried
    from stance.stages import Reader

    try:
        scorer = load_tried(staged.folder)
    except ModelError as error:
        raise ModelError(str(error).removeprefix(f"{staged.folder}/")) from None
    return Tracker(Reader(load_actors(), load_issues()), scorer)


def _of_current(
    registry: Registry,
    history: History,
    staged: Staged,
    scores: Mapping[str, Measured],
    pinned: Pinned,
) -> Mapping[str, Measured]:
    """The current model's figures, measured by the code that measured the new one's; of the
    shipped weights they stand in the pinned evaluation."""
    from stance.pipeline import Tracker
    from training.gate import measure, of_shipped

    if history.current == staged.version:
        return scores
    if history.current is None and set(scores) <= set(known := of_shipped(pinned)):
        return known
    return measure(Tracker.load(model=registry.find(registry.current_version())), pinned)


def _tell_absent(pinned: Pinned) -> None:
    for name in pinned.sets.keys() - pinned.at_hand.keys():
        typer.echo(
            f"not measured: '{name}', whose texts are not here (STANCE_CORPORA names their folder)",
            err=True,
        )


def _scores(
    scores: Mapping[str, Measured], current: Mapping[str, Measured] | None = None
) -> Iterator[str]:
    """A model's figures, beside those of the current one where they are given."""
    rows = [["set", "figure", "score", *(["current"] if current is not None else [])]]
    for name, one in scores.items():
        for figure in one.figures:
            row = [name, figure, _figure(one, figure)]
            rows.append(row if current is None else [*row, _figure(current.get(name), figure)])
    return _table(rows)


def _figure(one: Measured | None, figure: str) -> str:
    found = None if one is None else one.figures.get(figure)
    return "-" if found is None else f"{found:.3f}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
