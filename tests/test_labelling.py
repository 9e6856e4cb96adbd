"""Rows go out to be labelled and come back: tables, spreadsheets and Label Studio."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fakes import FakeScorer

from stance.cli import main
from stance.errors import InputError
from stance.records import STANCES
from stance.register import load_actors, load_issues
from training.labelling import reviews
from training.labelling.labelrow import (
    COLUMNS,
    LABELS,
    LabelRow,
    parse_row,
    row_id,
    words_check,
)
from training.labelling.studio import configuration

AGREED = (
    "article_id, actor, issue, proposition, start, end, text, context, published, source, "
    "model_version, stance, score, coder, label, evidence_label, reviewed_at"
).split(", ")
ACTORS = """
actors:
  - {id: alba, name: Alba Sol, kind: person, pronoun: she, aliases: [Alba]}
  - {id: borea, name: Borea Nord, kind: person, pronoun: he, aliases: [Borea]}
"""
ISSUES = """
issues:
  - {id: tax, title: The tax, proposition: The tax should stay, cues: [tax]}
"""
KNOWN = reviews.Known({"alba", "borea"}, {"tax"})
ANNA = reviews.Coders("anna")

Rows = list[dict[str, Any]]


@pytest.fixture
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two made-up people alone, and a scorer without weights."""
    monkeypatch.setattr("stance.pipeline.OnnxScorer", lambda folder, threads: FakeScorer())
    monkeypatch.setattr("stance.pipeline.load_actors", partial(load_actors, only=True))
    monkeypatch.setattr("stance.pipeline.load_issues", partial(load_issues, only=True))
    (tmp_path / "actors.yaml").write_text(ACTORS, encoding="utf-8")
    (tmp_path / "issues.yaml").write_text(ISSUES, encoding="utf-8")
    return ["--actors", str(tmp_path / "actors.yaml"), "--issues", str(tmp_path / "issues.yaml")]


@pytest.fixture
def articles(tmp_path: Path) -> str:
    places = "harbour market library quarry orchard stadium chapel".split()
    verbs = "backs rejects weighs taxes".split()
    lines = [
        {
            "text": f"It rained in the {place} “all day”. Alba {verbs[at % 4]} the tax, said one "
            f"from the {place}. Borea rejects the tax near the {place} for good.",
            "date": f"2025-03-{at + 1:02}",
            "outlet": "Made Up",
        }
        for at, place in enumerate(places)
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(path)


def row(at: int = 0, **more: Any) -> LabelRow:
    text, context = "“Alba” backs the tax – for now.", "It rained."
    span = (at, at + len(text))
    cells = {
        "article_id": "a1",
        "actor": "alba",
        "issue": "tax",
        "proposition": "The tax should stay",
        "start": span[0],
        "end": span[1],
        "text": text,
        "context": context,
        "published": "2025-03-01T10:00:00+00:00",
        "stance": "support",
        "score": 0.9,
        "p_support": 0.9,
        "id": row_id("a1", *span, "alba", "tax"),
        "check": words_check(text, context),
        "reason": "random",
    }
    return parse_row(cells | more)


def read(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Rows, encoding: str = "utf-8", **more: Any) -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), **more)
        writer.writeheader()
        writer.writerows(rows)
    return path


def handed_out(tmp_path: Path, rows: Iterable[LabelRow]) -> Rows:
    reviews.write_rows(tmp_path / "labels.csv", rows)
    return read(tmp_path / "labels.csv")


# By the command line


