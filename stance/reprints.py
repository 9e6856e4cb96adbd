"""Articles → the stories they print: wire copy and light rewrites of one text belong together.

Two articles print the same story where half of their three-word sequences are the same
(Jaccard similarity). It is estimated from MinHash signatures (Broder, Compression and
Complexity of Sequences 1997, computed by `rensa`); pairs that may be that similar are those
that share a band of their signatures (locality-sensitive hashing). Signatures of 768 bytes lie
in a file; bands are sorted a few at a time, so that memory holds some 50 bytes an article.
Which articles belong together does not depend on their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from io import SEEK_END, BytesIO
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

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
SIZE: Final = 4 * _PERMUTATIONS
"""Bytes of a signature."""

_AT_ONCE: Final = 4  # bands whose keys are in memory together
_BLOCK: Final = 4096  # signatures that are read together
_MIX: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_HALF: Final = np.uint64(32)
_WORD: Final = re.compile(r"\w+")


class Signatures:
    """Signatures one after another in a file, which may be one in memory."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        """``file`` can be read, written and sought; what is in it already counts."""
        self._file = BytesIO() if file is None else file
        self._count = self._file.seek(0, SEEK_END) // SIZE

    def __len__(self) -> int:
        return self._count

    def add(self, signature: bytes) -> None:
        """Add the bytes of a `signature`."""
        self._file.seek(self._count * SIZE)
        self._file.write(signature)
        self._count += 1

    def read(self, start: int, count: int = 1) -> NDArray[np.uint32]:
        """Some signatures in a row, shape (count or fewer, permutations)."""
        self._file.seek(start * SIZE)
        return np.frombuffer(self._file.read(count * SIZE), "<u4").reshape(-1, _PERMUTATIONS)


class Stories:
    """Groups articles by the story they print, in memory."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}  # a set in the order of the articles
        self._signatures = Signatures()

    def add(self, article_id: str, text: str) -> None:
        """Take in an article; one whose id is known already changes nothing."""
        if article_id not in self._ids:
            self._ids[article_id] = None
            self._signatures.add(signature(text).tobytes())

    def shared(self) -> dict[str, int]:
        """The number of its story for each article that is not alone with its own."""
        found = stories_of(self._signatures)
        return {id: found[number] for number, id in enumerate(self._ids) if number in found}


def stories_of(signatures: Signatures) -> dict[int, int]:
    """Signature → its story, by their numbers, for each that is not alone with its own."""
    parents = np.arange(len(signatures))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = int(parents[number])
        return number

    def join(members: Sequence[int]) -> None:
        rest = list(members)
        while len({root(one) for one in rest}) > 1:
            first = rest.pop(0)
            one = signatures.read(first)[0]
            for other in rest:
                if root(other) != root(first) and alike(one, signatures.read(other)[0]):
                    parents[root(other)] = root(first)

    for start in range(0, _BANDS, _AT_ONCE):
        for keys in _keys(signatures, start):
            for members in _equal(keys):
                join(members)
    return {number: root(number) for number in np.flatnonzero(_linked(parents)).tolist()}


def _linked(parents: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which are in a group with another."""
    linked: NDArray[np.bool_] = parents != np.arange(len(parents))
    linked[parents[linked]] = True
    return linked


def _keys(signatures: Signatures, start: int) -> Iterator[NDArray[np.uint64]]:
    """For each of some bands a number for each signature, the same for equal bands."""
    keys = np.empty((min(_AT_ONCE, _BANDS - start), len(signatures)), dtype=np.uint64)
    for at in range(0, len(signatures), _BLOCK):
        pairs = signatures.read(at, _BLOCK).view("<u8").reshape(-1, _BANDS, 2)
        for row, band in enumerate(range(start, start + len(keys))):
            one, other = pairs[:, band, 0] * _MIX[0], pairs[:, band, 1] * _MIX[1]
            keys[row, at : at + len(pairs)] = (one ^ (one >> _HALF)) + (other ^ (other >> _HALF))
    yield from keys


def _equal(keys: NDArray[np.uint64]) -> Iterator[list[int]]:
    """The numbers of those that have the same key as another, group by group."""
    order = np.argsort(keys, kind="stable")
    bounds = np.flatnonzero(np.diff(keys[order])) + 1
    ends = np.append(bounds, len(keys))
    starts = np.insert(bounds, 0, 0)
    for i in np.flatnonzero(ends - starts > 1).tolist():
        yield order[starts[i] : ends[i]].tolist()


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
