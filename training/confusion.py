"""Calibrate a finished model once more, and measure what its reports are worth.

    python -m training.confusion CONFIG.toml --corpora DIR --dev FILE --model FOLDER

A row's probabilities and a cell's interval carry the model's errors (`stance.evidence`), so these
must be those that it makes on the texts it will meet, asked as it is asked today.
`training.recipe` does this when a model is made; this does it again after the reading has
changed, on what the configuration holds out. The weights stay; ``model.json`` and what the card
says of figures are written anew.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from stance.modelfile import load_info
from training.calibrate import Bin
from training.card import RELIABILITY, keep
from training.config import load_config
from training.export import write_info
from training.pairs import LABELS
from training.recipe import Recipe
from training.reliability import plot_reliability


def main() -> None:
    """The command of the module's docstring."""
    given = _arguments()
    step, folder = load_config(given.config), given.model
    recipe = Recipe(str(folder), given.corpora, given.config.parent)
    if given.version is not None:
        write_info(load_info(folder).model_copy(update={"version": given.version}), folder)
    held = {
        name: [example.gold for example in texts if example.claims is None]
        for name, (_, texts) in recipe.sides(step).items()
    }
    info, figures = recipe.recalibrate(step, folder, held, given.dev)
    plot_reliability([Bin(**one) for one in figures["bins"]], folder / RELIABILITY)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    metrics |= {"calibration": figures, **recipe.measured(folder, held, given.dev)}
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    keep(folder, {})
    print(f"temperature {info.temperature:.3f}, bias of none {info.none_bias:.3f}")
    print(f"threshold {info.threshold:.3f}, of their own {info.thresholds}")
    print(f"worth on {', '.join(info.confusion_of)}; rows annotated, columns reported")
    for label, row in zip(LABELS, info.confusion, strict=True):
        print(f"{label:8s} " + " ".join(f"{n:6.0f}" for n in row))
    print("mean probability of no position: " + " ".join(f"{p:6.3f}" for p in info.reported_none))
    print("mean probability of another side: " + " ".join(f"{p:6.3f}" for p in info.reported_other))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Calibrate a finished model once more.")
    parser.add_argument("config", type=Path, help="the training step whose held-out texts count")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True, help="texts to choose thresholds on")
    parser.add_argument("--model", type=Path, required=True, help="a folder, changed in place")
    parser.add_argument("--version", help="a new name for the model, which stands in its rows")
    return parser.parse_args()


if __name__ == "__main__":
    main()
