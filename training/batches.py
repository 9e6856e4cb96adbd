"""Length-bucketed batches under a token budget, the same for the same seed and epoch."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from stance.encoding import PairTokenizer
from training.pairs import Pair, evidence_index, label_mask

_WINDOW = 2048
"""Pairs are sorted by length inside windows of this many, so that batches stay mixed."""


@dataclass(frozen=True, slots=True)
class Batch:
    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    allowed: torch.Tensor
    evidence: torch.Tensor
    weight: torch.Tensor


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of every pair, made once per run."""

    pairs: Sequence[Pair]
    ids: list[list[int]]


def encode(pairs: Sequence[Pair], tokenizer: PairTokenizer) -> Encoded:
    """Tokenize every pair once."""
    return Encoded(pairs, tokenizer.ids([(p.premise, p.hypothesis) for p in pairs]))


def plan(encoded: Encoded, *, tokens: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one epoch as lists of indices; padded size is at most ``tokens``."""
    rng = random.Random(f"{seed}:{epoch}")
    order = list(range(len(encoded.ids)))
    rng.shuffle(order)
    batches: list[list[int]] = []
    for at in range(0, len(order), _WINDOW):
        window = sorted(order[at : at + _WINDOW], key=lambda i: len(encoded.ids[i]))
        batches += _pack(window, encoded.ids, tokens)
    rng.shuffle(batches)
    return batches


def updates(
    encoded: Encoded, *, epochs: float, tokens: int, seed: int, batches: int
) -> list[list[list[int]]]:
    """All updates of a run in order; each is ``batches`` batches, the last of an epoch fewer."""
    found: list[list[list[int]]] = []
    for epoch in range(math.ceil(epochs)):
        planned = plan(encoded, tokens=tokens, seed=seed, epoch=epoch)
        share = min(1.0, epochs - epoch)
        planned = planned[: round(share * len(planned))]
        found += [planned[at : at + batches] for at in range(0, len(planned), batches)]
    return found


def _pack(order: Sequence[int], ids: Sequence[Sequence[int]], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in order:
        if batch and len(ids[index]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def collate(encoded: Encoded, batch: Sequence[int], pad: int) -> Batch:
    """Pad the pairs of one batch to its longest."""
    rows = [encoded.ids[i] for i in batch]
    width = max(map(len, rows))
    pairs = [encoded.pairs[i] for i in batch]
    return Batch(
        torch.tensor([row + [pad] * (width - len(row)) for row in rows]),
        torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        torch.tensor([label_mask(p) for p in pairs]),
        torch.tensor([evidence_index(p) for p in pairs]),
        torch.tensor([p.weight for p in pairs]),
    )
