"""Training end to end on a model of a few thousand weights, made here."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import torch
from tiny import pairs, save_base

from stance.cli import main
from stance.encoding import PairTokenizer
from stance.errors import InputError
from stance.scorer import OnnxScorer
from training.config import Optimiser, load_config
from training.export import restore
from training.general import general_pairs
from training.gold import GoldText, read_gold
from training.labels import digest, read_labels
from training.loop import Run
from training.model import build_model
from training.pairs import LABELS, Pair, label_mask
from training.split import split


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with random weights."""
    return save_base(tmp_path_factory.mktemp("base"), hidden=128)


def make_run(folder: Path, base: Path, **options: float) -> Run:
    torch.manual_seed(1)
    settings = {"epochs": 3, "tokens_per_batch": 200, "learning_rate": 1e-3, **options}
    optimiser = Optimiser.model_validate(settings)
    tokenizer = PairTokenizer(base / "tokenizer.json", 64)
    return Run(folder, build_model(base), tokenizer, optimiser, seed=1)


PLACES = "harbour mill bridge orchard quarry station market tower valley abbey".split()


def corpus(folder: Path) -> None:
    """``gold.jsonl`` and ``dev.jsonl``; no two texts are near-duplicates."""
    said = [("Putin", "putin", "rejects", "oppose"), ("Trump", "trump", "backs", "support")]
    rows = [
        {
            "id": f"{i}",
            "date": "2025-06-01",
            "text": f"{name} {verb} the sanctions on Russia. It was at the {first} by the "
            f"{second}, {first} day {i * 7919}, {second} street {i * 104729}.",
            "positions": [{"actor": actor, "issue": "sanctions", "stance": stance}],
        }
        for i, (first, second) in enumerate(itertools.permutations(PLACES, 2))
        for name, actor, verb, stance in [said[i % 2]]
    ]
    for name, part in (("gold", rows[:60]), ("dev", rows[60:])):
        text = "\n".join(map(json.dumps, part))
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


CONFIG = """
name = "tiny"
[model]
max_length = 64
[optimiser]
epochs = 4
tokens_per_batch = 400
learning_rate = 1e-3
[codebook]
gold = { path = "gold.jsonl", held_out = 0.2 }
"""


