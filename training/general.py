"""Public inference, stance and attribution corpora as training pairs (the first training step).

The corpora are gzip JSON lines, one folder each, as their licences allow them to be read in
place; none of their text is part of this project. What each one is used for, and how many of
its rows, is the ``[general]`` table of the run's configuration.

Inference maps onto stance as it will be asked: entailed = support, contradicted = oppose,
undetermined = none. Data sets with two classes leave the other three open. Stance data sets
ask for the author.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from training.pairs import ANY_BUT_SUPPORT, Label, Pair

Row = Mapping[str, Any]

_NLI: Final[Mapping[str, tuple[Label, ...]]] = {
    "entailment": ("support",),
    "contradiction": ("oppose",),
    "neutral": ("none",),
    "not_entailment": ANY_BUT_SUPPORT,
}
_STANCE: Final[Mapping[str, tuple[Label, ...]]] = {
    "favor": ("support",),
    "against": ("oppose",),
    "none": ("none", "neutral"),
}

MAX_WORDS: Final = 110
"""Longer texts are cut: the rest would fall to the model's maximum length anyway."""


def _cut(text: str) -> str:
    return " ".join(text.split()[:MAX_WORDS])


def _inference(row: Row) -> Iterator[Pair]:
    yield Pair(_cut(row["premise"]), _cut(row["hypothesis"]), _NLI[row["label"]])


def _authors_stance(row: Row) -> Iterator[Pair]:
    yield Pair(_cut(row["text"]), f"The author: {row['target']}", _STANCE[row["label"]])


def _attribution(row: Row) -> Iterator[Pair]:
    """Who holds a statement: the marked source does, another name of the sentence does not."""
    text = row["text"]
    for relation in row["attributions"]:
        if len(relation["source"]) != 1 or len(relation["content"]) != 1:
            continue
        source, content = relation["source"][0], relation["content"][0]
        start = min(source["start"], content["start"])
        end = max(source["end"], content["end"])
        words = len(content["text"].split())
        if end - start > 500 or not 5 <= words <= 40 or len(source["text"].split()) > 5:
            continue
        window = text[start:end]
        claim = content["text"].strip(" .,\"'“”")
        yield _holder_pair(window, source["start"] - start, source["end"] - start, claim, True)
        other = _other_name(window, source["text"])
        if other is not None:
            yield _holder_pair(window, *other, claim, False)


def _holder_pair(window: str, start: int, end: int, claim: str, holds: bool) -> Pair:
    marked = f"{window[:start]}* {window[start:end]} *{window[end:]}"
    labels: tuple[Label, ...] = ("support",) if holds else ("none",)
    return Pair(_cut(marked), f"{window[start:end]}: {claim}", labels)


def _other_name(window: str, source: str) -> tuple[int, int] | None:
    for match in re.finditer(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+|\b[A-Z][a-z]{4,}\b", window):
        name = match.group()
        if match.start() > 0 and name not in source and source not in name:
            return match.span()
    return None


_READERS: Final[Mapping[str, Callable[[Row], Iterator[Pair]]]] = {
    "inference": _inference,
    "stance": _authors_stance,
    "attribution": _attribution,
}


def read_row(reader: str, row: Row) -> Iterator[Pair]:
    """The pairs of one row by a named reader, for training and for benchmarks alike.

    Raises ``KeyError`` where the row lacks a field or has a label of another kind.
    """
    yield from _READERS[reader](row)


def general_pairs(
    root: Path,
    mix: Mapping[str, tuple[str, int]],
    *,
    seed: int,
    skip_tasks: frozenset[str],
    part: str = "train",
) -> list[Pair]:
    """Sample the first step's pairs, or what is held out from them: the ``part`` ``dev``.

    ``mix`` maps a folder of ``root`` to (reader, number of pairs); ``skip_tasks`` names tasks
    of a collection that are left out. Raises ``FileNotFoundError`` where a folder is missing.
    """
    pairs: list[Pair] = []
    for name, (reader, count) in sorted(mix.items()):
        rng = random.Random(f"{seed}:{name}")
        found = [
            Pair(p.premise, p.hypothesis, p.labels, group=name, source=name)
            for row in _rows(root / name / f"{part}.jsonl.gz", rng, count * 2)
            if row.get("task") not in skip_tasks
            for p in _READERS[reader](row)
        ]
        rng.shuffle(found)
        pairs += found[:count]
    return pairs


def _rows(path: Path, rng: random.Random, count: int) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rng.shuffle(rows)
    return rows[: max(count, 400)]
