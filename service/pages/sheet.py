"""The style sheet: a file, and a class for each shade of the scale."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from stance.layout import on_ground
from stance.records import Cell

STEPS: Final = 10
"""Shades on either side of zero."""


def shade(cell: Cell) -> str:
    """The class of a cell's ground: the nearest shade, or none where too little is known."""
    if cell.position is None or cell.state in ("no evidence", "too little evidence"):
        return "unknown"
    return f"p{round(cell.position * STEPS) + STEPS}"


@cache
def style_sheet() -> str:
    """The whole style sheet."""
    text = (files("service.pages") / "templates" / "style.css").read_text(encoding="utf-8")
    grounds = [on_ground(step / STEPS) for step in range(-STEPS, STEPS + 1)]
    rules = [
        f".p{i} {{ background: {ground}; color: {ink}; }}"
        for i, (ground, ink) in enumerate(grounds)
    ]
    return "\n".join([text, *rules]) + "\n"
