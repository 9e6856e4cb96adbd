"""Pictures and screen tables: the same cells, readable by everyone, and nothing let in."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from rich.console import Console

from stance.errors import InputError
from stance.layout import MARKS, arrange, colours, label, signed
from stance.plots import plot_matrix
from stance.records import Cell, CellState, Shift
from stance.screen import print_matrix, print_shifts

WHEN = datetime(2025, 1, 2, tzinfo=UTC)
ATTACK = '<script>alert("&")</script>'


def cell(
    actor: str = "alba",
    issue: str = "ceasefire",
    position: float | None = 0.5,
    state: CellState = "supports",
    n: int = 5,
) -> Cell:
    low, high = (None, None) if position is None else (position - 0.1, min(1.0, position + 0.1))
    return Cell(actor, issue, position, low, high, state, n, 0, 0, n, n, n, WHEN, WHEN)


CELLS = [
    cell("alba", "ceasefire", 0.82, "supports", 12),
    cell("alba", "security_guarantees", -0.9, "opposes", 9),
    cell("borea", "ceasefire", 0.4, "too little evidence", 1),
    cell("borea", "security_guarantees", 0.0, "mixed", 6),
    cell("corva", "ceasefire", None, "no evidence", 0),
    cell("corva", "security_guarantees", 0.01, "neutral", 4),
    cell("dorna", "ceasefire", 0.6, "leans support", 2),
    cell("dorna", "security_guarantees", -0.55, "leans oppose", 2),
]
SHIFT = Shift("alba", "ceasefire", -0.6, 0.7, WHEN, WHEN, 0.956, "reversal")


class Page(HTMLParser):
    """What a page is made of: its elements, its words, and the attributes of its cells."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.cells: list[dict[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.cells.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def svg_words(path: Path) -> list[str]:
    tree = ElementTree.parse(path)
    return [node.text or "" for node in tree.iter("{http://www.w3.org/2000/svg}text")]


def printed(width: int = 100, encoding: str = "utf-8", **options: object) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, no_color=True)
    print_matrix(options.pop("cells", CELLS), console, **options)  # type: ignore[arg-type]
    stream.seek(0)
    return stream.read()


# Files


@pytest.mark.parametrize("ending", ["png", "svg", "html"])
def test_the_same_cells_give_the_same_bytes(ending: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        plot_matrix(CELLS, tmp_path / f"{name}.{ending}")
    content = (tmp_path / f"one.{ending}").read_bytes()
    assert content == (tmp_path / f"two.{ending}").read_bytes()
    start = {"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>"}
    assert content.startswith(start[ending])


@pytest.mark.parametrize("ending", ["png", "svg", "html"])
def test_no_cells_make_a_picture_that_says_so(ending: str, tmp_path: Path) -> None:
    plot_matrix([], tmp_path / f"none.{ending}")
    if ending != "png":
        words = (tmp_path / f"none.{ending}").read_text(encoding="utf-8")
        assert "There are no positions to show." in words


@pytest.mark.parametrize(
    ("name", "reason"),
    [("m.pdf", "expected one of .png, .svg, .html"), ("missing/m.png", "folder does not exist")],
)
def test_places_that_cannot_be_written(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason):
        plot_matrix(CELLS, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_drawing_library_is_loaded_only_to_draw(tmp_path: Path) -> None:
    code = (
        "import sys, stance.plots, stance.screen, stance.tables\n"
        "stance.plots.plot_matrix([], sys.argv[1])\n"
        "assert not {'matplotlib', 'rich', 'pyarrow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.html")], check=True)


def test_drawing_leaves_the_library_alone(tmp_path: Path) -> None:
    code = (
        "import sys, matplotlib as mpl, stance.plots\n"
        "before = mpl.rcParams['svg.fonttype'], mpl.rcParams['svg.hashsalt']\n"
        "stance.plots.plot_matrix([], sys.argv[1])\n"
        "assert before == (mpl.rcParams['svg.fonttype'], mpl.rcParams['svg.hashsalt'])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.svg")], check=True)


# What they show


def test_the_svg_says_everything_in_text(tmp_path: Path) -> None:
    plot_matrix(CELLS, tmp_path / "m.svg", title="A made-up matrix")
    words = svg_words(tmp_path / "m.svg")
    assert {"A made-up matrix", "alba", "ceasefire", "security", "guarantees"} <= set(words)
    assert {"▲ +0.82", "▼ \N{MINUS SIGN}0.90", "? +0.40", "◆ 0.00", "n 12"} <= set(words)
    assert set(get_args(CellState)) <= set(words)


def test_the_page_says_everything_in_words(tmp_path: Path) -> None:
    plot_matrix(CELLS, tmp_path / "m.html", title="A made-up matrix")
    page = Page(tmp_path / "m.html")
    assert {"caption", "th", "thead", "tbody"} <= set(page.tags)
    assert {"A made-up matrix", "alba", "security guarantees", "+0.82", "n 12"} <= set(page.words)
    for state in get_args(CellState):
        assert page.words.count(state) == 2  # its cell, for those who listen, and the legend
    titles = [str(found.get("title")) for found in page.cells]
    assert any(
        "95 % interval +0.72 to +0.92; 12 for, 0 against, 0 neutral; "
        "12 statements in 12 articles; 2025-01-02 to 2025-01-02" in title
        for title in titles
    )


