"""The model card: how a model was made and what it scores, from the run's own records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stance.errors import StanceError
from stance.modelfile import ModelInfo, load_info
from training.config import RunConfig
from training.corpora import BASES, CORPORA
from training.figures import FIGURES

RELIABILITY: Final = "reliability.png"
"""The reliability plot's file in a model folder."""


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
        "",
        *measured(info, metrics),
        *_data(steps),
        *_limits(),
    ]
    return "\n".join(parts) + "\n"


_FIRST: Final = "## What it scores"
_NEXT: Final = "## Data"
"""What is measured stands between these two headings."""


def measured(info: ModelInfo, metrics: Mapping[str, Any]) -> Iterator[str]:
    """The sections that depend on what was measured alone."""
    yield from _scores(metrics)
    yield from _baselines(metrics)
    yield from _left_out(metrics.get("leave_out", ()))
    yield from _benchmarks(metrics.get("benchmarks", {}))
    if "calibration" in metrics:
        yield from _calibration(info, metrics["calibration"])


def keep(folder: Path, figures: Mapping[str, Any]) -> None:
    """Add figures to a model folder's ``metrics.json`` and write its card's measured part anew.

    Raises ``ModelError`` where the folder holds no model, ``StanceError`` where its metrics or
    its card are not as the recipe writes them.
    """
    info = load_info(folder)
    path = folder / "metrics.json"
    metrics = {**_metrics(path), **figures}
    path.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    text = folder / "CARD.md"
    if text.is_file():
        text.write_text(refreshed(text, info, metrics), encoding="utf-8")


def refreshed(path: Path, info: ModelInfo, metrics: Mapping[str, Any]) -> str:
    """The text of a card with its measured part made anew."""
    before, first, rest = path.read_text(encoding="utf-8").partition(f"\n{_FIRST}\n")
    _, after, end = rest.partition(f"\n{_NEXT}\n")
    if not first or not after:
        raise StanceError(f"{path}: expected the headings '{_FIRST}' and '{_NEXT}'")
    return before + "\n" + "\n".join(measured(info, metrics)) + "\n" + after + end


def corpora_of(folder: Path) -> tuple[str, ...] | None:
    """The public corpora that a model was trained on; None where its folder does not say."""
    found = _metrics(folder / "metrics.json").get("corpora")
    return None if found is None else tuple(found)


