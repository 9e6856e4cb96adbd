"""Pretrained text encoders: found, loaded, cut and frozen, whatever their architecture.

A base is a local folder or a Hugging Face name with ``config.json``, ``tokenizer.json`` and
safetensors. What cannot be used is refused in one line before anything is trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.utils import logging as transformers_logging

from stance.errors import ModelError
from training.architecture import is_model_folder

_WANTED: Final = ("config.json", "tokenizer.json", "*.safetensors", "*.safetensors.index.json")
_DROPOUTS: Final = (  # BERT and its kin; DistilBERT; ModernBERT
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),
    *("dropout", "attention_dropout"),
    *("embedding_dropout", "mlp_dropout"),
)
_UNUSED: Final = ("pooler.", "embeddings.position_ids")
"""Weights that a checkpoint may lack: tokens are averaged, no pooler is asked."""


@lru_cache(maxsize=4)
def local_base(base: str) -> Path:
    """The folder of a base, which may be a model folder of ours; fetched from the hub where it
    is a name.

    Raises ``ModelError`` where it is neither, or lacks one of its files.
    """
    folder = Path(base)
    if is_model_folder(folder):
        return folder
    if not folder.is_dir():
        folder = _fetched(base)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{base}: no encoder here, config.json is missing")
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".h5"))
        found = f"only {pickled[0]}, and pickles are never loaded" if pickled else "none"
        raise ModelError(f"{base}: expected weights as *.safetensors, found {found}")
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(
            f"{base}: tokenizer.json is missing; "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...) writes one"
        )
    return folder


def _fetched(base: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(base, allow_patterns=list(_WANTED)))
    except Exception as error:  # the hub's, the network's and a bad name's share no base
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{base}: no local folder, and the hub gives none: {reason}") from None


def load_encoder(
    folder: Path, *, layers: int | None = None, dropout: float = 0.0, max_length: int = 16
) -> nn.Module:
    """The encoder of a folder, cut to its first ``layers``, tried on ``max_length`` tokens.

    Raises ``ModelError`` in one line for what is no text encoder, for weights that do not fit
    their configuration, and where it has fewer layers or takes fewer tokens.
    """
    with _quietly():
        config = _config(folder)
        if layers is not None:
            _cut(config, layers, folder)
        for key in _DROPOUTS:
            if hasattr(config, key):
                setattr(config, key, dropout)
        encoder = _weights(folder, config)
    if layers is not None and len(layers_of(encoder, folder)) != layers:
        raise ModelError(f"{folder}: the layers of a '{config.model_type}' cannot be cut")
    try_out(encoder, folder, max_length)
    return encoder


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the warnings and bars of transformers: what matters is checked and told here."""
    noise: Any = transformers_logging  # which leaves part of it untyped
    before = noise.get_verbosity()
    noise.set_verbosity(noise.CRITICAL)
    noise.disable_progress_bar()
    try:
        yield
    finally:
        noise.set_verbosity(before)
        noise.enable_progress_bar()


def _config(folder: Path) -> Any:
    try:
        config = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder / 'config.json'}: {_first_line(error)}") from None
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(f"{folder}: a '{config.model_type}' also decodes; expected an encoder")
    return config


def _cut(config: Any, layers: int, folder: Path) -> None:
    there = getattr(config, "num_hidden_layers", None)
    if there is None:
        raise ModelError(f"{folder}: the layers of a '{config.model_type}' cannot be cut")
    if layers > there:
        raise ModelError(f"{folder}: has {there} layers, model.layers asks for {layers}")
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]


def _weights(folder: Path, config: Any) -> nn.Module:
    try:
        encoder, told = AutoModel.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{folder}: no encoder can be loaded: {_first_line(error)}") from None
    missing = sorted(k for k in told["missing_keys"] if not k.startswith(_UNUSED))
    if missing:
        raise ModelError(f"{folder}: the weights lack '{missing[0]}' and {len(missing) - 1} more")
    loaded: nn.Module = encoder
    return loaded


def try_out(encoder: Any, folder: Path, max_length: int) -> None:
    """One forward pass: states of the right shape, in which a word sees those after it."""
    words = _vocabulary(encoder, folder)
    ids = torch.full((2, max_length), words - 1)
    ids[1, -1] = words - 2
    encoder.eval()
    try:
        with torch.no_grad():
            states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
    except (IndexError, RuntimeError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: fails on a text of {max_length} tokens (model.max_length): "
            f"{_first_line(error)}"
        ) from None
    if tuple(states.shape) != (2, max_length, encoder.config.hidden_size):
        raise ModelError(f"{folder}: is no text encoder, gives {tuple(states.shape)} for a text")
    if torch.equal(states[0, 0], states[1, 0]):
        raise ModelError(f"{folder}: is no encoder: its first token does not see those after it")


def _vocabulary(encoder: Any, folder: Path) -> int:
    """How many words the encoder knows: at least as many as its tokenizer has."""
    try:
        known = int(encoder.get_input_embeddings().num_embeddings)
    except (AttributeError, NotImplementedError):
        raise ModelError(f"{folder}: is no text encoder, it has no word embeddings") from None
    path = folder / "tokenizer.json"
    if path.is_file():
        size = Tokenizer.from_file(str(path)).get_vocab_size()
        if size > known:
            raise ModelError(f"{path}: has {size} words, the encoder beside it knows {known}")
    return known


def layers_of(encoder: Any, name: object = "the base") -> nn.ModuleList:
    """The transformer layers in order, whatever the attribute they hang on is called.

    Raises ``ModelError`` where the architecture has no such list (layers that share weights).
    """
    count = getattr(encoder.config, "num_hidden_layers", None)
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise ModelError(f"{name}: a '{encoder.config.model_type}' has no layers to cut or freeze")


def freeze(encoder: Any, layers: int) -> None:
    """Keep the embeddings and the first ``layers`` transformer layers as they were pretrained."""
    embeddings = getattr(encoder, "embeddings", None) or encoder.get_input_embeddings()
    embeddings.requires_grad_(False)
    if not layers:
        return
    found = layers_of(encoder)
    if layers > len(found):
        raise ModelError(f"the base has {len(found)} layers, model.frozen_layers is {layers}")
    for layer in found[:layers]:
        layer.requires_grad_(False)


def _first_line(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no valid JSON: {error}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
