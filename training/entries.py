"""What the command line says of data → entries of a run's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from stance.errors import InputError, UnknownNameError
from stance.modelfile import load_info
from training.config import Data, RunConfig, load_config
from training.pairs import LABELS

RETRAIN: Final = Path(__file__).parent / "configs" / "retrain.toml"
SHAPES: Final = ("codebook", "flat", "reviewed")


def steps_of(configs: Sequence[Path], base: str) -> list[RunConfig]:
    """The steps of the configurations; without one, the shipped retraining, which reads as many
    tokens as the model folder ``base`` that it goes on from."""
    if configs:
        return [load_config(path) for path in configs]
    step = load_config(RETRAIN)
    if not (Path(base) / "model.json").is_file():
        return [step]
    length = load_info(Path(base)).max_length
    return [step.model_copy(update={"model": step.model.model_copy(update={"max_length": length})})]


def with_data(
    steps: Sequence[RunConfig],
    sources: Sequence[str],
    *,
    shape: str | None = None,
    columns: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    drop_leaks: bool = False,
) -> list[RunConfig]:
    """The steps with the sources added to the last one, each under a name made from its own."""
    if shape not in (None, *SHAPES):
        raise UnknownNameError("shape", str(shape), SHAPES)
    for label in (labels or {}).values():
        if label not in LABELS:
            raise UnknownNameError("label", label, LABELS)
    *first, last = steps
    data = dict(last.data)
    for source in sources:
        entry: dict[str, Any] = {"path": source, "shape": shape}
        entry |= {"columns": dict(columns or {}), "labels": dict(labels or {})}
        data[_name(source, {*data, *last.codebook})] = _entry(entry, source)
    update = {"data": data, "drop_leaks": drop_leaks or last.drop_leaks}
    return [*first, last.model_copy(update=update)]


def _entry(entry: Mapping[str, Any], source: str) -> Data:
    try:
        return Data.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(first["msg"], file=source, field=str(first["loc"][0])) from None


def _name(source: str, taken: set[str]) -> str:
    """A short name for a source that no other corpus of the step has."""
    stem = re.sub(r"(\.(csv|jsonl|parquet|gz))+$", "", Path(source).name, flags=re.IGNORECASE)
    plain = re.sub(r"\W+", "_", stem).strip("_") or "data"
    number, name = 1, plain
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name
