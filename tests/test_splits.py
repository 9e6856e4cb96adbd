"""Splits, near-duplicates and leaks, and training on one's own files from the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

from hypothesis import given
from hypothesis import strategies as st
from tiny import save_base

from stance.cli import main
from stance.errors import InputError, ModelError, UnknownNameError
from stance.modelfile import ModelInfo, load_info
from stance.register import Actors, Issues
from stance.resources import default_model, seeds
from training.config import Data, RunConfig, load_config
from training.corpus import Preparation
from training.entries import RETRAIN, steps_of, with_data
from training.examples import Example
from training.export import export, restore
from training.gold import GoldText
from training.model import build_model
from training.neighbours import Member, near_duplicates, together
from training.split import split, split_together

LONG = "Bell told the council in Norburg that the islands would never be given up by her country"


def texts(*found: str, page: str | None = None) -> list[GoldText]:
    return [GoldText(id=str(i), text=text, page=page) for i, text in enumerate(found)]


def far(number: int) -> str:
    """A text that is like no other."""
    return " ".join(f"{word}{number * 7919 % 10007}" for word in ("anna", "bode", "cella", "dorn"))


def test_near_duplicates_are_found_and_others_are_not() -> None:
    changed = LONG.replace("council", "chamber")
    other = "Stone told the council in Norburg that talks with Southmark should begin on Monday"
    found = near_duplicates([LONG, other, changed, far(1), f"  {LONG.upper()} "])
    assert sorted(found) == [(0, 2), (0, 4)]


def test_what_a_group_and_a_near_duplicate_link_is_one_cluster() -> None:
    members = [
        Member(LONG, "p1"),
        Member(far(1), "p1"),
        Member(far(2), "p2"),
        Member(LONG + ".", "p2"),
        Member(far(3), "p3"),
    ]
    assert together(members) == [0, 0, 0, 0, 4]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=40),
    st.floats(0.05, 0.9),
)
def test_no_group_and_no_text_is_on_both_sides(rows: list[tuple[int, int]], share: float) -> None:
    found = [GoldText(id=str(i), text=far(t), page=f"p{p}") for i, (t, p) in enumerate(rows)]
    train, held = split(found, share)
    assert len(train) + len(held) == len(found)
    assert not {t.page for t in train} & {t.page for t in held}
    assert not {t.text for t in train} & {t.text for t in held}


def test_a_split_holds_out_about_its_share_and_stays_the_same_as_the_corpus_grows() -> None:
    found = texts(*map(far, range(600)))
    _, held = split(found, 0.2)
    assert 80 < len(held) < 160
    _, fewer = split(found[:300], 0.2)
    assert [t.id for t in fewer] == [t.id for t in held if int(t.id) < 300]


def test_corpora_are_split_together() -> None:
    mine = texts(*map(far, range(200)))
    theirs = [t.model_copy(update={"id": f"x{t.id}"}) for t in mine]
    sides = split_together({"a": (mine, 0.3), "b": (theirs, 0.1)})
    assert [t.text for t in sides["a"][1]] == [t.text for t in sides["b"][1]] != []
    sides = split_together({"a": (mine, 0.3), "b": (theirs, 0.0)})
    assert sides["a"][1] == sides["b"][1] == []
    sides = split_together({"a": (mine, 0.3), "b": (theirs, 1.0)})
    assert len(sides["b"][1]) == 200
    assert sides["a"][0]


def test_rows_of_two_files_with_one_number_are_not_one_group() -> None:
    sides = split_together({"a": (texts(far(1)), 0.5), "b": (texts(far(2), far(3)), 0.0)})
    alone = split_together({"a": (texts(far(1)), 0.5)})
    assert sides["a"] == alone["a"]


# ---------------------------------------------------------------------------------------
# Leaks


def table(path: Path, rows: Sequence[dict[str, str]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return str(path)


def row(text: str, group: str = "", label: str = "support") -> dict[str, str]:
    return {"text": text, "actor": "bell", "issue": "truce", "label": label, "group": group}


def prepare(
    cast: Actors, topics: Issues, dev: Sequence[GoldText] = (), drop: bool = False, **data: Data
) -> tuple[list[Example], list[Example], list[str]]:
    told: list[str] = []
    step = RunConfig(name="s", data=data, drop_leaks=drop)
    preparation = Preparation(lambda one: [], str, cast, topics, told.append)
    sides = preparation([step], dev).sides["s"].values()
    return [e for t, _ in sides for e in t], [e for _, h in sides for e in h], told


@pytest.mark.parametrize(
    ("text", "group"), [(LONG.replace("never", "not"), "q"), (far(9), "p1")], ids=["near", "group"]
)
def test_a_leak_into_a_test_set_is_refused_or_dropped(
    tmp_path: Path, cast: Actors, topics: Issues, text: str, group: str
) -> None:
    test = table(tmp_path / "test.csv", [row(LONG, "p1")])
    train = table(tmp_path / "train.csv", [row(far(1), "p2"), row(text, group)])
    data = {"t": Data(path=test, held_out=1), "m": Data(path=train, held_out=0)}
    with pytest.raises(
        InputError, match=r"train\.csv, row 2: would be trained on, but .*test\.csv, row 1 is held"
    ):
        prepare(cast, topics, **data)
    kept, held, told = prepare(cast, topics, drop=True, **data)
    assert [e.text for e in kept] == [far(1)]
    assert [e.text for e in held] == [LONG]
    assert any(line.startswith("1 texts left out of training") for line in told)


def test_a_leak_into_the_development_set_is_refused(
    tmp_path: Path, cast: Actors, topics: Issues
) -> None:
    train = table(tmp_path / "train.csv", [row(LONG), row(far(1))])
    mine = {"m": Data(path=train, held_out=0)}
    with pytest.raises(InputError, match=r"train\.csv, row 1"):
        prepare(cast, topics, texts(LONG + "!"), **mine)
    kept, _, _ = prepare(cast, topics, texts(far(2)), **mine)
    assert len(kept) == 2


def test_what_an_earlier_step_trains_on_must_not_be_held_out_by_the_last(
    tmp_path: Path, cast: Actors, topics: Issues
) -> None:
    path = table(tmp_path / "a.csv", [row(LONG)])
    steps = [
        RunConfig(name="one", data={"a": Data(path=path, held_out=0)}),
        RunConfig(name="two", data={"a": Data(path=path, held_out=1)}),
    ]
    with pytest.raises(InputError, match="is held out"):
        Preparation(lambda one: [], str, cast, topics, print)(steps)


def test_rejected_contradicting_and_repeated_rows_are_told(
    tmp_path: Path, cast: Actors, topics: Issues
) -> None:
    rows = [row(LONG), row(far(1)), row(far(1)), row(far(2)), row(far(2), label="oppose")]
    path = table(tmp_path / "a.csv", [*rows, row(far(3), label="maybe")])
    kept, held, told = prepare(cast, topics, a=Data(path=path, held_out=0))
    assert ([e.text for e in kept], held) == ([LONG, far(1)], [])
    assert "s: 1 duplicates left out" in told
    assert sum("row 6" in line for line in told) == 1
    assert sum("both are left out" in line for line in told) == 2


def test_a_share_takes_the_same_texts_every_time(
    tmp_path: Path, cast: Actors, topics: Issues
) -> None:
    path = table(tmp_path / "a.csv", [row(far(i)) for i in range(200)])
    part = Data(path=path, share=0.25, held_out=0)
    once, _, _ = prepare(cast, topics, a=part)
    again, _, _ = prepare(cast, topics, a=part)
    assert 25 < len(once) < 80
    assert [e.text for e in once] == [e.text for e in again]


# ---------------------------------------------------------------------------------------
# Configuration


def test_data_is_added_to_the_last_step_under_names_of_its_own(tmp_path: Path) -> None:
    first, last = RunConfig(name="one"), load_config(RETRAIN)
    steps = with_data([first, last], ["a/my.csv", "b/my.jsonl.gz", "org/name:dev"], shape="flat")
    assert steps[0] == first
    assert {n: d.path for n, d in steps[1].data.items()} == {
        "my": "a/my.csv",
        "my_2": "b/my.jsonl.gz",
        "name_dev": "org/name:dev",
    }
    assert RunConfig.model_validate_json(steps[1].model_dump_json()) == steps[1]


def test_mistakes_on_the_command_line_are_told() -> None:
    with pytest.raises(UnknownNameError, match="shape 'flta'; did you mean flat"):
        with_data(steps_of([], ""), ["a.csv"], shape="flta")
    with pytest.raises(UnknownNameError, match="label 'suport'; did you mean support"):
        with_data(steps_of([], ""), ["a.csv"], labels={"pro": "suport"})


def test_a_name_for_two_corpora_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('name = "x"\n[codebook.a]\npath = "a"\n[data.a]\npath = "b"\n', "utf-8")
    with pytest.raises(InputError, match="'a' names a corpus"):
        load_config(path)


def test_the_example_in_the_shipped_retraining_is_valid(tmp_path: Path) -> None:
    comments = [line for line in RETRAIN.read_text("utf-8").splitlines() if line.startswith("# ")]
    start = comments.index("# [data.known]")
    path = tmp_path / "run.toml"
    path.write_text(
        RETRAIN.read_text("utf-8") + "\n".join(c[2:] for c in comments[start:]), "utf-8"
    )
    known = load_config(path).data["known"]
    assert (seeds().parent / known.path).is_file()


# ---------------------------------------------------------------------------------------
# From a model folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of ours, of a few thousand weights."""
    folder = save_base(tmp_path_factory.mktemp("base"), hidden=128)
    out = tmp_path_factory.mktemp("model")
    info = ModelInfo(version="tiny-0", max_length=64, temperature=1.5, threshold=0.3)
    export(build_model(folder), folder / "tokenizer.json", info, out)
    return out


