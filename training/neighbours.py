"""Near-duplicate texts, and what must stay together in a split: groups and clusters of them.

Two texts are near-duplicates where the sets of their overlapping five-letter strings share at
least ``LEAST_SHARED`` (Jaccard), which is about one word changed in ten. Pairs to compare come
from MinHash with locality-sensitive hashing (Broder 1997; Indyk & Motwani 1998), and each is
then compared exactly, so that the result does not depend on the sketch but for what it misses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from datasketch import MinHash, MinHashLSH

LEAST_SHARED: Final = 0.7
_LETTERS: Final = 5
_SKETCHED: Final = 0.6
"""The sketch is asked for a little less, to miss little."""


@dataclass(frozen=True, slots=True)
class Member:
    """A text and the group it belongs to, such as its article; groups are equal by their key."""

    text: str
    group: str


def together(members: Sequence[Member]) -> list[int]:
    """For each member the number of its cluster; equal numbers must not be split.

    Members of one group are together, and so are near-duplicates, and what either links.
    """
    sets = _Sets(len(members))
    first: dict[str, int] = {}
    for at, member in enumerate(members):
        sets.join(first.setdefault(member.group, at), at)
    for one, two in near_duplicates([member.text for member in members]):
        sets.join(one, two)
    return [sets.of(at) for at in range(len(members))]


def near_duplicates(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The pairs of indices whose texts are near-duplicates; of equal texts the first stands
    for all."""
    index: Any = MinHashLSH(threshold=_SKETCHED, num_perm=128)
    first: dict[str, int] = {}
    for at, text in enumerate(texts):
        plain = _plain(text)
        if plain in first:
            yield first[plain], at
            continue
        first[plain] = at
        sketch, strings = _sketch(plain), _strings(plain)
        for other in index.query(sketch):
            others = _strings(_plain(texts[other]))
            if len(strings & others) >= LEAST_SHARED * len(strings | others):
                yield other, at
        index.insert(at, sketch)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _strings(text: str) -> frozenset[str]:
    return frozenset(text[i : i + _LETTERS] for i in range(max(1, len(text) - _LETTERS + 1)))


@lru_cache(maxsize=1 << 15)  # every step of a recipe meets the same texts again
def _sketch(text: str) -> Any:
    sketch: Any = MinHash(num_perm=128, seed=1)
    sketch.update_batch([string.encode() for string in _strings(text)])
    return sketch


class _Sets:
    """Union of disjoint sets, each known by its smallest member."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def of(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: int, two: int) -> None:
        low, high = sorted((self.of(one), self.of(two)))
        self._parent[high] = low
