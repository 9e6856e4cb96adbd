"""A recipe from data to model folder: the steps in order, then export and calibration.

Every step has its own folder under ``runs`` with its configuration, log and checkpoint; a step
that is finished is not run again, and one that was killed goes on from its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch

from stance.encoding import PairTokenizer
from stance.errors import InputError
from stance.modelfile import ModelInfo, load_info
from stance.pipeline import Tracker
from stance.records import Skipped
from stance.register import load_actors, load_issues
from stance.scorer import OnnxScorer, softmax
from stance.stages import Reader
from training import calibrate, evaluate
from training.architecture import is_model_folder
from training.card import card
from training.codebook import codebook_pairs
from training.config import Codebook, RunConfig, Sampling
from training.corpus import Preparation, Prepared, data_pairs
from training.export import export, restore, write_info
from training.general import general_pairs
from training.gold import GoldText, read_gold
from training.labels import corrected, read_labels
from training.loop import Run, read_progress
from training.metrics import count
from training.model import StanceModel, build_model, freeze_below, load_weights
from training.pairs import LABELS, Pair

Tell = Callable[[str], None]

LEAST_TO_CALIBRATE: Final = 200
"""Held-out pairs; with fewer, a model that is trained on keeps the calibration it had."""

LABELS_FOLDER: Final = Path(__file__).parent / "labels"


@dataclass(frozen=True)
class Recipe:
    """Where a recipe reads and writes. ``base`` is a local folder, which may be a model folder
    of ours, or a Hugging Face name. ``rejected`` are the rows that no step could use."""

    base: str
    corpora: Path
    runs: Path
    tell: Tell = print
    rejected: dict[str, Skipped] = field(default_factory=dict)
    _prepared: dict[str, Prepared] = field(default_factory=dict)

    def run(self, steps: Sequence[RunConfig], dev: Path | None, version: str) -> Path:
        """Train every step and make the model folder of the last; returns that folder."""
        self.prepare(steps, dev)
        for step in steps:
            self.tell(f"{step.name}: training")
            self.train(step)
        return self.finish(steps, dev, version)

    def prepare(self, steps: Sequence[RunConfig], dev: Path | None) -> None:
        """Read, check and split all corpora; refuses what would leak (training/corpus.py)."""
        preparation = Preparation(
            self.annotated, self.source, load_actors(), load_issues(), self.tell
        )
        prepared = preparation(steps, self.texts(dev) if dev is not None else ())
        self.rejected.update((str(row), row) for row in prepared.rejected)
        self._prepared.update((step.name, prepared) for step in steps)

    def source(self, path: str) -> str:
        """Where the path of an entry of ``[data]`` leads; what is no file is a data set."""
        inside = self.corpora / path
        return str(inside) if inside.exists() else path

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
        if step.name not in self._prepared:
            self.prepare([step], None)
        sides = self._prepared[step.name].sides[step.name]
        held = {n: [e.gold for e in h if e.claims is None] for n, (_, h) in sides.items()}
        reader = Reader(load_actors(), load_issues())
        for name, one in step.codebook.items():
            pairs += codebook_pairs(
                [example.gold for example in sides[name][0]],
                reader,
                one,
                seed=step.seed,
                anchored=one.anchored,
                source=name,
                leave_out=step.leave_out,
            )
        for name, data in step.data.items():
            pairs += data_pairs(
                name,
                data,
                sides[name][0],
                reader,
                seed=step.seed,
                leave_out=step.leave_out,
            )
        return pairs, held

    def annotated(self, one: Codebook) -> list[GoldText]:
        """The texts of one entry of a configuration."""
        if one.labels:
            return self._good(read_labels(LABELS_FOLDER / one.path, self.corpora / "data"))
        texts = self.texts(self.corpora / one.path)
        if one.corrections is None:
            return texts
        return self._good(corrected(texts, LABELS_FOLDER / one.corrections))

    def texts(self, path: Path) -> list[GoldText]:
        """The texts of a file; every broken row is told."""
        return self._good(read_gold(path))

    def _good(self, rows: Iterable[GoldText | Skipped]) -> list[GoldText]:
        texts: list[GoldText] = []
        for row in rows:
            if isinstance(row, Skipped):
                if str(row) not in self.rejected:
                    self.tell(f"skipped: {row}")
                self.rejected[str(row)] = row
            else:
                texts.append(row)
        return texts

    def model(self, step: RunConfig, start: str | None) -> StanceModel:
        """The base's model, with the weights of the step ``start`` where one is named."""
        if start is None and is_model_folder(self.base):
            return restore(Path(self.base))
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
        info = self._first_info(step, version)
        export(self.model(step, step.name), self.tokenizer(), info, folder)
        self.tell(f"{step.name}: exported, calibrating")
        _, held = self.data(step)
        logits, labels = self._held_out_logits(step, folder, held)
        enough = len(labels) >= (LEAST_TO_CALIBRATE if is_model_folder(self.base) else 1)
        if enough:
            temperature = calibrate.fit_temperature(logits, labels)
            info = info.model_copy(update={"temperature": temperature})
        else:
            self.tell(f"{step.name}: {len(labels)} held-out pairs are too few to calibrate on")
        write_info(info, folder)
        if dev is not None:
            info = self._with_threshold(folder, self.texts(dev), info)
        if enough:
            counts = calibrate.confusion(softmax(logits / info.temperature), labels, info.threshold)
            table = tuple(tuple(float(n) for n in row) for row in counts)
            info = info.model_copy(update={"confusion": table})
        write_info(info, folder)
        figures = {**_calibration(logits, labels, info.temperature), "fitted": float(enough)}
        report = {"calibration": figures, **self._measured(folder, held, dev)}
        (folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        base = load_info(Path(self.base)).version if is_model_folder(self.base) else self.base
        text = card(info, Path(base).name, steps, self._minutes(steps), report)
        (folder / "CARD.md").write_text(text, encoding="utf-8")
        return folder

    def _first_info(self, step: RunConfig, version: str) -> ModelInfo:
        """What is known before calibration: of a model folder as base, its own calibration."""
        length = step.model.max_length
        if not is_model_folder(self.base):
            return ModelInfo(version=version, max_length=length)
        known = load_info(Path(self.base))
        return known.model_copy(update={"version": version, "max_length": length})

    def _minutes(self, steps: Sequence[RunConfig]) -> dict[str, float]:
        return {step.name: read_progress(self.runs / step.name).seconds / 60 for step in steps}

    def _held_out_logits(
        self, step: RunConfig, folder: Path, held: dict[str, list[GoldText]]
    ) -> tuple[calibrate.Floats, calibrate.Ints]:
        """Logits (n, 4) and labels (n,) of every candidate of the held-out texts, as the tool
        would meet them."""
        reader = Reader(load_actors(), load_issues())
        pairs = [
            pair
            for name, one in step.codebook.items()
            for pair in codebook_pairs(
                held[name],
                reader,
                Sampling.everything(),
                seed=step.seed,
                anchored=one.anchored,
            )
        ]
        for name, data in step.data.items():
            examples = self._prepared[step.name].sides[step.name][name][1]
            pairs += data_pairs(name, data, examples, reader, Sampling.everything(), seed=step.seed)
        if not pairs:
            return np.zeros((0, len(LABELS))), np.zeros(0, dtype=np.int64)
        logits = OnnxScorer(folder).logits([(p.premise, p.hypothesis) for p in pairs])
        return logits, np.array([LABELS.index(p.labels[0]) for p in pairs])

    def _with_threshold(
        self, folder: Path, texts: Sequence[GoldText], info: ModelInfo
    ) -> ModelInfo:
        """The threshold with the best tuple F1 on the development texts."""
        grid = [round(0.2 + 0.025 * i, 3) for i in range(29)]
        tracker = Tracker.load(model=folder)
        judged = [evaluate.judged(text, tracker) for text in texts]
        scores = [
            count([evaluate.case(*one, tracker, threshold=t) for one in judged]).f1 for t in grid
        ]
        return info.model_copy(update={"threshold": calibrate.best_threshold(scores, grid)})

    def _measured(
        self, folder: Path, held: dict[str, list[GoldText]], dev: Path | None
    ) -> dict[str, object]:
        tracker = Tracker.load(model=folder)
        sets: dict[str, Iterable[GoldText]] = {
            f"{name}_held_out": texts for name, texts in held.items() if texts
        }
        if dev is not None:
            sets["development"] = self.texts(dev)
        return {name: evaluate.as_json(evaluate.on(texts, tracker)) for name, texts in sets.items()}


def _calibration(
    logits: calibrate.Floats, labels: calibrate.Ints, temperature: float
) -> dict[str, float]:
    before, after = softmax(logits), softmax(logits / temperature)
    return {
        "pairs": len(labels),
        "right": round(float((logits.argmax(axis=1) == labels).mean()), 4) if len(labels) else 0,
        "temperature": round(temperature, 4),
        "ece_before": round(calibrate.expected_calibration_error(before, labels), 4),
        "ece": round(calibrate.expected_calibration_error(after, labels), 4),
    }
