"""A model folder: ``model.json`` beside ``model.onnx`` and ``tokenizer.json``.

Nothing in it is executed but the ONNX graph; pickles are never loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stance.errors import ModelError

FORMAT: Final = 1
FILES: Final = ("model.json", "model.onnx", "tokenizer.json")


class ModelInfo(BaseModel):
    """What a scorer needs to know of a model, and what a reader of its rows may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    format: int = FORMAT
    version: str = Field(min_length=1)
    max_length: int = Field(ge=16, description="tokens of a pair")
    temperature: float = Field(1.0, gt=0, description="divides the stance logits")
    none_bias: float = Field(
        0.0,
        allow_inf_nan=False,
        description="added to the logit of no position, once divided: training sees more positions "
        "than texts have",
    )
    thresholds: dict[str, float] = Field(
        default_factory=dict, description="issue → least probability of any position"
    )
    threshold: float = Field(0.5, ge=0, le=1, description="for an issue without its own")
    confusion: tuple[tuple[float, ...], ...] = Field(
        (), description="rows: true support, oppose, neutral, none; columns: predicted; counts"
    )
    confusion_of: tuple[str, ...] = Field(
        (), description="corpora of real news that it was measured on; none: not on news alone"
    )

    reported_none: tuple[float, ...] = Field(
        (),
        description="mean probability of no position of what was reported there as support, "
        "oppose, neutral",
    )

    reported_other: tuple[float, ...] = Field(
        (),
        description="mean probability of another stance, among those of any, of what was reported "
        "there as support, oppose, neutral",
    )

    def least(self, issue: str) -> float:
        """The probability of any position from which a candidate of an issue is reported."""
        return self.thresholds.get(issue, self.threshold)


def load_info(folder: Path) -> ModelInfo:
    """Read and check a model folder's ``model.json``; raises ``ModelError`` in one line."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder}: no model here, {missing[0]} is missing")
    try:
        info = ModelInfo.model_validate_json((folder / "model.json").read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(f"{folder / 'model.json'}, field '{where}': {first['msg']}") from None
    if info.format != FORMAT:
        raise ModelError(f"{folder}: model format {info.format}, this version reads {FORMAT}")
    return info
