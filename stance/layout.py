"""What a picture or table of the matrix shows: which cells, in which order, under which marks.

What a cell says is said three times over, by colour, by mark and in figures, so that it
reads in black and white and to eyes that see colours differently. Without enough evidence
a cell has no colour at all: "we do not know" never looks like "neutral".
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stance.records import Cell, CellState

MOST_ACTORS: Final = 25
"""Rows of a picture; of more actors, those with the most evidence are shown."""

MARKS: Final[dict[CellState, str]] = {
    "supports": "▲",
    "leans support": "△",
    "mixed": "◆",
    "neutral": "○",
    "leans oppose": "▽",
    "opposes": "▼",
    "too little evidence": "?",
    "no evidence": "·",
}
"""The mark of each state, in the order of the legend."""

HOW_TO_READ: Final = (
    "Position from -1 (opposes) to +1 (supports), in brackets its 95 % interval. "
    "n: independent statements behind the cell."
)
NOTHING: Final = "There are no positions to show."
TITLE: Final = "Positions by actor and issue"

# Orange for opposition and blue for support: told apart with every common colour blindness.
_COLOURS: Final = (
    (-1.0, (0xA6, 0x3F, 0x03)),
    (-0.5, (0xF0, 0xA3, 0x5E)),
    (0.0, (0xF7, 0xF7, 0xF4)),
    (0.5, (0x86, 0xB6, 0xDB)),
    (1.0, (0x1F, 0x5A, 0x96)),
)
INK: Final = "#0a0a0a"
PALE_INK: Final = "#555555"
UNCOLOURED: Final = "#ededed"
_LONGEST_LABEL: Final = 30
_LEGEND_POSITIONS: Final[dict[CellState, float]] = {
    "supports": 0.9,
    "leans support": 0.5,
    "leans oppose": -0.5,
    "opposes": -0.9,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Which cells a picture or table shows, and where; ``left_out`` counts actors."""

    actors: tuple[str, ...]
    issues: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    left_out: int

    def cell(self, actor: str, issue: str) -> Cell | None:
        """The cell of a pair, if there is evidence for one."""
        cell = self.cells.get((actor, issue))
        return None if cell is None or cell.position is None else cell

    @property
    def note(self) -> str:
        """What the reader is told of those left out; empty when there are none."""
        if not self.left_out:
            return ""
        more = "1 more actor" if self.left_out == 1 else f"{self.left_out} more actors"
        return f"{more} with less evidence left out."


def arrange(
    cells: Iterable[Cell],
    actors: Sequence[str] | None = None,
    issues: Sequence[str] | None = None,
    limit: int | None = MOST_ACTORS,
) -> Layout:
    """Choose and order rows and columns.

    Names given are filter and order at once; otherwise the actor with the most evidence
    comes first and issues stand in alphabetical order. Of more than ``limit`` actors those
    with the most evidence are kept, in their order.
    """
    found = {(cell.actor, cell.issue): cell for cell in cells}
    if issues is None:
        issues = sorted({issue for _, issue in found})
    weight: dict[str, int] = defaultdict(int)
    for (actor, issue), cell in found.items():
        weight[actor] += cell.n_independent if issue in issues else 0
    ranked = sorted(weight if actors is None else set(actors), key=lambda a: (-weight[a], a))
    kept = set(ranked[:limit])
    rows = [actor for actor in dict.fromkeys(ranked if actors is None else actors) if actor in kept]
    return Layout(tuple(rows), tuple(dict.fromkeys(issues)), found, len(ranked) - len(rows))


def label(name: str, names: Mapping[str, str] | None = None) -> str:
    """A name as people read it: the one given for the id, or the id without underscores."""
    shown = (names or {}).get(name) or name.replace("_", " ")
    return textwrap.shorten(printable(shown), _LONGEST_LABEL, placeholder="…") or "…"


def printable(text: str) -> str:
    """The text with spaces for what could steer a terminal or break a picture's markup."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def signed(position: float) -> str:
    """A position with its sign, as 0.00 where it rounds to that."""
    return f"{round(position, 2) + 0.0:+.2f}".replace("+0.00", "0.00")


def interval(cell: Cell) -> str:
    """A cell's 95 % interval; empty without evidence."""
    if cell.low is None or cell.high is None:
        return ""
    return f"[{signed(cell.low)}, {signed(cell.high)}]"


def colours(cell: Cell) -> tuple[str, str]:
    """The colours of a cell with evidence, as hexadecimal: its ground, and the ink on it."""
    if cell.position is None or cell.state == "too little evidence":
        return UNCOLOURED, PALE_INK
    return on_ground(cell.position)


def legend_colours(state: CellState) -> tuple[str, str]:
    """Ground and ink that stand for a state in the legend."""
    if state == "too little evidence":
        return UNCOLOURED, PALE_INK
    return on_ground(_LEGEND_POSITIONS.get(state, 0.0))


def on_ground(position: float) -> tuple[str, str]:
    ground = _blend(position)
    # Whichever ink has the higher contrast to the ground (WCAG 2); the dark one has 0.003.
    light = sum(
        share * _linear(value / 255)
        for share, value in zip((0.2126, 0.7152, 0.0722), ground, strict=True)
    )
    ink = "#ffffff" if 1.05 / (light + 0.05) > (light + 0.05) / 0.053 else INK
    return "#" + "".join(f"{value:02x}" for value in ground), ink


def _linear(part: float) -> float:
    """A part of a colour in sRGB, in [0, 1], as an amount of light."""
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _blend(position: float) -> tuple[int, ...]:
    for (low, start), (high, end) in pairwise(_COLOURS):
        if position <= high:
            part = (position - low) / (high - low)
            return tuple(round(a + (b - a) * part) for a, b in zip(start, end, strict=True))
    raise ValueError(f"a position lies between -1 and 1, not at {position}")
