"""Where a model trains: the device, and the number format its products are computed in."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

import torch

from stance.errors import StanceError


def choose_device(name: str) -> torch.device:
    """The device of ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    ``auto`` is the first GPU, else Apple's, else the CPU. Raises ``StanceError`` in one line
    for a name that is none of these, and for a device that this machine has not.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    kind, colon, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (colon and (kind != "cuda" or not number.isdigit())):
        raise StanceError(f"--device {name}: expected auto, cpu, cuda, cuda:N or mps")
    if kind == "mps" and not _has_mps():
        raise StanceError(f"--device {name}: this torch has no Metal device")
    if kind == "cuda" and int(number or 0) >= (count := torch.cuda.device_count()):
        raise StanceError(f"--device {name}: this torch sees {count} CUDA devices, counted from 0")
    return torch.device(name)


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())


def autocast_type(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device computes in it, else ``None``: everything stays in fp32.

    A CPU without instructions for bfloat16 emulates it, which is slower than fp32.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else None
    if device.type == "cpu":
        return torch.bfloat16 if _cpu_computes_in_bfloat16() else None
    return None


def _cpu_computes_in_bfloat16() -> bool:
    """torch has no public question for this: its private ones are asked where they exist."""
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    questions: list[Callable[[], bool] | None] = [getattr(torch.cpu, n, None) for n in asked]
    return any(question() for question in questions if question is not None)


def autocast(device: torch.device) -> torch.autocast:
    """The context that a forward pass runs in."""
    found = autocast_type(device)
    return torch.autocast(device.type, dtype=found or torch.bfloat16, enabled=found is not None)


def device_name(device: torch.device) -> str:
    """The device in words, for a run's record."""
    if device.type == "cuda":
        return f"{device}: {torch.cuda.get_device_name(device)}"
    return str(device)


def make_repeatable(device: torch.device) -> None:
    """Ask a GPU for algorithms that give the same sums each time, where it has them.

    A CPU sums in the same order anyway. Where there is no such algorithm the usual one is taken.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        warnings.filterwarnings("ignore", message=".*deterministic", category=UserWarning)
