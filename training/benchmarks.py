"""Public benchmarks: held-out parts of public corpora → a figure beside the published ones.

Rows become questions as in training (:mod:`training.general`); the answer is the class with the
highest logit, without temperature or threshold. The corpora are read where they lie.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from stance.errors import InputError, ModelError
from stance.scorer import Floats, Question, Scorer
from training.general import Row, read_row
from training.pairs import LABELS, Label

Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure: whose, of what size, and the figure itself in percent."""

    system: str
    size: str
    figure: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One held-out part of a public corpus.

    ``reader`` says how its rows become questions; ``keep`` is a field and the value of the rows
    that count. ``kin`` are the corpora whose training parts share its source; ``note`` says what
    else a reader must know.
    """

    name: str
    folder: str
    reader: str
    metric: str
    file: str = "test"
    keep: tuple[str, object] | None = None
    published: tuple[Published, ...] = ()
    kin: tuple[str, ...] = ()
    note: str = ""


_A_THIRD = "RoBERTa-large on a third of litl_nli"
_MNLI_KIN = ("litl_nli", "mnli_train_3k")
_UNLIKE = "another task: the author's sentiment towards the target"

BENCHMARKS: Final = (
    Benchmark("MultiNLI matched", "mnli_matched_dev", "inference", "accuracy", kin=_MNLI_KIN),
    Benchmark(
        "MultiNLI mismatched",
        "mnli_mismatched_dev",
        "inference",
        "accuracy",
        published=(Published(_A_THIRD, "355 M", 84.1),),
        kin=_MNLI_KIN,
    ),
    Benchmark(
        "ANLI dev, R1-R3",
        "anli_dev",
        "inference",
        "accuracy",
        published=(Published(_A_THIRD, "355 M", 32.3),),
        note="adversarial",
    ),
    Benchmark("HANS", "hans", "inference", "accuracy of two", note="lexical overlap"),
    Benchmark("GLUE diagnostic", "glue_diagnostic", "inference", "R3"),
    Benchmark("SciTail", "scitail", "two-way inference", "accuracy of two", note="entailed or not"),
    Benchmark("SICK", "sick", "inference", "accuracy", kin=("sick",)),
    Benchmark("SNLI", "snli", "inference", "accuracy", kin=("snli", "cad_nli")),
    Benchmark("CommitmentBank", "cb", "inference", "accuracy", file="dev", kin=("cb",)),
    Benchmark("RTE", "rte", "inference", "accuracy of two", file="dev", kin=("rte",)),
    Benchmark(
        "P-Stance",
        "pstance",
        "stance",
        "macro F1 by target",
        published=(Published("BERTweet", "135 M", 80.5), Published("GPT-3.5", "-", 79.1)),
        kin=("pstance",),
    ),
    Benchmark(
        "VAST, zero-shot topics",
        "vast",
        "stance",
        "macro F1",
        keep=("seen", 0),
        published=(Published("TATA", "-", 77.1), Published("GPT-3.5", "-", 65.0)),
        kin=("vast",),
    ),
    Benchmark(
        "SemEval-2016 task 6A",
        "semeval2016",
        "stance",
        "F_avg",
        published=(
            Published("winner 2016", "-", 67.8),
            Published("GPT-5-class 2026", "-", 77.3),
        ),
        kin=("semeval2016",),
    ),
    Benchmark("GWSD", "gwsd", "stance", "macro F1", kin=("gwsd",)),
    Benchmark(
        "NewsMTSC, test_rw",
        "newsmtsc",
        "sentiment",
        "macro F1",
        file="test_rw",
        published=(Published("GRU-TSC", "-", 83.1), Published("RoBERTa", "-", 81.1)),
        kin=("newsmtsc",),
        note=_UNLIKE,
    ),
    Benchmark(
        "PolNeAR, holders",
        "polnear",
        "attribution",
        "accuracy of two",
        kin=("polnear",),
        note="our own pairs: the source of a statement, or another name",
    ),
)
"""What is run, in order. Published figures and sizes as their papers and the corpora's index
state them; "-" where no size is stated."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its gold class and the target it belongs to."""

    question: Question
    gold: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A model's figure in percent over ``n`` of ``available`` questions. ``trained_on`` are the
    corpora of the same source that the model was trained on; None where that is not recorded."""

    benchmark: Benchmark
    figure: float
    n: int
    available: int
    trained_on: tuple[str, ...] | None = None


@runtime_checkable
class GivesLogits(Protocol):
    """A scorer that also gives its raw logits, shape (questions, 4)."""

    def logits(self, questions: Sequence[Question]) -> Floats: ...


def run(
    data: Path,
    scorer: Scorer,
    *,
    limit: int | None = None,
    seed: int = 0,
    trained_on: Sequence[str] | None = None,
) -> Iterator[Result]:
    """The figure of every benchmark that lies in ``data``, as each is done.

    ``limit`` draws so many questions of each, the same for the same ``seed``. Raises
    ``InputError`` for a row that is not as the benchmark has it.
    """
    if not isinstance(scorer, GivesLogits):
        raise ModelError(f"{scorer.version}: gives no logits to run benchmarks on")
    for benchmark in BENCHMARKS:
        path = data / benchmark.folder / f"{benchmark.file}.jsonl.gz"
        if not path.is_file():
            continue
        items = list(read(benchmark, path))
        drawn = _drawn(items, limit, f"{seed}:{benchmark.name}")
        logits = scorer.logits([item.question for item in drawn])
        kin = None if trained_on is None else tuple(k for k in benchmark.kin if k in trained_on)
        figure = score(benchmark, drawn, logits, {item.gold for item in items})
        yield Result(benchmark, figure, len(drawn), len(items), kin)


def read(benchmark: Benchmark, path: Path) -> Iterator[Item]:
    """The questions of a benchmark's file, with their gold classes."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            if benchmark.keep is not None and row.get(benchmark.keep[0]) != benchmark.keep[1]:
                continue
            try:
                yield from _READERS[benchmark.reader](row)
            except KeyError as error:
                raise InputError(
                    f"expected this field or label: {error}", file=str(path), row=number
                ) from None


