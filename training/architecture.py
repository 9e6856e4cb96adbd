"""The encoder's architecture in a model folder: ``encoder.json``, a Hugging Face config.

With it a model of ours can be built without the base that it was made from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from transformers import AutoConfig, AutoModel, PretrainedConfig

from stance.errors import ModelError

FILE: Final = "encoder.json"
_NO_ARCHITECTURE: Final = {
    "_name_or_path",
    "architectures",
    "dtype",
    "torch_dtype",
    "transformers_version",
}
"""What a config says of its making and not of its shape."""


def is_model_folder(base: str | Path) -> bool:
    """Whether a base is a model folder of ours and no plain encoder."""
    return (Path(base) / FILE).is_file()


def write_architecture(config: PretrainedConfig, folder: Path) -> None:
    """Write ``encoder.json``: what differs from the defaults that all models share."""
    shared = PretrainedConfig().to_dict()
    kept = {
        key: value
        for key, value in config.to_dict().items()
        if key not in _NO_ARCHITECTURE and (key not in shared or shared[key] != value)
    }
    text = json.dumps({"model_type": config.model_type, **kept}, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def blank_encoder(folder: str | Path, layers: int | None = None) -> Any:
    """The encoder of a model folder with random weights; raises ``ModelError``.

    ``layers`` must be what the folder's encoder has: a trained stack is not cut again.
    """
    path = Path(folder) / FILE
    try:
        config = AutoConfig.for_model(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: no encoder's configuration: {error}") from None
    if layers not in (None, config.num_hidden_layers):
        raise ModelError(
            f"{folder}: has {config.num_hidden_layers} layers, the configuration asks for "
            f"{layers}; leave 'layers' out to go on from a model"
        )
    build: Any = AutoModel.from_config  # transformers leaves it untyped
    return build(config)
