"""The unit of training: a premise, a hypothesis and the labels that would be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from stance.records import EVIDENCE_KINDS, STANCES, Evidence, Stance

Label = Literal["support", "oppose", "neutral", "none"]

LABELS: Final[tuple[Label, ...]] = (*STANCES, "none")
"""The classes of the stance head, in the order of its outputs."""

ANY_BUT_SUPPORT: Final[tuple[Label, ...]] = ("oppose", "neutral", "none")
"""What "not entailed" leaves open in data sets with two classes."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One training example.

    ``labels`` holds every label that the annotation allows: one where it is exact, several
    where a data set only says "not entailed". The loss is -log of their summed probability.
    ``group`` names what must not be split between training and held-out data (an article,
    a page); ``weight`` scales the loss.
    """

    premise: str
    hypothesis: str
    labels: tuple[Label, ...]
    evidence: Evidence | None = None
    group: str = ""
    weight: float = 1.0
    source: str = ""


def label_mask(pair: Pair) -> list[float]:
    """A 0/1 row over ``LABELS``: which classes count as right."""
    return [1.0 if label in pair.labels else 0.0 for label in LABELS]


def evidence_index(pair: Pair) -> int:
    """The index of the evidence kind in ``EVIDENCE_KINDS``, or -100 where it is unknown."""
    return -100 if pair.evidence is None else EVIDENCE_KINDS.index(pair.evidence)


__all__ = ["ANY_BUT_SUPPORT", "LABELS", "Label", "Pair", "Stance", "evidence_index", "label_mask"]