def test_out_filled_in_and_back_as_csv(
    tmp_path: Path, registers: list[str], articles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labels.csv"
    asked = ["label", "export", articles, "--out", str(out), "--n", "10", *registers]
    assert main([*asked, "--coders", "anna,ben", "--overlap", "0.4"]) == 0
    assert "picked 10 of 21 distinct unlabelled statements: random 1" in capsys.readouterr().err
    files = {name: read(tmp_path / f"labels.{name}.csv") for name in ("anna", "ben")}
    first = files["anna"][0]
    assert list(first)[: len(AGREED)] == AGREED
    assert tuple(first) == tuple(COLUMNS)
    for one in chain(*files.values()):
        assert [one[name] for name in ("coder", "label", "evidence_label", "reviewed_at")] == [
            ""
        ] * 4
        assert one["actor_name"] in ("Alba Sol", "Borea Nord")
        assert one["source"] == "Made Up"
        assert one["reason"]
    shared = {one["id"] for one in files["anna"]} & {one["id"] for one in files["ben"]}
    assert len(shared) == 4
    disputed = min(shared)

    for name, rows in files.items():
        for at, one in enumerate(rows):
            one["label"] = one["stance"]
            if name == "ben" and one["id"] == disputed:
                one["label"] = "none" if one["stance"] != "none" else "support"
            one["evidence_label"] = "reported" if at else ""
        write(tmp_path / f"labels.{name}.csv", rows)
    kept, report, disputes = (tmp_path / n for n in ("reviewed.jsonl", "a.json", "d.csv"))
    back = ["label", "import", "--out", str(kept), *registers]
    for name in ("anna", "ben"):
        assert main([*back, str(tmp_path / f"labels.{name}.csv"), "--coder", name]) == 0
    told = capsys.readouterr()
    assert "4 with two answers or more" in told.out
    reviewed = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert len(reviewed) == 14
    assert {(one["coder"], one["id"]) for one in reviewed} == {
        (name, one["id"]) for name, rows in files.items() for one in rows
    }
    by_id = {one["id"]: one for one in files["anna"]}
    again = next(one for one in reviewed if one["coder"] == "anna")
    for name in ("article_id", "text", "context", "published", "proposition"):
        assert again[name] == (by_id[again["id"]][name] or None)

    asked_for = ["--agreement-out", str(report), "--disputes", str(disputes)]
    assert main(["label", "agreement", str(kept), *asked_for]) == 0
    found = json.loads(report.read_text("utf-8"))
    assert found["all"]["rows"] == 4
    assert found["all"]["agreed"] == 0.75
    (dispute,) = read(disputes)
    assert dispute["id"] == disputed
    assert dispute["labels"].startswith("anna=")

    more = tmp_path / "more.csv"
    assert main([*asked[:4], str(more), "--reviewed", str(kept), *registers]) == 0
    asked_again = {one["id"]: one["reason"] for one in read(more)}
    assert asked_again.pop(disputed) == "coders disagree"
    assert len(asked_again) == 21 - 10
    assert not set(asked_again) & {one["id"] for one in reviewed}


def test_the_same_seed_gives_the_same_bytes(
    tmp_path: Path, registers: list[str], articles: str
) -> None:
    def exported(name: str, *more: str) -> bytes:
        out = tmp_path / name
        asked = ["label", "export", articles, "--out", str(out), "--n", "6", *registers, *more]
        assert main(asked) == 0
        return out.read_bytes()

    assert exported("a.csv") == exported("b.csv")
    assert exported("c.csv", "--seed", "1") != exported("a.csv")
    assert exported("d.csv", "--excel") == b"\xef\xbb\xbf" + exported("a.csv")
    blind = read(tmp_path / "a.csv")
    exported("e.csv", "--blind")
    for told, hidden in zip(blind, read(tmp_path / "e.csv"), strict=True):
        assert told["stance"]
        assert hidden["stance"] == hidden["score"] == hidden["p_none"] == ""
        assert told["id"] == hidden["id"]


@pytest.mark.parametrize("minimal", [False, True])
def test_out_labelled_and_back_by_label_studio(
    minimal: bool,
    tmp_path: Path,
    registers: list[str],
    articles: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "tasks.json"
    asked = ["label", "export", articles, "--out", str(out), "--n", "6", *registers]
    assert main([*asked, "--format", "label-studio"]) == 0
    tasks = json.loads(out.read_text("utf-8"))
    config = ET.parse(tmp_path / "tasks.config.xml").getroot()
    check_project(config, tasks)

    export = studio_min(tasks) if minimal else studio_full(tasks)
    back = tmp_path / "export.json"
    back.write_text(json.dumps(export), encoding="utf-8")
    kept = tmp_path / "reviewed.csv"
    names = ["--coder", "3=anna", "--coder", "ben@example.org=ben"]
    assert main(["label", "import", str(back), "--out", str(kept), *names, *registers]) == 0
    told = capsys.readouterr().err
    assert ("cancelled: 0" if minimal else "cancelled: 1, skipped: 0") in told
    rows = read(kept)
    labels = {(one["id"], one["coder"]): one["label"] for one in rows}
    ids = [task["data"]["id"] for task in tasks]
    assert labels == {(id, "anna"): "oppose" for id in ids} | {(ids[0], "ben"): "unclear"}
    assert {one["evidence_label"] for one in rows if one["coder"] == "anna"} == {"quote"}
    assert rows[0]["reviewed_at"] == "2025-05-02T08:00:00+00:00"
    assert rows[0]["text"] == tasks[0]["data"]["text"]


def check_project(config: ET.Element, tasks: list[dict[str, Any]]) -> None:
    """That the configuration and the tasks fit, as Label Studio checks on import."""
    variables = {at.get("value", "")[1:] for at in config.iter() if at.get("value", "")[:1] == "$"}
    tags = {at.get("name"): at for at in config.iter() if at.get("name")}
    assert {"text", "context", "actor_name", "proposition"} == variables
    choices = {
        name: [choice.get("value") for choice in at.iter("Choice")]
        for name, at in tags.items()
        if at.tag == "Choices"
    }
    assert choices["label"] == list(LABELS)
    assert all(tags[at.get("toName")].tag == "Text" for at in config.iter("Choices"))
    for task in tasks:
        assert set(task) == {"data", "predictions"}
        assert variables <= set(task["data"])
        assert task["data"]["position_id"] == task["data"]["id"]
        assert None not in task["data"].values()
        assert "label" not in task["data"]
        (prediction,) = task["predictions"]
        assert prediction["model_version"] == "fake-1"
        assert 0 <= prediction["score"] <= 1
        (result,) = prediction["result"]
        assert (result["from_name"], result["to_name"], result["type"]) == (
            "label",
            "text",
            "choices",
        )
        assert result["value"]["choices"] == [task["data"]["stance"]]
        assert result["value"]["choices"][0] in choices["label"]


def annotation(by: object, label: str | None, **more: Any) -> dict[str, Any]:
    result = [
        {
            "id": name[:3],
            "from_name": name,
            "to_name": "text",
            "type": "choices",
            "origin": "manual",
            "value": {"choices": [value]},
        }
        for name, value in (("label", label), ("evidence_label", "quote" if label else None))
        if value
    ]
    return {
        "id": 7,
        "completed_by": by,
        "result": result,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2025-05-01T08:00:00.000000Z",
        "updated_at": "2025-05-02T08:00:00.000000Z",
        "lead_time": 4.2,
    } | more


def studio_full(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [
        {"id": 100 + at, **task, "annotations": [annotation(3, "oppose")], "drafts": []}
        for at, task in enumerate(tasks)
    ]
    ben = {"id": 4, "email": "ben@example.org", "first_name": "Ben", "last_name": ""}
    found[0]["annotations"] += [
        annotation(ben, "unclear"),
        annotation(5, None, was_cancelled=True),
    ]
    return [*found, {"id": 900, **tasks[0], "annotations": []}]


def studio_min(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def one(at: int, by: object, label: str) -> dict[str, Any]:
        return {
            **tasks[at]["data"],
            "id": 100 + at,  # the task's number takes the place of the row's id
            "label": label,
            "evidence_label": "quote",
            "annotator": by,
            "annotation_id": 7,
            "created_at": "2025-05-01T08:00:00.000000Z",
            "updated_at": "2025-05-02T08:00:00.000000Z",
            "lead_time": 4.2,
        }

    first = one(0, "ben@example.org", "unclear")
    return [*(one(at, 3, "oppose") for at in range(len(tasks))), first]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["export", "IN", "--out", "x.txt"], 1, "unknown ending"),
        (["export", "IN", "--out", "x.csv", "--format", "label-studio"], 1, "expected the ending"),
        (["export", "IN", "--out", "x.csv", "--random", "0.9"], 2, "more than 1"),
        (["export", "IN", "--out", "x.csv", "--coders", "anna,../b"], 2, "letters and digits"),
        (["export", "IN", "--out", "x.csv", "--actor", "albo"], 2, "did you mean alba"),
        (["import", "nowhere.csv", "--out", "r.jsonl"], 1, "no such file"),
        (["import", "nowhere.json", "--out", "r.jsonl"], 1, "No such file"),
        (["import", "nowhere.csv", "--out", "r.jsonl", "--coder", "3="], 2, "3=anna"),
        (["agreement", "nowhere.jsonl"], 1, "no such file"),
    ],
)
def test_mistakes_are_told_in_a_line(
    arguments: list[str],
    code: int,
    told: str,
    tmp_path: Path,
    registers: list[str],
    articles: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [articles if one == "IN" else one for one in arguments]
    if arguments[0] != "agreement":
        given += registers
    assert main(["label", *given]) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x.csv").exists()


def test_bad_rows_are_told_and_the_good_ones_kept(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = handed_out(tmp_path, [row(), row(100), row(200)])
    for one, label in zip(rows, ("support", "suport", ""), strict=True):
        one |= {"label": label, "comment": "a bit odd", "": ""}
    path = write(tmp_path / "filled.csv", rows)
    kept = tmp_path / "reviewed.parquet"
    back = ["label", "import", str(path), "--out", str(kept), "--coder", "anna", *registers]
    assert main(back) == 3
    told = capsys.readouterr().err
    assert (
        f"skipped: {path}, row 2, field 'label': expected one of support, oppose, neutral, none, "
        "unclear; found 'suport'\n" in told
    )
    assert "labels read: 1, without a label: 1, cancelled: 0, skipped: 1" in told
    assert "not kept: what stands under comment\n" in told
    (one,), skipped = reviews.read_reviewed(kept)
    assert (one.coder, one.label, one.text, skipped) == ("anna", "support", row().text, [])


def test_a_broken_reviewed_file_is_left_as_it_is(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = handed_out(tmp_path, [row(label="support")])
    rows[0]["label"] = "support"
    path = write(tmp_path / "filled.csv", rows)
    kept = write(tmp_path / "reviewed.csv", [rows[0] | {"coder": "ben", "label": "perhaps"}])
    before = kept.read_bytes()
    back = ["label", "import", str(path), "--out", str(kept), "--coder", "anna", *registers]
    assert main(back) == 1
    assert "reviewed.csv, row 1, field 'label'" in capsys.readouterr().err
    assert kept.read_bytes() == before


# What spreadsheets do


def as_excel_saves(rows: Rows) -> Rows:
    """Other columns first, a comma in numbers, labels as people type them, an empty line."""
    turned = [dict(reversed(one.items())) for one in rows]
    for one in turned:
        one["label"] = "  Support "
        one["score"] = one["score"].replace(".", ",")
        one["evidence_label"] = "QUOTE"
    return [*turned, dict.fromkeys(turned[0], "")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = as_excel_saves(handed_out(tmp_path, [row(), row(50)]))
    path = write(tmp_path / "x.csv", rows, encoding, delimiter=delimiter, lineterminator="\r\n")
    taken = reviews.take([path], ANNA, KNOWN)
    assert taken.skipped == []
    assert [(one.label, one.evidence_label, one.score) for one in taken.rows] == [
        ("support", "quote", 0.9)
    ] * 2
    assert taken.rows[0].text == row().text
    assert taken.unlabelled == 0


def test_text_that_was_read_in_the_wrong_character_set_is_mended(tmp_path: Path) -> None:
    rows = handed_out(tmp_path, [row()])
    path = write(tmp_path / "x.csv", [rows[0] | {"label": "none"}])
    wrong = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in path.read_bytes())
    path.write_text(wrong, encoding="utf-8", newline="")
    assert "â€œAlba" in wrong
    taken = reviews.take([path], ANNA, KNOWN)
    assert taken.skipped == []
    assert taken.rows[0].text == row().text


def test_a_row_without_a_time_has_that_of_its_file(tmp_path: Path) -> None:
    rows = handed_out(tmp_path, [row()])
    path = write(tmp_path / "x.csv", [rows[0] | {"label": "none"}])
    os.utime(path, (1_750_000_000, 1_750_000_000))
    (one,) = reviews.take([path], ANNA, KNOWN).rows
    assert one.reviewed_at == datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"label": "yes"}, "label", "expected one of support, oppose"),
        ({"evidence_label": "gossip"}, "evidence_label", "expected one of quote"),
        ({"id": "p123"}, "id", "unknown id 'p123'"),
        ({"start": "7"}, "id", "unknown id"),
        ({"actor": "albo"}, "id", "unknown id"),
        ({"actor": "albo", "id": ""}, "actor", "did you mean alba"),
        ({"issue": "tex", "id": ""}, "issue", "unknown issue 'tex'"),
        ({"text": "Alba backs nothing."}, "text", "as they were exported"),
        ({"context": "It was dry."}, "text", "as they were exported"),
        ({"text": ""}, "text", "found an empty cell"),
        ({"end": "1.5"}, "end", "expected a whole number"),
        ({"score": "2"}, "score", "expected a number from 0 to 1"),
        ({"reviewed_at": "03/04/2025"}, "reviewed_at", "day or month first"),
    ],
)
def test_a_changed_row_is_told(
    change: dict[str, str], field: str, expected: str, tmp_path: Path
) -> None:
    good = handed_out(tmp_path, [row()])[0] | {"label": "none"}
    path = write(tmp_path / "x.csv", [good | change, good])
    taken = reviews.take([path], ANNA, KNOWN)
    assert len(taken.rows) == 1
    (told,) = taken.skipped
    assert (told.file, told.row, told.field) == (str(path), 1, field)
    assert expected in told.reason


