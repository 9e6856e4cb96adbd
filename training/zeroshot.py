"""A general inference checkpoint as a baseline: it never saw our task.

Each candidate becomes two hypotheses, that the actor supports the proposition and that the actor
opposes it. The two probabilities of entailment are taken as independent: both is neutral, neither
is none. Source of asking a classifier by entailment: Yin, Hay & Roth, Benchmarking Zero-shot Text
Classification, EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stance.errors import ModelError
from stance.records import Scores
from stance.scorer import Question
from stance.stages import Reader
from training.baselines import NO_EVIDENCE
from training.systems import Asking, Read

STANCE: Final = "{stance}"
"""Stands in a question's hypothesis for the verb that is tried."""

_VERBS: Final = ("supports", "opposes")
_BATCH: Final = 16
_MAX_LENGTH: Final = 256


def zero_shot_asking(reader: Reader) -> Asking:
    """Asks with the plain context and sentence, without marks, and a claim to be entailed."""

    def ask(read: Read) -> list[Question]:
        questions = []
        for candidate in read.reading.candidates:
            shown = read.article.text[candidate.context[0] : candidate.end]
            name = reader.actors[candidate.actor].name
            proposition = reader.issues[candidate.issue].proposition
            claim = f"{name} {STANCE} the claim: {proposition}."
            questions.append((" ".join(shown.split()), claim))
        return questions

    return ask


class ZeroShotScorer:
    """A sequence classifier with an entailment class; needs the [train] extra."""

    def __init__(self, checkpoint: str) -> None:
        """``checkpoint`` is a local folder or a Hugging Face name; only safetensors are loaded.
        Raises ``ModelError`` in one line where it cannot be had."""
        self.version = checkpoint
        try:
            self._tokenizer, self._model = _load(checkpoint)
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{checkpoint}: needs the package '{error.name}': "
                "pip install 'stance-tracker[train]'"
            ) from None
        except Exception as error:  # the hub, safetensors and transformers share no base but this
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"{checkpoint}: cannot be loaded: {reason}") from None
        self._entailed = _entailment(self._model.config.label2id, checkpoint)

    def least(self, issue: str) -> float:
        """Half: nothing of ours was used to choose a threshold."""
        return 0.5

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """One ``Scores`` per question, in order; the hypothesis holds ``STANCE`` once."""
        unique = list(dict.fromkeys(questions))
        pairs = [(p, h.replace(STANCE, verb)) for verb in _VERBS for p, h in unique]
        entailed = self._probabilities(pairs)
        known = {
            question: Scores(s * (1 - o), o * (1 - s), s * o, (1 - s) * (1 - o), NO_EVIDENCE)
            for question, s, o in zip(
                unique, entailed[: len(unique)], entailed[len(unique) :], strict=True
            )
        }
        return [known[question] for question in questions]

    def _probabilities(self, pairs: Sequence[Question]) -> list[float]:
        import torch

        found = [0.0] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
        device = next(self._model.parameters()).device
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            inputs = self._tokenizer(
                [pairs[i][0] for i in batch],
                [pairs[i][1] for i in batch],
                truncation="only_first",
                max_length=_MAX_LENGTH,
                padding=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                logits = self._model(**inputs.to(device)).logits
            chances = logits.float().softmax(-1)[:, self._entailed].tolist()
            for i, chance in zip(batch, chances, strict=True):
                found[i] = chance
        return found


def _load(checkpoint: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    build: Any = AutoTokenizer.from_pretrained  # transformers leaves it untyped
    tokenizer = build(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, use_safetensors=True)
    return tokenizer, model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _entailment(labels: dict[str, int], checkpoint: str) -> int:
    """The output that stands for "entailed"."""
    for label, index in labels.items():
        if label.lower().startswith("entail"):
            return index
    raise ModelError(f"{checkpoint}: has no class 'entailment' but {', '.join(sorted(labels))}")