def _inference(row: Row) -> Iterator[Item]:
    gold = _CLASS[row["label"]]
    for pair in read_row("inference", row):
        yield Item((pair.premise, pair.hypothesis), gold)


def _two_way(row: Row) -> Iterator[Item]:
    entailed = row["label"] == "entailment"
    yield from _inference({**row, "label": "entailment" if entailed else "not_entailment"})


def _stance(row: Row) -> Iterator[Item]:
    gold = _CLASS[row["label"]]
    for pair in read_row("stance", row):
        yield Item((pair.premise, pair.hypothesis), gold, row["target"])


def _sentiment(row: Row) -> Iterator[Item]:
    """The author's stance towards the marked target."""
    text, start, end = row["text"], row["start"], row["end"]
    marked = f"{text[:start]}* {text[start:end]} *{text[end:]}"
    question = (" ".join(marked.split()), f"The author: {row['target']}")
    yield Item(question, _CLASS[row["label"]])


def _attribution(row: Row) -> Iterator[Item]:
    for pair in read_row("attribution", row):
        gold = "support" if pair.labels == ("support",) else "rest"
        yield Item((pair.premise, pair.hypothesis), gold)


_READERS: Final[Mapping[str, Callable[[Row], Iterator[Item]]]] = {
    "inference": _inference,
    "two-way inference": _two_way,
    "stance": _stance,
    "sentiment": _sentiment,
    "attribution": _attribution,
}

_CLASS: Final[Mapping[str, str]] = {
    "entailment": "support",
    "contradiction": "oppose",
    "neutral": "none",
    "not_entailment": "rest",
    "favor": "support",
    "against": "oppose",
    "none": "none",
    "positive": "support",
    "negative": "oppose",
}
"""A corpus's label → the class of ours that answers to it; "rest" is all but support."""


def _drawn(items: Sequence[Item], limit: int | None, seed: str) -> Sequence[Item]:
    if limit is None or limit >= len(items):
        return items
    return random.Random(seed).sample(items, limit)


def score(benchmark: Benchmark, items: Sequence[Item], logits: Floats, classes: set[str]) -> float:
    """The benchmark's metric in percent; NaN without items. ``logits`` has shape (items, 4);
    ``classes`` are those of the whole benchmark, which a small sample may lack."""
    if not items:
        return float("nan")
    gold = np.array([item.gold for item in items])
    targets = np.array([item.target for item in items])
    return 100 * _METRICS[benchmark.metric](gold, answers(logits, classes), targets)