def test_what_was_handed_out_makes_good_for_what_came_back(tmp_path: Path) -> None:
    handed_out(tmp_path, [row(), row(50)])
    known = reviews.Known(
        KNOWN.actors, KNOWN.issues, reviews.read_exported([tmp_path / "labels.csv"])
    )
    back = [
        {"id": row().id, "label": "oppose", "article_id": "1,2E+17", "published": "01.03.2025"},
        {"id": "p9", "label": "oppose", "article_id": "", "published": ""},
    ]
    taken = reviews.take([write(tmp_path / "x.csv", back)], ANNA, known)
    (one,) = taken.rows
    assert one.model_copy(update={"coder": None, "label": None, "reviewed_at": None}) == row()
    assert taken.skipped[0].reason == "unknown id 'p9'; expected one of the 2 exported"
    changed = [{"id": row().id, "label": "oppose", "text": "Borea backs the tax."}]
    taken = reviews.take([write(tmp_path / "y.csv", changed)], ANNA, known)
    assert [told.field for told in taken.skipped] == ["text"]


# Coders


def test_a_coder_is_named_by_the_row_or_the_command(tmp_path: Path) -> None:
    good = handed_out(tmp_path, [row()])[0] | {"label": "none"}
    named = write(tmp_path / "named.csv", [good | {"coder": " ben "}])
    unnamed = write(tmp_path / "unnamed.csv", [good])

    def coder(path: Path, who: reviews.Coders) -> str | None:
        return reviews.take([path], who, KNOWN).rows[0].coder

    assert coder(named, reviews.Coders()) == "ben"
    assert coder(named, ANNA) == "anna"
    assert coder(named, reviews.Coders("anna", {"ben": "benedict"})) == "benedict"
    assert coder(unnamed, ANNA) == "anna"
    (told,) = reviews.take([unnamed], reviews.Coders(), KNOWN).skipped
    assert told.field == "coder"


