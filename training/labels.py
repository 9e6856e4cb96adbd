"""Annotations kept without their texts → annotated texts, joined with the pools they come from.

A line of ``training/labels/*.jsonl`` names its text as ``pool:row``, the title and snippet of a
row of a folder of public headlines, or as ``pool:row:start-end``, a stretch of its text.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stance.errors import InputError
from stance.records import Skipped
from training.gold import GoldPosition, GoldText, Place


def text_of(row: Mapping[str, Any], span: str = "") -> str:
    """The text that was annotated: the title, then the snippet where there is one; or the
    ``start-end`` of the row's text."""
    if span:
        start, _, end = span.partition("-")
        return str(row.get("text") or "")[int(start) : int(end)]
    title, snippet = (str(row.get(key) or "").strip() for key in ("title", "snippet"))
    return f"{title.rstrip('.')}. {snippet}" if snippet else title


def digest(text: str) -> str:
    """What a label file keeps of a text to tell that it is still the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_labels(path: Path, pools: Path) -> Iterator[GoldText | Skipped]:
    """The annotated texts of a label file.

    A line whose text has changed or is gone is told and passed over. Raises ``InputError``
    where the label file or a pool cannot be read.
    """
    loaded: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(_lines(path), start=1):
        label = json.loads(line)
        pool, row, span = (*label["id"].split(":"), "")[:3]
        if pool not in loaded:
            loaded[pool] = [json.loads(one) for one in _lines(pools / pool / "train.jsonl.gz")]
        found = loaded[pool][int(row)] if int(row) < len(loaded[pool]) else {}
        text = text_of(found, span)
        if digest(text) != label["sha256"]:
            yield Skipped(str(path), f"the text of {label['id']} is not the annotated one", number)
            continue
        yield GoldText(
            id=label["id"],
            text=text,
            date=found.get("date"),
            source=found.get("source"),
            pool=pool,
            positions=tuple(GoldPosition(**position) for position in label["positions"]),
            place=Place(str(path), number),
            disputed=tuple(GoldPosition(**position) for position in label.get("disputed", ())),
        )


def corrected(texts: Iterable[GoldText], path: Path) -> Iterator[GoldText | Skipped]:
    """The texts, with the positions that a second reading gave those that a label file names.

    A line for a text that is not there or has changed is told. Raises ``InputError`` where the
    label file cannot be read.
    """
    lines = [json.loads(line) for line in _lines(path)]
    again = {line["id"]: (number, line) for number, line in enumerate(lines, start=1)}
    for text in texts:
        number, line = again.pop(text.id, (0, None))
        if line is None:
            yield text
        elif digest(text.text) != line["sha256"]:
            yield Skipped(str(path), f"the text of {text.id} is not the annotated one", number)
            yield text
        else:
            read_again = {
                name: tuple(GoldPosition(**one) for one in line.get(name, ()))
                for name in ("positions", "disputed")
            }
            yield text.model_copy(update=read_again)
    for identity, (number, _) in again.items():
        yield Skipped(str(path), f"there is no text {identity}", number)


def _lines(path: Path) -> list[str]:
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8") as file:
                return file.read().splitlines()
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(reason, file=str(path)) from None
