"""A recipe from data to model folder: the steps in order, then export and calibration.

Every step has its own folder under ``runs`` with its record, curves and checkpoint (`record`,
`loop`); a step that is finished is not run again, and one that was killed goes on from its
checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from stance.encoding import PairTokenizer
from stance.errors import InputError
from stance.modelfile import ModelInfo, load_info
from stance.pipeline import Tracker
from stance.records import Skipped
from stance.register import load_actors, load_issues
from stance.scorer import OnnxScorer, calibrated, softmax
from stance.stages import Reader
from training import calibrate, compare, evaluate
from training.architecture import is_model_folder
from training.baselines import baselines
from training.card import RELIABILITY, card
from training.checkpoint import read_progress, start_weights
from training.codebook import codebook_pairs
from training.config import Codebook, RunConfig, Sampling
from training.corpus import Preparation, Prepared, data_pairs
from training.encoders import local_base, try_out
from training.examples import Example
from training.export import export, restore, write_info
from training.general import general_pairs
from training.gold import GoldText, read_gold
from training.labels import corrected, read_labels
from training.loop import Run
from training.model import StanceModel, build_model, fill, freeze_below
from training.pairs import LABELS, Pair
from training.processes import ONE, Processes
from training.record import Source, data_record, open_run, seed_all, throw_away
from training.reliability import plot_reliability
from training.split import Sides
from training.systems import Read, System, answers, as_asked, read_texts

Tell = Callable[[str], None]
T = TypeVar("T")

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
    processes: Processes = ONE
    restart: bool = False
    rejected: dict[str, Skipped] = field(default_factory=dict)
    _prepared: dict[str, Prepared] = field(default_factory=dict)

    @cached_property
    def reader(self) -> Reader:
        """Reads by the shipped register; built once, as that takes longer than most texts."""
        return Reader(load_actors(), load_issues())

    def run(self, steps: Sequence[RunConfig], dev: Path | None, version: str) -> Path:
        """Train every step and make the model folder of the last; returns that folder."""
        self.prepare(steps, dev)
        for step in steps:
            self._say(f"{step.name}: training")
            self.train(step)
        if self.processes.writes:
            self.finish(steps, dev, version)
        self.processes.wait()
        return self.runs / steps[-1].name / "model"

    def prepare(self, steps: Sequence[RunConfig], dev: Path | None) -> None:
        """Read, check and split all corpora; refuses what would leak (`corpus`)."""
        preparation = Preparation(
            self.annotated, self.source, load_actors(), load_issues(), self._say
        )
        prepared = preparation(steps, self.texts(dev) if dev is not None else ())
        self.rejected.update((str(row), row) for row in prepared.rejected)
        self._prepared.update((step.name, prepared) for step in steps)

    def source(self, path: str) -> str:
        """Where the path of an entry of ``[data]`` leads; what is no file is a data set."""
        inside = self.corpora / path
        return str(inside) if inside.exists() else path

    def train(self, step: RunConfig) -> None:
        """One step, from the start or from where it was killed.

        Raises ``StanceError`` where its folder holds a run of another configuration or of other
        data, unless a restart is asked for.
        """
        folder = self.runs / step.name
        pairs, held = self.data(step)
        if not pairs and step.optimiser.epochs:
            raise InputError("no training pairs come out of this configuration", file=step.name)
        watched = self.watched(step, held) if step.optimiser.evaluations else []
        self._open(step, pairs, len(watched))
        seed_all(step.seed)
        model = self.model(step, step.starts)
        freeze_below(model, step.model.frozen_layers)
        tokenizer = PairTokenizer(self.tokenizer(), step.model.max_length)
        run = Run(
            folder,
            model,
            tokenizer,
            step.optimiser,
            step.seed,
            held_out=watched,
            processes=self.processes,
        )
        done = run.train(pairs)
        self._say(f"{step.name}: {done.step} updates in {done.seconds / 60:.0f} minutes")

    def _say(self, line: str) -> None:
        if self.processes.writes:
            self.tell(line)

    def _open(self, step: RunConfig, pairs: Sequence[Pair], held_out: int) -> None:
        """Write or check the record of the step's folder; the first process does so for all."""
        folder = self.runs / step.name
        if self.processes.writes:
            if self.restart:
                throw_away(folder)
            data = data_record(
                self.sources(step),
                pairs,
                base=local_base(self.base),
                starts=[self.runs / name for name in step.starts],
                held_out=held_out,
            )
            for line in open_run(folder, step, data, self.processes):
                self.tell(f"{step.name}: {line}")
        self.processes.wait()

    def sources(self, step: RunConfig) -> list[Source]:
        """The files that a step's pairs are made from, under the names of its configuration."""
        general = [f"data/{name}/train.jsonl.gz" for name in step.general]
        found = [
            Source(path, self.corpora / path, name)
            for name, path in zip(step.general, general, strict=True)
        ]
        for name, one in step.codebook.items():
            root = LABELS_FOLDER if one.labels else self.corpora
            found.append(Source(one.path, root / one.path, name))
            if one.corrections is not None:
                found.append(Source(one.corrections, LABELS_FOLDER / one.corrections, name))
        for name, data in step.data.items():
            path = Path(self.source(data.path))
            if path.is_file():  # the rows of a data set are told by the pairs made of them
                found.append(Source(data.path, path, name))
        return found

    def watched(self, step: RunConfig, held: dict[str, list[GoldText]]) -> list[Pair]:
        """The pairs that are scored while a step trains: what its corpora hold out, or else the
        development parts of its public corpora."""
        if any(held_out for _, held_out in self.sides(step).values()):
            return self.held_pairs(step, held)
        root = self.corpora / "data"
        mix = {
            name: (one.reader, step.optimiser.evaluation_pairs)
            for name, one in step.general.items()
            if (root / name / "dev.jsonl.gz").is_file()
        }
        return general_pairs(root, mix, seed=step.seed, skip_tasks=step.skip_tasks, part="dev")

    def held_pairs(self, step: RunConfig, held: dict[str, list[GoldText]]) -> list[Pair]:
        """Every candidate of the held-out texts, as the tool would meet them, and the held-out
        claims."""
        return [pair for _, pair in self._held_by_corpus(step, held)]

    def _held_by_corpus(
        self, step: RunConfig, held: dict[str, list[GoldText]]
    ) -> Iterator[tuple[str, Pair]]:
        reader, everything = self.reader, Sampling.everything()
        for name, one in step.codebook.items():
            texts = held.get(name, ())
            for pair in codebook_pairs(
                texts, reader, everything, seed=step.seed, anchored=one.anchored
            ):
                yield name, pair
        for name, data in step.data.items():
            held_out = self.sides(step)[name][1]
            for pair in data_pairs(name, data, held_out, reader, everything, seed=step.seed):
                yield name, pair

    def sides(self, step: RunConfig) -> Mapping[str, Sides[Example]]:
        """By corpus, what a step trains on and what it holds out."""
        if step.name not in self._prepared:
            self.prepare([step], None)
        return self._prepared[step.name].sides[step.name]

    def data(self, step: RunConfig) -> tuple[list[Pair], dict[str, list[GoldText]]]:
        """The training pairs of a step, and by corpus the held-out texts that are annotated in
        full."""
        mix = {name: (one.reader, one.pairs) for name, one in step.general.items()}
        pairs = general_pairs(
            self.corpora / "data", mix, seed=step.seed, skip_tasks=step.skip_tasks
        )
        sides = self.sides(step)
        held = {n: [e.gold for e in h if e.claims is None] for n, (_, h) in sides.items()}
        reader = self.reader
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
            train, seed = sides[name][0], step.seed
            pairs += data_pairs(name, data, train, reader, seed=seed, leave_out=step.leave_out)
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

    def _good(self, rows: Iterable[T | Skipped]) -> list[T]:
        texts: list[T] = []
        for row in rows:
            if isinstance(row, Skipped):
                if str(row) not in self.rejected:
                    self._say(f"skipped: {row}")
                self.rejected[str(row)] = row
            else:
                texts.append(row)
        return texts

    def model(self, step: RunConfig, starts: Sequence[str]) -> StanceModel:
        """The base's model, with the weights of a finished step or the mean of several."""
        if not starts and is_model_folder(self.base):
            known = restore(Path(self.base))
            try_out(known.encoder, Path(self.base), step.model.max_length)
            return known
        model = build_model(self.base, layers=step.model.layers, max_length=step.model.max_length)
        if starts:
            weights = start_weights([self.runs / name for name in starts])
            fill(model, weights, " and ".join(starts))
        return model

    def tokenizer(self) -> Path:
        """The base's ``tokenizer.json``."""
        return local_base(self.base) / "tokenizer.json"

    def finish(self, steps: Sequence[RunConfig], dev: Path | None, version: str) -> Path:
        """Export the last step, fit temperature and bias on the held-out texts and the threshold on
        ``dev``, and write the card."""
        step = steps[-1]
        folder = self.runs / step.name / "model"
        info = self._first_info(step, version)
        export(self.model(step, [step.name]), self.tokenizer(), info, folder)
        self.tell(f"{step.name}: exported, calibrating")
        _, held = self.data(step)
        info, figures = self.recalibrate(step, folder, held, dev)
        corpora = sorted({name for one in steps for name in one.general})
        report = {
            "calibration": figures,
            "corpora": corpora,
            **self.measured(folder, held, dev),
        }
        bins = [calibrate.Bin(**one) for one in figures["bins"]]
        plot_reliability(bins, folder / RELIABILITY)
        (folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        base = load_info(Path(self.base)).version if is_model_folder(self.base) else self.base
        text = card(info, Path(base).name, steps, self._minutes(steps), report)
        (folder / "CARD.md").write_text(text, encoding="utf-8")
        return folder

    def recalibrate(
        self, step: RunConfig, folder: Path, held: dict[str, list[GoldText]], dev: Path | None
    ) -> tuple[ModelInfo, dict[str, Any]]:
        """Fit temperature and bias of a model folder on the held-out texts and the thresholds on
        ``dev``, and measure what its reports are worth; writes its ``model.json``.

        Returns that and the figures of the card.
        """
        info = load_info(folder)
        logits, labels, issues, corpus = self.held_out_logits(step, folder, held)
        enough = len(labels) >= (LEAST_TO_CALIBRATE if is_model_folder(self.base) else 1)
        if enough:
            info = info.model_copy(update=asdict(calibrate.fit(logits, labels)))
        else:
            self.tell(f"{step.name}: {len(labels)} held-out pairs are too few to calibrate on")
        write_info(info, folder)
        if dev is not None:
            info = self._with_threshold(folder, self.texts(dev), info)
        if enough:
            least = np.array([info.least(issue) for issue in issues])
            chances = calibrated(logits, info)
            worth = calibrate.worth_on(step.confusion_on, corpus, chances, labels, least)
            info = info.model_copy(update=asdict(worth))
        write_info(info, folder)
        return info, {"fitted": enough, **_calibration(logits, labels, info)}

    def _first_info(self, step: RunConfig, version: str) -> ModelInfo:
        """What is known before calibration: of a model folder as base, its own calibration."""
        length = step.model.max_length
        if not is_model_folder(self.base):
            return ModelInfo(version=version, max_length=length)
        known = load_info(Path(self.base))
        return known.model_copy(update={"version": version, "max_length": length})

    def _minutes(self, steps: Sequence[RunConfig]) -> dict[str, float]:
        return {step.name: read_progress(self.runs / step.name).seconds / 60 for step in steps}

    def held_out_logits(
        self, step: RunConfig, folder: Path, held: dict[str, list[GoldText]]
    ) -> tuple[calibrate.Floats, calibrate.Ints, list[str], list[str]]:
        """Logits (n, 4), labels (n,), issues and corpora of the held-out pairs; an issue outside
        the register is empty."""
        named = list(self._held_by_corpus(step, held))
        if not named:
            return np.zeros((0, len(LABELS))), np.zeros(0, dtype=np.int64), [], []
        corpus, pairs = [name for name, _ in named], [pair for _, pair in named]
        logits = OnnxScorer(folder).logits([(p.premise, p.hypothesis) for p in pairs])
        asked = {issue.proposition: issue.id for issue in load_issues().entries}
        issues = [asked.get(p.hypothesis.partition(": ")[2], "") for p in pairs]
        return logits, np.array([LABELS.index(p.labels[0]) for p in pairs]), issues, corpus

    def _with_threshold(
        self, folder: Path, texts: Sequence[GoldText], info: ModelInfo
    ) -> ModelInfo:
        """The threshold with the best tuple F1 on the development texts, and those of issues
        that gain by one of their own."""
        grid = [round(0.1 + 0.025 * i, 3) for i in range(33)]
        tracker = Tracker(self.reader, OnnxScorer(folder))
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

    def measured(
        self, folder: Path, held: dict[str, list[GoldText]], dev: Path | None
    ) -> dict[str, object]:
        """The held-out texts by the model alone, the development set beside the baselines."""
        tracker = Tracker(self.reader, OnnxScorer(folder))
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
    logits: calibrate.Floats, labels: calibrate.Ints, info: ModelInfo
) -> dict[str, Any]:
    before, after = softmax(logits), calibrated(logits, info)
    return {
        "pairs": len(labels),
        "right": round(float((logits.argmax(axis=1) == labels).mean()), 4) if len(labels) else 0,
        "temperature": round(info.temperature, 4),
        "none_bias": round(info.none_bias, 4),
        "ece_before": round(calibrate.expected_calibration_error(before, labels), 4),
        "ece": round(calibrate.expected_calibration_error(after, labels), 4),
        "bins": [asdict(one) for one in calibrate.reliability(after, labels)],
    }
