"""The cores that a container allows, not those that the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stance.cores import available_cores


def root(folder: Path, groups: str, **files: str) -> Path:
    (folder / "proc" / "self").mkdir(parents=True)
    (folder / "proc" / "self" / "cgroup").write_text(groups)
    for name, content in files.items():
        path = folder / "sys" / "fs" / "cgroup" / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.fixture(autouse=True)
def many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def test_without_a_quota_it_is_what_the_scheduler_allows(tmp_path: Path) -> None:
    assert available_cores(root(tmp_path, "0::/\n", cpu_DOT_max="max 100000\n")) == 16
    assert available_cores(tmp_path / "nothing") == 16


def test_a_quota_counts_in_whole_cores_and_at_least_one(tmp_path: Path) -> None:
    assert available_cores(root(tmp_path / "a", "0::/\n", cpu_DOT_max="350000 100000\n")) == 3
    assert available_cores(root(tmp_path / "b", "0::/\n", cpu_DOT_max="20000 100000\n")) == 1


def test_the_tightest_of_all_groups_above_counts(tmp_path: Path) -> None:
    found = root(
        tmp_path,
        "0::/jobs/night\n",
        jobs__night__cpu_DOT_max="max 100000\n",
        jobs__cpu_DOT_max="200000 100000\n",
    )
    assert available_cores(found) == 2


def test_the_first_version_of_control_groups_counts_too(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct__job__cpu.cfs_quota_us": "400000\n",
        "cpu,cpuacct__job__cpu.cfs_period_us": "100000\n",
    }
    assert available_cores(root(tmp_path, "5:memory:/\n3:cpu,cpuacct:/job\n", **files)) == 4
    (tmp_path / "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us").write_text("-1\n")
    assert available_cores(tmp_path) == 16
