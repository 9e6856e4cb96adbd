"""A bounded sample of held-out pairs, scored by the model while it is being trained."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from stance.encoding import PairTokenizer
from training.batches import collate, encode, plan
from training.devices import autocast
from training.model import StanceModel
from training.pairs import LABELS, Pair

Ints = npt.NDArray[np.int64]

_TOKENS: Final = 8192
"""Padded tokens scored at once; no gradients are kept, so that it is more than in training."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the held-out pairs gave.

    ``loss`` is the mean of -log P(any allowed label), in nats. ``accuracy`` is the share of
    pairs whose likeliest label is allowed; ``macro_f1`` the mean F1 over the labels that occur,
    among the pairs with exactly one allowed label. Both are in [0, 1].
    """

    pairs: int
    loss: float
    accuracy: float
    macro_f1: float


class HeldOut:
    """At most ``limit`` of the held-out pairs, the same ones for the same seed."""

    def __init__(
        self, pairs: Sequence[Pair], tokenizer: PairTokenizer, *, limit: int, seed: int
    ) -> None:
        kept = list(pairs)
        random.Random(f"{seed}:held out").shuffle(kept)
        self._encoded = encode(kept[:limit], tokenizer)
        self._pad = tokenizer.pad

    def __len__(self) -> int:
        return len(self._encoded.pairs)

    def score(self, model: StanceModel) -> Evaluation:
        """Score the sample in eval mode; the model's mode is then what it was before."""
        was_training = model.training
        model.eval()
        try:
            log_p, allowed = self._log_p(model)
        finally:
            model.train(was_training)
        return evaluation(log_p, allowed)

    @torch.no_grad()
    def _log_p(self, model: StanceModel) -> tuple[torch.Tensor, torch.Tensor]:
        device = next(model.parameters()).device
        found: list[torch.Tensor] = []
        truth: list[torch.Tensor] = []
        for rows in plan(self._encoded, tokens=_TOKENS, seed=0, epoch=0):
            batch = collate(self._encoded, rows, self._pad)
            with autocast(device):
                stance, _ = model(batch.input_ids.to(device), batch.attention_mask.to(device))
            found.append(torch.log_softmax(stance.float(), dim=-1).cpu())
            truth.append(batch.allowed)
        return torch.cat(found), torch.cat(truth)


def evaluation(log_p: torch.Tensor, allowed: torch.Tensor) -> Evaluation:
    """The figures of log-probabilities (n, 4) against a 0/1 table of allowed labels (n, 4)."""
    losses = -torch.logsumexp(log_p.masked_fill(allowed == 0, -torch.inf), dim=-1)
    predicted = log_p.argmax(dim=-1)
    right = allowed[torch.arange(len(allowed)), predicted] > 0
    exact = (allowed.sum(dim=-1) == 1).numpy()
    return Evaluation(
        len(allowed),
        float(losses.mean()),
        float(right.float().mean()),
        _macro_f1(allowed.argmax(dim=-1).numpy()[exact], predicted.numpy()[exact]),
    )


def _macro_f1(truth: Ints, predicted: Ints) -> float:
    scores = []
    for label in range(len(LABELS)):
        of, said = truth == label, predicted == label
        if of.any():
            scores.append(2 * (of & said).sum() / (of.sum() + said.sum()))
    return float(np.mean(scores)) if scores else 0.0
