"""Every kind of input, and every kind of bad one: one line tells it, the good rows stay."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stance.errors import UnknownNameError
from stance.reading import Read, Warned, read
from stance.records import Article, Skipped
from stance.rows import LONGEST

TEXT = "The president of Norland said on Monday that she would keep the islands."
OTHER = "Her colleague in Southmark answered that his offer stood."
DAY = datetime(2025, 3, 4, tzinfo=UTC)

Write = Callable[[str, str | bytes], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, content: str | bytes) -> str:
        raw = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return name

    return write_file


def texts(found: Iterator[Read]) -> list[str]:
    return [item.text for item in found if isinstance(item, Article)]


def notes(found: Iterator[Read]) -> list[str]:
    return [str(item) for item in found if not isinstance(item, Article)]


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


# ---------------------------------------------------------------------------------------
# The formats

ROW = {
    "text": TEXT,
    "title": "Islands",
    "source": "Post",
    "url": "https://e.org",
    "date": "2025-03-04",
}
CSV = f'title,source,url,date,text\nIslands,Post,https://e.org,2025-03-04,"{TEXT}"\n'
HTML = (
    f"<html><head><title>Islands</title></head><body><article><p>{TEXT}</p></article></body></html>"
)


def parquet(columns: dict[str, list[object]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


FORMATS: dict[str, str | bytes] = {
    "a.json": json.dumps([ROW]),
    "b.json": json.dumps({"status": "ok", "articles": [ROW]}, indent=1),
    "c.json": json.dumps(ROW, indent=1),
    "d.json": jsonl(ROW),
    "a.jsonl": jsonl(ROW),
    "a.ndjson": "\ufeff" + jsonl(ROW),
    "a.csv": CSV,
    "b.csv": "\ufeff" + CSV.replace(",", ";"),
    "c.csv": CSV.replace(",", "\t").replace("\n", "\r\n"),
    "a.parquet": parquet({key: [value] for key, value in ROW.items()}),
    "b.parquet": parquet(
        {
            "text": [TEXT],
            "title": ["Islands"],
            "source": ["Post"],
            "url": ["https://e.org"],
            "published": [datetime(2025, 3, 4)],
        }
    ),
}


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_row_of_every_format_is_the_same_article(write: Write, name: str, ending: str) -> None:
    (article,) = read([write(name + ending, FORMATS[name])])
    assert article == Article(f"Islands\n\n{TEXT}", "Islands", "Post", "https://e.org", DAY)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize(("name", "page"), [("a.txt", TEXT), ("a.html", HTML), ("a.htm", HTML)])
def test_a_page_is_read(write: Write, name: str, page: str, ending: str) -> None:
    (article,) = read([write(name + ending, page)])
    assert isinstance(article, Article)
    assert article.text.endswith(TEXT)


@pytest.mark.parametrize("name", [*FORMATS, "text", "html"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_format_of_standard_input_is_told_from_its_content(name: str, packed: bool) -> None:
    content = {"text": TEXT, "html": HTML, **FORMATS}[name]
    raw = content if isinstance(content, bytes) else content.encode()
    (article,) = read(["-"], stdin=io.BytesIO(gzip.compress(raw) if packed else raw))
    assert isinstance(article, Article)
    assert article.text.endswith(TEXT)


def test_standard_input_is_left_open() -> None:
    stdin = io.BytesIO(TEXT.encode())
    assert len(list(read(["-"], stdin=stdin))) == 1
    assert not stdin.closed


def test_a_file_without_a_known_ending_is_told_from_its_content(write: Write) -> None:
    assert texts(read([write("dump", jsonl({"text": TEXT}))])) == [TEXT]


def test_html_in_a_text_file_is_read_as_html(write: Write) -> None:
    assert texts(read([write("a.txt", HTML)])) == [f"Islands\n\n{TEXT}"]


def test_a_page_may_hold_several_articles(write: Write) -> None:
    page = "\n".join(
        f"{title}\n{title}\nPost1 day ago\n{TEXT}"
        for title in ("Norland keeps its islands", "Southmark makes an offer")
    )
    assert len(texts(read([write("a.txt", page)]))) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_followed(write: Write, encoding: str) -> None:
    assert texts(read([write("a.txt", TEXT.encode(encoding))])) == [TEXT]


def test_the_character_set_that_a_page_declares_is_used(write: Write) -> None:
    page = (
        f'<html><head><meta charset="iso-8859-2"></head><body><p>Orbán ő: {TEXT}</p></body></html>'
    )
    assert texts(read([write("a.html", page.encode("iso-8859-2"))])) == [f"Orbán ő: {TEXT}"]


def test_western_prose_is_read_with_a_note(write: Write) -> None:
    page = f"{TEXT} “Never”, said Orbán – at the café."
    found = list(read([write("a.txt", page.encode("cp1252"))]))
    assert texts(iter(found)) == [page]
    assert notes(iter(found)) == ["a.txt: not valid UTF-8; read as Windows-1252"]


def test_markup_in_a_row_is_mended_and_no_line_dropped(write: Write) -> None:
    row = {"content": "<p>She said &quot;no&quot;.</p><p>Read more</p>", "headline": "A &amp; B"}
    (article,) = read([write("a.jsonl", jsonl(row))])
    assert article == Article('A & B\n\nShe said "no".\n\nRead more', "A & B")


# ---------------------------------------------------------------------------------------
# Names of fields


@pytest.mark.parametrize(
    "row",
    [
        {"Article Text": TEXT, "Headline": "T", "Publisher": "S", "Link": "u",
         "Publish-Date": "2025-03-04"},
        {"articleBody": TEXT, "title": "T", "outlet": "S", "permalink": "u",
         "publishedAt": "2025-03-04"},
        {"text": " ", "body": TEXT, "title": "T", "source": {"id": 1, "name": "S"}, "url": "u",
         "published": "", "timestamp": 1741046400},
    ],
)  # fmt: skip
def test_usual_names_are_found(write: Write, row: dict[str, object]) -> None:
    (article,) = read([write("a.jsonl", jsonl(row))])
    assert article == Article(f"T\n\n{TEXT}", "T", "S", "u", DAY)


def test_names_can_be_given(write: Write) -> None:
    row = {"text": "not this", "data": {"main": TEXT}, "key": 7, "day": "2025-03-04"}
    chosen = {"text": "data.main", "published": "day", "id": "key"}
    (article,) = read([write("a.jsonl", jsonl(row))], fields=chosen)
    assert article == Article(TEXT, published=DAY, id="7")


def test_a_given_name_that_no_row_has_is_told(write: Write) -> None:
    found = list(read([write("a.jsonl", jsonl(ROW, ROW))], fields={"source": "paper"}))
    assert len(texts(iter(found))) == 2
    assert notes(iter(found)) == ["a.jsonl, field 'source': no row has 'paper'"]


def test_a_field_of_ours_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="did you mean title"):
        read(["-"], fields={"titel": "x"})


def test_an_id_is_only_taken_where_asked_for(write: Write) -> None:
    (article,) = read([write("a.jsonl", jsonl({"id": "1", "text": TEXT}))])
    assert article == Article(TEXT)


# ---------------------------------------------------------------------------------------
# Inputs


def test_folders_are_searched_in_order_and_patterns_matched(write: Write) -> None:
    for name in (
        "d/b.txt",
        "d/a.jsonl",
        "d/sub/c.txt.gz",
        "d/.hidden/e.txt",
        "d/notes.md",
        "d/.f.txt",
    ):
        write(name, jsonl({"text": name}) if name.endswith("jsonl") else f"It is in {name} here.")
    everything = ["d/a.jsonl", "It is in d/b.txt here.", "It is in d/sub/c.txt.gz here."]
    assert texts(read(["d"])) == everything
    assert texts(read(["d/*.txt"])) == everything[1:2]
    assert texts(read(["d/**/*.txt*"])) == everything[1:]
    assert texts(read(["d/s*"])) == everything[2:]


def test_a_file_named_twice_is_read_once(write: Write) -> None:
    write("d/a.txt", TEXT)
    assert texts(read(["d/a.txt", "d", "./d/../d/*"])) == [TEXT]


def test_a_name_with_pattern_signs_may_be_a_file(write: Write) -> None:
    assert texts(read([write("a[1].txt", TEXT)])) == [TEXT]


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ("none.txt", "none.txt: no such file or folder"),
        ("*.none", "*.none: no file matches this pattern"),
        ("empty", "empty: no file in it ends in .txt"),
        ("nul\0.txt", "no such file or folder"),
        ("x" * 5000, "no such file or folder"),
    ],
)
def test_an_input_that_is_not_there_is_told(write: Write, given: str, note: str) -> None:
    Path("empty").mkdir()
    (skipped,) = read([given])
    assert isinstance(skipped, Skipped)
    assert note in str(skipped)


def test_a_dangling_link_is_told(write: Write) -> None:
    Path("a.txt").symlink_to("gone.txt")
    assert notes(read(["a.txt"])) == ["a.txt: no such file or directory"]


def test_a_file_that_may_not_be_read_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("d/a.txt", TEXT)
    write("d/b.txt", TEXT)

    def refuse(path: str, mode: str) -> io.BufferedReader:
        if path.endswith("a.txt"):
            raise PermissionError(13, "Permission denied", path)
        return io.open(path, mode)  # type: ignore[return-value] # noqa: UP020

    monkeypatch.setattr("stance.reading.open", refuse, raising=False)
    found = list(read(["d"]))
    assert notes(iter(found)) == ["d/a.txt: permission denied"]
    assert texts(iter(found)) == [TEXT]


def test_a_file_name_that_is_no_text_can_be_printed(write: Write) -> None:
    name = os.fsdecode(b"\xff.txt")
    Path(name).write_text("")
    str(next(read([name]))).encode("utf-8")


# ---------------------------------------------------------------------------------------
# Bad files


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "it is empty"),
        ("a.txt.gz", b"", "it is empty"),
        ("a.csv", b" \n\n", "it is empty"),
        ("a.txt", b"?!\n...", "it holds no words"),
        ("a.txt", b"Home\nNews\nSport\nSign in", "only site furniture"),
        ("a.txt", bytes(range(256)) * 20, "it is no text but binary data"),
        ("a.jsonl", bytes(range(256)) * 20, "it is no text but binary data"),
        ("a.txt", b"%PDF-1.7\nx", "it is no text but a PDF"),
        ("a.csv", b"PK\x03\x04xyz", "it is no text but a ZIP archive"),
        ("a.txt", b"The end\xff\xfe\xfa of it.", "not valid UTF-8: byte 0xff at position 7"),
        ("a.txt", "He said “no”.".encode()[:-2], "not valid UTF-8"),
        ("a.txt", "Он сказал нет".encode("cp1251"), "not valid UTF-8"),
        ("a.txt", b"\xff\xfeT\x00h\x00e", "not valid utf-16"),
        ("a.csv", "text\nx".encode("utf-16"), "it is UTF-16"),
        (
            "a.csv",
            b"title,link\nx,y\n",
            "no text column; it has title, link; looked for text, body",
        ),
        ("a.csv", b'"title\nx,y\n', "broken CSV: unexpected end of data (line 1)"),
        ("a.json", b"hello", "broken JSON"),
        ("a.parquet", b"hello", "broken Parquet"),
        ("a.parquet", parquet({"title": ["x"]}), "no text column; it has title; looked for"),
        ("a.parquet", parquet({"text": [TEXT]})[:-9], "broken Parquet"),
    ],
)
def test_a_file_that_holds_nothing_readable_is_one_note(
    write: Write, name: str, content: bytes, reason: str
) -> None:
    (skipped,) = read([write(name, content)])
    assert isinstance(skipped, Skipped)
    assert skipped.file == name
    assert reason in skipped.reason
    assert "\n" not in str(skipped)


def test_what_is_called_gz_and_is_none_is_told(write: Write) -> None:
    Path("a.txt.gz").write_text(TEXT)
    assert notes(read(["a.txt.gz"])) == ["a.txt.gz: the gzip data is damaged or none"]


def test_rows_before_the_break_of_a_gz_are_kept(write: Write) -> None:
    rows = [{"text": f"{TEXT} {os.urandom(40).hex()}"} for _ in range(3000)]
    packed = gzip.compress(jsonl(*rows).encode())
    for name in ("a.jsonl.gz", "a.json.gz"):
        Path(name).write_bytes(packed[: len(packed) // 2])
        found = list(read([name]))
        kept = texts(iter(found))
        assert kept == [row["text"] for row in rows[: len(kept)]]
        assert len(kept) > 1000
        assert f"ends too early; {len(kept)} rows before that were read" in notes(iter(found))[-1]


def test_a_short_gz_without_its_end_keeps_its_rows(write: Write) -> None:
    Path("a.csv.gz").write_bytes(gzip.compress(f"text,n\n{TEXT},1\n{OTHER},2\n".encode())[:-8])
    found = list(read(["a.csv.gz"]))
    assert texts(iter(found)) == [TEXT, OTHER]
    assert "ends too early" in notes(iter(found))[-1]


def test_a_page_whose_gz_breaks_off_is_no_article(write: Write) -> None:
    Path("a.txt.gz").write_bytes(gzip.compress(f"{TEXT}\n".encode() * 100)[:-8])
    assert notes(read(["a.txt.gz"])) == ["a.txt.gz: the gzip data ends too early"]


@pytest.mark.parametrize(
    ("name", "before", "after", "kept"),
    [
        ("a.txt", b"", b"", []),
        ("a.html", b"<p>", b"</p>", []),
        ("a.jsonl", b'{"text":"', b'"}\n{"text":"She said no."}\n', ["She said no."]),
        ("a.csv", b"text\n", b"\nShe said no.\n", ["She said no."]),
        ("a.csv", b'text\n"', b'"\nShe said no.\n', ["She said no."]),
        ("a.json", b'[{"text":"She said no."},{"text":"', b'"}]', ["She said no."]),
    ],
)
def test_a_line_of_20_mb_is_passed_over(
    write: Write, name: str, before: bytes, after: bytes, kept: list[str]
) -> None:
    write(name, before + b"said no " * 2_500_000 + after)
    start = time.process_time()
    tracemalloc.start()
    found = list(read([name]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert texts(iter(found)) == kept
    (note,) = notes(iter(found))
    assert f"{LONGEST:,}" in note
    assert peak < 8 * LONGEST
    assert time.process_time() - start < 10


def test_a_long_cell_of_a_parquet_file_is_passed_over(write: Write) -> None:
    found = list(read([write("a.parquet", parquet({"text": ["no " * 2_000_000, TEXT]}))]))
    assert texts(iter(found)) == [TEXT]
    assert notes(iter(found)) == [
        f"a.parquet, row 1, field 'text': it has 6,000,000 bytes; the limit is {LONGEST:,}"
    ]


# ---------------------------------------------------------------------------------------
# Bad rows


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": ', "row 2: broken JSON: Expecting value at character 9"),
        (b'["x"]', "row 2: a row must be an object, not an array"),
        (b"7", "row 2: a row must be an object, not a number"),
        (b'"x"', "row 2: a row must be an object, not a string"),
        (b"null", "row 2: a row must be an object, not null"),
        (b"[" * 100_000, "row 2: broken JSON: nested too deep"),
        (b'{"text": 5}', "row 2, field 'text': the text is not a string but a number"),
        (b'{"text": ["x"]}', "row 2, field 'text': the text is not a string but an array"),
        (b'{"text": {"a": 1}}', "row 2, field 'text': the text is not a string but an object"),
        (b'{"text": " "}', "row 2: the text is empty"),
        (b'{"text": null}', "row 2: the text is empty"),
        (b'{"title": "x"}', "row 2: no text; looked for text, body"),
        (b'{"text": "\\u0000 ?"}', "row 2: it holds no words"),
        (b'{"text": "caf\xe9"}', "row 2: not valid UTF-8: byte 0xe9 at position 13"),
    ],
)
def test_a_bad_line_of_jsonl_is_skipped_alone(write: Write, line: bytes, reason: str) -> None:
    good = json.dumps({"text": TEXT}).encode()
    found = list(read([write("a.jsonl", good + b"\n" + line + b"\n\n" + good)]))
    assert texts(iter(found)) == [TEXT, TEXT]
    (note,) = notes(iter(found))
    assert note.startswith(f"a.jsonl, {reason}")


def test_a_bad_item_of_a_json_array_is_skipped(write: Write) -> None:
    raw = b'[{"text": "One."}, 2, {"text": "caf\xe9"}, {"text": "Four."}, {"text": oh}, 6]'
    found = list(read([write("a.json", raw)]))
    assert texts(iter(found)) == ["One.", "Four."]
    assert notes(iter(found)) == [
        "a.json, row 2: a row must be an object, not a number",
        "a.json, row 3: not valid UTF-8",
        "a.json, row 5: broken JSON: Expecting value at character 10; the file is read up to here",
    ]


def test_a_json_array_that_is_cut_off_keeps_its_rows(write: Write) -> None:
    found = list(read([write("a.json", json.dumps([{"text": TEXT}] * 3)[:-20])]))
    assert texts(iter(found)) == [TEXT, TEXT]
    assert "row 3: broken JSON" in notes(iter(found))[0]


def test_bad_records_of_a_csv_are_skipped(write: Write) -> None:
    raw = (
        b"title,text,date\n"
        b"A,One.,2025-03-04\n"
        b"B,caf\xe9,\n"
        b"C,too,many,cells\n"
        b"D,few\n"
        b"\n"
        b"E,,\n"
        b'F,"two\nlines ""quoted""",\n'
        b'G,"a "bad" quote",\n'
        b"H,Eight.,04/03/2025\n"
    )
    found = list(read([write("a.csv", raw)]))
    assert texts(iter(found)) == ["A\n\nOne.", 'F\n\ntwo\nlines "quoted"', "H\n\nEight."]
    assert notes(iter(found)) == [
        "a.csv, row 2, field 'text': not valid UTF-8",
        "a.csv, row 3: 4 cells under 3 columns",
        "a.csv, row 4: 2 cells under 3 columns",
        "a.csv, row 5: the text is empty",
        "a.csv, row 7: broken CSV: ',' expected after '\"' (line 10)",
        "a.csv, row 8, field 'date': '04/03/2025' may be day or month first; "
        "write it as year-month-day; read without a date",
    ]


