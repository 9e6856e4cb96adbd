"""A training run's checkpoint with the face of a scorer: what int8 is compared with.

The checkpoint is scored in fp32 by torch, with the calibration, thresholds and tokenizer of the
model folder that was made from it, so that nothing but the numbers' format differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from stance.encoding import PairTokenizer
from stance.errors import ModelError
from stance.modelfile import ModelInfo, load_info
from stance.records import Scores
from stance.scorer import Floats, Question, calibrated, softmax

_BATCH: Final = 16


class FloatScorer:
    """A model in floats, with the calibration that ``info`` gives."""

    def __init__(self, model: Any, tokenizer: PairTokenizer, info: ModelInfo) -> None:
        self.info = info
        self._tokenizer = tokenizer
        self._model = model.eval()

    @property
    def version(self) -> str:
        """The version of the model, marked as floats."""
        return f"{self.info.version} (fp32)"

    def least(self, issue: str) -> float:
        """The threshold of the model."""
        return self.info.least(issue)

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """One ``Scores`` per question, in order; the same questions always score the same."""
        unique = list(dict.fromkeys(questions))
        stance, evidence = self._outputs(unique)
        stances = calibrated(stance, self.info).tolist()
        kinds = softmax(evidence).tolist()
        known = {
            question: Scores(support, oppose, neutral, none, tuple(kind))
            for question, (support, oppose, neutral, none), kind in zip(
                unique, stances, kinds, strict=True
            )
        }
        return [known[question] for question in questions]

    def logits(self, questions: Sequence[Question]) -> Floats:
        """The raw stance logits, shape (questions, 4)."""
        return self._outputs(questions)[0]

    def _outputs(self, questions: Sequence[Question]) -> tuple[Floats, Floats]:
        """The logits of both heads; batches hold questions of like length."""
        import torch

        ids = self._tokenizer.ids(questions)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        stance, evidence = np.zeros((len(ids), 4)), np.zeros((len(ids), 5))
        device = next(self._model.parameters()).device
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            width = len(ids[batch[-1]])
            pad = self._tokenizer.pad
            tokens = torch.tensor([ids[i] + [pad] * (width - len(ids[i])) for i in batch])
            mask = torch.tensor([[1] * len(ids[i]) + [0] * (width - len(ids[i])) for i in batch])
            with torch.inference_mode():
                found = self._model(tokens.to(device), mask.to(device))
            stance[batch], evidence[batch] = (logits.double().cpu().numpy() for logits in found)
        return stance, evidence


class TorchScorer(FloatScorer):
    """The floats of a finished run: ``checkpoint/model.safetensors`` beside ``model/``."""

    def __init__(self, run: Path) -> None:
        """Raises ``ModelError`` where the run is not finished or the [train] extra is missing."""
        info = load_info(run / "model")
        tokenizer = PairTokenizer(run / "model" / "tokenizer.json", info.max_length)
        try:
            super().__init__(_model(run), tokenizer, info)
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{run}: a checkpoint needs the package '{error.name}': "
                "pip install 'stance-tracker[train]'"
            ) from None
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{run}: the checkpoint cannot be loaded: {reason}") from None


def _model(run: Path) -> Any:
    """The exported model's architecture, filled with the checkpoint's weights."""
    import torch
    from safetensors.torch import load_file

    from training.export import restore

    model = restore(run / "model")
    model.load_state_dict(load_file(run / "checkpoint" / "model.safetensors"))
    return model.to("cuda" if torch.cuda.is_available() else "cpu")
