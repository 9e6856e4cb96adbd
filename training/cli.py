"""The commands ``stance evaluate`` and ``stance train``.

Only ``train`` needs the ``[train]`` extra; this module imports no torch, so that ``evaluate``
runs on the base installation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from stance.errors import StanceError


def evaluate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Texts in the codebook's format.")
    ],
    model: Annotated[
        Path | None, typer.Option(help="A model folder in place of the shipped one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the figures here as JSON.")] = None,
) -> None:
    """Score a model on annotated texts."""
    from stance.pipeline import Tracker
    from stance.records import Skipped
    from training import evaluate as evaluation
    from training.gold import read_gold

    tracker = Tracker.load(model=model)
    figures: dict[str, object] = {}
    rejected = 0
    for file in files:
        rows = list(read_gold(file))
        texts = [row for row in rows if not isinstance(row, Skipped)]
        for row in rows:
            if isinstance(row, Skipped):
                rejected += 1
                print(f"skipped: {row}", file=sys.stderr)
        if not texts:
            raise StanceError(f"{file}: holds no annotated text")
        found = evaluation.on(texts, tracker)
        figures[file.name] = {"model": tracker.model_version, **evaluation.as_json(found)}
        for line in evaluation.as_lines(f"{file.name} by {tracker.model_version}", found):
            print(line)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if rejected:
        raise typer.Exit(3)


def train(
    configs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[CONFIG...]",
            help="The steps of the recipe, in order; with --data alone, the shipped retraining.",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Train on this too: .csv .jsonl .parquet, or a data set's name[:split].",
        ),
    ] = None,
    shape: Annotated[
        str | None, typer.Option(help="codebook, flat or reviewed; else told from the columns.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Where a field stands in --data, as OURS=THEIRS (text=body)."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="What a label in --data means, as THEIRS=OURS (favour=support)."),
    ] = None,
    drop_leaks: Annotated[
        bool,
        typer.Option("--drop-leaks", help="Leave what leaks into held-out texts out of training."),
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            help="The encoder: a local folder or a Hugging Face name; or a model folder to go "
            "on from. With --data alone, the shipped model."
        ),
    ] = None,
    corpora: Annotated[
        Path, typer.Option(help="The folder that the configurations' paths are relative to.")
    ] = Path(),
    runs: Annotated[Path, typer.Option(help="Where every step keeps its run.")] = Path("runs"),
    dev: Annotated[
        Path | None, typer.Option(help="Annotated texts to choose the threshold on.")
    ] = None,
    version: Annotated[
        str, typer.Option(help="Names the weights; it stands in every row.")
    ] = "local",
) -> None:
    """Train a model: every step, then export and calibration."""
    from stance.resources import default_model
    from training.entries import steps_of, with_data

    if not configs and not data:
        raise typer.BadParameter("expected a CONFIG, or --data FILE")
    steps = with_data(
        steps_of(configs or []),
        data or [],
        shape=shape,
        columns=_both_sides(column or [], "OURS=THEIRS, such as text=body"),
        labels=_both_sides(label or [], "THEIRS=OURS, such as favour=support"),
        drop_leaks=drop_leaks,
    )
    try:
        from training.recipe import Recipe
    except ModuleNotFoundError as error:
        raise StanceError(
            f"training needs the package '{error.name}': pip install 'stance-tracker[train]'"
        ) from None
    start = base or (_BASE if configs else str(default_model()))
    recipe = Recipe(start, corpora, runs)
    folder = recipe.run(steps, dev, version)
    print(f"model: {folder}")
    if recipe.rejected:
        raise typer.Exit(3)


_BASE: Final = "sentence-transformers/all-mpnet-base-v2"


def _both_sides(given: list[str], expected: str) -> dict[str, str]:
    """``a=b`` options as a mapping."""
    sides: dict[str, str] = {}
    for one in given:
        left, sign, right = one.partition("=")
        if not sign or not left.strip() or not right.strip():
            raise typer.BadParameter(f"'{one}': expected {expected}")
        sides[left.strip()] = right.strip()
    return sides
