"""The training loop: one run in one folder, resumable after a kill.

A run's folder holds ``config.json``, ``log.csv`` (step, loss, pairs), and ``checkpoint/`` with
``model.safetensors``, ``optimiser.safetensors`` and ``progress.json``. Nothing is pickled.
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file

from stance.encoding import PairTokenizer
from training.batches import Batch, Encoded, collate, encode, plan
from training.config import Optimiser
from training.model import StanceModel, load_weights
from training.pairs import Pair

_CHECKPOINTS: Final = ("checkpoint", "checkpoint.old")
"""Where the last whole checkpoint can lie: the second only after a kill in mid-swap."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the next batch is ``batch`` of ``epoch``."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0


def loss_of(model: StanceModel, batch: Batch, evidence_weight: float) -> torch.Tensor:
    """-log P(any allowed label), averaged, plus the evidence head's cross-entropy."""
    device = next(model.parameters()).device
    with torch.autocast(device.type, dtype=torch.bfloat16):
        stance, evidence = model(batch.input_ids.to(device), batch.attention_mask.to(device))
    log_p = torch.log_softmax(stance.float(), dim=-1)
    forbidden = batch.allowed.to(device) == 0
    per_pair = -torch.logsumexp(log_p.masked_fill(forbidden, -torch.inf), dim=-1)
    loss = (per_pair * batch.weight.to(device)).mean()
    kinds = batch.evidence.to(device)
    if evidence_weight and bool((kinds >= 0).any()):
        loss = loss + evidence_weight * torch.nn.functional.cross_entropy(evidence.float(), kinds)
    return loss


def read_progress(folder: Path) -> Progress:
    """How far the run of a folder has come; the start where it has no checkpoint."""
    for name in _CHECKPOINTS:
        path = folder / name / "progress.json"
        if path.exists():
            return Progress(**json.loads(path.read_text(encoding="utf-8")))
    return Progress()


class Run:
    """One training run. ``train`` starts it or goes on from its last checkpoint."""

    def __init__(
        self,
        folder: Path,
        model: StanceModel,
        tokenizer: PairTokenizer,
        optimiser: Optimiser,
        seed: int,
    ) -> None:
        self.folder, self.model, self.tokenizer = folder, model, tokenizer
        self.options, self.seed = optimiser, seed
        self._adam = torch.optim.AdamW(
            _groups(model, optimiser), weight_decay=optimiser.weight_decay
        )

    def train(self, pairs: Sequence[Pair]) -> Progress:
        """Train to the end; returns the final progress. A finished run returns at once."""
        encoded = encode(pairs, self.tokenizer)
        plans = self._plans(encoded)
        total = sum(map(len, plans))
        done = self._restore()
        torch.manual_seed(self.seed + done.step)
        self.model.train()
        log = _Log(self.folder / "log.csv", done)
        saved = time.monotonic()
        for epoch in range(done.epoch, len(plans)):
            first = done.batch if epoch == done.epoch else 0
            for at in range(first, len(plans[epoch])):
                began = time.monotonic()
                self._schedule(done.step, total)
                batch = collate(encoded, plans[epoch][at], self.tokenizer.pad)
                loss = self._update(batch)
                done = Progress(
                    epoch, at + 1, done.step + 1, done.seconds + time.monotonic() - began
                )
                log.add(done, total, loss, len(plans[epoch][at]))
                if time.monotonic() - saved > 60 * self.options.checkpoint_minutes:
                    self._save(done)
                    saved = time.monotonic()
        self._save(done)
        return done

    def _plans(self, encoded: Encoded) -> list[list[list[int]]]:
        whole, part = int(self.options.epochs), self.options.epochs % 1
        plans = [
            plan(encoded, tokens=self.options.tokens_per_batch, seed=self.seed, epoch=e)
            for e in range(math.ceil(self.options.epochs))
        ]
        if part:
            plans[whole] = plans[whole][: round(part * len(plans[whole]))]
        return plans

    def _update(self, batch: Batch) -> float:
        loss = loss_of(self.model, batch, self.options.evidence_weight)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        return float(loss.detach())

    def _schedule(self, step: int, total: int) -> None:
        """Linear warm-up, then linear decay to zero."""
        warm = max(1, round(self.options.warmup * total))
        factor = min((step + 1) / warm, (total - step) / max(1, total - warm))
        for group in self._adam.param_groups:
            group["lr"] = group["peak"] * factor

    def _save(self, done: Progress) -> None:
        """Write a whole new checkpoint, then swap it in: a kill never leaves half of one."""
        new, old = self.folder / "checkpoint.new", self.folder / "checkpoint"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        save_file(self.model.state_dict(), new / "model.safetensors")
        save_file(_flat_state(self._adam), new / "optimiser.safetensors")
        fields = {name: getattr(done, name) for name in Progress.__slots__}
        (new / "progress.json").write_text(json.dumps(fields), encoding="utf-8")
        past = self.folder / "checkpoint.old"
        if old.exists():
            os.replace(old, past)
        os.replace(new, old)
        shutil.rmtree(past, ignore_errors=True)

    def _restore(self) -> Progress:
        for name in _CHECKPOINTS:
            at = self.folder / name
            if (at / "progress.json").exists():
                load_weights(self.model, at / "model.safetensors")
                _restore_state(self._adam, load_file(at / "optimiser.safetensors"))
                break
        return read_progress(self.folder)


def _groups(model: StanceModel, options: Optimiser) -> list[dict[str, object]]:
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    inside = {id(p) for p in model.encoder.parameters()}
    heads = [p for p in model.parameters() if id(p) not in inside]
    return [
        {"params": encoder, "peak": options.learning_rate},
        {"params": heads, "peak": options.head_learning_rate},
    ]


def _flat_state(adam: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = adam.state_dict()["state"]
    return {f"{i}.{k}": torch.as_tensor(v) for i, row in state.items() for k, v in row.items()}


def _restore_state(adam: torch.optim.Optimizer, flat: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    whole = adam.state_dict()
    whole["state"] = state
    adam.load_state_dict(whole)


class _Log:
    """Appends a line per 10 updates: step, of, mean loss, pairs, pairs a second."""

    def __init__(self, path: Path, done: Progress) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._losses: list[float] = []
        self._pairs, self._since = 0, done.seconds

    def add(self, done: Progress, total: int, loss: float, pairs: int) -> None:
        self._losses.append(loss)
        self._pairs += pairs
        if done.step % 10 and done.step != total:
            return
        rate = self._pairs / max(done.seconds - self._since, 1e-9)
        mean = sum(self._losses) / len(self._losses)
        with self._path.open("a", newline="", encoding="utf-8") as out:
            row = [done.step, total, f"{mean:.4f}", self._pairs, f"{rate:.1f}"]
            csv.writer(out).writerow([*row, f"{done.seconds:.0f}"])
        self._losses.clear()
        self._pairs, self._since = 0, done.seconds
