"""A recipe from data to model folder: the steps in order, then export and calibration.

Every step has its own folder under ``runs`` with its configuration, log and checkpoint; a step
that is finished is not run again, and one that was killed goes on from its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch

from stance.encoding import PairTokenizer
from stance.errors import InputError
from stance.modelfile import ModelInfo
from stance.pipeline import Tracker
from stance.records import Skipped
from stance.register import load_actors, load_issues
from stance.scorer import OnnxScorer, softmax
from stance.stages import Reader
from training import calibrate, compare, evaluate
from training.baselines import baselines
from training.card import RELIABILITY, card
from training.codebook import codebook_pairs
from training.config import Codebook, RunConfig
from training.export import export, write_info
from training.general import general_pairs
from training.gold import GoldText, read_gold
from training.labels import read_labels
from training.loop import Run, read_progress
from training.model import StanceModel, build_model, freeze_below, load_weights
from training.pairs import LABELS, Pair
from training.reliability import plot_reliability
from training.split import split
from training.systems import Read, System, answers, as_asked, read_texts

Tell = Callable[[str], None]
T = TypeVar("T")

_ALL: Final = 10_000
"""More candidates than any text has."""

LABELS_FOLDER: Final = Path(__file__).parent / "labels"


@dataclass(frozen=True)
class Recipe:
    """Where a recipe reads and writes. ``base`` is a local folder or a Hugging Face name."""

    base: str
    corpora: Path
    runs: Path
    tell: Tell = print

    def run(self, steps: Sequence[RunConfig], dev: Path | None, version: str) -> Path:
        """Train every step and make the model folder of the last; returns that folder."""
        for step in steps:
            self.tell(f"{step.name}: training")
            self.train(step)
        return self.finish(steps, dev, version)

    def train(self, step: RunConfig) -> None:
        """One step, from the start or from where it was killed."""
        folder = self.runs / step.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(step.model_dump_json(indent=1), encoding="utf-8")
        pairs, _ = self.data(step)
        if not pairs:
            raise InputError("no training pairs come out of this configuration", file=step.name)
        torch.manual_seed(step.seed)
        model = self.model(step, step.start)
        freeze_below(model, step.model.frozen_layers)
        tokenizer = PairTokenizer(self.tokenizer(), step.model.max_length)
        done = Run(folder, model, tokenizer, step.optimiser, step.seed).train(pairs)
        self.tell(f"{step.name}: {done.step} updates in {done.seconds / 60:.0f} minutes")

    def data(self, step: RunConfig) -> tuple[list[Pair], dict[str, list[GoldText]]]:
        """The training pairs of a step, and the texts held out by corpus."""
        mix = {name: (one.reader, one.pairs) for name, one in step.general.items()}
        pairs = general_pairs(
            self.corpora / "data", mix, seed=step.seed, skip_tasks=step.skip_tasks
        )
        held: dict[str, list[GoldText]] = {}
        reader = Reader(load_actors(), load_issues())
        for name, one in step.codebook.items():
            train, held[name] = split(self.annotated(one), one.held_out)
            pairs += codebook_pairs(
                train,
                reader,
                seed=step.seed,
                anchored=one.anchored,
                none_with=one.none_with,
                none_alone=one.none_alone,
                source=name,
            )
        return pairs, held

    def annotated(self, one: Codebook) -> list[GoldText]:
        """The texts of one entry of a configuration."""
        if one.labels:
            return self._good(read_labels(LABELS_FOLDER / one.path, self.corpora / "data"))
        return self.texts(self.corpora / one.path)

    def texts(self, path: Path) -> list[GoldText]:
        """The texts of a file; every broken row is told."""
        return self._good(read_gold(path))

    def _good(self, rows: Iterable[T | Skipped]) -> list[T]:
        texts: list[T] = []
        for row in rows:
            if isinstance(row, Skipped):
                self.tell(f"skipped: {row}")
            else:
                texts.append(row)
        return texts

    def model(self, step: RunConfig, start: str | None) -> StanceModel:
        """The base's model, with the weights of the step ``start`` where one is named."""
        model = build_model(self.base, layers=step.model.layers)
        if start is not None:
            load_weights(model, self.runs / start / "checkpoint" / "model.safetensors")
        return model

    def tokenizer(self) -> Path:
        """The base's ``tokenizer.json``, fetched from the hub where the base is a name."""
        local = Path(self.base) / "tokenizer.json"
        if local.is_file():
            return local
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.base, "tokenizer.json"))

    def finish(self, steps: Sequence[RunConfig], dev: Path | None, version: str) -> Path:
        """Export the last step, fit the temperature on the held-out texts and the threshold on
        ``dev``, and write the card."""
        step = steps[-1]
        folder = self.runs / step.name / "model"
        info = ModelInfo(version=version, max_length=step.model.max_length)
        export(self.model(step, step.name), self.tokenizer(), info, folder)
        self.tell(f"{step.name}: exported, calibrating")
        _, held = self.data(step)
        logits, labels, issues = self._held_out_logits(step, folder, held)
        info = info.model_copy(update={"temperature": calibrate.fit_temperature(logits, labels)})
        write_info(info, folder)
        if dev is not None:
            info = self._with_threshold(folder, self.texts(dev), info)
        least = np.array([info.least(issue) for issue in issues])
        counts = calibrate.confusion(softmax(logits / info.temperature), labels, least)
        table = tuple(tuple(float(n) for n in row) for row in counts)
        info = info.model_copy(update={"confusion": table})
        write_info(info, folder)
        figures = _calibration(logits, labels, info.temperature)
        corpora = sorted({name for one in steps for name in one.general})
        report = {
            "calibration": figures,
            "corpora": corpora,
            **self._measured(folder, held, dev),
        }
        bins = [calibrate.Bin(**one) for one in figures["bins"]]
        plot_reliability(bins, folder / RELIABILITY)
        (folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        text = card(info, Path(self.base).name, steps, self._minutes(steps), report)
        (folder / "CARD.md").write_text(text, encoding="utf-8")
        return folder

    def _minutes(self, steps: Sequence[RunConfig]) -> dict[str, float]:
        return {step.name: read_progress(self.runs / step.name).seconds / 60 for step in steps}

    def _held_out_logits(
        self, step: RunConfig, folder: Path, held: dict[str, list[GoldText]]
    ) -> tuple[calibrate.Floats, calibrate.Ints, list[str]]:
        """Logits (n, 4), labels (n,) and issues of every candidate of the held-out texts, as the
        tool would meet them; an issue outside the register is empty."""
        reader = Reader(load_actors(), load_issues())
        pairs = [
            pair
            for name, texts in held.items()
            for pair in codebook_pairs(
                texts,
                reader,
                seed=step.seed,
                anchored=step.codebook[name].anchored,
                none_with=_ALL,
                none_alone=_ALL,
            )
        ]
        logits = OnnxScorer(folder).logits([(p.premise, p.hypothesis) for p in pairs])
        asked = {issue.proposition: issue.id for issue in reader.issues.entries}
        issues = [asked.get(p.hypothesis.partition(": ")[2], "") for p in pairs]
        return logits, np.array([LABELS.index(p.labels[0]) for p in pairs]), issues

    def _with_threshold(
        self, folder: Path, texts: Sequence[GoldText], info: ModelInfo
    ) -> ModelInfo:
        """The threshold with the best tuple F1 on the development texts, and those of issues
        that gain by one of their own."""
        grid = [round(0.2 + 0.025 * i, 3) for i in range(29)]
        tracker = Tracker.load(model=folder)
        read = self._read(texts, tracker)
        model = System(info.version, tracker.scorer, as_asked(tracker.reader))
        rows = answers(model, read, tracker.reader).judged
        judged = [(one.gold, one.article, row) for one, row in zip(read, rows, strict=True)]
        curves = evaluate.curves(judged, tracker, grid)
        if not curves:
            self.tell("no registered actor and issue in the development texts; threshold 0.5")
            return info
        common = calibrate.best_threshold(calibrate.joint_f1(curves.values()).tolist(), grid)
        own = calibrate.issue_thresholds(curves, grid, common)
        return info.model_copy(update={"threshold": common, "thresholds": own})

    def _measured(
        self, folder: Path, held: dict[str, list[GoldText]], dev: Path | None
    ) -> dict[str, object]:
        """The held-out texts by the model alone, the development set beside the baselines."""
        tracker = Tracker.load(model=folder)
        model = System(tracker.model_version, tracker.scorer, as_asked(tracker.reader))
        beside = baselines(tracker.scorer, tracker.reader)
        sets = {f"{name}_held_out": (texts, [model]) for name, texts in held.items() if texts}
        if dev is not None:
            sets["development"] = (self.texts(dev), [model, *beside])
        return {
            name: compare.as_json(compare.compare(self._read(texts, tracker), one, tracker.reader))
            for name, (texts, one) in sets.items()
        }

    def _read(self, texts: Sequence[GoldText], tracker: Tracker) -> list[Read]:
        return self._good(read_texts(texts, tracker.reader, "annotated texts"))


def _calibration(
    logits: calibrate.Floats, labels: calibrate.Ints, temperature: float
) -> dict[str, Any]:
    before, after = softmax(logits), softmax(logits / temperature)
    return {
        "pairs": len(labels),
        "temperature": round(temperature, 4),
        "ece_before": round(calibrate.expected_calibration_error(before, labels), 4),
        "ece": round(calibrate.expected_calibration_error(after, labels), 4),
        "bins": [asdict(one) for one in calibrate.reliability(after, labels)],
    }
