"""Systems side by side on one file: figures with intervals, and a test of each against the first.

One tally a text and system holds all that the figures are made of (:mod:`training.figures`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from stance.pipeline import Judged
from stance.records import Scores
from stance.stages import Reader
from training import evaluate
from training.bootstrap import Difference, Interval, difference, interval, resampled
from training.calibrate import Bin, reliability
from training.figures import FIGURES, Floats, figures, tally
from training.metrics import Report, report
from training.pairs import LABELS
from training.systems import Answers, Read, System, answers

TESTED: Final = "tuple_f1"
"""The figure that systems are tested on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system. ``against_first`` is the difference in tuple F1 and ``same_label`` the share of
    candidate questions that both decide alike; both are None for the first system."""

    name: str
    figures: dict[str, Interval]
    report: Report
    bins: list[Bin]
    against_first: Difference | None = None
    same_label: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Systems on one file. ``questions`` counts candidates, ``labelled`` those whose right answer
    the annotation tells: the calibration error is taken over these."""

    texts: int
    pages: int
    questions: int
    labelled: int
    samples: int
    seed: int
    rows: list[Row]


def compare(
    texts: Sequence[Read],
    systems: Sequence[System],
    reader: Reader,
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Ask every system once; the figures have 95 % intervals from ``samples`` resamples of the
    pages. There is at least one system."""
    found = [answers(system, texts, reader) for system in systems]
    groups = [read.gold.group for read in texts]
    tallies = [_tallies(texts, one) for one in found]
    points = [figures(rows.sum(0)) for rows in tallies]
    draws = [figures(resampled(rows, groups, samples=samples, seed=seed)) for rows in tallies]
    rows: list[Row] = []
    for i, one in enumerate(found):
        rows.append(
            Row(
                one.system.name,
                _intervals(points[i], draws[i]),
                report(one.cases),
                _bins(texts, one),
                _against(points[0], points[i], draws[0], draws[i]) if i else None,
                _agreement(found[0], one) if i else None,
            )
        )
    labelled = sum(len(read.labels) for read in texts)
    questions = sum(len(read.reading.candidates) for read in texts)
    return Comparison(len(texts), len(set(groups)), questions, labelled, samples, seed, rows)


def _intervals(points: dict[str, Floats], draws: dict[str, Floats]) -> dict[str, Interval]:
    return {
        name: interval(float(points[name]), draws[name], biased=name == "ece") for name in FIGURES
    }


def _against(
    first: dict[str, Floats],
    other: dict[str, Floats],
    firsts: dict[str, Floats],
    others: dict[str, Floats],
) -> Difference:
    return difference(float(first[TESTED]), float(other[TESTED]), firsts[TESTED], others[TESTED])


def _agreement(first: Answers, other: Answers) -> float:
    pairs = list(zip(first.decisions(), other.decisions(), strict=True))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else float("nan")


def _tallies(texts: Sequence[Read], found: Answers) -> Floats:
    """One row a text, shape (texts, columns)."""
    return np.array(
        [
            tally(case, [_answer(p, label) for p, label in _known(read, judged)])
            for read, judged, case in zip(texts, found.judged, found.cases, strict=True)
        ]
    )


def _known(read: Read, judged: Sequence[Judged]) -> Iterator[tuple[list[float], int]]:
    """The probabilities over ``LABELS`` and the right one's index, where that is known."""
    for one in judged:
        if one.candidate in read.labels:
            yield _probabilities(one.scores), LABELS.index(read.labels[one.candidate])


def _probabilities(scores: Scores) -> list[float]:
    return [scores.support, scores.oppose, scores.neutral, scores.none]


def _answer(probabilities: Sequence[float], label: int) -> tuple[float, bool]:
    return max(probabilities), int(np.argmax(probabilities)) == label


def _bins(texts: Sequence[Read], found: Answers) -> list[Bin]:
    known = [
        pair
        for read, judged in zip(texts, found.judged, strict=True)
        for pair in _known(read, judged)
    ]
    probabilities = np.array([p for p, _ in known]).reshape(-1, len(LABELS))
    return reliability(probabilities, np.array([label for _, label in known], dtype=np.int64))


def as_lines(name: str, found: Comparison) -> Iterator[str]:
    """The comparison for a terminal: figures, intervals below them, then the tests."""
    yield (
        f"{name}: {found.texts} texts of {found.pages} pages, {found.questions} candidate "
        f"questions, {found.labelled} of known answer; "
        f"95 % intervals from {found.samples} resamples of the pages"
    )
    width = max(len("against the first"), *(len(row.name) for row in found.rows)) + 1
    yield " " * width + "".join(f"{heading:>11s}" for heading in FIGURES.values())
    for row in found.rows:
        yield f"{row.name:{width}s}" + "".join(
            f"{_number(f.value):>11s}" for f in row.figures.values()
        )
        yield " " * width + "".join(f"{_range(f):>11s}" for f in row.figures.values())
    if len(found.rows) > 1:
        yield f"{'against the first':{width}s}   tuple F1  95 % interval        p   same label"
    for row in found.rows[1:]:
        test = row.against_first
        if test is not None:
            yield (
                f"{row.name:{width}s}{test.value:+11.3f}  {test.low:+.3f} {test.high:+.3f}"
                f"{test.p:9.3f}{_number(row.same_label):>13s}"
            )


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def _range(found: Interval) -> str:
    if math.isnan(found.value) or math.isnan(found.low):
        return ""
    return f"{found.low:.2f}-{found.high:.2f}"


def as_json(found: Comparison) -> dict[str, Any]:
    """The comparison as plain data: the first system's report, then all systems with intervals;
    what has no meaning is null there."""
    return {
        "model": found.rows[0].name,
        **evaluate.as_json(found.rows[0].report),
        "pages": found.pages,
        "questions": found.questions,
        "labelled_questions": found.labelled,
        "samples": found.samples,
        "seed": found.seed,
        "systems": [_row(row) for row in found.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": row.name,
        "figures": {name: _rounded(f.value, f.low, f.high) for name, f in row.figures.items()},
        "reliability": [asdict(one) for one in row.bins],
    }
    if row.against_first is not None:
        test = row.against_first
        data["against_first"] = {
            **_rounded(test.value, test.low, test.high),
            "p": _null(test.p),
            "same_label": _null(row.same_label),
        }
    return data


def _rounded(value: float, low: float, high: float) -> dict[str, float | None]:
    return {"value": _null(value), "low": _null(low), "high": _null(high)}


def _null(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 4)
