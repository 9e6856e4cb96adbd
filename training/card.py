"""The model card: how a model was made and what it scores, from the run's own records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.modelfile import ModelInfo
from training.config import RunConfig
from training.corpora import BASES, CORPORA


def card(
    info: ModelInfo,
    base: str,
    steps: Sequence[RunConfig],
    minutes: Mapping[str, float],
    metrics: Mapping[str, Any],
) -> str:
    """The card as Markdown. ``minutes`` is the training time of each step by its name."""
    parts = [
        *_head(info, base),
        *_steps(steps, minutes),
        *_scores(metrics),
        *_calibration(info, metrics["calibration"]),
        *_data(steps),
        *_limits(),
    ]
    return "\n".join(parts) + "\n"


def _head(info: ModelInfo, base: str) -> Iterator[str]:
    yield f"# {info.version}"
    yield ""
    yield (
        "A cross-encoder that reads a sentence with its context and a proposition, and answers "
        "whether the marked actor supports it, opposes it, takes no side, or shows no position "
        "there; a second head names the kind of evidence."
    )
    yield ""
    licence = BASES.get(base, "see its source")
    yield f"- Base and tokenizer: `{base}` (licence: {licence})"
    yield f"- Mean-pooled; at most {info.max_length} tokens a pair"
    yield "- File: `model.onnx`, int8 weights in blocks; `weights.json` maps them back for training"
    yield "- Licence of the weights: Apache-2.0; for the data see below"


def _steps(steps: Sequence[RunConfig], minutes: Mapping[str, float]) -> Iterator[str]:
    yield ""
    yield "## How it was made"
    yield ""
    yield "| step | layers kept | frozen | epochs | learning rate | seed | minutes of training |"
    yield "|---|---|---|---|---|---|---|"
    for step in steps:
        model, optimiser = step.model, step.optimiser
        yield (
            f"| {step.name} | {model.layers or 'all'} | {model.frozen_layers} | "
            f"{optimiser.epochs} | {optimiser.learning_rate} | {step.seed} | "
            f"{minutes.get(step.name, 0):.0f} |"
        )


_COLUMNS = {
    "tuple_f1": "tuple F1",
    "tuple_precision": "precision",
    "tuple_recall": "recall",
    "signed_f1": "support/oppose F1",
    "polarity": "polarity",
    "empty_left_empty": "empty left empty",
    "candidate_recall": "candidate recall",
}


def _scores(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## What it scores"
    yield ""
    yield (
        "A tuple is (actor, issue, stance) of a text. The held-out sets are articles and pages "
        "that were not trained on; the threshold was chosen on the development set, so that its "
        "figures are slightly flattering."
    )
    yield ""
    yield "| set | texts | " + " | ".join(_COLUMNS.values()) + " |"
    yield "|---" * (len(_COLUMNS) + 2) + "|"
    sets = {name: row for name, row in metrics.items() if "tuple_f1" in row}
    for name, row in sets.items():
        figures = " | ".join(f"{row[column]:.3f}" for column in _COLUMNS)
        yield f"| {name} | {row['texts']} | {figures} |"
    if "development" in sets:
        row = sets["development"]
        yield ""
        by_issue = ", ".join(f"{k} {v:.2f}" for k, v in row["by_issue"].items())
        yield f"Development set, F1 by issue: {by_issue}."
        by_kind = ", ".join(f"{k} {v:.2f}" for k, v in row["recall_by_evidence"].items())
        yield f"Recall by kind of evidence: {by_kind}."


def _calibration(info: ModelInfo, figures: Mapping[str, float]) -> Iterator[str]:
    yield ""
    yield "## Calibration"
    yield ""
    how = "fitted" if figures.get("fitted", 1) else "kept from the base, with figures"
    yield (
        f"Temperature {info.temperature:.3f}, {how} on {figures['pairs']:.0f} held-out pairs; "
        f"expected calibration error {figures['ece_before']:.3f} before and "
        f"{figures['ece']:.3f} after. A candidate is reported from a probability of any position "
        f"of {info.threshold:.3f}."
    )
    yield ""
    yield "| true, below: predicted, right | support | oppose | neutral | none |"
    yield "|---|---|---|---|---|"
    for name, row in zip(("support", "oppose", "neutral", "none"), info.confusion, strict=False):
        yield f"| {name} | " + " | ".join(f"{count:.0f}" for count in row) + " |"


def _data(steps: Sequence[RunConfig]) -> Iterator[str]:
    yield ""
    yield "## Data"
    yield ""
    yield (
        "Annotated texts by our codebook: synthetic statements and passages, demonstration "
        "articles (`seeds/`), and real news sentences whose texts are third-party and not part "
        "of this project. Public corpora, read in place and not redistributed, with the licence "
        "their source states:"
    )
    yield ""
    yield "| corpus | pairs | what | licence |"
    yield "|---|---|---|---|"
    for step in steps:
        for name, mix in step.general.items():
            what, licence = CORPORA.get(name, (name, "see its source"))
            yield f"| {name} | {mix.pairs} | {what} | {licence} |"
        for name, data in step.data.items():
            yield f"| {name} | its own | given as `{Path(data.path).name}` | its owner's |"


def _limits() -> Iterator[str]:
    yield ""
    yield "## Limits"
    yield ""
    yield (
        "English news on the diplomacy of the war in Ukraine is what it was trained and measured "
        "on; other issues work through their proposition, but were measured little. It reads "
        "what a sentence says and cannot tell whether the report is true. The synthetic "
        "statements put invented words into real people's mouths and are no record of anything "
        "said. Coders agree among themselves at F1 0.915; nothing above that can be shown."
    )
