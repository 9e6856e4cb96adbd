"""The checkpoint of a run: written whole or not at all, and never pickled.

``checkpoint/`` holds ``model.safetensors``, ``optimiser.safetensors``, ``progress.json`` and,
while weights are being averaged, ``average.safetensors``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file

from stance.errors import ModelError

Weights = Mapping[str, torch.Tensor]

_PLACES: Final = ("checkpoint", "checkpoint.old")
"""Where the last whole checkpoint can lie: the second only after a kill in mid-swap."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: ``step`` of ``of`` updates, each of ``batches`` batches.

    ``averaged`` counts the updates in the running mean of the weights; ``seconds`` is the time
    spent on updates. ``of`` is unknown for a run that has not begun.
    """

    step: int = 0
    of: int | None = None
    batches: int = 1
    averaged: int = 0
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        return self.of is not None and self.step >= self.of


@dataclass(frozen=True)
class Checkpoint:
    """What a run goes on from."""

    done: Progress
    model: Weights
    optimiser: Weights
    average: Weights


def find(folder: Path) -> Path | None:
    """Where the last whole checkpoint of a run lies."""
    places = (folder / name for name in _PLACES)
    return next((place for place in places if (place / "progress.json").exists()), None)


def read_progress(folder: Path) -> Progress:
    """How far the run of a folder has come; the start where it has no checkpoint."""
    at = find(folder)
    if at is None:
        return Progress()
    known = {field.name for field in fields(Progress)}
    told = json.loads((at / "progress.json").read_text(encoding="utf-8"))
    return Progress(**{key: value for key, value in told.items() if key in known})


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a whole new checkpoint, then swap it in: a kill never leaves half of one."""
    new, now, past = (folder / f"checkpoint{end}" for end in (".new", "", ".old"))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    save_file(dict(checkpoint.model), new / "model.safetensors")
    save_file(dict(checkpoint.optimiser), new / "optimiser.safetensors")
    if checkpoint.average:
        save_file(dict(checkpoint.average), new / "average.safetensors")
    (new / "progress.json").write_text(json.dumps(asdict(checkpoint.done)), encoding="utf-8")
    if now.exists():
        shutil.rmtree(past, ignore_errors=True)
        os.replace(now, past)
    os.replace(new, now)
    shutil.rmtree(past, ignore_errors=True)


def read(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint of a run's folder."""
    at = find(folder)
    if at is None:
        return None
    average = at / "average.safetensors"
    return Checkpoint(
        read_progress(folder),
        load_file(at / "model.safetensors"),
        load_file(at / "optimiser.safetensors"),
        load_file(average) if average.exists() else {},
    )


def finished_weights(folder: Path) -> Path:
    """The weights file of a finished run; raises ``ModelError`` where there is none."""
    at, done = find(folder), read_progress(folder)
    if at is None:
        raise ModelError(f"{folder}: no step was trained here to start from")
    if done.of is not None and not done.finished:
        raise ModelError(f"{folder}: only {done.step} of {done.of} updates are done; finish it")
    return at / "model.safetensors"


def start_weights(folders: Sequence[Path]) -> dict[str, torch.Tensor]:
    """The weights of a finished run, or the mean of several, computed in fp64.

    Raises ``ModelError`` where one is not finished, or where names or shapes differ.
    """
    files = [finished_weights(folder) for folder in folders]
    total = {name: value.double() for name, value in load_file(files[0]).items()}
    for folder, file in zip(folders[1:], files[1:], strict=True):
        weights = load_file(file)
        for name in sorted({*total, *weights}):
            shapes = [tuple(w[name].shape) if name in w else "missing" for w in (total, weights)]
            if shapes[0] != shapes[1]:
                raise ModelError(
                    f"{folder}: cannot be averaged with {folders[0].name}: "
                    f"'{name}' is {shapes[1]} here, {shapes[0]} there"
                )
            total[name] += weights[name].double()
    kinds = {name: value.dtype for name, value in load_file(files[0]).items()}
    return {name: (value / len(files)).to(kinds[name]) for name, value in total.items()}
