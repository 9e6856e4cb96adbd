"""Which sentences say nearly the same words.

Two are repeats where the Jaccard similarity of their sets of words reaches ``NEAR``. Pairs
are found through the rarest words of each, which no similar pair can all differ in (prefix
filtering: Bayardo, Ma and Srikant, Scaling Up All Pairs Similarity Search, WWW 2007), so the
answer is exact and most pairs are never compared.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

NEAR: Final = 0.8
_ROUNDING: Final = 1e-9

_WORD: Final = re.compile(r"\w+")


def groups(texts: Sequence[str], near: float = NEAR) -> list[int]:
    """For each text the first text that it repeats, directly or by way of others; or itself.

    ``near`` lies in (0, 1]. Texts without a word repeat nothing.
    """
    words = [frozenset(_WORD.findall(text.casefold())) for text in texts]
    common = Counter(word for found in words for word in found)
    root = list(range(len(texts)))
    holders: dict[str, list[int]] = {}
    for at, found in enumerate(words):
        rarest = sorted(found, key=lambda word: (common[word], word))
        # two sets this alike share one of their rarest `prefix` words
        prefix = rarest[: len(rarest) - math.ceil(near * len(rarest) - _ROUNDING) + 1]
        for other in {other for word in prefix for other in holders.get(word, ())}:
            if _find(root, other) != _find(root, at) and _alike(words[other], found, near):
                low, high = sorted((_find(root, other), _find(root, at)))
                root[high] = low
        for word in prefix:
            holders.setdefault(word, []).append(at)
    return [_find(root, at) for at in range(len(texts))]


def _alike(one: frozenset[str], other: frozenset[str], near: float) -> bool:
    shared = len(one & other)
    return shared >= near * (len(one) + len(other) - shared) - _ROUNDING


def _find(root: list[int], at: int) -> int:
    while root[at] != at:
        root[at] = root[root[at]]
        at = root[at]
    return at
