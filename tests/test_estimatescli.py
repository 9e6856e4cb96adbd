"""``stance course`` and ``stance compare``."""

from __future__ import annotations

from pathlib import Path

import pytest
from stored import article

from stance import Tracker
from stance.cli import main
from stance.store import Store, ingest
from stance.tables import write_positions
from tests.test_shifts import said


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "positions.csv"
    write_positions(
        path,
        [*said("O" * 6 + "S" * 6, days=[10 * i for i in range(12)]), *said("O" * 6, actor="bruno")],
    )
    return path


def test_a_course_by_month(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["course", str(table), "--actor", "alba", "--by", "month", "--on", "2025-05-01"]
    assert main(given) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "alba on ceasefire (2025-05-01: last evidence 10 days before)"
    assert [line.split()[0] for line in shown[1:]] == [f"2025-0{m}-01" for m in (1, 2, 3, 4)]
    assert shown[1].endswith("opposes")
    assert shown[4].endswith(("supports", "leans support"))


def test_two_actors_are_compared(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["alba", "bruno", "--issue", "ceasefire", "--positions", str(table)]
    assert main(["compare", *given]) == 0
    assert "probability that they differ: 0." in capsys.readouterr().out


def test_two_tables_are_compared(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = ["compare", str(table), str(table), "--issue", "ceasefire"]
    assert main([*same, "--actor", "bruno"]) == 0
    assert "difference 0.00" in capsys.readouterr().out.replace("+0.00", "0.00")
    assert main(same) == 1
    assert "expected one actor with --actor, found 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["matrix", "TABLE"],
        ["shifts", "TABLE"],
        ["course", "TABLE"],
        ["compare", "alba", "bruno", "--issue", "ceasefire", "--positions", "TABLE"],
    ],
)
def test_kinds_of_evidence_can_count_for_less(
    table: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    given = [str(table) if word == "TABLE" else word for word in command]
    shown = []
    for weights in ([], ["--weight", "quote=0.2"], ["--weight", "quote=1"]):
        assert main([*given, *weights]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[2] != shown[1]
    for bad in ("quote", "quote=2", "rumour=1", "quote=nan"):
        assert main([*given, "--weight", bad]) == 1
        assert f"'{bad}': expected KIND=WEIGHT" in capsys.readouterr().err


def test_shifts_of_a_store_are_told_with_their_notes(
    tmp_path: Path, tracker_of_two: Tracker, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "s.db")
    outlets = ["Harbour Post"] * 9 + ["Inland News"] * 9
    turned = [
        article(f"Alba {'backs' if n < 9 else 'rejects'} tax number {n}.", n, source=one)
        for n, one in enumerate(outlets)
    ]
    with Store.open(path) as store:
        ingest(store, tracker_of_two, turned)
    assert main(["shifts", "--db", path, "--min-probability", "0.6"]) == 0
    assert "note: alba on tax, 2025-03-13: the outlets changed" in capsys.readouterr().out


def test_an_unknown_actor_is_told_in_a_line(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["alba", "brno", "--issue", "ceasefire", "--positions", str(table)]
    assert main(["compare", *given]) == 2
    assert "brno" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "svg", "html"])
@pytest.mark.parametrize("what", ["course", "shifts"])
def test_pictures_are_drawn_alike_each_time(table: Path, what: str, ending: str) -> None:
    drawn = []
    for name in ("one", "two"):
        out = table.parent / f"{name}.{ending}"
        of = ["--actor", "alba", "--issue", "ceasefire", "--out", str(out)]
        assert main(["plot", what, str(table), *of]) == 0
        drawn.append(out.read_bytes())
    assert drawn[0] == drawn[1]
    if ending != "png":
        text = drawn[0].decode()
        assert "alba on ceasefire" in text
        assert "<script" not in text
        if what == "shifts":
            assert "made-up sentence" in text


def test_the_matrix_is_drawn(table: Path) -> None:
    assert main(["plot", "matrix", str(table), "--out", str(table.parent / "m.svg")]) == 0


def test_what_cannot_be_drawn_is_told(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--actor", "bruno", "--issue", "ceasefire", "--out", str(table.parent / "x.png")]
    assert main(["plot", "shifts", str(table), *out]) == 1
    assert "no shift of probability 0.9" in capsys.readouterr().err