def test_one_name_does_not_stand_for_two_coders(tmp_path: Path) -> None:
    good = handed_out(tmp_path, [row()])[0] | {"label": "none"}
    path = write(tmp_path / "x.csv", [good | {"coder": "3"}, good | {"coder": "4"}])
    with pytest.raises(InputError, match=r"holds labels by 3, 4; .*--coder 3=NAME"):
        reviews.take([path], ANNA, KNOWN)
    rows = reviews.take([path], reviews.Coders("anna", {"3": "ben"}), KNOWN).rows
    assert [one.coder for one in rows] == ["ben", "anna"]


@pytest.mark.parametrize(
    ("broken", "field", "expected"),
    [
        (annotation(3, None), "label", "expected a choice"),
        (annotation(3, "perhaps"), "label", "expected one of support"),
        ({"result": None}, "label", "expected a choice"),
        ("nothing", "annotations", "expected an object"),
        (annotation(None, "none"), "coder", "expected the coder's name"),
    ],
)
def test_a_broken_annotation_costs_no_other(
    broken: Any, field: str, expected: str, tmp_path: Path
) -> None:
    from training.labelling.studio import task

    export = [{"id": 1, **task(row()), "annotations": [broken, annotation(4, "none")]}, "task"]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    taken = reviews.take([path], reviews.Coders(), KNOWN)
    assert [one.label for one in taken.rows] == ["none"]
    first, second = taken.skipped
    assert (first.row, first.field) == (1, field)
    assert expected in first.reason
    assert second.row == 2