def test_train_then_evaluate_from_the_command_line(
    tmp_path: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus(tmp_path)
    (tmp_path / "tiny.toml").write_text(CONFIG, encoding="utf-8")
    arguments = ["train", str(tmp_path / "tiny.toml"), "--base", str(base)]
    arguments += ["--corpora", str(tmp_path), "--runs", str(tmp_path / "runs")]
    arguments += ["--dev", str(tmp_path / "dev.jsonl"), "--version", "tiny-1"]
    assert main(arguments) == 0
    folder = tmp_path / "runs" / "tiny" / "model"
    assert sorted(p.name for p in folder.iterdir()) == [
        "CARD.md",
        "encoder.json",
        "metrics.json",
        "model.json",
        "model.onnx",
        "reliability.png",
        "tokenizer.json",
        "weights.json",
    ]
    capsys.readouterr()
    out = tmp_path / "figures.json"
    asked = ["evaluate", str(tmp_path / "gold.jsonl"), "--model", str(folder), "--out", str(out)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "polarity right" in said
    figures = json.loads(out.read_text())["gold.jsonl"]
    assert figures["model"] == "tiny-1"
    assert figures["candidate_recall"] == 1
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert "| name-only |" in card
    assert "![" in card

    asked = ["evaluate", str(tmp_path / "gold.jsonl"), "--no-baselines", "--out", str(out)]
    asked += ["--model", str(folder), "--model", str(folder.parent)]
    assert main(asked) == 0
    int8, floats = json.loads(out.read_text())["gold.jsonl"]["systems"]
    assert [int8["name"], floats["name"]] == ["tiny-1", "tiny-1 (fp32)"]
    assert floats["against_first"]["same_label"] >= 0.97


def test_int8_agrees_with_floats_and_can_be_trained_on_from(tmp_path: Path, base: Path) -> None:
    from stance.modelfile import ModelInfo
    from training.export import export

    run = make_run(tmp_path / "run", base, epochs=8)
    run.train(pairs())
    model = run.model.eval()
    folder = tmp_path / "model"
    export(model, base / "tokenizer.json", ModelInfo(version="t", max_length=64), folder)
    scorer = OnnxScorer(folder)
    questions = [(p.premise, p.hypothesis) for p in pairs()[:8]]
    ids = PairTokenizer(base / "tokenizer.json", 64).ids(questions)
    with torch.no_grad():
        exact = np.array(
            [model(torch.tensor([i]), torch.ones(1, len(i)).long())[0][0].numpy() for i in ids]
        )
        back = restore(folder).eval()
        restored = np.array(
            [back(torch.tensor([i]), torch.ones(1, len(i)).long())[0][0].numpy() for i in ids]
        )
    assert np.abs(scorer.logits(questions) - exact).max() < 0.15
    assert np.abs(restored - exact).max() < 0.15


def test_a_batch_scores_as_its_parts(tmp_path: Path, base: Path) -> None:
    from stance.modelfile import ModelInfo
    from training.export import export

    folder = tmp_path / "model"
    export(
        build_model(base), base / "tokenizer.json", ModelInfo(version="t", max_length=64), folder
    )
    questions = [(p.premise, p.hypothesis) for p in pairs()]
    questions += [(f"{'alba ' * n}rejects", "tax") for n in range(40)]
    many = OnnxScorer(folder, threads=2).score(questions)
    one = OnnxScorer(folder, threads=1)
    assert many == [one.score([q])[0] for q in questions]


def test_labels_with_two_classes_leave_three_open() -> None:
    pair = Pair("p", "h", ("oppose", "neutral", "none"))
    assert label_mask(pair) == [0.0, 1.0, 1.0, 1.0]
    assert LABELS == ("support", "oppose", "neutral", "none")


def test_a_mistyped_configuration_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('name = "x"\n[optimiser]\nepoch = 3\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.toml, field 'optimiser\.epoch'"):
        load_config(path)


@pytest.mark.parametrize("name", ["general", "codebook", "retrain"])
def test_the_shipped_configurations_are_valid(name: str) -> None:
    path = Path(__file__).parent.parent / "training" / "configs" / f"{name}.toml"
    assert load_config(path).name == name


def test_a_page_is_never_split() -> None:
    texts = [GoldText(id=str(i), text=f"x {i * 7919}", page=f"page {i // 7}") for i in range(210)]
    train, held = split(texts, 0.3)
    assert train
    assert held
    assert not {t.page for t in train} & {t.page for t in held}


def test_broken_gold_rows_are_told_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    good = {"id": "1", "text": "x", "positions": []}
    bad = {"id": "2", "text": "x", "positions": [{"actor": "a", "issue": "i", "stance": "maybe"}]}
    path.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n[]\nno\n", encoding="utf-8")
    rows = list(read_gold(path))
    assert isinstance(rows[0], GoldText)
    told = [str(row) for row in rows[1:]]
    assert "row 2, field 'positions.0.stance'" in told[0]
    assert "row 3" in told[1]
    assert "row 4" in told[2]


def test_general_pairs_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "nli").mkdir()
    rows = [
        {"premise": f"p{i}", "hypothesis": "h", "label": label}
        for i in range(30)
        for label in ("entailment", "contradiction", "neutral")
    ]
    with gzip.open(tmp_path / "nli" / "train.jsonl.gz", "wt") as out:
        out.write("\n".join(map(json.dumps, rows)))
    mix = {"nli": ("inference", 12)}
    once = general_pairs(tmp_path, mix, seed=1, skip_tasks=frozenset())
    assert once == general_pairs(tmp_path, mix, seed=1, skip_tasks=frozenset())
    assert len(once) == 12
    assert {p.labels for p in once} <= {("support",), ("oppose",), ("none",)}


def test_labels_are_joined_with_their_texts_and_changed_texts_are_told(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "pool").mkdir()
    rows = [{"title": "Alba backs it.", "snippet": "More.", "date": "2025-06-01"}, {"title": "X"}]
    with gzip.open(tmp_path / "pool" / "train.jsonl.gz", "wt") as out:
        out.write("\n".join(map(json.dumps, rows)))
    position = {"actor": "alba", "issue": "tax", "stance": "support", "evidence": "reported"}
    labels = [
        {"id": "pool:0", "sha256": digest("Alba backs it. More."), "positions": [position]},
        {"id": "pool:1", "sha256": digest("Y"), "positions": []},
        {"id": "pool:9", "sha256": digest("Z"), "positions": []},
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
    first, *told = read_labels(path, tmp_path)
    assert isinstance(first, GoldText)
    assert first.text == "Alba backs it. More."
    assert first.positions[0].stance == "support"
    assert ["pool:1" in str(told[0]), "pool:9" in str(told[1])] == [True, True]
