"""Systems side by side: what the baselines see, what is compared, and what the command says."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeScorer

from stance.cli import main
from stance.errors import ModelError, StanceError
from stance.modelfile import ModelInfo
from stance.pipeline import Tracker
from stance.register import Actors, Issues
from stance.scorer import Floats, Question
from stance.stages import Reader
from training import benchmarks, evaluate
from training.baselines import baselines, majority, masked, name_only
from training.calibrate import joint_f1
from training.card import card, keep, refreshed
from training.compare import Comparison, as_json, compare
from training.config import load_config
from training.gold import GoldPosition, GoldText
from training.metrics import count
from training.recipe import Recipe
from training.systems import Read, System, answers, as_asked, load_scorer, read_texts

DAY = "2024-06-01"


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


def read(reader: Reader, *texts: str, **positions: str) -> list[Read]:
    """Texts of one page each; ``positions`` holds an actor's stance on the truce in all."""
    held = tuple(
        GoldPosition.model_validate({"actor": actor, "issue": "truce", "stance": stance})
        for actor, stance in positions.items()
    )
    gold = [
        GoldText(id=str(i), text=t, date=DAY, page=str(i), positions=held)
        for i, t in enumerate(texts)
    ]
    found = list(read_texts(gold, reader, "texts"))
    assert all(isinstance(one, Read) for one in found)
    return found


# What the baselines see


def test_name_only_sees_nothing_of_the_text(reader: Reader) -> None:
    (text,) = read(reader, "Ada Bell rejects the truce, and so does Tove Kvist.")
    assert name_only(reader)(text) == [
        ("* Ada Bell *", as_asked(reader)(text)[0][1]),
        ("* Tove Kvíst *", as_asked(reader)(text)[1][1]),
    ]


def test_masked_names_are_gone_and_the_marks_stay(reader: Reader) -> None:
    (text,) = read(reader, "President Ada Bell met Kvist. Bell rejects Norland's truce.")
    (premise, hypothesis), *_ = [
        q
        for q, c in zip(masked(reader)(text), text.reading.candidates, strict=True)
        if c.actor == "bell"
    ]
    assert premise == (
        "President * Person A * met Person B. | * Person A * rejects Country C's truce."
    )
    assert hypothesis.startswith("Person A: The fighting")


def test_masking_takes_titles_with_names_and_leaves_pronouns(reader: Reader) -> None:
    (text,) = read(reader, "Nordish president Ada Bell spoke. She backs the truce.")
    ((premise, _),) = masked(reader)(text)
    assert premise == "* Person A * spoke. | * She * backs the truce."


def test_masking_the_proposition_uses_the_same_placeholders(reader: Reader) -> None:
    (text,) = read(reader, "Southmark told Bell that the islands stay.")
    asked = dict(zip((c.actor for c in text.reading.candidates), masked(reader)(text), strict=True))
    assert asked["bell"] == (
        "Country A told * Person B * that the islands stay.",
        "Person B: Country A should hand the islands over to Country C",
    )


def test_the_names_of_a_proposition_can_stay(reader: Reader) -> None:
    (text,) = read(reader, "Southmark told Bell and Lund that the islands stay.")
    actors = [c.actor for c in text.reading.candidates]
    found = dict(zip(actors, masked(reader, propositions=False)(text), strict=True))
    assert found["bell"] == (
        "Southmark told * Person B * and Person C that the islands stay.",
        "Person B: Southmark should hand the islands over to Norland",
    )
    assert found["southmark"] == (
        "* Country A * told Person B and Person C that the islands stay.",
        "Country A: Country A should hand the islands over to Norland",
    )


def test_of_two_bearers_of_a_name_the_asked_one_stands(reader: Reader) -> None:
    gold = GoldText(id="1", text="Hale backs the truce.")
    (text,) = list(read_texts([gold], reader, "texts"))
    assert isinstance(text, Read)
    assert {c.actor for c in text.reading.candidates} == {"bram_hale", "ines_hale"}
    for premise, hypothesis in masked(reader)(text):
        assert f"* {hypothesis.partition(':')[0]} * backs the truce." == premise