def test_a_model_folder_is_a_base(tiny: Path) -> None:
    blank, back = build_model(tiny), restore(tiny)
    assert {n: p.shape for n, p in blank.state_dict().items()} == {
        n: p.shape for n, p in back.state_dict().items()
    }
    assert "base" not in (tiny / "encoder.json").read_text("utf-8")
    with pytest.raises(ModelError, match=r"has 2 layers, the configuration asks for 1"):
        build_model(tiny, layers=1)


def test_the_shipped_model_tells_its_architecture() -> None:
    config = json.loads((default_model() / "encoder.json").read_text("utf-8"))
    assert (config["model_type"], config["num_hidden_layers"]) == ("mpnet", 9)
    stored = json.loads((default_model() / "weights.json").read_text("utf-8"))["parameters"]
    assert "encoder.encoder.layer.8.output.dense.weight" in stored
    assert "encoder.encoder.layer.9.output.dense.weight" not in stored


def own_rows(count: int) -> list[dict[str, str]]:
    said = [("Putin", "rejects", "oppose"), ("Trump", "backs", "support")]
    return [
        {
            "body": f"{name} {verb} the sanctions on Russia. {far(i)}.",
            "actor": name.lower(),
            "issue": "sanctions",
            "label": {"oppose": "against", "support": "favour"}[label],
        }
        for i in range(count)
        for name, verb, label in [said[i % 2]]
    ]


