"""Leaks: texts to train on whose article or near-duplicate is to be measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stance.errors import InputError
from training.gold import Place
from training.neighbours import Member, together


@dataclass(frozen=True, slots=True)
class Owned:
    """A text of one side of a split, as it is clustered and as it is told of."""

    member: Member
    place: Place


@dataclass(frozen=True, slots=True)
class Leak:
    """``train`` and ``held`` stand in one cluster: an article, near-duplicates, or a chain."""

    train: Owned
    held: Owned


def find_leaks(train: Sequence[Owned], held: Sequence[Owned]) -> list[Leak]:
    """One leak for every text to train on that shares a cluster with one that is held out."""
    clusters = together([owned.member for owned in (*train, *held)])
    of_held = dict(zip(reversed(clusters[len(train) :]), reversed(held), strict=True))
    return [
        Leak(owned, of_held[cluster])
        for owned, cluster in zip(train, clusters, strict=False)
        if cluster in of_held
    ]


def refuse(leaks: Iterable[Leak]) -> None:
    """Raise ``InputError`` for the first of the leaks, where there is one."""
    found = list(leaks)
    if not found:
        return
    leak = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    raise InputError(
        f"would be trained on, but {leak.held.place} is held out and is of the same article, "
        f"group or near-duplicates{more}; --drop-leaks leaves such rows out of training",
        file=leak.train.place.file,
        row=leak.train.place.row or None,
    )