def test_a_quotation_mark_that_is_never_closed_costs_its_record_only(write: Write) -> None:
    raw = 'text,n\nOne.,1\n"Two.\ngoes on\nand on,2\nThree.,3\n"Four.",4\n'
    found = list(read([write("a.csv", raw)]))
    assert texts(iter(found))[-2:] == ["Three.", "Four."]
    assert "broken CSV" in notes(iter(found))[0]
    assert len(notes(iter(found))) == 1


def test_a_cell_longer_than_the_default_of_the_csv_module_is_read(write: Write) -> None:
    text = f"{TEXT} " * 3000
    assert texts(read([write("a.csv", f'text\n"{text}"\n')])) == [text.strip()]


def test_rows_of_parquet_without_text_are_skipped(write: Write) -> None:
    found = list(read([write("a.parquet", parquet({"text": [TEXT, None, "", OTHER]}))]))
    assert texts(iter(found)) == [TEXT, OTHER]
    assert notes(iter(found)) == [
        "a.parquet, row 2: the text is empty",
        "a.parquet, row 3: the text is empty",
    ]


def test_broken_bytes_in_a_parquet_file_cost_their_row(write: Write) -> None:
    column = pa.array([TEXT.encode(), b"caf\xe9"], pa.binary()).view(pa.string())
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": column}), sink)
    found = list(read([write("a.parquet", sink.getvalue())]))
    assert texts(iter(found)) == [TEXT]
    assert notes(iter(found)) == ["a.parquet, row 2, field 'text': not valid UTF-8"]


