"""The mean of the weights over the last part of a run.

Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization,
UAI 2018; here over every update, not once an epoch.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn


class RunningMean:
    """The mean in fp32 of the trained weights after each of the updates that were added."""

    def __init__(self, count: int = 0, mean: Mapping[str, torch.Tensor] | None = None) -> None:
        self.count, self.mean = count, dict(mean or {})

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        """Take in the model's weights as they are now."""
        self.count += 1
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                now = weight.detach().float()
                if name not in self.mean:
                    self.mean[name] = now.clone()
                mean = self.mean[name] = self.mean[name].to(now.device)
                mean += (now - mean) / self.count

    @torch.no_grad()
    def give_to(self, model: nn.Module) -> None:
        """Put the mean in the place of the model's weights."""
        for name, weight in model.named_parameters():
            if name in self.mean:
                weight.copy_(self.mean[name])
