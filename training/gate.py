"""The pinned evaluation: what a model scores on fixed texts, and whether that is good enough.

``floors.json`` names the sets of texts by the SHA-256 of their files, with the figures of the
model that ships and the floors below which no model is published. Runs without torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stance import resources
from stance.errors import InputError
from stance.pipeline import Tracker
from stance.records import Skipped
from stance.registry import Measured, digests, fingerprint, sha256
from stance.rowfiles import replacing
from training import evaluate
from training.gold import GoldText, read_gold

FLOORS: Final = Path(__file__).with_name("floors.json")
ENVIRONMENT: Final = "STANCE_CORPORA"
FIGURES: Final = ("tuple_f1", "signed_f1", "polarity", "empty_left_empty", "candidate_recall")
COMPARED: Final = "tuple_f1"


class PinnedSet(BaseModel):
    """Texts that are measured on: every so-manyth of a file, which may have one hash only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Literal["seeds", "corpora"]
    file: str
    every: int = Field(1, ge=1, description="1 takes every text, 4 the first of each four")
    sha256: str = Field(description="of the file")
    texts: int = Field(ge=0, description="that are measured on")
    model: str = Field(description="fingerprint of the shipped model that the figures are of")
    figures: dict[str, float]
    floors: dict[str, float]

    @property
    def path(self) -> Path | None:
        """The file, or None where texts that are not part of the project are not at hand."""
        if self.folder == "seeds":
            return resources.seeds() / self.file
        path = corpora() / self.file
        return path if path.is_file() else None


class Pinned(BaseModel):
    """The pinned evaluation; all figures lie in [0, 1]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tolerance: float = Field(
        ge=0, le=1, description="tuple F1 that a model may lose against the current one"
    )
    slack: float = Field(ge=0, le=1, description="a floor lies this far below what was measured")
    sets: dict[str, PinnedSet]

    @property
    def at_hand(self) -> dict[str, PinnedSet]:
        """The sets whose texts are here."""
        return {name: one for name, one in self.sets.items() if one.path is not None}


def corpora() -> Path:
    """The folder of texts that are not part of the project: ``STANCE_CORPORA``, else ``shared``
    beside the checkout."""
    given = os.environ.get(ENVIRONMENT)
    return Path(given) if given else resources.seeds().parent.parent / "shared"


def read_pinned(path: Path | None = None) -> Pinned:
    """The pinned evaluation; raises ``InputError`` for a file that breaks its form."""
    path = path or FLOORS
    try:
        return Pinned.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or None
        raise InputError(first["msg"], file=str(path), field=where) from None


def measure(tracker: Tracker, pinned: Pinned) -> dict[str, Measured]:
    """A model's figures on every set that is at hand.

    Raises ``InputError`` where a file is another than was pinned: its figures would be
    compared with those of other texts.
    """
    texts = {name: _texts(name, one) for name, one in pinned.at_hand.items()}
    return {
        name: _measured(tracker, texts[name], one.sha256) for name, one in pinned.at_hand.items()
    }


def of_shipped(pinned: Pinned) -> dict[str, Measured]:
    """What the file says of the model that ships; sets measured of other weights are left out."""
    model = shipped_fingerprint()
    return {
        name: Measured(sha256=one.sha256, texts=one.texts, figures=one.figures)
        for name, one in pinned.sets.items()
        if one.model == model
    }


def faults(
    pinned: Pinned, found: Mapping[str, Measured], current: Mapping[str, Measured]
) -> list[str]:
    """What speaks against publishing a model, each in a few words; nothing where it may be.

    A model is worse where its tuple F1 on any set lies more than the tolerance below that of the
    current one, or any figure below its floor.
    """
    return [
        fault
        for name, one in found.items()
        for fault in (
            *_losses(name, one, current.get(name), pinned.tolerance),
            *_below(name, one, pinned.sets[name].floors),
        )
    ]


def pin(pinned: Pinned, tracker: Tracker) -> Pinned:
    """The evaluation with the figures and floors of the model that ships, on the files as they
    are now. Sets that are not at hand stay as they were."""
    model = shipped_fingerprint()
    sets = dict(pinned.sets)
    for name, one in pinned.at_hand.items():
        hashed = one.model_copy(update={"sha256": sha256(_present(one))})
        found = _measured(tracker, _texts(name, hashed), hashed.sha256)
        update = {
            "texts": found.texts,
            "model": model,
            "figures": found.figures,
            "floors": {
                figure: round(value - pinned.slack, 4)
                for figure, value in found.figures.items()
                if value > pinned.slack  # a floor of 0 could never be missed
            },
        }
        sets[name] = hashed.model_copy(update=update)
    return pinned.model_copy(update={"sets": sets})


def write_pinned(pinned: Pinned, path: Path | None = None) -> None:
    """Write the file; raises ``InputError`` where that is not allowed."""
    with replacing(path or FLOORS) as file:
        file.write(pinned.model_dump_json(indent=1).encode() + b"\n")


def shipped_fingerprint() -> str:
    """The fingerprint of the model that ships."""
    return fingerprint(digests(resources.default_model()))


def _texts(name: str, one: PinnedSet) -> list[GoldText]:
    path = _present(one)
    try:
        found = sha256(path)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=str(path)) from None
    if found != one.sha256:
        raise InputError(
            f"SHA-256 {found[:12]}…, but the set '{name}' is pinned to {one.sha256[:12]}…; "
            "'stance model pin' pins this file",
            file=str(path),
        )
    rows = list(read_gold(path))
    for row in rows:
        if isinstance(row, Skipped):
            raise InputError(row.reason, file=row.file, row=row.row, field=row.field)
    return [row for row in rows if isinstance(row, GoldText)][:: one.every]


def _present(one: PinnedSet) -> Path:
    if one.path is None:
        raise InputError("not here", file=one.file)
    return one.path


def _measured(tracker: Tracker, texts: list[GoldText], digest: str) -> Measured:
    figures = evaluate.as_json(evaluate.on(texts, tracker))
    return Measured(
        sha256=digest, texts=len(texts), figures={name: figures[name] for name in FIGURES}
    )


def _losses(name: str, one: Measured, current: Measured | None, tolerance: float) -> Iterator[str]:
    if current is None or current.sha256 != one.sha256:
        return
    now, then = one.figures[COMPARED], current.figures[COMPARED]
    if now < then - tolerance:
        yield f"{name} {COMPARED} {now:.3f}, the current model has {then:.3f}"


def _below(name: str, one: Measured, floors: Mapping[str, float]) -> Iterator[str]:
    for figure, floor in floors.items():
        if (found := one.figures[figure]) < floor:
            yield f"{name} {figure} {found:.3f}, floor {floor:.3f}"
