"""The commands ``stance evaluate`` and ``stance train``.

Only ``train`` needs the ``[train]`` extra; this module imports no torch, so that ``evaluate``
runs on the base installation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stance.errors import StanceError
from training.evaluate_command import evaluate

__all__ = ["evaluate", "train"]


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
