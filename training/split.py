"""Which texts are held out: whole articles, pages and near-duplicate clusters, by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from training.examples import Example
from training.gold import GoldText
from training.neighbours import Member, together


class Grouped(Protocol):
    """A text with the group that must stay on one side."""

    @property
    def text(self) -> str: ...
    @property
    def group(self) -> str: ...


T = TypeVar("T", bound=Grouped)
Sides = tuple[list[T], list[T]]
"""(to train on, held out)."""


def split(texts: Iterable[T], share: float) -> Sides[T]:
    """Hold out about ``share`` of the texts, the same ones every time."""
    return split_together({"": (list(texts), share)})[""]


def split_together(corpora: Mapping[str, tuple[Sequence[T], float]]) -> dict[str, Sides[T]]:
    """Hold out a share of each corpus so that no cluster of all of them is split.

    A cluster that spans several corpora is held out by the largest of their shares, and not at
    all where one of them holds out nothing. A corpus that is held out whole (share 1) stays so
    whatever its texts resemble: what it has in common with the others is a leak, to be found by
    :mod:`training.leaks`.
    """
    texts = [(name, text, share) for name, (all, share) in corpora.items() for text in all]
    clusters = together([member(text, name) for name, text, _ in texts])
    groups: dict[int, str] = {}
    shares: dict[int, set[float]] = {}
    for cluster, (_, text, share) in zip(clusters, texts, strict=True):
        groups[cluster] = min(text.group, groups.get(cluster, text.group))
        shares.setdefault(cluster, set()).add(share)
    sides: dict[str, Sides[T]] = {name: ([], []) for name in corpora}
    for cluster, (name, text, share) in zip(clusters, texts, strict=True):
        partial = shares[cluster] - {1.0}
        bar = 0.0 if 0.0 in partial else max(partial, default=0.0)
        held = share == 1 or _fraction(groups[cluster]) < bar
        sides[name][held].append(text)
    return sides


def member(text: Grouped, corpus: str) -> Member:
    """A text for clustering: pages and articles are known across corpora, rows within one."""
    gold = text.gold if isinstance(text, Example) else text
    named = isinstance(gold, GoldText) and (gold.page or gold.pool)
    return Member(text.text, text.group if named else f"{corpus}\n{text.group}")


def _fraction(group: str) -> float:
    """A number in [0, 1) that is the same for a group everywhere."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32
