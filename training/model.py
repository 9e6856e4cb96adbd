"""The cross-encoder: a pretrained encoder, mean pooling, a stance head and an evidence head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from stance.errors import ModelError
from stance.records import EVIDENCE_KINDS
from training.architecture import blank_encoder, is_model_folder
from training.encoders import freeze, load_encoder, local_base, try_out
from training.pairs import LABELS


class StanceModel(nn.Module):
    """(input_ids, attention_mask) of shape (batch, tokens) → logits (batch, 4) and (batch, 5).

    The tokens are averaged under the mask: the bases in use were pretrained for mean pooling,
    and a head on the first token learned far less from the same data (training/LOG.md).
    """

    def __init__(self, encoder: nn.Module, hidden: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.dense = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.stance = nn.Linear(hidden, len(LABELS))
        self.evidence = nn.Linear(hidden, len(EVIDENCE_KINDS))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        features = self.dropout(nn.functional.gelu(self.dense(pooled)))
        return self.stance(features), self.evidence(features)


def build_model(
    base: str | Path,
    *,
    layers: int | None = None,
    encoder_dropout: float = 0.0,
    max_length: int = 16,
) -> StanceModel:
    """A model on a pretrained encoder: a local folder or a Hugging Face name.

    ``layers`` keeps only the first so many transformer layers. Only safetensors are loaded.
    A model folder of ours gives its architecture with random weights; its own weights are
    :func:`training.export.restore`. Raises ``ModelError`` where the base is no encoder for texts
    of ``max_length`` tokens.
    """
    folder = local_base(str(base))
    if is_model_folder(folder):
        blank = blank_encoder(folder, layers)
        try_out(blank, folder, max_length)
        return StanceModel(blank, blank.config.hidden_size)
    encoder: Any = load_encoder(
        folder, layers=layers, dropout=encoder_dropout, max_length=max_length
    )
    return StanceModel(encoder, encoder.config.hidden_size)


def freeze_below(model: StanceModel, layers: int) -> None:
    """Keep the embeddings and the first ``layers`` transformer layers as they were pretrained."""
    freeze(model.encoder, layers)


def load_weights(model: StanceModel, path: Path) -> None:
    """Fill the model from a checkpoint's ``model.safetensors``."""
    fill(model, load_file(path), path)


def fill(model: StanceModel, weights: Mapping[str, torch.Tensor], source: object) -> None:
    """Give the model these weights; raises ``ModelError`` where names or shapes differ."""
    have = model.state_dict()
    for name in sorted({*have, *weights}):
        if name not in weights or name not in have:
            side = "the model" if name in have else source
            raise ModelError(f"{source}: does not fit the model: only {side} has '{name}'")
        if weights[name].shape != have[name].shape:
            theirs, ours = tuple(weights[name].shape), tuple(have[name].shape)
            raise ModelError(f"{source}: does not fit: '{name}' is {theirs}, expected {ours}")
    model.load_state_dict(weights)
