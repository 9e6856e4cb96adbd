"""One training run on one process, or on several that ``accelerate launch`` has started.

All processes walk through the same updates. Of the batches of an update each takes its share,
and the gradients are summed before every process takes the same step, so that the weights are
the same everywhere and only the first process needs to write.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch

from stance.errors import StanceError
from training.devices import choose_device, make_repeatable


@dataclass(frozen=True)
class Processes:
    """This process among those of the run; ``rank`` counts from 0, and 0 writes."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files and tells of progress."""
        return self.rank == 0

    def sum(
        self, parameters: Iterable[torch.nn.Parameter], figures: Sequence[float]
    ) -> list[float]:
        """Sum the gradients over all processes, in place; returns ``figures`` summed likewise.

        A parameter that no process has a gradient for keeps none: the optimiser leaves it alone.
        """
        if self.size == 1:
            return list(figures)
        trained = [p for p in parameters if p.requires_grad]
        has = [float(p.grad is not None) for p in trained]
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        told = torch.tensor([*has, *figures], dtype=torch.float32, device=self.device)
        flat = torch.cat([told, *(g.detach().float().reshape(-1) for g in grads)])
        torch.distributed.all_reduce(flat)
        at = len(told)
        for parameter, grad, anywhere in zip(trained, grads, flat[: len(has)], strict=True):
            if anywhere > 0:
                parameter.grad = flat[at : at + grad.numel()].view_as(grad).to(grad.dtype)
            at += grad.numel()
        return [float(f) for f in flat[len(has) : len(told)]]

    def wait(self) -> None:
        """Until every process has come here."""
        if self.size > 1:
            torch.distributed.barrier()


ONE = Processes()
"""A run of its own, on the CPU."""


def start_processes(device: str) -> Processes:
    """This process on its device, joined with the others where a launcher has started several.

    Raises ``StanceError`` for a device that is not there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        alone = choose_device(device)
        make_repeatable(alone)
        return Processes(device=alone)
    if device not in ("auto", "cpu", "cuda"):
        raise StanceError(f"--device {device}: several processes take auto, cpu or cuda")
    try:
        from accelerate import PartialState
    except ModuleNotFoundError:
        raise StanceError(
            "several processes need the package 'accelerate': pip install 'stance-tracker[train]'"
        ) from None
    on_cpu = choose_device(device).type == "cpu"
    state = PartialState(cpu=on_cpu)
    make_repeatable(state.device)
    return Processes(state.process_index, state.num_processes, torch.device(state.device))