def test_no_registered_name_is_left_in_any_masked_question(reader: Reader) -> None:
    sentences = [
        "Norland and Southmark agree with Ada Bell on the truce; Stone and Marsh do not.",
        "The White Palace said Lund rejects the truce that the Nordish government wants.",
    ]
    for text in read(reader, *sentences, " ".join(sentences)):
        for premise, hypothesis in masked(reader)(text):
            left = reader.read(premise.replace("*", ""), date(2024, 6, 1)).mentions
            assert [m for row in left for m in row if m.how != "pronoun"] == []
            assert premise.count("*") >= 2
            assert hypothesis.split(":")[0] in premise


def test_the_majority_is_the_models_own_prior() -> None:
    class Known(FakeScorer):
        info = ModelInfo(
            version="m",
            max_length=32,
            confusion=((6.0, 0, 0, 4.0), (0, 5.0, 0, 0), (0, 0, 5.0, 0), (0, 0, 0, 80.0)),
        )

    found = majority(Known())
    assert (found.support, found.oppose, found.neutral, found.none) == (0.1, 0.05, 0.05, 0.8)
    assert majority(FakeScorer()).none == 1


# What is compared

TEXTS = [f"{name} backs the truce." for name in ("Ada Bell", "Rolf Stone", "Marsh", "Lund")]


class Never(FakeScorer):
    """Reports nothing."""

    version = "never"

    def least(self, issue: str) -> float:
        return 1.1


def side_by_side(reader: Reader) -> Comparison:
    texts = [
        one
        for name, sentence in zip(("bell", "stone", "marsh", "lund"), TEXTS, strict=True)
        for one in read(reader, sentence, **{name: "support"})
    ]
    texts = [
        Read(t.gold.model_copy(update={"page": str(i)}), *rest(t)) for i, t in enumerate(texts)
    ]
    asked = as_asked(reader)
    systems = [System("fake", FakeScorer(), asked), System("never", Never(), asked)]
    systems += baselines(FakeScorer(), reader)
    return compare(texts, systems, reader, samples=200)


def rest(text: Read) -> tuple:
    return text.article, text.reading, text.labels


def test_systems_stand_side_by_side(reader: Reader) -> None:
    found = side_by_side(reader)
    rows = {row.name: row for row in found.rows}
    assert (found.texts, found.pages, found.questions, found.labelled) == (4, 4, 4, 4)
    assert rows["fake"].figures["tuple_f1"].value == 1
    assert rows["fake"].figures["ece"].value == pytest.approx(0.1)
    assert rows["fake"].against_first is None
    assert rows["never"].figures["tuple_f1"].value == 0
    assert np.isnan(rows["never"].figures["tuple_precision"].value)
    assert rows["never"].same_label == 0
    assert rows["never"].against_first is not None
    assert rows["never"].against_first.value == -1
    assert rows["always-support"].figures["tuple_f1"].value == 1
    assert rows["majority"].figures["tuple_f1"].value == 0
    assert rows["name-only"].figures["tuple_f1"].value == 0
    assert rows["masked"].figures["tuple_f1"].value == 1
    assert rows["masked"].same_label == 1
    assert rows["masked"].against_first is not None
    assert rows["masked"].against_first.p == 1


def test_the_comparison_is_plain_data(reader: Reader) -> None:
    data = as_json(side_by_side(reader))
    assert json.loads(json.dumps(data)) == data
    assert data["model"] == "fake"
    assert data["tuple_f1"] == 1
    never = data["systems"][1]["figures"]["tuple_precision"]
    assert never == {"value": None, "low": None, "high": None}


