"""Sentences → the issues that they may speak of, also where no cue word stands.

A cue word says that an issue may be meant; prose has other words for it ("the guns", "what is
not ours to trade"). A small network, trained on the annotated texts (`training.topics`), reads
the sentence and its neighbours as two bags of word pieces and gives each issue the probability
that somebody holds a position on it there. It adds the issues that it finds likely and drops
those that a cue word names by chance; the stance model then decides. It knows the shipped
propositions only: an issue of a user's own is asked about by its cue words alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from stance.errors import ModelError
from stance.records import Sentence

Floats = NDArray[np.float32]
Bag = list[int]

WEIGHTS: Final = "topics.safetensors"
TOKENIZER: Final = "tokenizer.json"
"""The two files of a network's folder."""

METADATA: Final = "topics"
"""Under this key the weights' file holds JSON: the issues, each with its thresholds."""

BEFORE: Final = 2
AFTER: Final = 1
"""Sentences on either side that make the second bag."""

_AT_ONCE: Final = 256
"""Sentences that are cut into pieces together; what they give does not depend on it."""


@dataclass(frozen=True, slots=True)
class Topics:
    """What the words of one sentence and its neighbours say of the issues that are known.

    ``likely`` ones are worth asking about without a cue word, ``unlikely`` ones not even with one.
    """

    likely: tuple[str, ...] = ()
    unlikely: frozenset[str] = frozenset()


class Bags:
    """Cuts sentences into bags of word pieces, at training and at inference alike."""

    def __init__(self, tokenizer: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the library raises no class of its own
            raise ModelError(f"{tokenizer}: cannot be read: {error}") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def of(self, text: str, sentences: Sequence[Sentence]) -> list[tuple[Bag, Bag]]:
        """For each sentence its own pieces, and those of its neighbours."""
        own = self._pieces([text[s.start : s.end] for s in sentences])
        return [(bag, _joined(own, i)) for i, bag in enumerate(own)]

    def _pieces(self, texts: Sequence[str]) -> list[Bag]:
        found: list[Bag] = []
        for at in range(0, len(texts), _AT_ONCE):
            part = list(texts[at : at + _AT_ONCE])
            found += [e.ids for e in self._tokenizer.encode_batch(part, add_special_tokens=False)]
        return found


def _joined(own: Sequence[Bag], index: int) -> Bag:
    near = range(max(0, index - BEFORE), min(len(own), index + AFTER + 1))
    return [piece for j in near if j != index for piece in own[j]]


class TopicFinder:
    """A trained network; build it once, it holds no state between texts.

    ``propositions`` (issue id → proposition) are what is tracked: those in other words than the
    network was trained for are left to their cues. Raises ``ModelError`` for a folder that cannot
    be used.
    """

    def __init__(self, folder: Path, propositions: Mapping[str, str]) -> None:
        about, self._weights = _read(folder / WEIGHTS)
        self._bags = Bags(folder / TOKENIZER)
        self._known = [
            (column, issue["id"], float(issue["add"]), float(issue["keep"]))
            for column, issue in enumerate(about["issues"])
            if propositions.get(issue["id"]) == issue["proposition"]
        ]

    def find(self, text: str, sentences: Sequence[Sentence]) -> list[Topics]:
        """What may be spoken of in each sentence, in order."""
        if not self._known:
            return [Topics()] * len(sentences)
        return [self._topics(self._probabilities(*b)) for b in self._bags.of(text, sentences)]

    def _topics(self, row: Floats) -> Topics:
        return Topics(
            tuple(issue for k, issue, add, _ in self._known if row[k] >= add),
            frozenset(issue for k, issue, _, keep in self._known if row[k] < keep),
        )

    def _probabilities(self, own: Bag, beside: Bag) -> Floats:
        """The probability of a position on each issue of the network."""
        w = self._weights
        pooled = np.concatenate([self._pooled(own), self._pooled(beside)])
        hidden = np.maximum(w["hidden.weight"] @ pooled + w["hidden.bias"], 0)
        logits = w["out.weight"] @ hidden + w["out.bias"] + w["words"][own].sum(axis=0)
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)

    def _pooled(self, pieces: Bag) -> Floats:
        """The sum of the pieces' vectors, over 1 + the root of their number."""
        vectors = self._weights["vectors"][pieces]
        return np.asarray(vectors.sum(axis=0) / (1 + np.sqrt(len(pieces))), np.float32)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Floats]]:
    try:
        with safe_open(str(path), framework="np") as file:
            about = json.loads((file.metadata() or {})[METADATA])
            names: Iterable[str] = file.keys()
            return about, {name: file.get_tensor(name).astype(np.float32) for name in names}
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: no topics can be read from it: {error}") from None
