"""Questions → calibrated probabilities, by the shipped cross-encoder on ONNX Runtime.

A question is the (premise, hypothesis) pair of :mod:`stance.encoding`. Each is run on its own,
several at a time on threads: the float kernels between the int8 products differ in the last bits
with the shape of a batch, which rounding makes more of, so that a pair's result would otherwise
depend on what else is in its batch; and on a processor larger runs are not faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, starmap
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from stance.cores import available_cores
from stance.encoding import PairTokenizer
from stance.errors import ModelError
from stance.modelfile import ModelInfo, load_info
from stance.records import EVIDENCE_KINDS, Scores

Question = tuple[str, str]
Floats = npt.NDArray[np.float64]

_CHUNK: Final = 8
"""Questions handed to a thread at once: enough to outweigh the hand-over."""
_TRIAL: Final[Question] = (
    "* Alba * rejected the truce.",
    "Alba: The fighting should stop in a truce now",
)


class Scorer(Protocol):
    """What the pipeline asks of a model."""

    @property
    def version(self) -> str:
        """Names the weights; it stands in every row that they produced."""
        ...

    def least(self, issue: str) -> float:
        """The probability of any position from which a candidate is reported."""
        ...

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """One ``Scores`` per question, in order; the same question always scores the same."""
        ...


@runtime_checkable
class TokenScorer(Scorer, Protocol):
    """A model that can be asked in token ids, which other processes can prepare."""

    @property
    def tokenizer(self) -> PairTokenizer:
        """Turns questions into the ids that ``answer`` takes."""
        ...

    @property
    def threads(self) -> int:
        """How many calls of ``answer`` are worth running at a time."""
        ...

    def answer(self, asked: Sequence[bytes]) -> list[Scores]:
        """One ``Scores`` per pair (its ids as little-endian int32), on the calling thread."""
        ...


class OnnxScorer:
    """The model of a folder, loaded once. Safe to call from several threads."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Raises ``ModelError`` where the folder holds no model this version can run."""
        self.info = load_info(folder)
        self.folder = folder
        self.threads = threads or available_cores()
        self.tokenizer = PairTokenizer(folder / "tokenizer.json", self.info.max_length)
        self._session = _session(folder / "model.onnx")

    @property
    def version(self) -> str:
        return self.info.version

    def least(self, issue: str) -> float:
        return self.info.least(issue)

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        unique = list(dict.fromkeys(questions))
        known = dict(zip(unique, starmap(self._scores, self._outputs(unique)), strict=True))
        return [known[question] for question in questions]

    def answer(self, asked: Sequence[bytes]) -> list[Scores]:
        return [self._scores(*self._run(np.frombuffer(ids, "<i4"))) for ids in asked]

    def logits(self, questions: Sequence[Question]) -> Floats:
        """The raw stance logits, shape (questions, 4): what calibration is fitted on."""
        rows = [stance for stance, _ in self._outputs(questions)]
        return np.array(rows, dtype=np.float64).reshape(-1, 4)

    def _outputs(self, questions: Sequence[Question]) -> list[tuple[Floats, Floats]]:
        """The logits of both heads for each question, computed on all threads."""
        ids = self.tokenizer.ids(questions)
        chunks = [ids[at : at + _CHUNK] for at in range(0, len(ids), _CHUNK)]
        if len(chunks) > 1 and self.threads > 1:
            with ThreadPoolExecutor(self.threads) as pool:
                return list(chain.from_iterable(pool.map(self._run_chunk, chunks)))
        return list(chain.from_iterable(map(self._run_chunk, chunks)))

    def _run_chunk(self, chunk: Sequence[list[int]]) -> list[tuple[Floats, Floats]]:
        return [self._run(ids) for ids in chunk]

    def _run(self, ids: npt.ArrayLike) -> tuple[Floats, Floats]:
        tokens = np.array([ids], dtype=np.int64)
        feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        stance, evidence = self._session.run(["stance", "evidence"], feed)
        return np.asarray(stance[0], np.float64), np.asarray(evidence[0], np.float64)

    def _scores(self, stance: Floats, evidence: Floats) -> Scores:
        support, oppose, neutral, none = calibrated(stance, self.info).tolist()
        return Scores(support, oppose, neutral, none, tuple(softmax(evidence).tolist()))


def load_tried(folder: Path, *, threads: int | None = None) -> OnnxScorer:
    """The model of a folder, once it has answered a question.

    Raises ``ModelError`` for what :class:`OnnxScorer` refuses, and for a graph that loads but
    takes or gives something else than it should.
    """
    scorer = OnnxScorer(folder, threads=threads)
    try:
        (found,) = scorer.score([_TRIAL])
        numbers = (found.support, found.oppose, found.neutral, found.none, *found.evidence)
    except Exception as error:  # whatever a graph of another kind may lead to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{folder / 'model.onnx'}: cannot answer a question: {reason}") from None
    if not np.isfinite(numbers).all() or len(found.evidence) != len(EVIDENCE_KINDS):
        raise ModelError(f"{folder / 'model.onnx'}: gives no probabilities for a question")
    return scorer


def calibrated(logits: Floats, info: ModelInfo) -> Floats:
    """Probabilities of support, oppose, neutral and none over the last axis, by a model's
    temperature and bias."""
    return softmax(logits / info.temperature + np.array([0.0, 0.0, 0.0, info.none_bias]))


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    exps = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=-1, keepdims=True), dtype=np.float64)


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base but this
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: ONNX Runtime cannot load it: {reason}") from None
