"""Measure a finished model's confusion once more, and write it into its ``model.json``.

    python -m training.confusion CONFIG.toml --corpora DIR --model FOLDER

A cell's interval carries the model's errors (`stance.evidence`), so they must be those that it
makes on the texts it will meet, asked as it is asked today. `training.recipe` measures them when
a model is made; this does so again after the reading has changed, or for other texts: on what
the configuration holds out of its ``confusion_on``. Weights, calibration and thresholds stay.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from stance.errors import InputError
from stance.modelfile import load_info
from stance.scorer import calibrated
from training import calibrate
from training.config import RunConfig, load_config
from training.export import write_info
from training.pairs import LABELS
from training.recipe import Recipe


def measured(
    recipe: Recipe, step: RunConfig, folder: Path
) -> tuple[calibrate.Ints, tuple[str, ...]]:
    """The confusion, shape (4, 4), on the held-out news of a step, and the corpora it is of."""
    info = load_info(folder)
    held = {
        name: [example.gold for example in texts]
        for name, (_, texts) in recipe.sides(step).items()
        if name in step.confusion_on
    }
    logits, labels, issues, corpus = recipe.held_out_logits(step, folder, held)
    if not len(labels):
        raise InputError("holds out none of the corpora of confusion_on", file=step.name)
    return calibrate.confusion_on(
        step.confusion_on,
        corpus,
        calibrated(logits, info),
        labels,
        np.array([info.least(issue) for issue in issues]),
    )


def main() -> None:
    """The command of the module's docstring."""
    parser = argparse.ArgumentParser(description="Measure a model's confusion on held-out news.")
    parser.add_argument("config", type=Path, help="the training step whose held-out texts count")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a folder, changed in place")
    given = parser.parse_args()
    recipe = Recipe(str(given.model), given.corpora, given.config.parent)
    counts, corpora = measured(recipe, load_config(given.config), given.model)
    table = tuple(tuple(float(n) for n in row) for row in counts)
    info = load_info(given.model).model_copy(update={"confusion": table, "confusion_of": corpora})
    write_info(info, given.model)
    print(f"measured on {', '.join(corpora)}; rows annotated, columns reported")
    for label, row in zip(LABELS, counts, strict=True):
        print(f"{label:8s} " + " ".join(f"{n:6d}" for n in row))


if __name__ == "__main__":
    main()