def test_a_field_that_cannot_be_read_leaves_the_article(write: Write) -> None:
    row = {"text": TEXT, "date": "soon", "title": ["x"], "url": 5}
    found = list(read([write("a.jsonl", jsonl(row))]))
    assert found[0] == Article(TEXT, url="5")
    assert found[1:] == [
        Warned("a.jsonl", "not a string but an array", 1, "title"),
        Warned("a.jsonl", "'soon' is no date; read without a date", 1, "date"),
    ]


# ---------------------------------------------------------------------------------------
# In all cases


def test_reading_goes_on_after_every_problem(write: Write) -> None:
    inputs = [
        "none",
        write("e.txt", ""),
        write("a.txt", TEXT),
        write("b.txt", b"\x00" * 9),
        write("c.txt", OTHER),
    ]
    assert texts(read(inputs)) == [TEXT, OTHER]


def test_rows_are_handed_on_before_the_file_ends(write: Write) -> None:
    rows = jsonl(*[{"text": TEXT}] * 100_000)
    write("a.jsonl", rows)
    tracemalloc.start()
    first = next(read(["a.jsonl"]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, Article)
    assert peak < len(rows) / 4


def test_nothing_is_said_on_standard_error(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        list(read([write("a.html", "<html></html>"), write("b.html", "<p>The minister said no.")]))
    finally:
        root.handlers = handlers
    assert capfd.readouterr().err == ""


@given(
    st.binary(max_size=300),
    st.sampled_from(["", ".txt", ".html", ".json", ".jsonl", ".csv", ".parquet"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_under_any_ending_give_articles_or_notes(
    tmp_path: Path, raw: bytes, ending: str
) -> None:
    path = tmp_path / f"any{ending}"
    path.write_bytes(raw)
    for item in read([str(path)]):
        assert isinstance(item, Article | Skipped | Warned)
        assert "\n" not in str(item) if not isinstance(item, Article) else item.text


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_in_a_row_is_an_article_or_a_note(text: str) -> None:
    (item,) = read(["-"], stdin=io.BytesIO(jsonl({"text": text, "x": 1}).encode()))
    assert isinstance(item, Skipped) or (isinstance(item, Article) and item.text)
