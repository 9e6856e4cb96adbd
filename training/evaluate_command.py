"""The command ``stance evaluate``: any number of models and the baselines, on any file.

It runs on the base installation; a checkpoint in floats and a zero-shot model need the [train]
extra.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stance.errors import ModelError, StanceError

if TYPE_CHECKING:
    from stance.stages import Reader
    from training.compare import Comparison
    from training.systems import Read, System

REJECTED = 3


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Texts in the codebook's format."),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="A model folder in place of the shipped one, or the folder of a training run "
            "(its floats); several are compared with the first."
        ),
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Score the baselines beside the models.")] = True,
    zero_shot: Annotated[
        str | None,
        typer.Option(help="A general inference checkpoint beside them: a folder or a name."),
    ] = None,
    benchmarks: Annotated[
        Path | None, typer.Option(help="Run the public benchmarks that lie in this folder.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many rows of each benchmark, drawn by seed.")
    ] = None,
    details: Annotated[
        bool, typer.Option(help="The report by issue for every system, not for the first alone.")
    ] = False,
    samples: Annotated[
        int, typer.Option(min=100, help="Resamples of the pages for intervals and tests.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seeds what is drawn.")] = 0,
    actors: Annotated[
        list[Path] | None, typer.Option("--actors", help="YAML with actors to add or replace.")
    ] = None,
    issues: Annotated[
        list[Path] | None, typer.Option("--issues", help="YAML with issues to add or replace.")
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(
            "--held-out", help="Only the texts that the training step of this .toml holds out."
        ),
    ] = None,
    corpora: Annotated[
        Path | None, typer.Option(help="The corpora of that training step, for --held-out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write all figures here as JSON.")] = None,
    record: Annotated[
        bool,
        typer.Option(help="Keep the figures in the first model's metrics.json and card as well."),
    ] = False,
) -> None:
    """Score models on annotated texts, side by side, and on public benchmarks."""
    from stance import resources
    from stance.modelfile import load_info
    from stance.register import load_actors, load_issues
    from stance.rowfiles import replacing
    from stance.stages import Reader

    if not files and benchmarks is None:
        raise typer.BadParameter("name a FILE, or --benchmarks with a folder")
    folders = model or [resources.default_model()]
    if (held_out is None) != (corpora is None):
        raise typer.BadParameter("--held-out and --corpora belong together")
    kept = None if held_out is None or corpora is None else _held_out(held_out, corpora, folders[0])
    reader = Reader(load_actors(actors or []), load_issues(issues or []))
    if record:
        load_info(folders[0])  # so that a folder that cannot keep figures is told at once
    systems = _systems(folders, reader, baselines=baselines and bool(files), zero_shot=zero_shot)
    figures: dict[str, Any] = {}
    rejected = 0
    with ExitStack() as stack:
        stream = None if out is None else stack.enter_context(replacing(out))
        for file, name in zip(files or [], _names(files or []), strict=True):
            texts, skipped = _texts(file, reader, kept)
            rejected += skipped
            figures[name] = _compared(name, texts, systems, reader, samples, seed, details=details)
        if benchmarks is not None:
            figures["benchmarks"] = _benchmarks(benchmarks, folders[0], systems[0], limit, seed)
        if stream is not None:
            stream.write((json.dumps(figures, indent=1) + "\n").encode())
    if record:
        from training.card import keep

        keep(folders[0], figures)
    if rejected:
        raise typer.Exit(REJECTED)


def _systems(
    folders: Sequence[Path], reader: Reader, *, baselines: bool, zero_shot: str | None
) -> list[System]:
    """The models, the baselines of the first, and the zero-shot checkpoint if it can be had."""
    from training import baselines as baseline
    from training.systems import System, as_asked, load_scorer, named

    asked = as_asked(reader)
    scorers = named((folder, load_scorer(folder)) for folder in folders)
    systems = [System(name, scorer, asked) for name, scorer in scorers]
    if baselines:
        systems += baseline.baselines(scorers[0][1], reader)
    if zero_shot is not None:
        from training.zeroshot import ZeroShotScorer, zero_shot_asking

        try:
            scorer = ZeroShotScorer(zero_shot)
            systems.append(System("zero-shot", scorer, zero_shot_asking(reader)))
        except ModelError as error:
            print(f"left out: zero-shot {error}", file=sys.stderr)
    return systems


def _names(files: Sequence[Path]) -> list[str]:
    """What a file is called in the figures: its name, or its path where two have the same."""
    names = [file.name for file in files]
    return [f.name if names.count(f.name) == 1 else str(f) for f in files]


def _held_out(config: Path, corpora: Path, base: Path) -> frozenset[tuple[str, str]]:
    """The (id, text) of all texts that a training step holds out."""
    from training.config import load_config

    try:
        from training.recipe import Recipe
    except ModuleNotFoundError as error:
        raise StanceError(
            f"--held-out needs the package '{error.name}': pip install 'stance-tracker[train]'"
        ) from None
    sides = Recipe(str(base), corpora, config.parent).sides(load_config(config))
    return frozenset((one.gold.id, one.text) for _, held in sides.values() for one in held)


def _texts(
    file: Path, reader: Reader, kept: frozenset[tuple[str, str]] | None
) -> tuple[list[Read], int]:
    """The texts of a file as the tool reads them, and how many rows were told and passed over."""
    from stance.records import Skipped
    from training.gold import read_gold
    from training.systems import read_texts

    rows = list(read_gold(file))
    good = [
        row
        for row in rows
        if not isinstance(row, Skipped) and (kept is None or (row.id, row.text) in kept)
    ]
    read = list(read_texts(good, reader, str(file)))
    skipped = [row for row in [*rows, *read] if isinstance(row, Skipped)]
    for row in skipped:
        print(f"skipped: {row}", file=sys.stderr)
    texts = [row for row in read if not isinstance(row, Skipped)]
    if not texts:
        which = "no annotated text" if kept is None else "none of the held-out texts"
        raise StanceError(f"{file}: holds {which}")
    return texts, len(skipped)


def _compared(
    name: str,
    texts: Sequence[Read],
    systems: Sequence[System],
    reader: Reader,
    samples: int,
    seed: int,
    *,
    details: bool,
) -> dict[str, Any]:
    from training import compare

    found = compare.compare(texts, systems, reader, samples=samples, seed=seed)
    for line in [*_reports(name, found, details), "", *compare.as_lines(name, found), ""]:
        print(line)
    return compare.as_json(found)


def _reports(name: str, found: Comparison, details: bool) -> Iterator[str]:
    from training.evaluate import as_lines

    for row in found.rows if details else found.rows[:1]:
        yield from as_lines(f"{name} by {row.name}", row.report)


def _benchmarks(
    data: Path, folder: Path, system: System, limit: int | None, seed: int
) -> dict[str, Any]:
    from training import benchmarks
    from training.card import corpora_of

    size = _size(folder)
    results = []
    print(benchmarks.heading(system.name, size))
    for result in benchmarks.run(
        data, system.scorer, limit=limit, seed=seed, trained_on=corpora_of(folder)
    ):
        print(benchmarks.as_line(result), flush=True)
        results.append(result)
    if not results:
        raise StanceError(f"{data}: holds none of the benchmarks")
    return benchmarks.as_json(results, system.name, size)


def _size(folder: Path) -> str:
    """How large the model is as a file."""
    file = folder / "model.onnx"
    path = file if file.is_file() else folder / "checkpoint" / "model.safetensors"
    return f"{path.stat().st_size / 1e6:.0f} MB" if path.is_file() else "size unknown"
