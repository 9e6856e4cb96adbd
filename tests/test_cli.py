"""The command line: what it writes, what it says, and how it ends."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeScorer

from stance.cli import main
from stance.tables import MATRIX_COLUMNS, POSITION_COLUMNS, SHIFT_COLUMNS

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
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers of made-up people, and a scorer without weights."""
    monkeypatch.setattr("stance.pipeline.OnnxScorer", lambda folder, threads: FakeScorer())
    (tmp_path / "actors.yaml").write_text(ACTORS, encoding="utf-8")
    (tmp_path / "issues.yaml").write_text(ISSUES, encoding="utf-8")
    return ["--actors", str(tmp_path / "actors.yaml"), "--issues", str(tmp_path / "issues.yaml")]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def articles(path: Path) -> Path:
    days = [f"2025-0{month}-10" for month in range(1, 9)]
    lines = [
        {"text": f"On day {day} Alba {verb} the tax in public.", "date": day, "outlet": "Made Up"}
        for day, verb in zip(days, ["backs"] * 4 + ["rejects"] * 4, strict=True)
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_run_matrix_and_shifts(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "positions.csv"
    source = articles(tmp_path / "in.jsonl")
    assert main(["run", str(source), "--out", str(table), *registers]) == 0
    told = capsys.readouterr().err
    assert "articles read: 8, repeated: 0, skipped: 0, positions found: 8" in told
    assert "references left unresolved: 0" in told
    rows = rows_of(table)
    assert tuple(rows[0]) == POSITION_COLUMNS
    assert [r["stance"] for r in rows] == ["support"] * 4 + ["oppose"] * 4
    assert all(r["source"] == "Made Up" for r in rows)

    cells, picture = tmp_path / "matrix.csv", tmp_path / "matrix.svg"
    assert main(["matrix", str(table), "--out", str(cells), "--plot", str(picture)]) == 0
    assert "alba" in capsys.readouterr().out
    assert tuple(rows_of(cells)[0]) == MATRIX_COLUMNS
    assert rows_of(cells)[0]["n_support"] == "4"
    assert picture.read_bytes().startswith(b"<?xml")

    changes = tmp_path / "shifts.csv"
    assert main(["shifts", str(table), "--out", str(changes)]) == 0
    assert tuple(rows_of(changes)[0]) == SHIFT_COLUMNS
    assert rows_of(changes)[0]["kind"] == "reversal"


def test_a_reprint_has_the_cluster_of_its_original(tmp_path: Path, registers: list[str]) -> None:
    news = "Alba backs the tax on herring. " + " ".join(f"Boat {n} came in." for n in range(20))
    reprint = news.replace("Alba backs the tax on herring", "Alba backs the tax on all herring")
    source, table = tmp_path / "in.jsonl", tmp_path / "positions.csv"
    lines = ({"text": text, "date": "2025-03-04"} for text in (news, reprint))
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    assert main(["run", str(source), "--out", str(table), *registers]) == 0
    assert len({row["cluster"] for row in rows_of(table)}) == 1
    cells = tmp_path / "matrix.csv"
    for option, is_enough in (("--clusters", False), ("--no-clusters", True)):
        assert main(["matrix", str(table), "--out", str(cells), option]) == 0
        (cell,) = rows_of(cells)
        assert (cell["n_statements"], cell["n_independent"]) == ("2", "1")
        assert (cell["state"] != "too little evidence") == is_enough

    assert main(["run", str(source), "--out", str(table), "--no-clusters", *registers]) == 0
    assert len({row["cluster"] for row in rows_of(table)}) == 2


def test_the_same_article_twice_counts_once(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = articles(tmp_path / "in.jsonl")
    again = tmp_path / "again.jsonl"
    again.write_bytes(source.read_bytes())
    table = tmp_path / "positions.csv"
    assert main(["run", str(source), str(again), "--out", str(table), *registers]) == 0
    assert len(rows_of(table)) == 8
    assert "repeated: 8" in capsys.readouterr().err


def test_good_rows_are_kept_and_bad_ones_told(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Alba backs the tax."}\n{"text": 7}\nno json\n', encoding="utf-8")
    (tmp_path / "short.txt.gz").write_bytes(gzip.compress(b"Borea rejects the tax. " * 9)[:-9])
    table = tmp_path / "positions.csv"
    inputs = [str(source), str(tmp_path / "short.txt.gz"), str(tmp_path / "missing.txt")]
    assert main(["run", *inputs, "--out", str(table), *registers]) == 3
    said = capsys.readouterr().err
    assert "in.jsonl, row 2" in said
    assert "in.jsonl, row 3" in said
    assert "short.txt.gz" in said
    assert "missing.txt" in said
    assert "Traceback" not in said
    assert "alba" in {r["actor"] for r in rows_of(table)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("binary.txt", bytes(range(256)) * 40),
        ("no_text.csv", b"a,b\n1,2\n"),
        ("broken.json", b'{"text": '),
    ],
)
def test_nothing_readable_is_an_error(
    tmp_path: Path,
    registers: list[str],
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
) -> None:
    (tmp_path / name).write_bytes(content)
    table = tmp_path / "positions.csv"
    assert main(["run", str(tmp_path / name), "--out", str(table), *registers]) == 1
    said = capsys.readouterr().err
    assert name in said
    assert "Traceback" not in said
    assert not table.exists()


def test_unknown_actors_are_refused_with_a_suggestion(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = articles(tmp_path / "in.jsonl")
    table = tmp_path / "positions.csv"
    asked = ["run", str(source), "--out", str(table), "--actor", "albba", *registers]
    assert main(asked) == 2
    assert "unknown actor 'albba'; did you mean alba" in capsys.readouterr().err
    assert main(["run", str(source), "--out", str(table), *registers]) == 0
    assert main(["matrix", str(table), "--actor", "borrea"]) == 2
    assert "unknown actor 'borrea'" in capsys.readouterr().err


def test_filters_keep_what_was_asked(tmp_path: Path, registers: list[str]) -> None:
    source = tmp_path / "in.txt"
    source.write_text("Alba backs the tax. Borea rejects the tax.", encoding="utf-8")
    table = tmp_path / "positions.csv"
    asked = ["run", str(source), "--out", str(table), "--actor", "borea", *registers]
    assert main(asked) == 0
    assert {r["actor"] for r in rows_of(table)} == {"borea"}


def test_fields_are_mapped(tmp_path: Path, registers: list[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_text("what,who\nAlba backs the tax.,Somebody\n", encoding="utf-8")
    table = tmp_path / "positions.csv"
    mapped = ["--field", "text=what", "--field", "source=who"]
    assert main(["run", str(source), "--out", str(table), *mapped, *registers]) == 0
    assert rows_of(table)[0]["source"] == "Somebody"


def test_matrix_reads_rows_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(
        "actor,issue,stance\nnobody_knows,tea,support\nnobody_knows,tea,sometimes\n",
        encoding="utf-8",
    )
    assert main(["matrix", str(table)]) == 3
    said = capsys.readouterr()
    assert "nobody knows" in said.out
    assert "mine.csv, row" in said.err
    assert "sometimes" in said.err or "stance" in said.err


def test_where_no_shift_is_sure_the_closest_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "mine.csv"
    stances = ["support"] * 3 + ["oppose"] * 3
    rows = [f"alba,tea,{s},2025-0{i + 1}-01,Text {i}" for i, s in enumerate(stances)]
    table.write_text("actor,issue,stance,published,text\n" + "\n".join(rows), encoding="utf-8")
    assert main(["shifts", str(table)]) == 0
    said = capsys.readouterr()
    assert "No shift was found" in said.out
    assert "closest: alba on tea, probability 0." in said.err
    assert main(["shifts", str(table), "--min-probability", "0.5"]) == 0
    assert "reversal" in capsys.readouterr().out


def test_a_table_that_is_none_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(["shifts", str(table)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_analyze_marks_the_evidence(
    registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "Alba backs the tax.", "--date", "2025-06-01", *registers]) == 0
    said = capsys.readouterr().out
    assert "alba  tax  support" in said
    assert "[0:19]" in said


def test_a_broken_register_is_told_in_one_line(
    tmp_path: Path, registers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("actors:\n  - {id: alba, nam: Alba, kind: person}\n", encoding="utf-8")
    assert main(["analyze", "Alba backs the tax.", "--actors", str(bad)]) == 1
    assert "'alba'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run"], ["matrix"], ["frobnicate"], ["run", "x", "--outt"]])
def test_usage_errors_end_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_help_needs_no_model_library() -> None:
    code = (
        "import sys; from stance.cli import main; main(['--help']); "
        "print([m for m in ('onnxruntime', 'pyarrow', 'matplotlib', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for command in ("run", "matrix", "shifts", "analyze", "evaluate", "train", "serve"):
        assert command in done.stdout
