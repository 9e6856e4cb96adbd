"""The commands ``stance evaluate`` and ``stance train``.

Only ``train`` needs the ``[train]`` extra; this module imports no torch, so that ``evaluate``
runs on the base installation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from stance.errors import StanceError
from training.evaluate_command import evaluate

__all__ = ["evaluate", "train"]


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
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw the old runs of these steps away.")
    ] = False,
) -> None:
    """Train a model: every step, then export and calibration."""
    from stance.resources import default_model
    from training.entries import steps_of, with_data

    if not configs and not data:
        raise typer.BadParameter("expected a CONFIG, or --data FILE")
    start = base or (_BASE if configs else str(default_model()))
    steps = with_data(
        steps_of(configs or [], start),
        data or [],
        shape=shape,
        columns=_both_sides(column or [], "OURS=THEIRS, such as text=body"),
        labels=_both_sides(label or [], "THEIRS=OURS, such as favour=support"),
        drop_leaks=drop_leaks,
    )
    try:
        from training.processes import start_processes
        from training.recipe import Recipe
    except ModuleNotFoundError as error:
        raise StanceError(
            f"training needs the package '{error.name}': pip install 'stance-tracker[train]'"
        ) from None
    processes = start_processes(device)
    recipe = Recipe(start, corpora, runs, processes=processes, restart=restart)
    folder = recipe.run(steps, dev, version)
    if processes.writes:
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
