"""What a run was made of: ``config.json``, ``data.json`` and ``environment.json`` of its folder.

A run that goes on must be the run that was begun. Where its configuration, its files or its
pairs have changed since, it is refused in one line that says what has.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import platform
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from pydantic import ValidationError

from stance.errors import InputError, StanceError
from training import checkpoint
from training.architecture import is_model_folder
from training.config import RunConfig
from training.devices import autocast_type, device_name
from training.pairs import Pair
from training.processes import Processes

OWN: Final = (
    *("config.json", "data.json", "environment.json", "metrics.json"),
    *("curves.csv", "curves.png", "checkpoint", "checkpoint.new", "checkpoint.old", "model"),
)
"""What a run writes into its folder; only this is removed by a restart."""

_FREE: Final = {"optimiser.checkpoint_minutes", "optimiser.checkpoint_updates"}
"""Keys that change nothing about the result, so that they may differ when a run goes on."""

_PACKAGES: Final = ("torch", "transformers", "tokenizers", "numpy", "accelerate", "stance-tracker")


@dataclass(frozen=True, slots=True)
class Source:
    """An input file of a run: its name as configured, and where it lies here.

    ``pairs`` names the source that its pairs bear; empty for a file that makes none.
    """

    name: str
    path: Path
    pairs: str = ""


def seed_all(seed: int) -> None:
    """Start Python's, numpy's and torch's generators from a seed."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def data_record(
    sources: Iterable[Source],
    pairs: Sequence[Pair],
    *,
    base: Path,
    starts: Sequence[Path],
    held_out: int,
) -> dict[str, Any]:
    """The content of ``data.json``: what went in, by hash. ``starts`` are finished runs."""
    made = Counter(pair.source for pair in pairs)
    files = [
        {
            "name": source.name,
            "sha256": file_digest(source.path),
            "rows": count_rows(source.path),
            "pairs": made[source.pairs] if source.pairs else 0,
        }
        for source in sources
    ]
    start = [
        {"name": one.name, "sha256": file_digest(checkpoint.finished_weights(one))}
        for one in starts
    ]
    return {
        "files": files,
        "base": {"name": base.name, "sha256": _folder_digest(base)},
        "start": start,
        "pairs": len(pairs),
        "pairs_sha256": pairs_digest(pairs),
        "held_out_pairs": held_out,
    }


def pairs_digest(pairs: Iterable[Pair]) -> str:
    """SHA-256 over all training pairs, everything they hold, in order."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(json.dumps(asdict(pair), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; raises ``InputError`` where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=str(path)) from None


def _folder_digest(folder: Path) -> str:
    """Over what a base is made of: configuration, tokenizer and weights."""
    names = ["config.json", "tokenizer.json", *sorted(p.name for p in folder.glob("*.safetensors"))]
    if is_model_folder(folder):
        names = ["encoder.json", "tokenizer.json", "model.onnx", "weights.json"]
    lines = [f"{name} {file_digest(folder / name)}" for name in names]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def count_rows(path: Path) -> int:
    """Rows of a table or lines with something on them; the head of a CSV is no row."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return int(pyarrow.parquet.read_metadata(path).num_rows)
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        if path.name.removesuffix(".gz").endswith(".csv"):
            return max(0, sum(1 for row in csv.reader(lines) if row) - 1)
        return sum(1 for line in lines if line.strip())


def environment(processes: Processes, *, begun_at: int) -> dict[str, Any]:
    """One session of ``environment.json``: what ran the updates after ``begun_at``."""
    precision = autocast_type(processes.device)
    return {
        "from_update": begun_at,
        "python": platform.python_version(),
        **{name: found for name in _PACKAGES if (found := _version(name))},
        "platform": platform.platform(),
        "device": device_name(processes.device),
        "precision": "float32" if precision is None else f"{precision} autocast",
        "threads": torch.get_num_threads(),
        "processes": processes.size,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def open_run(
    folder: Path, config: RunConfig, data: Mapping[str, Any], processes: Processes
) -> list[str]:
    """Write a run's record, or check it where the run has begun; returns what is to be told.

    Raises ``StanceError`` in one line where the run that was begun is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    done = checkpoint.read_progress(folder)
    if checkpoint.find(folder) is not None:
        _check_config(folder, config)
        if (folder / "data.json").exists():
            _check_data(folder, data)
        else:
            told.append("begun by a version that kept no data.json: its data cannot be compared")
    if not done.finished:
        write_json(folder / "config.json", config.model_dump(mode="json"))
        write_json(folder / "data.json", data)
        session = environment(processes, begun_at=done.step)
        earlier = _sessions(folder) if done.step else []
        write_json(folder / "environment.json", {"sessions": [*earlier, session]})
    return told


def _sessions(folder: Path) -> list[Any]:
    path = folder / "environment.json"
    return list(json.loads(path.read_bytes())["sessions"]) if path.exists() else []


def _check_config(folder: Path, config: RunConfig) -> None:
    path = folder / "config.json"
    try:
        then = RunConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise _other(folder, "its config.json is gone") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise _other(folder, f"this version does not know its '{where}' of config.json") from None
    was, now = (dict(_flat(one.model_dump())) for one in (then, config))
    for key in sorted({*was, *now} - _FREE):
        before, after = was.get(key, "nothing"), now.get(key, "nothing")
        if before != after:
            raise _other(folder, f"'{key}' was {before} when it began and is {after} now")


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", sorted(value) if isinstance(value, frozenset) else value


def _check_data(folder: Path, now: Mapping[str, Any]) -> None:
    was = json.loads((folder / "data.json").read_bytes())
    for what, key in (("file", "files"), ("starting step", "start")):
        then, here = ({one["name"]: one["sha256"] for one in side[key]} for side in (was, now))
        for name in sorted({*then, *here}):
            if then.get(name) != here.get(name):
                change = "gone" if name not in here else "new" if name not in then else "changed"
                raise _other(folder, f"the {what} '{name}' is {change} since it began")
    if was["base"]["sha256"] != now["base"]["sha256"]:
        raise _other(
            folder,
            f"the base was {was['base']['name']} and is {now['base']['name']}, "
            "or its files have changed",
        )
    if was["pairs_sha256"] != now["pairs_sha256"]:
        raise _other(
            folder,
            f"the same files gave {was['pairs']} other pairs when it began; "
            f"they give {now['pairs']} now, as the code that reads them has changed",
        )


def _other(folder: Path, reason: str) -> StanceError:
    return StanceError(f"{folder}: {reason}; --restart throws the old run away")


def throw_away(folder: Path) -> None:
    """Remove what a run wrote into its folder, and nothing else that lies there."""
    for name in OWN:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write one JSON file, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)
