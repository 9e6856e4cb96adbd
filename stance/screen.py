"""The matrix and the shifts as tables on a terminal, readable without colour at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from stance.layout import MARKS, MOST_ACTORS, NOTHING, Layout, arrange, label, signed
from stance.records import Article, Cell, CellState, Position, Shift

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from stance.discover import Speaker

NO_SHIFTS: Final = "No shift was found."
NO_SPEAKERS: Final = "Everybody who speaks is in the register."
_MOST_SPEAKERS: Final = 40

# For terminals that cannot show the marks of the pictures.
_PLAIN_MARKS: Final[dict[CellState, str]] = {
    "supports": "S",
    "leans support": "s",
    "mixed": "m",
    "neutral": "n",
    "leans oppose": "o",
    "opposes": "O",
    "too little evidence": "?",
    "no evidence": ".",
}
_HEAD: Final = 12
_GAP: Final = 2


def print_matrix(
    cells: Iterable[Cell],
    console: Console,
    *,
    actors: Sequence[str] | None = None,
    issues: Sequence[str] | None = None,
    limit: int | None = MOST_ACTORS,
    names: Mapping[str, str] | None = None,
) -> None:
    """Print actors by issues: a mark for the state, the position, and n independent statements.

    Columns that do not fit side by side follow in further tables. See `stance.layout.arrange`
    for ``actors``, ``issues`` and ``limit``.
    """
    layout = arrange(cells, actors, issues, limit)
    if not layout.actors or not layout.issues:
        console.print(NOTHING, markup=False)
        return
    marks = _marks(console)
    shown = {issue: _entries(layout, issue, marks, names) for issue in layout.issues}
    rows = [label(actor, names) for actor in layout.actors]
    for block in _blocks(shown, console.width - max(map(len, rows))):
        console.print(_matrix_table(rows, block))
        console.print()
    legend = ", ".join(f"{mark} {state}" for state, mark in marks.items())
    console.print(
        f"Each cell: state, position from -1 (opposes) to +1 (supports), independent statements."
        f"\n{legend}.",
        markup=False,
        highlight=False,
    )
    if layout.note:
        console.print(layout.note, markup=False, highlight=False)


def _marks(console: Console) -> Mapping[CellState, str]:
    try:
        "".join(MARKS.values()).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_MARKS
    return MARKS


def _entries(
    layout: Layout,
    issue: str,
    marks: Mapping[CellState, str],
    names: Mapping[str, str] | None,
) -> list[str]:
    """A column: its head, folded into lines, and a cell for each actor."""
    head = textwrap.fill(label(issue, names), _HEAD)
    found = [layout.cell(actor, issue) for actor in layout.actors]
    widest = max((len(str(cell.n_independent)) for cell in found if cell), default=1)
    return [head, *(_entry(cell, marks, widest) for cell in found)]


def _entry(cell: Cell | None, marks: Mapping[CellState, str], widest: int) -> str:
    if cell is None or cell.position is None:
        return marks["no evidence"]
    position = signed(cell.position).replace("0.", ".", 1)
    return f"{marks[cell.state]}{position:>5} {cell.n_independent:>{widest}}"


def _blocks(columns: Mapping[str, list[str]], width: int) -> Iterable[list[list[str]]]:
    """The columns in as many groups as the width makes them."""
    block: list[list[str]] = []
    used = 0
    for column in columns.values():
        needed = _GAP + max(len(line) for entry in column for line in entry.splitlines())
        if block and used + needed > width:
            yield block
            block, used = [], 0
        block.append(column)
        used += needed
    yield block


def _matrix_table(rows: Sequence[str], block: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    for head, *_ in block:
        table.add_column(Text(head), no_wrap=True, vertical="bottom")
    for number, row in enumerate(rows, start=1):
        table.add_row(Text(row), *(Text(column[number]) for column in block))
    return table


def print_shifts(
    shifts: Sequence[Shift],
    console: Console,
    *,
    names: Mapping[str, str] | None = None,
) -> None:
    """Print one line for each shift: who, on what, from where to where, when, how sure."""
    from rich.table import Table
    from rich.text import Text

    if not shifts:
        console.print(NO_SHIFTS, markup=False)
        return
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_edge=False)
    for head in ("actor", "issue", "before", "after", "between", "and", "sure", "kind"):
        numeric = head in ("before", "after", "sure")
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for shift in shifts:
        entries = (
            label(shift.actor, names),
            label(shift.issue, names),
            signed(shift.before),
            signed(shift.after),
            f"{shift.earliest:%Y-%m-%d}",
            f"{shift.latest:%Y-%m-%d}",
            f"{min(shift.probability, 0.99):.0%}",
            shift.kind,
        )
        table.add_row(*(Text(entry) for entry in entries))
    console.print(table)


def print_analysis(article: Article, positions: Sequence[Position], console: Console) -> None:
    """Print a text with its evidence underlined, and under it a line for each position."""
    from rich.text import Text

    shown = Text(article.text)
    for position in positions:
        shown.stylize("bold underline", position.start, position.end)
    console.print(shown)
    console.print()
    if not positions:
        console.print("No position was found.", markup=False)
        return
    for position in positions:
        console.print(
            f"{position.actor}  {position.issue}  {position.stance}  "
            f"{position.score:.2f}  {position.evidence}  [{position.start}:{position.end}]",
            markup=False,
            highlight=False,
        )
        excerpt = textwrap.shorten(position.text, 2 * console.width - 8, placeholder=" …")
        console.print(f"    “{excerpt}”", markup=False, highlight=False)


def print_speakers(speakers: Sequence[Speaker], console: Console) -> None:
    """Print who speaks beyond the register: statements, articles, kind and name."""
    shown = speakers[:_MOST_SPEAKERS]
    for one in shown:
        line = f"{one.statements:6} in {one.articles:<5} {one.kind:10}  {one.name}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(speakers) > len(shown):
        console.print(f"and {len(speakers) - len(shown)} more", markup=False, highlight=False)
    if not speakers:
        console.print(NO_SPEAKERS, markup=False, highlight=False)
