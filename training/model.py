"""The cross-encoder: a pretrained encoder, mean pooling, a stance head and an evidence head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModel

from stance.records import EVIDENCE_KINDS
from training.architecture import blank_encoder, is_model_folder
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
    base: str | Path, *, layers: int | None = None, encoder_dropout: float = 0.0
) -> StanceModel:
    """A model on a pretrained encoder: a local folder or a Hugging Face name.

    ``layers`` keeps only the first so many transformer layers. Only safetensors are loaded.
    A model folder of ours gives its architecture with random weights; its own weights are
    :func:`training.export.restore`.
    """
    if is_model_folder(base):
        blank = blank_encoder(base, layers)
        return StanceModel(blank, blank.config.hidden_size)
    config = AutoConfig.from_pretrained(base)
    options: dict[str, Any] = {}
    if layers is not None:
        options["num_hidden_layers"] = layers
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(config, key):
            options[key] = encoder_dropout
    encoder = AutoModel.from_pretrained(base, use_safetensors=True, **options)
    return StanceModel(encoder, config.hidden_size)


def freeze_below(model: StanceModel, layers: int) -> None:
    """Keep the embeddings and the first ``layers`` transformer layers as they were pretrained."""
    model.encoder.embeddings.requires_grad_(False)
    for layer in model.encoder.encoder.layer[:layers]:
        layer.requires_grad_(False)


def load_weights(model: StanceModel, path: Path) -> None:
    """Fill the model from a checkpoint's ``model.safetensors``."""
    model.load_state_dict(load_file(path))
