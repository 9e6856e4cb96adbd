"""A run can be repeated, resumed, stopped and averaged; a model of a few thousand weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from tiny import (
    CODEBOOK,
    environment,
    pairs,
    save_base,
    save_config,
    save_corpus,
    stance,
)

from stance.encoding import PairTokenizer
from stance.errors import ModelError, StanceError
from training.averaging import RunningMean
from training.batches import Encoded, collate, encode, updates
from training.checkpoint import read_progress, start_weights
from training.config import Optimiser, load_config
from training.curves import read_curves
from training.devices import autocast_type, choose_device
from training.heldout import HeldOut, evaluation
from training.loop import Run, loss_of
from training.model import build_model
from training.pairs import Pair
from training.processes import Processes
from training.recipe import Recipe
from training.record import pairs_digest, seed_all, throw_away
from training.stopping import StoppedError

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base"))


def make_run(folder: Path, base: Path, **options: Any) -> Run:
    """A run of 20 updates or so, set up as a recipe does."""
    held_out, processes = options.pop("held_out", ()), options.pop("processes", Processes())
    settings = {"epochs": 3, "tokens_per_batch": 150, "learning_rate": 1e-3, **options}
    seed_all(1)
    model = build_model(base)
    tokenizer = PairTokenizer(base / "tokenizer.json", 64)
    optimiser = Optimiser.model_validate(settings)
    return Run(folder, model, tokenizer, optimiser, 1, held_out=held_out, processes=processes)


def weights(folder: Path) -> Weights:
    return load_file(folder / "checkpoint" / "model.safetensors")


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def breaking(monkeypatch: pytest.MonkeyPatch, run: Run, at: int, act: Callable[[], None]) -> None:
    """Do something in the middle of an update."""
    update = run._update

    def broken(*arguments: Any) -> Any:
        if arguments[2] == at:
            act()
        return update(*arguments)

    monkeypatch.setattr(run, "_update", broken)


def fall() -> None:
    raise RuntimeError("the power is gone")


def test_the_same_run_gives_the_same_weights_whether_watched_or_not(
    tmp_path: Path, base: Path
) -> None:
    make_run(tmp_path / "a", base).train(pairs())
    make_run(tmp_path / "b", base, held_out=pairs(1)).train(pairs())
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), build_model(base).state_dict())


def test_a_broken_run_loses_only_the_last_interval_and_ends_as_an_unbroken_one(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"checkpoint_updates": 3, "average_last": 0.7}
    whole = make_run(tmp_path / "whole", base, **options).train(pairs())
    broken = make_run(tmp_path / "broken", base, **options)
    breaking(monkeypatch, broken, 11, fall)
    with pytest.raises(RuntimeError):
        broken.train(pairs())
    assert read_progress(tmp_path / "broken").step == 9
    assert 0 < read_progress(tmp_path / "broken").averaged < 9
    again = make_run(tmp_path / "broken", base, **options).train(pairs())
    assert (again.step, again.averaged) == (whole.step, whole.averaged)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "broken"))
    lines = [
        [p.update for p in read_curves(tmp_path / n / "curves.csv")] for n in ("whole", "broken")
    ]
    assert lines[0] == lines[1]
    assert not list(tmp_path.rglob("*.pt"))


def test_a_finished_run_is_not_run_again(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = make_run(tmp_path, base, epochs=1).train(pairs())
    again = make_run(tmp_path, base, epochs=1)
    monkeypatch.setattr(again, "_update", lambda *_: fall())
    assert again.train(pairs()) == done


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_a_checkpoint_and_says_so(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    run = make_run(tmp_path, base)
    breaking(monkeypatch, run, 4, lambda: os.kill(os.getpid(), number))
    with pytest.raises(StoppedError, match=f"stopped by {number.name} after update 5 of"):
        run.train(pairs())
    assert read_progress(tmp_path).step == 5
    assert signal.getsignal(number) == before


def test_a_resume_with_updates_of_another_size_is_refused(tmp_path: Path, base: Path) -> None:
    make_run(tmp_path, base, epochs=1).train(pairs())
    with pytest.raises(StanceError, match="began with 1 batches an update"):
        make_run(tmp_path, base, epochs=1, accumulate=2).train(pairs())


def test_an_update_has_the_same_loss_and_gradient_however_it_is_cut(base: Path) -> None:
    model = build_model(base).eval()
    tokenizer = PairTokenizer(base / "tokenizer.json", 64)
    encoded = encode(pairs(2), tokenizer)
    kinds = sum(pair.evidence is not None for pair in encoded.pairs)

    def gradient(*batches: list[int]) -> tuple[float, torch.Tensor]:
        model.zero_grad()
        parts = [
            loss_of(model, collate(encoded, b, tokenizer.pad), 0.3, pairs=16, kinds=kinds)
            for b in batches
        ]
        total = torch.stack(parts).sum()
        torch.autograd.backward(total)
        return total.item(), model.dense.weight.grad.clone()  # type: ignore[union-attr]

    loss, whole = gradient([*range(16)])
    cut_loss, cut = gradient([0, 1, 2], [*range(3, 13)], [13, 14, 15])
    assert cut_loss == pytest.approx(loss, rel=0.01)
    torch.testing.assert_close(cut, whole, rtol=0.05, atol=1e-3)
    assert whole.abs().max() > 1e-2


def test_two_processes_take_the_steps_of_one_that_accumulates(tmp_path: Path) -> None:
    save_base(tmp_path / "base")
    save_corpus(tmp_path, copies=1)
    config = save_config(tmp_path, epochs=2, tokens_per_batch=200)
    script = tmp_path / "train.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from training.config import load_config\n"
        "from training.processes import start_processes\n"
        "from training.recipe import Recipe\n"
        "here, runs = map(Path, sys.argv[1:])\n"
        "processes = start_processes('cpu')\n"
        "recipe = Recipe(str(here / 'base'), here, runs, processes=processes)\n"
        "recipe.train(load_config(here / 'tiny.toml'))\n"
    )
    launch = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    command = stance(script, tmp_path, tmp_path / "two", before=launch)
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("tiny: ") == 1
    config.write_text(config.read_text().replace("[optimiser]", "[optimiser]\naccumulate = 2"))
    Recipe(str(tmp_path / "base"), tmp_path, tmp_path / "one").train(load_config(config))
    one, two = tmp_path / "one" / "tiny", tmp_path / "two" / "tiny"
    assert read_progress(two).batches == read_progress(one).batches == 2
    assert json.loads((two / "environment.json").read_text())["sessions"][0]["processes"] == 2
    expected = weights(one)
    for name, value in weights(two).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-4)
    losses = [[p.loss for p in read_curves(run / "curves.csv")] for run in (one, two)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


def test_only_the_first_process_writes(tmp_path: Path, base: Path) -> None:
    second = Processes(rank=1)
    make_run(tmp_path / "second", base, epochs=1, processes=second).train(pairs())
    assert not (tmp_path / "second").exists()


@given(st.integers(1, 40), st.integers(1, 4), st.sampled_from([0, 0.5, 1, 2.5]))
def test_every_epoch_sees_every_pair_once(count: int, batches: int, epochs: float) -> None:
    encoded = Encoded([], [[1] * (3 + i % 5) for i in range(count)])
    found = updates(encoded, epochs=epochs, tokens=20, seed=1, batches=batches)
    seen = [i for update in found for batch in update for i in batch]
    assert all(0 < len(update) <= batches for update in found)
    for epoch in range(int(epochs)):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))
    assert len(seen) <= -(-epochs // 1) * count


@given(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=20))
def test_the_running_mean_is_the_mean(values: list[float]) -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    mean = RunningMean()
    for value in values:
        torch.nn.init.constant_(model.weight, value)
        mean.add(model)
    mean.give_to(model)
    assert model.weight.item() == pytest.approx(sum(values) / len(values), abs=1e-5)


def test_the_curves_tell_of_training_and_of_the_held_out_pairs(tmp_path: Path, base: Path) -> None:
    run = make_run(
        tmp_path, base, epochs=12, learning_rate=5e-3, held_out=pairs(2), evaluation_pairs=10
    )
    done = run.train(pairs())
    points = read_curves(tmp_path / "curves.csv")
    assert points[-1].update == done.of
    assert points[-1].pairs_seen == 12 * len(pairs())
    assert points[-1].loss < 0.5 * points[0].loss
    assert points[-1].learning_rate < points[len(points) // 2].learning_rate
    assert sum(point.held_out_loss is not None for point in points) == 4
    assert points[-1].held_out_accuracy == 1
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert figures["held_out"]["pairs"] == 10
    assert figures["updates"] == done.of


@pytest.mark.parametrize("training", [True, False])
def test_an_evaluation_leaves_the_model_in_its_mode(base: Path, training: bool) -> None:
    model = build_model(base).train(training)
    held = HeldOut(pairs(1), PairTokenizer(base / "tokenizer.json", 64), limit=400, seed=1)
    assert held.score(model) == held.score(model)
    assert model.training is training


def test_an_evaluation_counts_any_allowed_label_as_right() -> None:
    log_p = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]]).log()
    allowed = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 1]])
    found = evaluation(log_p, allowed)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.macro_f1 == pytest.approx(0.5)
    assert found.loss == pytest.approx(-(torch.tensor([0.7, 0.1, 0.9]).log().mean().item()))


def recipe(folder: Path, base: Path, told: list[str], **options: Any) -> Recipe:
    return Recipe(str(base), folder, folder / "runs", told.append, **options)


def test_a_run_keeps_what_it_was_made_of(tmp_path: Path, base: Path) -> None:
    corpus = save_corpus(tmp_path, copies=1)
    recipe(tmp_path, base, []).train(load_config(save_config(tmp_path, epochs=1)))
    folder = tmp_path / "runs" / "tiny"
    data = json.loads((folder / "data.json").read_text())
    (file,) = data["files"]
    assert file["name"] == "gold.jsonl"
    assert file["rows"] == len(corpus.read_text().splitlines())
    assert file["pairs"] == data["pairs"] > 10
    assert len(file["sha256"]) == len(data["pairs_sha256"]) == 64
    assert str(tmp_path) not in (folder / "data.json").read_text()
    assert json.loads((folder / "config.json").read_text())["optimiser"]["epochs"] == 1
    (session,) = json.loads((folder / "environment.json").read_text())["sessions"]
    assert {"python", "torch", "transformers", "tokenizers", "device", "threads"} <= set(session)


def test_a_run_that_has_become_another_is_refused_by_what_differs(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, told = save_corpus(tmp_path, copies=1), []
    folder = tmp_path / "runs" / "tiny"

    def train(restart: bool = False, **options: Any) -> None:
        config = load_config(save_config(tmp_path, **{"epochs": 1, **options}))
        recipe(tmp_path, base, told, restart=restart).train(config)

    train()
    train(checkpoint_updates=2)
    with pytest.raises(
        StanceError, match=r"'optimiser\.epochs' was 1\.0 when it began and is 2\.0"
    ):
        train(epochs=2)
    text = corpus.read_text()
    corpus.write_text(text.replace("Oslo", "Rome"))
    with pytest.raises(StanceError, match=r"the file 'gold\.jsonl' is changed since it began"):
        train()
    corpus.write_text(text)
    data = Recipe.data
    with monkeypatch.context() as patch:
        patch.setattr(Recipe, "data", lambda self, step: (data(self, step)[0][::-1], {}))
        with pytest.raises(StanceError, match="the same files gave"):
            train()
    (folder / "notes.txt").write_text("mine")
    train(restart=True, epochs=2)
    assert json.loads((folder / "config.json").read_text())["optimiser"]["epochs"] == 2
    assert (folder / "notes.txt").exists()


def test_the_order_of_a_set_in_the_record_is_no_difference(tmp_path: Path, base: Path) -> None:
    save_corpus(tmp_path, copies=1)
    step = load_config(save_config(tmp_path, epochs=0))
    step = step.model_copy(update={"skip_tasks": frozenset({"a", "b", "c"})})
    made = recipe(tmp_path, base, [])
    made.train(step)
    path = tmp_path / "runs" / "tiny" / "config.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"skip_tasks": record["skip_tasks"][::-1]}))
    made.train(step)


def test_a_restart_removes_only_what_a_run_wrote(tmp_path: Path, base: Path) -> None:
    make_run(tmp_path, base, epochs=0.3, held_out=pairs(1)).train(pairs())
    (tmp_path / "notes.txt").write_text("mine")
    throw_away(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_digest_tells_the_order_and_every_label() -> None:
    one, two = Pair("p", "h", ("support",)), Pair("p", "h", ("oppose",))
    assert len({pairs_digest(p) for p in ([one, two], [two, one], [one], [one, one])}) == 4
    assert pairs_digest([one]) == pairs_digest([Pair("p", "h", ("support",))])


def test_a_step_can_be_the_mean_of_others(tmp_path: Path, base: Path) -> None:
    save_corpus(tmp_path, copies=1)
    made = recipe(tmp_path, base, [])
    for name, rate in (("a", 1e-3), ("b", 3e-3)):
        made.train(load_config(save_config(tmp_path, name=name, epochs=1, learning_rate=rate)))
    mean = save_config(tmp_path, name="mean", start=["a", "b"], epochs=0)
    made.train(load_config(mean))
    runs = tmp_path / "runs"
    a, b, found = (weights(runs / name) for name in ("a", "b", "mean"))
    assert not same(a, b)
    for name, value in found.items():
        torch.testing.assert_close(value, (a[name] + b[name]) / 2)
    data = json.loads((runs / "mean" / "data.json").read_text())
    assert [one["name"] for one in data["start"]] == ["a", "b"]


def test_steps_that_cannot_be_averaged_are_told(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = save_base(tmp_path / "small", hidden=16)
    make_run(tmp_path / "a", base, epochs=0.3).train(pairs())
    make_run(tmp_path / "b", small, epochs=0.3).train(pairs())
    with pytest.raises(ModelError, match=r"cannot be averaged with a: 'dense.bias' is \(16,\)"):
        start_weights([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(ModelError, match="no step was trained here"):
        start_weights([tmp_path / "c"])
    broken = make_run(tmp_path / "c", base, checkpoint_updates=1)
    breaking(monkeypatch, broken, 2, fall)
    with pytest.raises(RuntimeError):
        broken.train(pairs())
    with pytest.raises(ModelError, match="only 2 of"):
        start_weights([tmp_path / "c"])


def test_an_older_runs_weights_can_be_started_from(tmp_path: Path, base: Path) -> None:
    make_run(tmp_path, base, epochs=0.3).train(pairs())
    old = {"epoch": 0, "batch": 2, "step": 2, "seconds": 1.0}
    (tmp_path / "checkpoint" / "progress.json").write_text(json.dumps(old))
    assert same(start_weights([tmp_path]), weights(tmp_path))


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", "cuda:99", ""])
def test_a_device_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(StanceError, match=f"--device {name}: "):
        choose_device(name)


def test_the_devices_that_are_always_there() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    assert autocast_type(torch.device("mps")) is None


def test_an_epoch_or_name_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    for broken in ({"epochs": -1}, {"average_last": 2}, {"accumulate": 0}):
        with pytest.raises(StanceError, match=f"optimiser.{next(iter(broken))}"):
            load_config(save_config(tmp_path, data=CODEBOOK, **broken))
    path = tmp_path / "up.toml"
    path.write_text('name = "../up"\n')
    with pytest.raises(StanceError, match="'name'"):
        load_config(path)
