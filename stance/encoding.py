"""Model input: the one place that turns a candidate into what the model reads.

Training and inference both call it, so that they can never differ. The model reads a pair:

* premise: the sentences before, a bar, and the sentence that is judged, with a star on either
  side of every place that stands for the actor (``He met Rutte. | * Orban * refused.``);
* hypothesis: the actor's name and the issue's proposition (``Viktor Orban: Sanctions on
  Russia should be kept or tightened``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from stance.records import Candidate

CONTEXT_MARK: Final = "|"
ACTOR_MARK: Final = "*"
MAX_SENTENCE: Final = 1200
"""Characters of a sentence that the model is shown; a longer one is shown around the actor."""


def premise(text: str, candidate: Candidate) -> str:
    """The text side of the pair, on one line."""
    before = _marked(text, *candidate.context, candidate.mentions)
    start, end = _window(candidate)
    sentence = _marked(text, start, end, candidate.mentions)
    return f"{before} {CONTEXT_MARK} {sentence}" if before else sentence


def hypothesis(name: str, proposition: str) -> str:
    """The question side of the pair."""
    return f"{name}: {proposition}"


def _window(candidate: Candidate) -> tuple[int, int]:
    start, end = candidate.start, candidate.end
    if end - start <= MAX_SENTENCE:
        return start, end
    inside = [m[0] for m in candidate.mentions if start <= m[0] < end]
    centre = inside[0] if inside else start
    left = max(start, min(centre - MAX_SENTENCE // 2, end - MAX_SENTENCE))
    return left, left + MAX_SENTENCE


def _marked(text: str, start: int, end: int, mentions: Sequence[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = start
    for left, right in sorted(set(mentions)):
        if left < at or right > end or left == right:
            continue
        parts += [text[at:left], f"{ACTOR_MARK} {text[left:right]} {ACTOR_MARK}"]
        at = right
    parts.append(text[at:end])
    return " ".join("".join(parts).split())


class PairTokenizer:
    """Token ids of (premise, hypothesis) pairs; what is too long loses its oldest context."""

    def __init__(self, path: Path, max_length: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, strategy="only_first", direction="left")
        found = (self._tokenizer.token_to_id(name) for name in ("<pad>", "[PAD]"))
        self.pad: int = next((token for token in found if token is not None), 0)

    def ids(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """One list of token ids per pair, special tokens included."""
        return [e.ids for e in self._tokenizer.encode_batch(list(pairs))]
