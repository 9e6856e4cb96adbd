"""Tables: what is written is what is read, and a bad row costs only itself."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.errors import InputError
from stance.records import EVIDENCE_KINDS, STANCES, Cell, Position, Shift
from stance.tables import (
    MATRIX_COLUMNS,
    POSITION_COLUMNS,
    SHIFT_COLUMNS,
    PositionWriter,
    iter_positions,
    read_matrix,
    read_positions,
    read_shifts,
    write_matrix,
    write_positions,
    write_shifts,
)

ENDINGS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
WHEN = datetime(2025, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))


def position(**changes: Any) -> Position:
    values: dict[str, Any] = {
        "article_id": "0123456789abcdef",
        "actor": "alba",
        "issue": "ceasefire",
        "stance": "support",
        "score": 0.9,
        "p_support": 0.9,
        "p_oppose": 0.05,
        "p_neutral": 0.025,
        "evidence": "quote",
        "start": 10,
        "end": 27,
        "text": "a made-up sentence",
        "title": "A title, with a comma",
        "source": "The Made-up Wire",
        "url": "https://example.org/1?a=b",
        "published": WHEN,
        "model_version": "m1",
    }
    return Position(**(values | changes))


CELL = Cell(
    actor="alba",
    issue="ceasefire",
    position=0.5,
    low=-0.25,
    high=1.0,
    state="leans support",
    n_support=3,
    n_oppose=1,
    n_neutral=0,
    n_statements=4,
    n_articles=3,
    n_independent=4,
    first=WHEN,
    last=WHEN + timedelta(days=3),
)
SHIFT = Shift(
    actor="alba",
    issue="ceasefire",
    before=-0.75,
    after=0.5,
    earliest=WHEN,
    latest=WHEN + timedelta(days=3),
    probability=0.9375,
    kind="reversal",
)


def write(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


# Columns


def test_the_columns_are_the_contract() -> None:
    assert ", ".join(POSITION_COLUMNS) == (
        "article_id, title, source, url, published, actor, issue, stance, score, p_support, "
        "p_oppose, p_neutral, evidence, start, end, text, model_version, codebook_version, "
        "cluster, cue, via, addressee, reviewed"
    )
    assert ", ".join(MATRIX_COLUMNS) == (
        "actor, issue, position, low, high, state, n_support, n_oppose, n_neutral, "
        "n_statements, n_articles, n_independent, first, last"
    )
    assert ", ".join(SHIFT_COLUMNS) == (
        "actor, issue, before, after, earliest, latest, probability, kind"
    )


def test_csv_cells(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    write_positions(path, [position(score=0.123456, p_oppose=-0.0, title=None)])
    header, row = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert tuple(header) == POSITION_COLUMNS
    cells = dict(zip(header, row, strict=True))
    assert cells["published"] == "2025-03-04T05:06:07+02:00"
    assert (cells["score"], cells["p_oppose"], cells["title"]) == ("0.1235", "0.0", "")


def test_all_formats_hold_the_same_cells(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    rows = [position(score=0.123456, published=None), position(text="=second", title="")]
    for ending in ENDINGS:
        write_positions(tmp_path / f"p{ending}", rows)
    lines = (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == pq.read_table(tmp_path / "p.parquet").to_pylist()
    read = [read_positions(tmp_path / f"p{ending}") for ending in ENDINGS]
    assert all(found == read[0] for found in read)


# Round trips

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
_CELL = st.one_of(_TEXT, st.sampled_from("=+-@\t\r\n'").flatmap(lambda c: _TEXT.map(c.__add__)))
_FULL = _CELL.filter(lambda text: text.strip() != "")
_NAME = _FULL.map(str.strip).filter(bool)
_SHARE = st.integers(0, 3333).map(lambda n: n / 10_000)
_WHEN = st.datetimes(
    datetime(1950, 1, 1),
    datetime(2090, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
_POSITIONS = st.builds(
    Position,
    article_id=_NAME,
    actor=_NAME,
    issue=_NAME,
    stance=st.sampled_from(STANCES),
    score=_SHARE,
    p_support=_SHARE,
    p_oppose=_SHARE,
    p_neutral=_SHARE,
    evidence=st.sampled_from(EVIDENCE_KINDS),
    start=st.integers(0, 10),
    end=st.integers(10, 10_000_000),
    text=_FULL,
    title=st.none() | _FULL,
    source=st.none() | _FULL,
    url=st.none() | _FULL,
    published=st.none() | _WHEN,
    model_version=st.just("") | _FULL,
    codebook_version=st.just("") | _FULL,
    cluster=st.just("") | _FULL,
    cue=st.just("") | _FULL,
    via=st.just("") | _NAME,
    addressee=st.just("") | _NAME,
    reviewed=st.booleans(),
)


def test_a_table_without_the_later_columns_still_reads(tmp_path: Path) -> None:
    table = tmp_path / "old.csv"
    write(table, [["actor", "issue", "stance", "cluster"], ["putin", "nato", "oppose", "c1"]])
    (position,), skipped = read_positions(table)
    assert skipped == []
    assert (position.cluster, position.cue, position.via, position.addressee) == ("c1", "", "", "")
    assert not position.reviewed


def test_a_review_is_a_yes_and_nothing_else(tmp_path: Path) -> None:
    table = tmp_path / "reviewed.csv"
    head, row = ["actor", "issue", "stance", "reviewed"], ["putin", "nato", "oppose"]
    write(table, [head, [*row, "yes"], [*row, ""], [*row, "no"], [*row, "perhaps"]])
    found, (skipped,) = read_positions(table)
    assert [position.reviewed for position in found] == [True, False, False]
    assert str(skipped).endswith("field 'reviewed': expected one of yes, no; found 'perhaps'")


@pytest.mark.parametrize("ending", ENDINGS)
@settings(deadline=None, max_examples=25)
@given(rows=st.lists(_POSITIONS, max_size=4))
def test_positions_come_back_as_they_were(
    ending: str, rows: list[Position], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tables") / f"positions{ending}"
    assert write_positions(path, rows) == len(rows)
    assert read_positions(path) == (rows, [])


@pytest.mark.parametrize("ending", ENDINGS)
def test_matrix_and_shifts_come_back_as_they_were(ending: str, tmp_path: Path) -> None:
    empty = Cell("alba", "nato", None, None, None, "no evidence", 0, 0, 0, 0, 0, 0, None, None)
    write_matrix(tmp_path / f"m{ending}", [CELL, empty])
    assert read_matrix(tmp_path / f"m{ending}") == ([CELL, empty], [])
    write_shifts(tmp_path / f"s{ending}", [SHIFT])
    assert read_shifts(tmp_path / f"s{ending}") == ([SHIFT], [])


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_table_is_a_table(ending: str, tmp_path: Path) -> None:
    write_positions(tmp_path / f"none{ending}", [])
    assert read_positions(tmp_path / f"none{ending}") == ([], [])


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_rows_give_the_same_bytes(ending: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_positions(tmp_path / f"{name}{ending}", [position()])
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-x"])
def test_no_cell_of_text_begins_like_a_formula(text: str, tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    rows = [position(text=text, title=text, actor=text.strip(), source=text)]
    write_positions(path, rows)
    with path.open(encoding="utf-8", newline="") as stream:
        cells = next(csv.DictReader(stream))
    for name in ("text", "title", "actor", "source"):
        assert cells[name].startswith("'")
    assert read_positions(path) == (rows, [])


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    write_shifts(tmp_path / "shifts.csv", [SHIFT])
    assert ",-0.75," in (tmp_path / "shifts.csv").read_text()


def test_text_that_no_file_can_hold_keeps_its_length(tmp_path: Path) -> None:
    for ending in ENDINGS:
        write_positions(tmp_path / f"p{ending}", [position(text="a\ud800b")])
        rows, skipped = read_positions(tmp_path / f"p{ending}")
        assert (rows[0].text, skipped) == ("a\N{REPLACEMENT CHARACTER}b", [])


# Writing


def test_a_table_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("what was there before")
    with PositionWriter(path) as out:
        out.write(position())
        assert path.read_text() == "what was there before"
    assert out.rows == 1
    assert read_positions(path) == ([position()], [])
    assert os.listdir(tmp_path) == ["positions.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failed_run_leaves_things_as_they_were(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"positions{ending}"
    path.write_bytes(b"before")

    def fail() -> None:
        with PositionWriter(path) as out:
            out.write(position())
            raise OSError("of somebody else")

    with pytest.raises(OSError, match="of somebody else"):
        fail()
    assert path.read_bytes() == b"before"
    assert len(os.listdir(tmp_path)) == 1


def test_a_link_keeps_pointing_to_the_table(tmp_path: Path) -> None:
    (tmp_path / "real.csv").touch()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_positions(tmp_path / "link.csv", [position()])
    assert (tmp_path / "link.csv").is_symlink()
    assert read_positions(tmp_path / "real.csv")[0] == [position()]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("out.xlsx", "unknown ending; expected one of .csv, .csv.gz, .jsonl"),
        ("out", "unknown ending"),
        ("missing/out.csv", "cannot be written: the folder does not exist"),
        ("folder.csv", "cannot be written: it is a folder"),
        ("file/out.csv", "cannot be written: "),
    ],
)
def test_places_that_cannot_be_written(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=reason) as caught:
        write_positions(tmp_path / name, [position()])
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def on_a_full_disk(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        return (
            opened(Path("/dev/full"), "wb") if "x" in mode else opened(path, mode, *rest, **options)
        )

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    for ending in ENDINGS:
        with pytest.raises(InputError, match="cannot be written: No space left"):
            write_positions(tmp_path / f"p{ending}", [position()] * 20_000)


# Rows from elsewhere


def test_three_columns_are_enough(tmp_path: Path) -> None:
    rows, skipped = read_positions(
        write(tmp_path / "own.csv", [["Actor", " issue", "stance"], ["alba", "whaling", "Oppose"]])
    )
    assert not skipped
    (found,) = rows
    assert (found.actor, found.issue, found.stance) == ("alba", "whaling", "oppose")
    assert (found.score, found.p_support, found.p_oppose, found.p_neutral) == (1, 0, 1, 0)
    assert (found.title, found.published, found.text, found.start, found.end) == (
        None,
        None,
        "",
        0,
        0,
    )
    assert found.model_version == found.codebook_version == found.cluster == ""
    assert found.article_id


def test_a_score_stands_for_the_probability_of_the_stance(tmp_path: Path) -> None:
    table = [["actor", "issue", "stance", "score"], ["alba", "whaling", "neutral", "0.7"]]
    ((found,), _) = read_positions(write(tmp_path / "own.csv", table))
    assert (found.score, found.p_neutral, found.p_support) == (0.7, 0.7, 0)


def test_probabilities_stand_for_the_score(tmp_path: Path) -> None:
    table = [
        ["actor", "issue", "stance", "p_support", "p_oppose"],
        ["alba", "whaling", "support", "0.6", "0.3"],
        ["alba", "whaling", "support", "", "0.3"],
    ]
    (rows, _) = read_positions(write(tmp_path / "own.csv", table))
    assert [row.score for row in rows] == [0.6, 0.7]


def test_a_missing_article_id_is_made_from_the_article(tmp_path: Path) -> None:
    header = ["actor", "issue", "stance", "url", "title", "text"]
    table = [
        ["alba", "a", "support", "https://example.org/1", "", "one"],
        ["alba", "b", "support", "https://example.org/1", "", "two"],
        ["alba", "a", "support", "", "a title", "one"],
        ["alba", "a", "support", "", "", "one"],
        ["alba", "a", "support", "", "", "one"],
    ]
    path = write(tmp_path / "own.csv", [header, *table])
    ids = [row.article_id for row in read_positions(path)[0]]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert ids == [row.article_id for row in read_positions(path)[0]]


def test_a_missing_end_is_told_from_the_text(tmp_path: Path) -> None:
    table = [
        ["actor", "issue", "stance", "text", "start"],
        ["alba", "a", "support", "seven!!", "5"],
    ]
    ((found,), _) = read_positions(write(tmp_path / "own.csv", table))
    assert (found.start, found.end) == (5, 12)


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("stance", "maybe", "expected one of support, oppose, neutral; found 'maybe'"),
        ("stance", "", "expected a value, found an empty cell"),
        ("actor", "  ", "expected a value, found an empty cell"),
        ("score", "1.2", "expected a number from 0 to 1, found '1.2'"),
        ("score", "nan", "expected a number from 0 to 1, found 'nan'"),
        ("score", "0,9", "expected a number from 0 to 1, found '0,9'"),
        ("p_support", "-0.1", "expected a number from 0 to 1, found '-0.1'"),
        ("p_oppose", "0.5", "add up to 1 at most, found 1.4"),
        ("published", "last week", "'last week'"),
        ("evidence", "rumour", "expected one of quote, reported"),
        ("start", "1.5", "expected a whole number from 0, found '1.5'"),
        ("start", "-3", "expected a whole number from 0, found '-3'"),
        ("end", "3", r"expected at least start \(10\), found 3"),
    ],
)
def test_a_bad_row_is_told_and_costs_only_itself(
    field: str, cell: str, reason: str, tmp_path: Path
) -> None:
    good = {name: str(getattr(position(), name) or "") for name in POSITION_COLUMNS}
    bad = good | {field: cell}
    path = tmp_path / "positions.csv"
    write(path, [list(good), list(good.values()), list(bad.values()), list(good.values())])
    rows, (skipped,) = read_positions(path)
    assert rows == [position()] * 2
    assert (skipped.file, skipped.row) == (str(path), 2)
    assert skipped.field == ("p_support" if field == "p_oppose" else field)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(skipped.reason)


def test_rows_of_another_length_are_told(tmp_path: Path) -> None:
    table = [["actor", "issue", "stance"], ["alba", "a"], ["alba", "a", "support"], list("abcd")]
    rows, skipped = read_positions(write(tmp_path / "own.csv", table))
    assert len(rows) == 1
    assert [(s.row, s.reason) for s in skipped] == [
        (1, "expected 3 cells as in the header, found 2"),
        (3, "expected 3 cells as in the header, found 4"),
    ]


def test_a_quotation_mark_left_open_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        'actor,issue,stance,text\nalba,a,support,"left open\nborea,a,oppose,"x"\ncorva,a,oppose,y\n'
    )
    rows, skipped = read_positions(path)
    assert [row.actor for row in rows] == ["borea", "corva"]
    assert [s.row for s in skipped] == [1]


def test_lines_that_are_no_objects_are_told(tmp_path: Path) -> None:
    good = json.dumps({"actor": "alba", "issue": "a", "stance": "support", "text": {"a": 1}})
    fine = json.dumps({"actor": 7, "issue": "a", "stance": "support", "score": 0.5})
    lines = ["{broken", "[1, 2]", "", good, fine, '{"actor": "alba"}', "[" * 100_000]
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    rows, skipped = read_positions(path)
    assert [row.actor for row in rows] == ["7"]
    assert [(s.row, s.field) for s in skipped] == [
        (1, None),
        (2, None),
        (4, "text"),
        (6, "issue"),
        (7, None),
    ]


def test_rows_that_are_not_utf8_are_told(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"actor,issue,stance\norb\xe1n,a,support\nalba,a,support\n")
    rows, (skipped,) = read_positions(path)
    assert [row.actor for row in rows] == ["alba"]
    assert (skipped.row, skipped.field, skipped.reason) == (1, "actor", "expected text in UTF-8")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_csv_of_a_spreadsheet_is_read(encoding: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    text = "actor,issue,stance\r\nalba,a,support\r\n".replace(",", delimiter)
    path.write_bytes(text.encode(encoding))
    rows, skipped = read_positions(path)
    assert ([row.actor for row in rows], skipped) == (["alba"], [])


def test_parquet_of_other_types_is_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "Actor": pa.array(["alba", "borea"]).dictionary_encode(),
        "issue": ["a", "a"],
        "stance": ["support", "oppose"],
        "article_id": [17, 18],
        "score": pa.array([0.5, float("nan")], pa.float32()),
        "published": pa.array([WHEN, None], pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    rows, skipped = read_positions(tmp_path / "own.parquet")
    assert not skipped
    assert [row.article_id for row in rows] == ["17", "18"]
    assert [row.score for row in rows] == [0.5, 1.0]
    assert [row.published for row in rows] == [WHEN, None]


def test_large_tables_are_read_row_by_row(tmp_path: Path) -> None:
    write_positions(tmp_path / "p.jsonl", [position(start=0, end=i) for i in range(50)])
    rows = iter_positions(tmp_path / "p.jsonl")
    assert next(rows) == position(start=0, end=0)


# Files that are no tables


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "p.csv",
            b"actor,position\nalba,1\n",
            "missing columns issue, stance; found: actor, position",
        ),
        ("p.csv", b"", "missing columns actor, issue, stance; found: none"),
        ("p.csv", b"actor,issue,stance,Issue\n", "column 'issue' appears twice"),
        ("p.csv", b"\x00\x01\x02\x03", "is not a text file"),
        (
            "p.jsonl",
            b'{"actor": "alba"}\n{"issue": "a"}\n',
            "missing column stance; found: actor, issue",
        ),
        ("p.jsonl", b"no json\n[1]\n", "has no JSON object"),
        ("p.csv.gz", b"actor,issue,stance\n", "cut off or damaged"),
        ("p.csv.gz", gzip.compress(b"actor,issue,stance\n" * 99)[:20], "cut off or damaged"),
        ("p.parquet", b"PAR1 but no more", "cannot be read as a Parquet file"),
        ("p.parquet", b"", "cannot be read as a Parquet file"),
        ("p.txt", b"actor,issue,stance\n", "unknown ending"),
    ],
)
def test_files_that_cannot_be_read(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read_positions(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parquet_file_without_the_columns_is_told(tmp_path: Path) -> None:
    write_shifts(tmp_path / "s.parquet", [SHIFT])
    with pytest.raises(InputError, match="missing column stance; found: actor, issue, before"):
        read_positions(tmp_path / "s.parquet")


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.parquet", "none.csv.gz"])
def test_a_missing_file_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_positions(tmp_path / name)


def test_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_positions(tmp_path / "folder.csv")


def test_what_a_cut_off_file_still_holds_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "positions.jsonl.gz"
    write_positions(path, [position(text=os.urandom(50).hex()) for _ in range(2000)])
    path.write_bytes(path.read_bytes()[:60_000])
    rows, skipped = read_positions(path)
    assert 100 < len(rows) < 2000
    assert "cut off" in str(skipped[-1])


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.sampled_from(ENDINGS))
def test_no_bytes_make_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"p{ending}"
    if ending.startswith((".csv", ".jsonl")):
        content = b"actor,issue,stance\n" + content
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    with suppress(InputError):
        read_positions(path)