def answers(logits: Floats, classes: set[str]) -> Strings:
    """The likeliest class of each row among those that the gold tells apart.

    Against "rest" all but support fall together; where "none" is no class, support or oppose is
    chosen; else neutral counts as none. The decision is taken before classes fall together.
    """
    if "none" not in classes and "rest" not in classes:
        logits = logits[:, :2]
    labels: list[Label] = [LABELS[i] for i in logits.argmax(axis=1)]
    if "rest" in classes:
        return np.array(["support" if label == "support" else "rest" for label in labels])
    return np.array(["none" if label == "neutral" else label for label in labels])


def _accuracy(gold: Strings, said: Strings, _: Strings) -> float:
    return float((gold == said).mean())


def _f1(gold: Strings, said: Strings, label: str) -> float:
    right = int(((gold == label) & (said == label)).sum())
    total = int((gold == label).sum() + (said == label).sum())
    return 2 * right / total if total else 0.0


def _macro(gold: Strings, said: Strings, _: Strings) -> float:
    return float(np.mean([_f1(gold, said, label) for label in sorted(set(gold))]))


def _favour_and_against(gold: Strings, said: Strings, _: Strings) -> float:
    return (_f1(gold, said, "support") + _f1(gold, said, "oppose")) / 2


def _by_target(gold: Strings, said: Strings, targets: Strings) -> float:
    parts = [targets == target for target in sorted(set(targets))]
    return float(np.mean([_favour_and_against(gold[p], said[p], targets[p]) for p in parts]))


def _matthews(gold: Strings, said: Strings, _: Strings) -> float:
    """The correlation of several classes, in [-1, 1]; 0 where one side is constant.
    Source: Gorodkin, Computational Biology and Chemistry 28, 2004."""
    labels = sorted(set(gold) | set(said))
    g = np.array([[one == label for label in labels] for one in gold], dtype=float)
    s = np.array([[one == label for label in labels] for one in said], dtype=float)
    g, s = g - g.mean(axis=0), s - s.mean(axis=0)
    scale = np.sqrt((g * g).sum() * (s * s).sum())
    return float((g * s).sum() / scale) if scale else 0.0


_METRICS: Final[Mapping[str, Callable[[Strings, Strings, Strings], float]]] = {
    "accuracy": _accuracy,
    "accuracy of two": _accuracy,
    "macro F1": _macro,
    "F_avg": _favour_and_against,
    "macro F1 by target": _by_target,
    "R3": _matthews,
}
"""F_avg is the mean of the F1 of favour and against over all targets together."""


def heading(name: str, size: str) -> str:
    """The line above the results."""
    return (
        f"public benchmarks by {name} ({size}), in percent\n"
        f"{'benchmark':24s}{'metric':20s}{'ours':>7s}{'n':>7s}  published"
    )


def as_line(result: Result) -> str:
    """One result for a terminal."""
    b = result.benchmark
    published = "; ".join(f"{p.figure} {p.system} ({p.size})" for p in b.published) or "-"
    notes = "; ".join(_notes(result))
    line = f"{b.name:24s}{b.metric:20s}{result.figure:7.1f}{result.n:7d}  {published}"
    return f"{line} [{notes}]" if notes else line


def _notes(result: Result) -> Iterator[str]:
    if result.n < result.available:
        yield f"a sample of {result.available}"
    if result.trained_on:
        yield f"trained on the training part of {', '.join(result.trained_on)}"
    if result.benchmark.note:
        yield result.benchmark.note


def as_json(results: Sequence[Result], name: str, size: str) -> dict[str, Any]:
    """The results as plain data, for the model card."""
    return {
        "model": name,
        "size": size,
        "results": [
            {
                "benchmark": r.benchmark.name,
                "data": f"{r.benchmark.folder}/{r.benchmark.file}",
                "metric": r.benchmark.metric,
                "figure": None if np.isnan(r.figure) else round(r.figure, 2),
                "n": r.n,
                "of": r.available,
                "published": [
                    {"system": p.system, "size": p.size, "figure": p.figure}
                    for p in r.benchmark.published
                ],
                "notes": list(_notes(r)),
            }
            for r in results
        ],
    }
