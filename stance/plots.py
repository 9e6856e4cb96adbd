"""The matrix as a picture: a heat map in .png or .svg, or a page of its own in .html."""

from __future__ import annotations

import textwrap
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from stance.layout import (
    HOW_TO_READ,
    INK,
    MARKS,
    MOST_ACTORS,
    NOTHING,
    PALE_INK,
    Layout,
    arrange,
    colours,
    interval,
    label,
    legend_colours,
    printable,
    signed,
)
from stance.plotpage import matrix_page
from stance.records import Cell, CellState
from stance.rowfiles import ending, replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS: Final = (".png", ".svg", ".html")
TITLE: Final = "Positions by actor and issue"


def plot_matrix(
    cells: Iterable[Cell],
    path: str | Path,
    *,
    title: str | None = None,
    actors: Sequence[str] | None = None,
    issues: Sequence[str] | None = None,
    limit: int | None = MOST_ACTORS,
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw the matrix into a .png, .svg or .html file.

    ``actors`` and ``issues`` are filter and order (see `stance.layout.arrange`), ``names``
    maps ids to what is shown in their place. The same cells give the same bytes. Raises
    `InputError` for another ending or a place that cannot be written.
    """
    path = Path(path)
    kind = ending(path, ENDINGS)
    layout = arrange(cells, actors, issues, limit)
    with replacing(path) as stream:
        if kind == ".html":
            stream.write(matrix_page(layout, title or TITLE, names).encode("utf-8"))
        else:
            _draw(layout, _plan(layout, title or TITLE, names), kind.removeprefix("."), stream)


# All measures in inches; the axes are as large as the figure, with the origin at its top.
_MARGIN: Final = 0.25
_ROW: Final = 0.62
_COLUMN: Final = 1.12
_LETTER: Final = 0.082
_LINE: Final = 0.18
_NARROWEST: Final = 7.4
_settings = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The texts of a picture and where its parts begin."""

    titles: list[str]
    rows: list[str]
    columns: list[list[str]]
    legend: list[tuple[float, int, CellState]]
    notes: list[str]
    left: float
    width: float

    @property
    def top(self) -> float:
        heads = max([len(column) for column in self.columns], default=0)
        return _MARGIN + 0.28 * len(self.titles) + _LINE * heads + 0.2

    @property
    def bottom(self) -> float:
        return self.top + _ROW * max(1, len(self.rows))

    @property
    def notes_top(self) -> float:
        return self.bottom + 0.3 * (self.legend[-1][1] + 2)

    @property
    def height(self) -> float:
        return self.notes_top + 0.2 * len(self.notes) + _MARGIN


def _plan(layout: Layout, title: str, names: Mapping[str, str] | None) -> _Plan:
    rows = [label(actor, names) for actor in layout.actors]
    columns = [textwrap.wrap(label(issue, names), 13) for issue in layout.issues]
    left = _MARGIN + _LETTER * max([len(row) for row in rows], default=0) + 0.1
    width = max(_NARROWEST, left + _COLUMN * len(columns) + _MARGIN)
    inner = width - 2 * _MARGIN
    notes = [*textwrap.wrap(HOW_TO_READ, int(inner / 0.064)), layout.note]
    return _Plan(
        titles=textwrap.wrap(printable(title), int(inner / 0.115)),
        rows=rows,
        columns=columns,
        legend=_legend_places(width),
        notes=[note for note in notes if note],
        left=left,
        width=width,
    )


def _draw(layout: Layout, plan: _Plan, kind: str, stream: BinaryIO) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Text stays text in .svg, and neither ids by chance nor the time get into a file.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with (
        _settings,
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "stance"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*missing")
        figure = Figure(figsize=(plan.width, plan.height), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, plan.width), ylim=(plan.height, 0))
        axes.set_axis_off()
        for line, words in enumerate(plan.titles):
            _write(axes, _MARGIN, _MARGIN + 0.28 * line + 0.1, words, size=13, weight="bold")
        _draw_heads(axes, plan)
        _draw_cells(axes, layout, plan)
        _draw_legend(axes, plan)
        figure.savefig(stream, format=kind, dpi=144, metadata=metadata)


def _draw_heads(axes: Axes, plan: _Plan) -> None:
    for number, lines in enumerate(plan.columns):
        x = plan.left + (number + 0.5) * _COLUMN
        for up, words in enumerate(reversed(lines)):
            _write(axes, x, plan.top - 0.12 - _LINE * up, words, size=9, align="center")
    for number, row in enumerate(plan.rows):
        y = plan.top + (number + 0.5) * _ROW
        _write(axes, plan.left - 0.1, y, row, size=10, align="right")


def _draw_cells(axes: Axes, layout: Layout, plan: _Plan) -> None:
    if not layout.actors or not layout.issues:
        _write(axes, _MARGIN, plan.top + _ROW / 2, NOTHING, size=10)
    for down, actor in enumerate(layout.actors):
        for across, issue in enumerate(layout.issues):
            x, y = plan.left + across * _COLUMN, plan.top + down * _ROW
            _draw_cell(axes, x, y, layout.cell(actor, issue))


def _draw_cell(axes: Axes, x: float, y: float, cell: Cell | None) -> None:
    middle, gap = x + _COLUMN / 2, 0.02
    if cell is None or cell.position is None:
        _write(axes, middle, y + _ROW / 2, MARKS["no evidence"], PALE_INK, 14, align="center")
        return
    ground, ink = colours(cell)
    _swatch(axes, x + gap, y + gap, _COLUMN - 2 * gap, _ROW - 2 * gap, cell.state, ground)
    figures = f"{MARKS[cell.state]} {signed(cell.position)}".replace("-", "\N{MINUS SIGN}")
    _write(axes, middle, y + 0.17, figures, ink, 10, align="center", weight="bold")
    sure = interval(cell).replace("-", "\N{MINUS SIGN}")
    _write(axes, middle, y + 0.34, sure, ink, 7.5, align="center")
    _write(axes, middle, y + 0.48, f"n {cell.n_independent}", ink, 7.5, align="center")


def _swatch(
    axes: Axes, x: float, y: float, width: float, height: float, state: CellState, fill: str
) -> None:
    """A cell's ground: hatched where the evidence is too little, framed where it is mixed."""
    from matplotlib.patches import Rectangle

    unsure = state == "too little evidence"
    line = {"mixed": (INK, 1.6), "too little evidence": ("#ffffff", 0.0)}
    edge, thick = line.get(state, ("#b8b8b8", 0.5))
    axes.add_patch(
        Rectangle(
            (x, y),
            width,
            height,
            facecolor=fill,
            edgecolor=edge,
            linewidth=thick,
            hatch="////" if unsure else None,
        )
    )


def _legend_places(width: float) -> list[tuple[float, int, CellState]]:
    """Where each state of the legend stands: how far in, and in which line."""
    places: list[tuple[float, int, CellState]] = []
    x, line = _MARGIN, 0
    state: CellState
    for state in MARKS:
        needed = 0.55 + 0.07 * len(state)
        if x > _MARGIN and x + needed > width - _MARGIN:
            x, line = _MARGIN, line + 1
        places.append((x, line, state))
        x += needed
    return places


def _draw_legend(axes: Axes, plan: _Plan) -> None:
    for x, line, state in plan.legend:
        y = plan.bottom + 0.3 + 0.3 * line
        ground, ink = legend_colours(state)
        if state != "no evidence":
            _swatch(axes, x, y - 0.1, 0.3, 0.2, state, ground)
        _write(axes, x + 0.15, y, MARKS[state], ink, 8.5, align="center")
        _write(axes, x + 0.36, y, state, size=8.5)
    for line, words in enumerate(plan.notes):
        _write(axes, _MARGIN, plan.notes_top + 0.2 * line, words, PALE_INK, 8.5)


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    ink: str = INK,
    size: float = 10,
    align: str = "left",
    weight: str = "normal",
) -> None:
    axes.text(
        x,
        y,
        text,
        color=ink,
        fontsize=size,
        ha=align,
        va="center_baseline",
        fontweight=weight,
        parse_math=False,
    )
