"""Annotated texts, read once → what each of several systems answers to their candidates.

A system is a scorer and a way of asking it. All systems of a comparison answer the same
candidates, so that the reading is done once; each is asked about all texts in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stance.dates import parse_date
from stance.errors import InputError
from stance.modelfile import load_info
from stance.pages import article_from_text
from stance.pipeline import Judged, Tracker
from stance.records import Article, Candidate, Skipped
from stance.scorer import OnnxScorer, Question, Scorer
from stance.stages import Reader, Reading
from training.codebook import candidate_labels
from training.evaluate import case
from training.gold import GoldText
from training.metrics import Case
from training.pairs import LABELS, Label


@dataclass(frozen=True, slots=True)
class Read:
    """An annotated text as the tool reads it; ``labels`` holds the right answers that are known."""

    gold: GoldText
    article: Article
    reading: Reading
    labels: Mapping[Candidate, Label]


def read_texts(texts: Sequence[GoldText], reader: Reader, file: str) -> Iterator[Read | Skipped]:
    """Every text with its candidates; one that cannot be an article is told and passed over.

    Positions count as anchored to their sentence where all of the file's positions are.
    """
    positions = [position for text in texts for position in text.positions]
    anchored = bool(positions) and all(p.anchor is not None for p in positions)
    for text in texts:
        try:
            day = text.day
        except ValueError:
            yield Skipped(file, f"text '{text.id}': no date like 2025-08-15: '{text.date}'")
            continue
        try:
            article = article_from_text(text.text, None, parse_date(day) if day else None)
        except InputError as error:
            yield Skipped(file, f"text '{text.id}': {error.reason}")
            continue
        reading = reader.read(article.text, day)
        cleaned = text.model_copy(update={"text": article.text})
        labels = candidate_labels(cleaned, reading, reader, anchored=anchored)
        yield Read(text, article, reading, labels)


Asking = Callable[[Read], list[Question]]
"""The questions of a text, one for each of its candidates, in order."""


@dataclass(frozen=True, slots=True)
class System:
    """What answers: a name for the tables, a scorer, and how it is asked."""

    name: str
    scorer: Scorer
    ask: Asking


@dataclass(frozen=True, slots=True)
class Answers:
    """What one system says of every text, in the order of the texts."""

    system: System
    judged: list[list[Judged]]
    cases: list[Case]

    def decisions(self) -> list[Label]:
        """What the tool would make of every candidate question, text by text."""
        return [self._decision(one) for judged in self.judged for one in judged]

    def _decision(self, judged: Judged) -> Label:
        scores = judged.scores
        if 1 - scores.none < self.system.scorer.least(judged.candidate.issue):
            return "none"
        return max(LABELS[:-1], key=lambda label: float(getattr(scores, label)))


def as_asked(reader: Reader) -> Asking:
    """The questions that the tool asks."""
    return lambda read: [reader.question(read.article.text, c) for c in read.reading.candidates]


def answers(system: System, texts: Sequence[Read], reader: Reader) -> Answers:
    """Ask a system about all candidates of all texts, each question once."""
    asked = [system.ask(read) for read in texts]
    scores = iter(system.scorer.score([question for row in asked for question in row]))
    tracker = Tracker(reader, system.scorer)
    judged = [
        [Judged(c, next(scores), voices) for c in read.reading.candidates]
        for read in texts
        for voices in [tracker.voices(read.article, read.reading)]
    ]
    cases = [
        case(read.gold, read.article, row, tracker) for read, row in zip(texts, judged, strict=True)
    ]
    return Answers(system, judged, cases)


def load_scorer(folder: Path) -> Scorer:
    """The scorer of a model folder, or of a training run's folder: its weights in floats.

    Raises ``ModelError`` where the folder holds neither, and where the floats need an extra that
    is not installed.
    """
    if (folder / "checkpoint" / "model.safetensors").is_file():
        from training.torchscorer import TorchScorer

        return TorchScorer(folder)
    load_info(folder)
    return OnnxScorer(folder)


def named(scorers: Iterable[tuple[Path, Scorer]]) -> list[tuple[str, Scorer]]:
    """A name of its own for each: the version, with the folder where two versions are the same."""
    rows = list(scorers)
    versions = [scorer.version for _, scorer in rows]
    return [
        (s.version if versions.count(s.version) == 1 else f"{s.version} ({folder})", s)
        for folder, s in rows
    ]
