"""The commands ``stance evaluate`` and ``stance train``.

Only ``train`` needs the ``[train]`` extra; this module imports no torch, so that ``evaluate``
runs on the base installation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

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
        list[Path], typer.Argument(metavar="CONFIG...", help="The steps of the recipe, in order.")
    ],
    base: Annotated[
        str, typer.Option(help="The encoder: a local folder or a Hugging Face name.")
    ] = "sentence-transformers/all-mpnet-base-v2",
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
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw the old runs of these steps away.")
    ] = False,
) -> None:
    """Train a model: every step, then export and calibration."""
    from training.config import load_config

    steps = [load_config(path) for path in configs]
    try:
        from training.processes import start_processes
        from training.recipe import Recipe
    except ModuleNotFoundError as error:
        raise StanceError(
            f"training needs the package '{error.name}': pip install 'stance-tracker[train]'"
        ) from None
    processes = start_processes(device)
    recipe = Recipe(base, corpora, runs, processes=processes, restart=restart)
    folder = recipe.run(steps, dev, version)
    if processes.writes:
        print(f"model: {folder}")
