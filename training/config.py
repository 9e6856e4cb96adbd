"""The configuration of one training run: a TOML file, checked before anything starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stance.errors import InputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mix(_Strict):
    """How many pairs of one public corpus, and how its rows are read."""

    reader: Literal["inference", "stance", "attribution"]
    pairs: int = Field(gt=0)


class Model(_Strict):
    layers: int | None = Field(None, gt=0, description="keep the first so many encoder layers")
    frozen_layers: int = Field(0, ge=0, description="layers whose weights stay as they are")
    max_length: int = Field(160, ge=32, le=512, description="tokens of a pair")


class Optimiser(_Strict):
    epochs: float = Field(
        1.0, ge=0, description="passes over the data; parts are allowed; 0 keeps the start weights"
    )
    tokens_per_batch: int = Field(2048, gt=0, description="padded tokens of one batch")
    accumulate: int = Field(1, gt=0, description="batches of one update, in every process")
    learning_rate: float = Field(5e-5, gt=0)
    head_learning_rate: float = Field(5e-4, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    warmup: float = Field(0.06, ge=0, lt=1, description="share of the updates")
    evidence_weight: float = Field(0.3, ge=0, description="weight of the evidence head's loss")
    average_last: float = Field(
        0.0, ge=0, le=1, description="share of the updates, the last, whose weights are averaged"
    )
    checkpoint_minutes: float = Field(10.0, gt=0)
    checkpoint_updates: int | None = Field(
        None, gt=0, description="a checkpoint after so many updates, where that comes first"
    )
    evaluations: int = Field(4, ge=0, description="on held-out pairs, spread over the run")
    evaluation_pairs: int = Field(400, gt=0, description="held-out pairs of one evaluation")


class Sampling(_Strict):
    """Which pairs are made of annotated texts, and how often they are asked in other words."""

    none_with: float = Field(6, ge=0, description="pairs without a position, of a text with one")
    none_alone: float = Field(3, ge=0, description="the same, of a text that has none")
    by_sentence: bool = Field(False, description="the two numbers hold for each sentence")
    repeat: dict[str, int] = Field(
        default_factory=dict, description="issue, stance or kind of evidence → times it is taken"
    )
    renamed: float = Field(0, ge=0, le=1, description="share asked with other names")
    reworded: float = Field(0, ge=0, le=1, description="share asked in another wording")
    opposed: float = Field(0, ge=0, le=1, description="share asked of the opposite proposition")

    @classmethod
    def everything(cls) -> Sampling:
        """Every candidate once and as it is, as the tool would meet them."""
        return cls(none_with=_ALL, none_alone=_ALL)


_ALL: Final = 10_000
"""More candidates than any text has."""


class Codebook(Sampling):
    """One file of annotated texts. ``held_out`` of its articles or pages are never trained on.

    A path of ``labels`` and ``corrections`` is relative to this package's ``labels/`` folder.
    """

    path: str
    labels: bool = Field(
        False, description="annotations without texts, to be joined with the pools"
    )
    corrections: str | None = Field(
        None, description="annotations that replace those of the texts with the same id"
    )
    anchored: bool = Field(False, description="positions name their sentence")
    held_out: float = Field(0.1, ge=0, lt=1)


class Data(Sampling):
    """A corpus of one's own, in one of the three shapes (training/README.md). The sampling
    holds for the codebook's shape alone; of the others every claim is one pair."""

    path: str = Field(description="a table, or a data set's name, with :split where it has many")
    shape: Literal["codebook", "flat", "reviewed"] | None = Field(
        None, description="told from the columns where it is not given"
    )
    columns: dict[str, str] = Field(default_factory=dict, description="our field → its column")
    labels: dict[str, Literal["support", "oppose", "neutral", "none"]] = Field(
        default_factory=dict, description="its label → ours"
    )
    share: float = Field(1.0, gt=0, le=1, description="of its texts that are used")
    held_out: float = Field(0.1, ge=0, le=1, description="1: all of it, as a test set")
    weight: float = Field(1.0, gt=0, description="of its pairs in the loss")
    anchored: bool = Field(False, description="positions name their sentence (codebook shape)")


class RunConfig(_Strict):
    """One training step. Unknown keys are refused, so that a typing error cannot pass unseen.

    ``start`` names the finished step whose weights this one starts from, or several, whose mean
    it starts from. Paths of annotated texts and the folders of ``general`` are relative to the
    corpora folder that the command is given.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="also its folder's")
    seed: int = 0
    start: str | tuple[str, ...] | None = None
    model: Model = Model()
    optimiser: Optimiser = Optimiser()
    general: dict[str, Mix] = Field(
        default_factory=dict, description="folder of a public corpus → what is taken of it"
    )
    skip_tasks: frozenset[str] = frozenset()
    codebook: dict[str, Codebook] = Field(default_factory=dict)
    data: dict[str, Data] = Field(default_factory=dict)
    drop_leaks: bool = Field(
        False, description="leave what leaks out of training in place of refusing to train"
    )
    confusion_on: frozenset[str] = Field(
        frozenset({"labelled", "round4", "round5"}),
        description="corpora of real news: the confusion is measured on what is held out of these",
    )
    leave_out: frozenset[str] = Field(
        frozenset(), description="actors and issues that no pair of annotated texts may ask for"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        """Held-out texts and figures are told by the name of their corpus."""
        if both := sorted(self.codebook.keys() & self.data.keys()):
            raise ValueError(f"'{both[0]}' names a corpus of [codebook] and one of [data]")
        return self

    @property
    def starts(self) -> tuple[str, ...]:
        """The steps that this one starts from; none where it starts from the base."""
        return (self.start,) if isinstance(self.start, str) else self.start or ()


def load_config(path: Path) -> RunConfig:
    """Read and check a run's configuration; raises ``InputError`` in one line."""
    try:
        return RunConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"no valid TOML: {error}", file=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(first["msg"], file=str(path), field=where) from None