def test_curves_hold_what_counting_at_every_threshold_gives(reader: Reader) -> None:
    texts = read(reader, *TEXTS, "Bell rejects the truce on the islands.", bell="support")
    found = answers(System("fake", FakeScorer(), as_asked(reader)), texts, reader)
    tracker = Tracker(reader, FakeScorer())
    judged = [(t.gold, t.article, row) for t, row in zip(texts, found.judged, strict=True)]
    grid = [0.01, 0.5, 0.99]
    curves = evaluate.curves(judged, tracker, grid)
    assert set(curves) == {"truce", "islands"}
    assert curves["truce"].gold.tolist() == [1] * len(texts)
    assert joint_f1(curves.values()).tolist() == pytest.approx(
        [count([evaluate.case(*one, tracker, threshold=t) for one in judged]).f1 for t in grid]
    )


def test_a_question_is_scored_once_for_all_texts(reader: Reader) -> None:
    calls: list[int] = []

    class Counting(FakeScorer):
        def score(self, questions):
            calls.append(len(questions))
            return super().score(questions)

    compare(read(reader, *TEXTS), [System("one", Counting(), as_asked(reader))], reader)
    assert calls == [4]


def test_labels_follow_the_codebook(reader: Reader) -> None:
    """In texts without anchors another sentence of a held pair may show it too: no label."""
    text = "Bell backs the truce. The truce, Bell said, holds. Stone met Bell on the truce."
    (one,) = read(reader, text, bell="support")
    labels = {(c.actor, c.start): label for c, label in one.labels.items()}
    held = [label for (actor, _), label in labels.items() if actor == "bell"]
    assert held == ["support"]
    assert {label for (actor, _), label in labels.items() if actor == "stone"} == {"none"}


def test_a_text_without_words_or_with_a_broken_date_is_told(reader: Reader) -> None:
    broken = [GoldText(id="7", text="  "), GoldText(id="8", text="Bell spoke.", date="soon")]
    told = [str(row) for row in read_texts(broken, reader, "gold.jsonl")]
    assert "gold.jsonl: text '7'" in told[0]
    assert "text '8': no date like 2025-08-15: 'soon'" in told[1]


# The command

ACTORS = """
actors:
  - {id: alba, name: Alba, kind: person, pronoun: she}
  - {id: borea, name: Borea, kind: person, pronoun: he}
"""
ISSUES = """
issues:
  - {id: tax, title: The tax, proposition: The tax should stay, cues: [tax]}
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command on a file of two texts, with made-up people and a scorer without weights."""
    monkeypatch.setattr("training.systems.load_scorer", lambda folder: FakeScorer())
    (tmp_path / "actors.yaml").write_text(ACTORS, encoding="utf-8")
    (tmp_path / "issues.yaml").write_text(ISSUES, encoding="utf-8")
    position = {"actor": "alba", "issue": "tax", "stance": "support"}
    rows = [
        {"id": "1", "text": "Alba backs the tax.", "positions": [position]},
        {"id": "2", "text": "Borea saw the tax office.", "positions": []},
    ]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    registers = [
        "--actors",
        str(tmp_path / "actors.yaml"),
        "--issues",
        str(tmp_path / "issues.yaml"),
    ]
    return ["evaluate", *registers, "--samples", "100"]


