"""Articles → the stories they print: wire copy and light rewrites of one text belong together.

Two articles print the same story where half of their three-word sequences are the same
(Jaccard similarity). It is estimated from MinHash signatures (Broder, Compression and
Complexity of Sequences 1997), and pairs that may be that similar are found by locality-
sensitive hashing, both from `rensa`. Memory holds signatures of some 800 bytes an article,
no text. Which articles belong together does not depend on their order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash, RMinHashLSH

SIMILAR: Final = 0.5
"""Estimated Jaccard similarity from which two articles count as one story. Reprints among the
demonstration articles have 0.63 and more, different reports of one event 0.04 and less."""

SHORTEST: Final = 40
"""Words that an article needs to be compared by its sequences: of two brief notices that
differ in one word, that may be the word that matters. Shorter ones must agree word for word."""

_SEQUENCE: Final = 3  # words
_PERMUTATIONS: Final = 192  # the estimate's standard error is 0.036 at a similarity of 0.5
_BANDS: Final = 48  # of four: misses 5 % of pairs at 0.5 and 0.1 % at 0.6
_SEED: Final = 1
_WORD: Final = re.compile(r"\w+")


class Stories:
    """Groups articles by the story they print, one after another."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}  # a set in the order of the articles
        self._signatures: list[RMinHash] = []
        self._index = RMinHashLSH(SIMILAR, _PERMUTATIONS, _BANDS)
        self._parents: list[int] = []

    def add(self, article_id: str, text: str) -> None:
        """Take in an article; one whose id is known already changes nothing."""
        if article_id in self._ids:
            return
        number = len(self._ids)
        signature = _signed(text)
        alike = [
            other
            for other in self._index.query(signature)
            if signature.jaccard(self._signatures[other]) >= SIMILAR
        ]
        self._index.insert(number, signature)
        self._ids[article_id] = None
        self._signatures.append(signature)
        self._parents.append(number)
        for other in alike:
            self._parents[self._root(other)] = self._root(number)

    def shared(self) -> dict[str, int]:
        """The number of its story for each article that is not alone with its own."""
        roots = {id: self._root(number) for number, id in enumerate(self._ids)}
        count = Counter(roots.values())
        return {id: root for id, root in roots.items() if count[root] > 1}

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number


def signature(text: str) -> NDArray[np.uint32]:
    """The signature of a text, as `bands` and `alike` compare it and a store keeps it."""
    return np.array(_signed(text).digest(), dtype="<u4")


def bands(signature: NDArray[np.uint32]) -> list[bytes]:
    """Eight bytes for each part of a signature: alike articles nearly always share one."""
    parts = signature.reshape(_BANDS, -1)
    return [
        blake2b(bytes([n]) + part.tobytes(), digest_size=8).digest() for n, part in enumerate(parts)
    ]


def alike(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> bool:
    """Whether two signatures are of one story, as `Stories` decides it."""
    return float((one == other).mean()) >= SIMILAR


def _signed(text: str) -> RMinHash:
    signed = RMinHash(_PERMUTATIONS, _SEED)
    signed.update(list(_sequences(text)))
    return signed


def _sequences(text: str) -> Iterator[str]:
    """What of a text is compared: its sequences of words, or all words at once if it is short."""
    words = _WORD.findall(text.casefold())
    if len(words) < SHORTEST:
        yield " ".join(words)
        return
    for start in range(len(words) - _SEQUENCE + 1):
        yield " ".join(words[start : start + _SEQUENCE])