def test_the_page_stands_alone_and_runs_nothing(tmp_path: Path) -> None:
    plot_matrix(CELLS, tmp_path / "m.html")
    content = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert "http:" not in content
    assert "https:" not in content
    assert "url(" not in content
    assert not {"script", "link", "img", "iframe"} & set(Page(tmp_path / "m.html").tags)
    assert "default-src 'none'" in content


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_names_are_text_and_nothing_else(ending: str, tmp_path: Path) -> None:
    cells = [cell(ATTACK, "$x^2$ & <b>\x00\x1b[31m"), cell("a\nb", '"quoted"')]
    plot_matrix(cells, tmp_path / f"m.{ending}", title=f"{ATTACK}\x1b")
    content = (tmp_path / f"m.{ending}").read_text(encoding="utf-8")
    assert "<script" not in content
    assert "<b>\x00" not in content
    assert "\x1b" not in content
    if ending == "svg":
        assert '<script>alert("&")</script>' in svg_words(tmp_path / "m.svg")
        assert any("$x^2$" in words for words in svg_words(tmp_path / "m.svg"))


def test_letters_that_the_font_lacks_are_no_error(tmp_path: Path) -> None:
    plot_matrix([cell("中文 🙂")], tmp_path / "m.png")


def test_not_knowing_never_looks_like_neutral() -> None:
    unsure = cell(position=0.0, state="too little evidence")
    assert colours(unsure) != colours(cell(position=0.0, state="neutral"))
    assert colours(unsure) == colours(cell(position=0.9, state="too little evidence"))
    assert len(set(MARKS.values())) == len(MARKS) == len(get_args(CellState))


@pytest.mark.parametrize("step", range(-10, 11))
def test_figures_stand_out_from_their_ground(step: int) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted(map(light, colours(cell(position=step / 10))))
    assert (bright + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA


def test_opposition_and_support_differ_in_blue_and_red() -> None:
    against, favour = colours(cell(position=-0.8))[0], colours(cell(position=0.8))[0]
    assert int(against[1:3], 16) > 2 * int(favour[1:3], 16)
    assert int(favour[5:7], 16) > 2 * int(against[5:7], 16)


# Choice and order


def test_the_most_evidence_comes_first_and_the_rest_is_counted() -> None:
    cells = [cell(f"actor {i:02}", n=i) for i in range(1, 31)]
    layout = arrange(cells)
    assert layout.actors[:2] == ("actor 30", "actor 29")
    assert (len(layout.actors), layout.left_out) == (25, 5)
    assert layout.note == "5 more actors with less evidence left out."
    assert arrange(cells, limit=None).note == ""


def test_names_given_keep_their_order_also_past_the_limit() -> None:
    cells = [cell("alba", n=1), cell("borea", n=9), cell("corva", n=5)]
    layout = arrange(cells, actors=["corva", "alba", "borea"], issues=["nato"], limit=2)
    assert layout.issues == ("nato",)
    assert layout.left_out == 1
    chosen = arrange(cells, actors=["corva", "alba", "borea", "corva"], limit=2)
    assert chosen.actors == ("corva", "borea")


def test_the_picture_says_how_many_are_left_out(tmp_path: Path) -> None:
    plot_matrix(CELLS, tmp_path / "m.svg", limit=1)
    plot_matrix(CELLS, tmp_path / "m.html", limit=3)
    assert "3 more actors with less evidence left out." in svg_words(tmp_path / "m.svg")
    assert "1 more actor with less evidence left out." in Page(tmp_path / "m.html").words


def test_labels() -> None:
    assert label("von_der_made_up") == "von der made up"
    assert label("alba", {"alba": "Alba A."}) == "Alba A."
    assert len(label("long name " * 20)) <= 30
    assert label("\x1b[31mred\x07\n") == "[31mred"
    assert label("\x00") == "…"
    assert [signed(value) for value in (0.123, -0.5, -0.001, 1.0)] == [
        "+0.12",
        "-0.50",
        "0.00",
        "+1.00",
    ]


# The screen


def test_the_screen_shows_state_position_and_n() -> None:
    text = printed()
    row = next(line for line in text.splitlines() if line.startswith("alba"))
    assert row.split() == ["alba", "▲", "+.82", "12", "▼", "-.90", "9"]
    assert "? too little evidence" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_screen_and_nothing_is_cut(width: int) -> None:
    issues = [f"made_up_issue_{i}" for i in range(9)]
    cells = [cell(a, issue, -0.25, "mixed", 123) for a in ("alba", "borea") for issue in issues]
    text = printed(width, cells=cells)
    assert all(len(line) <= width for line in text.splitlines())
    assert text.count("◆ -.25 123") == 18
    assert "…" not in text


def test_a_plain_terminal_gets_plain_marks() -> None:
    text = printed(encoding="ascii")
    row = next(line for line in text.splitlines() if line.startswith("alba"))
    assert row.split() == ["alba", "S", "+.82", "12", "O", "-.90", "9"]


def test_the_screen_takes_names_as_text() -> None:
    text = printed(cells=[cell("[bold]\x1b[31m", "[/red]")])
    assert "[bold] [31m" in text
    assert "[/red]" in text
    assert "\x1b" not in text


def test_an_empty_matrix_and_no_shifts_say_so() -> None:
    assert printed(cells=[]).strip() == "There are no positions to show."
    console = Console(file=io.StringIO(), width=80)
    print_shifts([], console)
    assert console.file.getvalue().strip() == "No shift was found."  # type: ignore[attr-defined]


def test_shifts_on_the_screen() -> None:
    console = Console(file=io.StringIO(), width=80, no_color=True)
    print_shifts([SHIFT], console, names={"alba": "Alba A."})
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].split() == [
        "Alba",
        "A.",
        "ceasefire",
        "-0.60",
        "+0.70",
        "2025-01-02",
        "2025-01-02",
        "96%",
        "reversal",
    ]