def test_the_command_prints_a_table_and_writes_everything(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.json"
    gold = str(tmp_path / "gold.jsonl")
    assert main([*asked, gold, "--model", "a", "--model", "b", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "against the first" in said
    names = [row["name"] for row in json.loads(out.read_text())["gold.jsonl"]["systems"]]
    models = ["fake-1 (a)", "fake-1 (b)"]
    assert names == [*models, "majority", "always-support", "name-only", "masked"]
    assert all(name in said for name in names)
    assert said.count("candidate recall") == 1
    assert main([*asked, gold, "--no-baselines", "--details", "--model", "a", "--model", "b"]) == 0
    assert capsys.readouterr().out.count("candidate recall") == 2


BARE = """
import sys
for name in ("torch", "transformers", "datasets", "onnx"):
    sys.modules[name] = None
sys.path.insert(0, {tests!r})
from fakes import FakeScorer
import training.systems
training.systems.load_scorer = lambda folder: FakeScorer()
from stance.cli import main
sys.exit(main({arguments!r}))
"""


def test_the_base_installation_is_enough(tmp_path: Path, asked: list[str]) -> None:
    arguments = [*asked, str(tmp_path / "gold.jsonl"), "--zero-shot", "anything"]
    code = BARE.format(tests=str(Path(__file__).parent), arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "masked" in done.stdout
    assert "needs the package" in done.stderr


def test_files_of_one_name_are_both_kept(tmp_path: Path, asked: list[str]) -> None:
    other = tmp_path / "other" / "gold.jsonl"
    other.parent.mkdir()
    other.write_bytes((tmp_path / "gold.jsonl").read_bytes())
    out = tmp_path / "all.json"
    assert main([*asked, str(tmp_path / "gold.jsonl"), str(other), "--out", str(out)]) == 0
    assert len(json.loads(out.read_text())) == 2


def test_a_zero_shot_model_that_cannot_be_had_is_told_in_one_line(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert main([*asked, str(tmp_path / "gold.jsonl"), "--zero-shot", nowhere]) == 0
    told = capsys.readouterr()
    assert "left out: zero-shot" in told.err
    assert "Traceback" not in told.err
    assert "masked" in told.out


def test_where_nothing_can_be_written_nothing_is_scored(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    gold = str(tmp_path / "gold.jsonl")
    assert main([*asked, gold, "--out", str(tmp_path / "no" / "out.json")]) == 1
    assert main([*asked, gold, "--model", str(tmp_path), "--record"]) == 1
    told = capsys.readouterr()
    assert "out.json" in told.err
    assert "no model here" in told.err
    assert told.out == ""


HELD_OUT = """
name = "step"
[codebook.mine]
path = "gold.jsonl"
anchored = true
held_out = 0.5
"""


def test_held_out_texts_alone(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "step.toml").write_text(HELD_OUT, encoding="utf-8")
    step = ["--held-out", str(tmp_path / "step.toml"), "--corpora", str(tmp_path)]
    rows = [
        {"id": str(i), "text": f"Number {i}. Alba said {'no ' * i}more.", "positions": []}
        for i in range(40)
    ]
    file = tmp_path / "gold.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    out = tmp_path / "all.json"
    assert main([*asked, str(file), *step, "--out", str(out)]) == 0
    step_ = load_config(tmp_path / "step.toml")
    held = Recipe("", tmp_path, tmp_path, tell=print).sides(step_)["mine"][1]
    assert 0 < len(held) < 40
    assert json.loads(out.read_text())["gold.jsonl"]["texts"] == len(held)
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"id": "0", "text": "Alba left.", "positions": []}), "utf-8")
    assert main([*asked, str(other), *step]) == 1
    assert "holds none of the held-out texts" in capsys.readouterr().err
    assert main([*asked, str(file), *step[:2]]) == 2
    assert "belong together" in capsys.readouterr().err


def test_a_holder_named_in_another_sentence_is_told(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    position = {"actor": "alba", "issue": "tax", "stance": "support"}
    rows = [
        {"text": "Alba came. She backs the tax.", "positions": ["She backs the tax."]},
        {"text": "Alba backs the tax.", "positions": ["Alba backs the tax."]},
    ]
    for row in rows:
        row["positions"] = [{**position, "anchor": anchor} for anchor in row["positions"]]
    file = tmp_path / "anchored.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert main([*asked, str(file), "--no-baselines"]) == 0
    assert "holder named outside the sentence: recall" in (said := capsys.readouterr().out)
    assert " of 1\n" in said.partition("outside the sentence")[2]


def test_nothing_to_score_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate"]) == 2
    assert "FILE" in capsys.readouterr().err


def test_broken_rows_are_told_and_the_rest_is_scored(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(path.read_text() + '\n{"id": "3"}\n{"id": "4", "text": " "}\n')
    assert main([*asked, str(path)]) == 3
    told = capsys.readouterr()
    assert "row 3, field 'text'" in told.err
    assert "text '4'" in told.err
    assert "2 texts" in told.out


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        load_scorer(tmp_path)


# Public benchmarks


class Oracle(FakeScorer):
    """Answers by a word of the premise."""

    def logits(self, questions: list[Question]) -> Floats:
        order = ("yes", "no", "both", "silent")
        return np.array([[float(word in p) for word in order] for p, _ in questions])


def written(folder: Path, name: str, file: str, rows: list[dict[str, object]]) -> None:
    (folder / name).mkdir()
    with gzip.open(folder / name / f"{file}.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write("\n".join(map(json.dumps, rows)))


def inference(*rows: tuple[str, str]) -> list[dict[str, object]]:
    return [{"premise": p, "hypothesis": "h", "label": label} for p, label in rows]


def test_benchmarks_are_scored_by_their_own_metric(tmp_path: Path) -> None:
    three = [("yes", "entailment"), ("no", "contradiction"), ("both", "neutral"), ("no", "neutral")]
    two = [("yes", "entailment"), ("no", "not_entailment"), ("silent", "not_entailment")]
    written(tmp_path, "mnli_matched_dev", "test", inference(*three))
    written(tmp_path, "hans", "test", inference(*two, ("yes", "not_entailment")))
    written(tmp_path, "scitail", "test", inference(("no", "neutral"), ("yes", "entailment")))
    stances = [("yes", "favor"), ("silent no", "against"), ("yes", "against"), ("silent", "favor")]
    tweets = [{"text": t, "target": "T", "label": label} for t, label in stances]
    written(tmp_path, "pstance", "test", tweets)
    seen = [{**row, "seen": i % 2} for i, row in enumerate(tweets)]
    written(tmp_path, "vast", "test", seen)
    found = {r.benchmark.folder: r for r in benchmarks.run(tmp_path, Oracle())}
    assert found["mnli_matched_dev"].figure == 75
    assert found["hans"].figure == 75
    assert found["scitail"].figure == 100
    assert found["pstance"].figure == pytest.approx(100 * (2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert found["vast"].n == 2
    assert list(found) == ["mnli_matched_dev", "hans", "scitail", "pstance", "vast"]


def test_matthews_correlation_by_hand() -> None:
    """Two classes: (tp tn - fp fn) / sqrt(...) = (2*1 - 1*0) / sqrt(3*2*2*1)."""
    diagnostic = next(b for b in benchmarks.BENCHMARKS if b.metric == "R3")
    gold = ["support", "support", "oppose", "oppose"]
    items = [benchmarks.Item(("p", "h"), label) for label in gold]
    logits = np.eye(4)[[0, 0, 0, 1]]
    found = benchmarks.score(diagnostic, items, logits, {"support", "oppose", "none"})
    assert found == pytest.approx(100 * 2 / np.sqrt(12))


def test_a_small_sample_is_still_judged_on_all_classes() -> None:
    """Where the drawn rows happen to be all entailed, the answer none is still wrong."""
    hans = next(b for b in benchmarks.BENCHMARKS if b.folder == "hans")
    items = [benchmarks.Item(("p", "h"), "support")]
    logits = np.array([[0.5, 0.1, 0.1, 0.9]])
    assert benchmarks.score(hans, items, logits, {"support", "rest"}) == 0


def test_a_sample_is_drawn_by_seed_and_told(tmp_path: Path) -> None:
    rows = [(f"{'yes' if i % 2 else 'no'} {i}", "entailment") for i in range(40)]
    written(tmp_path, "rte", "dev", inference(*rows, ("no", "not_entailment")))
    once, again, other = (
        next(iter(benchmarks.run(tmp_path, Oracle(), limit=9, seed=s, trained_on=["rte"])))
        for s in (1, 1, 2)
    )
    assert (once.n, once.available) == (9, 41)
    assert once == again
    line = benchmarks.as_line(once)
    assert "a sample of 41" in line
    assert "trained on the training part of rte" in line
    assert other.n == 9


def test_targets_and_holders_are_marked(tmp_path: Path) -> None:
    text = "Alba praised Borea today."
    start = text.index("Borea")
    row = {"text": text, "target": "Borea", "label": "positive", "start": start, "end": start + 5}
    written(tmp_path, "newsmtsc", "test_rw", [row])
    benchmark = next(b for b in benchmarks.BENCHMARKS if b.folder == "newsmtsc")
    (item,) = benchmarks.read(benchmark, tmp_path / "newsmtsc" / "test_rw.jsonl.gz")
    assert item.question == ("Alba praised * Borea * today.", "The author: Borea")
    assert item.gold == "support"


def test_a_row_of_another_kind_is_told_by_file_and_row(tmp_path: Path) -> None:
    written(tmp_path, "cb", "dev", inference(("yes", "entailment"), ("no", "maybe")))
    with pytest.raises(StanceError, match=r"cb/dev\.jsonl\.gz, row 2: .*maybe"):
        list(benchmarks.run(tmp_path, Oracle()))


def test_benchmarks_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.systems.load_scorer", lambda folder: Oracle())
    written(tmp_path, "snli", "test", inference(("yes", "entailment"), ("silent", "neutral")))
    out = tmp_path / "out.json"
    assert main(["evaluate", "--benchmarks", str(tmp_path), "--out", str(out)]) == 0
    assert "SNLI" in capsys.readouterr().out
    (row,) = json.loads(out.read_text())["benchmarks"]["results"]
    assert (row["figure"], row["n"], row["of"]) == (100, 2, 2)
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", "--benchmarks", str(tmp_path / "empty")]) == 1
    assert "holds none of the benchmarks" in capsys.readouterr().err


# The card

INFO = ModelInfo(version="m", max_length=32, thresholds={"truce": 0.4}, confusion=((1,) * 4,) * 4)
CALIBRATION = {
    "pairs": 10,
    "ece_before": 0.1,
    "ece": 0.05,
    "bins": [{"low": 0.6, "high": 0.67, "n": 10, "confidence": 0.65, "accuracy": 0.7}],
}
LEFT_OUT = {
    "left_out": "nato",
    "kind": "issue",
    "texts": 40,
    "gold": 25,
    "f1_full": 0.7,
    "f1_left_out": 0.65,
}


def test_the_card_shows_what_was_measured_and_can_be_made_anew(
    tmp_path: Path, reader: Reader
) -> None:
    metrics = {
        "calibration": CALIBRATION,
        "corpora": ["snli"],
        "development": as_json(side_by_side(reader)),
        "leave_out": [LEFT_OUT],
    }
    bare = card(INFO, "base", [], {}, {"calibration": CALIBRATION})
    assert "baselines" not in bare
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).touch()
    (tmp_path / "model.json").write_text(INFO.model_dump_json(), encoding="utf-8")
    (tmp_path / "CARD.md").write_text(bare, encoding="utf-8")
    keep(tmp_path, metrics)
    text = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    assert text == card(INFO, "base", [], {}, metrics)
    assert "| masked | 1.000 (1.00 to 1.00) |" in text
    assert "| nato | issue | 40 | 25 | 0.700 | 0.650 | +0.050 |" in text
    assert "| 0.60 to 0.67 | 10 | 0.650 | 0.700 |" in text
    assert "own thresholds: truce 0.400" in text

    written(tmp_path, "snli", "test", inference(("yes", "entailment"), ("no", "neutral")))
    results = list(benchmarks.run(tmp_path, Oracle(), trained_on=["snli"]))
    keep(tmp_path, {"benchmarks": benchmarks.as_json(results, "m", "9 MB")})
    text = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    note = "trained on the training part of snli"
    assert f"| SNLI | accuracy | 50.0 | 2 | - | {note} |" in text
    assert "| masked |" in text
    assert set(json.loads((tmp_path / "metrics.json").read_text())) == {*metrics, "benchmarks"}


def test_a_card_of_another_form_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "CARD.md").write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(StanceError, match="expected the headings"):
        refreshed(tmp_path / "CARD.md", INFO, {})
