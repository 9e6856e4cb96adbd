"""From the command line, as a researcher would: train, be killed, go on, evaluate, publish."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import torch
from safetensors.torch import load_file
from tiny import environment, run_stance, save_base, save_config, save_corpus, stance

from training.checkpoint import read_progress
from training.config import load_config
from training.curves import read_curves
from training.recipe import Recipe

RECORD = ["config.json", "data.json", "environment.json", "metrics.json"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``base/``, ``gold.jsonl``, ``dev.jsonl`` and ``tiny.toml``."""
    folder = tmp_path_factory.mktemp("cycle")
    save_base(folder / "base")
    save_corpus(folder)
    save_config(
        folder, epochs=16, tokens_per_batch=200, checkpoint_updates=10, learning_rate=1.5e-3
    )
    return folder


def train(folder: Path) -> tuple[object, ...]:
    """The command's arguments."""
    paths = ("--base", folder / "base", "--corpora", folder, "--runs", folder / "runs")
    dev = ("--dev", folder / "dev.jsonl", "--version", "tiny-1", "--device", "cpu")
    return ("train", folder / "tiny.toml", *paths, *dev)


def kill_midway(folder: Path) -> int:
    """Start training and kill it without warning once it has a checkpoint; returns its step."""
    process = subprocess.Popen(
        stance(*train(folder)), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        late = time.monotonic() + 300
        while not (folder / "runs" / "tiny" / "checkpoint").exists():
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < late
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    return read_progress(folder / "runs" / "tiny").step


def test_a_killed_training_goes_on_and_its_model_is_evaluated(workplace: Path) -> None:
    run = workplace / "runs" / "tiny"
    killed_at = kill_midway(workplace)
    assert not read_progress(run).finished
    assert killed_at >= 10

    ended = run_stance(*train(workplace))
    assert ended.returncode == 0, ended.stderr
    done = read_progress(run)
    assert done.finished
    sessions = json.loads((run / "environment.json").read_text())["sessions"]
    assert [one["from_update"] for one in sessions] == [0, killed_at]
    assert all((run / name).is_file() for name in [*RECORD, "curves.csv", "curves.png"])
    updates = [point.update for point in read_curves(run / "curves.csv")]
    assert updates == sorted(set(updates))
    assert updates[-1] == done.of

    # The same as if nobody had killed it.
    unbroken = Recipe(str(workplace / "base"), workplace, workplace / "unbroken", print)
    unbroken.train(load_config(workplace / "tiny.toml"))
    other = load_file(workplace / "unbroken" / "tiny" / "checkpoint" / "model.safetensors")
    for name, weights in load_file(run / "checkpoint" / "model.safetensors").items():
        torch.testing.assert_close(weights, other[name], rtol=1e-4, atol=1e-6)

    assert (run / "model" / "CARD.md").is_file()
    evaluated = run_stance(
        *("evaluate", workplace / "dev.jsonl", "--model", run / "model", "--samples", "100"),
        *("--out", workplace / "figures.json"),
    )
    assert evaluated.returncode == 0, evaluated.stderr
    figures = json.loads((workplace / "figures.json").read_text())["dev.jsonl"]
    assert figures["model"] == "tiny-1"
    systems = {row["name"]: row["figures"]["tuple_f1"]["value"] for row in figures["systems"]}
    assert systems["tiny-1"] > systems["always-support"], "it has learned something"
    publish_refuse_and_roll_back(workplace, run / "model")


def publish_refuse_and_roll_back(workplace: Path, model: Path) -> None:
    """The way of a trained model into the registry, and back out."""
    there = ("--registry", workplace / "registry")

    refused = run_stance("model", "publish", model, *there)
    assert refused.returncode == 1
    assert "'tiny-1' is not published" in refused.stderr, "worse than the shipped model"
    assert current(there).startswith("mpnet9")

    forced = run_stance("model", "publish", model, "--force", *there)
    assert forced.returncode == 0, forced.stderr
    assert current(there) == "tiny-1"

    mute = workplace / "mute"
    shutil.copytree(model, mute)
    info = json.loads((mute / "model.json").read_text())
    info |= {"version": "tiny-2", "threshold": 1.0, "thresholds": {}}
    (mute / "model.json").write_text(json.dumps(info))
    worse = run_stance("model", "publish", mute, *there)
    assert worse.returncode == 1
    assert "'tiny-2' is not published" in worse.stderr
    assert current(there) == "tiny-1"

    back = run_stance("model", "rollback", *there)
    assert back.returncode == 0, back.stderr
    assert current(there).startswith("mpnet9")


def current(there: tuple[object, ...]) -> str:
    """The version that the list marks."""
    listed = run_stance("model", "list", *there)
    (line,) = [line for line in listed.stdout.splitlines() if line.startswith("*")]
    return line.removeprefix("*").split()[0]
