"""Finds many fixed phrases in a text in one pass: a dictionary of word sequences.

Matching is by whole words on folded text (see :mod:`stance.folding`), leftmost and longest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, TypeVar

from stance.folding import fold

T = TypeVar("T")

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """A phrase found at ``text[start:end]`` and what was stored under it."""

    start: int
    end: int
    value: T


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    gaps: tuple[str, ...]
    exact: str | None
    tail: str
    value: T


class PhraseIndex(Generic[T]):
    """Phrases and their values; where two are the same, the first one added wins."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, ...], list[_Entry[T]]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}

    def add(self, phrase: str, value: T, *, exact_case: bool) -> None:
        """Store a phrase. ``exact_case`` refuses other capitals, but for words all in capitals."""
        folded = " ".join(fold(phrase).split())
        spans = [m.span() for m in _WORD.finditer(folded)]
        if not spans:
            return
        words = tuple(folded[a:b].lower() for a, b in spans)
        gaps = tuple(folded[a[1] : b[0]] for a, b in pairwise(spans))
        start, end = spans[0][0], spans[-1][1]
        entry = _Entry(gaps, folded[start:end] if exact_case else None, folded[end:], value)
        self._entries.setdefault(words, []).append(entry)
        lengths = self._lengths.get(words[0], ())
        if len(words) not in lengths:
            self._lengths[words[0]] = tuple(sorted((*lengths, len(words)), reverse=True))

    def find(self, text: str) -> Iterator[Match[T]]:
        """All matches from left to right; none overlaps another."""
        folded = fold(text)
        words = [(m.start(), m.end()) for m in _WORD.finditer(folded)]
        lowered = [folded[a:b].lower() for a, b in words]
        at = 0
        while at < len(words):
            length, match = self._longest(folded, words, lowered, at)
            if match is not None:
                yield match
            at += length

    def _longest(
        self, folded: str, words: list[tuple[int, int]], lowered: list[str], at: int
    ) -> tuple[int, Match[T] | None]:
        """The longest phrase that begins at word ``at``, and how many words to go on by."""
        for length in self._lengths.get(lowered[at], ()):
            for entry in self._entries.get(tuple(lowered[at : at + length]), ()):
                end = _end(entry, folded, words[at : at + length])
                if end is not None:
                    return length, Match(words[at][0], end, entry.value)
        return 1, None


def _end(entry: _Entry[T], folded: str, words: list[tuple[int, int]]) -> int | None:
    """Where the phrase over these words ends, or None where its signs or capitals differ."""
    for gap, (left, right) in zip(entry.gaps, pairwise(words), strict=True):
        between = folded[left[1] : right[0]]
        if between != gap and not (gap == " " and between.isspace()):
            return None
    start, end = words[0][0], words[-1][1]
    if entry.exact is not None and not _same_case(entry.exact, folded[start:end]):
        return None
    return end + len(entry.tail) if folded.startswith(entry.tail, end) else end


def _same_case(wanted: str, found: str) -> bool:
    if " ".join(found.split()) == wanted:
        return True
    return len(wanted) >= 4 and found.isupper()