@pytest.mark.parametrize("text", ['{"a": 1}', "[1", "", "\xff"])
def test_what_is_no_export_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="expected Label Studio's JSON export"):
        reviews.take([path], ANNA, KNOWN)


# Keeping


def test_the_last_word_of_a_coder_counts() -> None:
    def said(label: str, day: int, coder: str = "anna") -> LabelRow:
        return row(coder=coder, label=label, reviewed_at=f"2025-06-{day:02}")

    merged = reviews.merge([said("support", 2), said("none", 3), said("oppose", 1)])
    assert [one.label for one in merged.rows] == ["none"]
    assert (merged.replaced, merged.changed, merged.outdated) == (1, 1, 1)
    merged = reviews.merge([said("support", 2), said("none", 2), said("none", 2, "ben")])
    assert [(one.coder, one.label) for one in merged.rows] == [("anna", "none"), ("ben", "none")]
    merged = reviews.merge([said("support", 2), said("support", 2)])
    assert (len(merged.rows), merged.replaced, merged.outdated) == (1, 0, 0)


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".csv.gz"])
def test_a_reviewed_file_reads_as_it_was_written(ending: str, tmp_path: Path) -> None:
    kept = [
        row(coder="anna", label="none", reviewed_at="2025-06-01T10:00:00+00:00"),
        row(60, coder="ben", label="unclear", reviewed_at="2025-06-01T10:00:00+00:00"),
    ]
    path = tmp_path / f"reviewed{ending}"
    reviews.write_rows(path, kept)
    assert reviews.read_reviewed(path) == (kept, [])


def test_the_configuration_asks_for_evidence_only_of_positions() -> None:
    (view,) = ET.fromstring(configuration()).findall("View")
    assert view.get("whenChoiceValue") == ",".join(STANCES)
    assert view.find("Choices").get("name") == "evidence_label"  # type: ignore[union-attr]


def test_the_base_installation_is_enough() -> None:
    from test_layers import HEAVY, modules, tops

    found = {m: p for m, p in modules("training").items() if m.startswith("training.labelling")}
    assert len(found) > 5
    assert {module for module, path in found.items() if tops(module, path) & HEAVY} == set()


def test_a_loaded_group_becomes_a_command_with_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    from stance import cli

    group, said = typer.Typer(), []

    @group.command("there")
    def there() -> None:
        said.append("there")

    @group.command("here")
    def here() -> None:
        said.append("here")

    class Entry:
        name = "going"
        load: Callable[[], object] = staticmethod(lambda: group)

    monkeypatch.setattr(cli, "app", typer.Typer())
    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry, Entry])
    assert main(["going", "there"]) == 0
    assert said == ["there"]
