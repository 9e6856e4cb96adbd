"""How many processor cores this process may use, which is often fewer than the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/")


def available_cores(root: Path = _ROOT) -> int:
    """Those the scheduler allows, capped by the quota of the container; at least 1.

    The quota is read from control groups (version 2: ``cpu.max``; version 1:
    ``cpu.cfs_quota_us``) of this process and all above it; ``root`` is where the file system
    begins. A quota of one and a half cores counts as one.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min([allowed or 1, *(int(quota) for quota in _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """The quotas that hold for this process, in cores."""
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = mounted / controllers if controllers else mounted
        for folder in _upwards(base, path):
            yield from _quota(folder)


def _upwards(base: Path, path: str) -> Iterator[Path]:
    """A group's folder and those above it."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for depth in range(len(parts), -1, -1):
        yield base.joinpath(*parts[:depth])


def _quota(folder: Path) -> Iterator[float]:
    whole = _text(folder / "cpu.max").split()
    if len(whole) != 2:
        whole = [_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    if all(part.isdigit() and int(part) for part in whole):
        yield int(whole[0]) / int(whole[1])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
