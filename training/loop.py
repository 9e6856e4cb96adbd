"""The training loop: one run in one folder, resumable after a kill.

Everything that an update does by chance is drawn from the seed, the update and the batch, and
nothing from what ran before it: a resumed run, and one on several processes, takes the same
steps as one that was never interrupted.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from stance.encoding import PairTokenizer
from stance.errors import StanceError
from training import checkpoint
from training.averaging import RunningMean
from training.batches import Batch, Encoded, collate, encode, updates
from training.checkpoint import Checkpoint, Progress
from training.config import Optimiser
from training.curves import Curves
from training.devices import autocast
from training.heldout import Evaluation, HeldOut
from training.model import StanceModel, fill
from training.pairs import Pair
from training.processes import ONE, Processes
from training.stopping import Stop, StoppedError, heeding

Update = Sequence[Sequence[int]]
"""The batches of one update, each the indices of its pairs."""


def loss_of(
    model: StanceModel, batch: Batch, evidence_weight: float, *, pairs: int, kinds: int
) -> torch.Tensor:
    """-log P(any allowed label), plus the evidence head's cross-entropy times its weight.

    Both are sums over the batch, divided by the ``pairs`` of the whole update and those with
    known ``kinds`` of evidence: an update's loss is then the same however it is cut.
    """
    device = next(model.parameters()).device
    with autocast(device):
        stance, evidence = model(batch.input_ids.to(device), batch.attention_mask.to(device))
    log_p = torch.log_softmax(stance.float(), dim=-1)
    forbidden = batch.allowed.to(device) == 0
    per_pair = -torch.logsumexp(log_p.masked_fill(forbidden, -torch.inf), dim=-1)
    loss = (per_pair * batch.weight.to(device)).sum() / max(1, pairs)
    if evidence_weight and bool((batch.evidence >= 0).any()):
        told = torch.nn.functional.cross_entropy(
            evidence.float(), batch.evidence.to(device), reduction="sum"
        )
        loss = loss + evidence_weight * told / max(1, kinds)
    return loss


class Run:
    """One training run. ``train`` starts it or goes on from its last checkpoint."""

    def __init__(
        self,
        folder: Path,
        model: StanceModel,
        tokenizer: PairTokenizer,
        optimiser: Optimiser,
        seed: int,
        *,
        held_out: Sequence[Pair] = (),
        processes: Processes = ONE,
    ) -> None:
        self.folder, self.tokenizer = folder, tokenizer
        self.model = model.to(processes.device)
        self.options, self.seed, self.processes = optimiser, seed, processes
        self._held_out = HeldOut(held_out, tokenizer, limit=optimiser.evaluation_pairs, seed=seed)
        self._last: Evaluation | None = None
        self._mean = RunningMean()
        self._adam = torch.optim.AdamW(
            _groups(model, optimiser), weight_decay=optimiser.weight_decay
        )

    def train(self, pairs: Sequence[Pair]) -> Progress:
        """Train to the end; returns the final progress. A finished run returns at once.

        Raises ``StoppedError`` after a SIGTERM or SIGINT, once a checkpoint is saved, and
        ``StanceError`` where the run was begun with updates of another size.
        """
        batches = self.options.accumulate * self.processes.size
        encoded = encode(pairs, self.tokenizer)
        plan = updates(
            encoded,
            epochs=self.options.epochs,
            tokens=self.options.tokens_per_batch,
            seed=self.seed,
            batches=batches,
        )
        done = self._restore(Progress(of=len(plan), batches=batches))
        if done.finished and checkpoint.find(self.folder) is not None:
            return done
        self.model.train()
        curves = self._curves(plan, done)
        with heeding() as stop:
            return self._run(encoded, plan, done, curves, stop)

    def _run(
        self,
        encoded: Encoded,
        plan: Sequence[Update],
        done: Progress,
        curves: Curves | None,
        stop: Stop,
    ) -> Progress:
        first_mean = len(plan) - math.ceil(self.options.average_last * len(plan))
        saved, since, stopping = time.monotonic(), done.step, False
        while not done.finished and not stopping:
            began, update = time.monotonic(), plan[done.step]
            rate = self._schedule(done.step, len(plan))
            loss, stopping = self._update(encoded, update, done.step, stop)
            if done.step >= first_mean:
                self._mean.add(self.model)
            seconds = done.seconds + time.monotonic() - began
            done = replace(done, step=done.step + 1, averaged=self._mean.count, seconds=seconds)
            if done.finished:
                self._mean.give_to(self.model)
            due = stopping or self._due(done.step - since, time.monotonic() - saved)
            if curves is not None:
                self._note(curves, done, update, loss=loss, rate=rate, flush=due)
            if due and not done.finished:
                self._save(done)
                saved, since = time.monotonic(), done.step
        if done.finished:
            self._finish(done, curves)
        self.processes.wait()
        if stopping or stop.asked is not None:
            raise StoppedError(
                f"{self.folder}: stopped by {stop.name} after update {done.step} of {done.of}; "
                "the checkpoint is saved, and the same command goes on from there"
            )
        return done

    def _note(
        self,
        curves: Curves,
        done: Progress,
        update: Update,
        *,
        loss: float,
        rate: float,
        flush: bool,
    ) -> None:
        """Take an update into the curves, with an evaluation where one is due."""
        found = self._evaluate() if done.step in self._evaluated(done.of or 0) else None
        curves.add(
            done.step,
            loss=loss,
            pairs=sum(map(len, update)),
            rate=rate,
            seconds=done.seconds,
            held_out=found,
            flush=flush,
        )
        if found is not None:
            curves.draw()

    def _finish(self, done: Progress, curves: Curves | None) -> None:
        if curves is not None:
            if self._last is None:  # else drawn with the evaluation after the last update
                curves.draw()
            self._write_metrics(done, curves)
        self._save(done)

    def _curves(self, plan: Sequence[Update], done: Progress) -> Curves | None:
        if not self.processes.writes:
            return None
        pairs = sum(len(batch) for update in plan[: done.step] for batch in update)
        return Curves(
            self.folder, of=len(plan), update=done.step, pairs=pairs, seconds=done.seconds
        )

    def _evaluated(self, total: int) -> set[int]:
        """After which updates the held-out pairs are scored: evenly spread, the last included."""
        count = self.options.evaluations if len(self._held_out) else 0
        return {math.ceil(total * (i + 1) / count) for i in range(count)}

    def _evaluate(self) -> Evaluation:
        self._last = self._held_out.score(self.model)
        return self._last

    def _due(self, steps: int, seconds: float) -> bool:
        """Whether so many updates and seconds after the last checkpoint one is due."""
        limit = self.options.checkpoint_updates
        late = seconds > 60 * self.options.checkpoint_minutes
        return late or (limit is not None and steps >= limit)

    def _update(
        self, encoded: Encoded, update: Update, step: int, stop: Stop
    ) -> tuple[float, bool]:
        """One step of the optimiser; returns the loss and whether any process was told to stop."""
        pairs = sum(map(len, update))
        kinds = sum(encoded.pairs[i].evidence is not None for batch in update for i in batch)
        loss = 0.0
        for at in range(self.processes.rank, len(update), self.processes.size):
            torch.manual_seed(_seed(self.seed, step, at))
            batch = collate(encoded, update[at], self.tokenizer.pad)
            part = loss_of(
                self.model, batch, self.options.evidence_weight, pairs=pairs, kinds=kinds
            )
            torch.autograd.backward(part)
            loss += float(part.detach())
        figures = [loss, float(stop.asked is not None)]
        loss, stopping = self.processes.sum(self.model.parameters(), figures)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        return loss, stopping > 0

    def _schedule(self, step: int, total: int) -> float:
        """Linear warm-up, then linear decay to zero; returns the encoder's learning rate."""
        warm = max(1, round(self.options.warmup * total))
        factor = min((step + 1) / warm, (total - step) / max(1, total - warm))
        for group in self._adam.param_groups:
            group["lr"] = group["peak"] * factor
        return self.options.learning_rate * factor

    def _save(self, done: Progress) -> None:
        if self.processes.writes:
            average = {} if done.finished else self._mean.mean
            state = self.model.state_dict()
            checkpoint.write(self.folder, Checkpoint(done, state, _flat_state(self._adam), average))

    def _restore(self, fresh: Progress) -> Progress:
        """Where to begin: at the last checkpoint, which is loaded, or afresh."""
        found = checkpoint.read(self.folder)
        if found is None:
            return fresh
        if found.done.batches != fresh.batches or found.done.of not in (None, fresh.of):
            raise StanceError(
                f"{self.folder}: began with {found.done.batches} batches an update (processes "
                f"times optimiser.accumulate) and {found.done.of} updates, now {fresh.batches} "
                f"and {fresh.of}; --restart throws the old run away"
            )
        fill(self.model, found.model, self.folder)
        _restore_state(self._adam, found.optimiser)
        self._mean = RunningMean(found.done.averaged, found.average)
        return replace(found.done, of=fresh.of)

    def _write_metrics(self, done: Progress, curves: Curves) -> None:
        last = curves.points[-1] if curves.points else None
        if self._last is None and self._evaluated(1):
            self._evaluate()
        figures: dict[str, Any] = {
            "updates": done.step,
            "minutes": round(done.seconds / 60, 2),
            "averaged_updates": done.averaged,
            "training_loss": None if last is None else round(last.loss, 4),
            "pairs_seen": 0 if last is None else last.pairs_seen,
            "held_out": None if self._last is None else _rounded(asdict(self._last)),
        }
        path = self.folder / "metrics.json"
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) for key, value in figures.items()}


def _seed(seed: int, step: int, batch: int) -> int:
    """A seed of its own for every batch of every update."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{step}:{batch}".encode()).digest()[:7])


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


def _restore_state(adam: torch.optim.Optimizer, flat: Mapping[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    whole = adam.state_dict()
    whole["state"] = state
    adam.load_state_dict(whole)