def train(*arguments: str) -> int:
    mapped = ["--column", "text=body", "--label", "favour=support", "--label", "against=oppose"]
    return main(["train", *arguments, *mapped])


def test_data_alone_trains_on_from_the_model(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stance.resources.default_model", lambda: tiny)
    rows = own_rows(40)
    rows[4]["label"] = "perhaps"
    path = table(tmp_path / "my.csv", rows)
    assert train("--data", path, "--runs", str(tmp_path / "runs"), "--version", "mine-1") == 3
    said = capsys.readouterr().out
    assert "my.csv, row 5, field 'label': expected support" in said
    assert "too few to calibrate on" in said
    folder = tmp_path / "runs" / "retrain" / "model"
    info = load_info(folder)
    assert (info.version, info.max_length) == ("mine-1", 64)
    assert (info.temperature, info.threshold) == (1.5, 0.3)
    assert (folder / "encoder.json").read_text() == (tiny / "encoder.json").read_text()
    assert "tiny-0" in (folder / "CARD.md").read_text("utf-8")
    figures = json.loads((folder / "metrics.json").read_text("utf-8"))["calibration"]
    assert 0 < figures["pairs"] < 40
    moved = (
        restore(folder).state_dict()["stance.weight"] - restore(tiny).state_dict()["stance.weight"]
    )
    assert 0 < float(moved.abs().max()) < 0.05


def test_mistakes_end_in_one_line(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(tmp_path / "runs"), "--base", str(tiny)]
    assert main(["train", *runs]) == 2
    assert "expected a CONFIG, or --data FILE" in capsys.readouterr().err
    assert main(["train", "--data", "x.csv", "--column", "text", *runs]) == 2
    assert "expected OURS=THEIRS" in capsys.readouterr().err
    assert main(["train", "--data", str(tmp_path / "no.csv"), *runs]) == 1
    assert capsys.readouterr().err.strip().endswith("no.csv: no such file")
    broken = table(tmp_path / "b.csv", [row(LONG, label="maybe")])
    assert main(["train", "--data", broken, *runs]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "none of its 1 rows can be used; the first:" in line
    assert not (tmp_path / "runs").exists()