def _metrics(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StanceError(f"{path}: no valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise StanceError(f"{path}: expected a JSON object")
    return found


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
    yield _FIRST
    yield ""
    yield (
        "A tuple is (actor, issue, stance) of a text. The held-out sets are articles and pages "
        "that were not trained on; the threshold was chosen on the development set, so that its "
        "figures are slightly flattering."
    )
    yield ""
    yield "| set | texts | " + " | ".join(_COLUMNS.values()) + " |"
    yield "|---" * (len(_COLUMNS) + 2) + "|"
    sets = _sets(metrics)
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


def _sets(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The files of annotated texts among the metrics."""
    return {k: v for k, v in metrics.items() if isinstance(v, Mapping) and "tuple_f1" in v}


def _baselines(metrics: Mapping[str, Any]) -> Iterator[str]:
    sets = {k: v for k, v in _sets(metrics).items() if len(v.get("systems", ())) > 1}
    if not sets:
        return
    yield ""
    yield "## Beside baselines and others"
    yield ""
    yield (
        "`majority` gives every candidate the commonest answer, `always-support` reports each as "
        "support, `name-only` sees the actor's name in place of the text, `masked` sees the text "
        "with placeholders for all actors' names. In brackets 95 % intervals from resampled "
        "pages; the difference in tuple F1 is to the first system, p from a paired bootstrap."
    )
    for name, found in sets.items():
        yield ""
        yield f"{name}, {found['texts']} texts of {found['pages']} pages:"
        yield ""
        yield "| system | " + " | ".join(FIGURES.values()) + " | difference | p | same label |"
        yield "|---" * (len(FIGURES) + 4) + "|"
        for row in found["systems"]:
            shown = [_ranged(row["figures"][figure]) for figure in FIGURES]
            yield f"| {row['name']} | " + " | ".join([*shown, *_tested(row)]) + " |"


def _tested(row: Mapping[str, Any]) -> list[str]:
    test = row.get("against_first")
    if test is None:
        return ["", "", ""]
    return [_ranged(test), _figure(test["p"]), _figure(test["same_label"])]


def _ranged(found: Mapping[str, float | None]) -> str:
    if found["low"] is None or found["high"] is None:
        return _figure(found["value"])
    return f"{_figure(found['value'])} ({found['low']:.2f} to {found['high']:.2f})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _left_out(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield "## Actors and issues never trained on"
    yield ""
    yield (
        "A shortened recipe, trained once on everything and once more for each group of actors and "
        "issues, without any pair that asks for one of them (training/leaveout.py); each is scored "
        "on its own positions in the development set."
    )
    yield ""
    yield "| left out | kind | texts | gold | F1, trained on all | F1, left out | lost |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row['left_out']} | {row['kind']} | {row['texts']} | {row['gold']} | "
            f"{row['f1_full']:.3f} | {row['f1_left_out']:.3f} | "
            f"{row['f1_full'] - row['f1_left_out']:+.3f} |"
        )


def _benchmarks(found: Mapping[str, Any]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield "## Public benchmarks"
    yield ""
    yield (
        f"Held-out parts of public corpora, in percent, by `{found['model']}` "
        f"({found['size']}), none of them used to choose anything."
    )
    yield ""
    yield "| benchmark | metric | ours | questions | published | notes |"
    yield "|---|---|---|---|---|---|"
    for row in found["results"]:
        published = "; ".join(
            f"{p['figure']} {p['system']} ({p['size']})" for p in row["published"]
        )
        figure = "-" if row["figure"] is None else f"{row['figure']:.1f}"
        yield (
            f"| {row['benchmark']} | {row['metric']} | {figure} | {row['n']} | "
            f"{published or '-'} | {'; '.join(row['notes'])} |"
        )


def _calibration(info: ModelInfo, figures: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Calibration"
    yield ""
    own = ", ".join(f"{issue} {least:.3f}" for issue, least in sorted(info.thresholds.items()))
    how = "fitted" if figures.get("fitted", True) else "kept from the base; measured"
    yield (
        f"Temperature {info.temperature:.3f}, bias of none {info.none_bias:.3f}, {how} "
        f"on {figures['pairs']:.0f} held-out pairs; "
        f"expected calibration error {figures['ece_before']:.3f} before and "
        f"{figures['ece']:.3f} after. A candidate is reported from a probability of any position "
        f"of {info.threshold:.3f}" + (f" (own thresholds: {own})." if own else ".")
    )
    if info.confusion_of:
        yield ""
        yield f"Held-out questions of real news ({', '.join(info.confusion_of)}):"
    yield ""
    yield "| true, below: predicted, right | support | oppose | neutral | none |"
    yield "|---|---|---|---|---|"
    for name, row in zip(("support", "oppose", "neutral", "none"), info.confusion, strict=False):
        yield f"| {name} | " + " | ".join(f"{count:.0f}" for count in row) + " |"
    if figures.get("bins"):
        yield from _reliability(figures["bins"])


def _reliability(bins: Sequence[Mapping[str, float]]) -> Iterator[str]:
    yield ""
    yield f"![how often answers are right, by how sure they are]({RELIABILITY})"
    yield ""
    yield "| confidence | answers | mean confidence | share right |"
    yield "|---|---|---|---|"
    for b in bins:
        yield (
            f"| {b['low']:.2f} to {b['high']:.2f} | {b['n']:.0f} | {b['confidence']:.3f} | "
            f"{b['accuracy']:.3f} |"
        )


def _data(steps: Sequence[RunConfig]) -> Iterator[str]:
    yield ""
    yield _NEXT
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
