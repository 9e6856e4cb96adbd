"""The matrix as a page of its own: one .html file without scripts, pictures or addresses."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Final

from stance.layout import (
    HOW_TO_READ,
    MARKS,
    NOTHING,
    Layout,
    colours,
    interval,
    label,
    legend_colours,
    printable,
    signed,
)
from stance.records import Cell, CellState

_STYLE: Final = """
body { font: 15px/1.4 system-ui, sans-serif; color: #0a0a0a; background: #fff; margin: 2rem; }
table { border-collapse: separate; border-spacing: 3px; }
caption { text-align: left; font-weight: 600; font-size: 1.2rem; margin-bottom: .6rem; }
th { font-weight: 500; padding: .3rem .5rem; max-width: 9rem; }
th[scope=row] { text-align: right; white-space: nowrap; }
thead th { vertical-align: bottom; }
td, .key { text-align: center; border: 1px solid #b8b8b8; }
td { min-width: 5.5rem; padding: .3rem; font-variant-numeric: tabular-nums; }
td b, td small { display: block; }
.too-little-evidence { border-color: transparent; color: #404040; background:
  repeating-linear-gradient(135deg, #ededed 0 5px, #ffffff 5px 7px); }
.mixed { border: 2px solid #0a0a0a; }
.no-evidence { border-color: transparent; color: #595959; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; }
.key { display: inline-block; width: 1.8rem; margin-right: .4rem; }
"""


def matrix_page(layout: Layout, title: str, names: Mapping[str, str] | None) -> str:
    """The page, every text from outside escaped."""
    shown = html.escape(printable(title))
    notes = [HOW_TO_READ, layout.note] if layout.actors and layout.issues else [NOTHING]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            '<meta http-equiv="Content-Security-Policy"'
            " content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{shown}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
            *_html_table(layout, shown, names),
            *(f"<p>{html.escape(note)}</p>" for note in notes if note),
            '<ul aria-label="Legend">',
            *(_html_key(state) for state in MARKS),
            "</ul>\n</body>\n</html>\n",
        ]
    )


def _html_table(layout: Layout, caption: str, names: Mapping[str, str] | None) -> Iterable[str]:
    yield f"<table>\n<caption>{caption}</caption>\n<thead>\n<tr><td class=no-evidence></td>"
    for issue in layout.issues:
        yield f'<th scope="col">{html.escape(label(issue, names))}</th>'
    yield "</tr>\n</thead>\n<tbody>"
    for actor in layout.actors:
        yield f'<tr><th scope="row">{html.escape(label(actor, names))}</th>'
        yield from (_html_cell(layout.cell(actor, issue)) for issue in layout.issues)
        yield "</tr>"
    yield "</tbody>\n</table>"


def _html_cell(cell: Cell | None) -> str:
    if cell is None or cell.position is None:
        mark = f'<span aria-hidden="true">{MARKS["no evidence"]}</span>'
        return f'<td class="no-evidence">{mark}<span class="said">no evidence</span></td>'
    kind = cell.state.replace(" ", "-")
    style = "" if cell.state == "too little evidence" else _style(*colours(cell))
    return (
        f'<td class="{kind}"{style} title="{html.escape(_details(cell))}">'
        f'<b><span aria-hidden="true">{MARKS[cell.state]}</span> {signed(cell.position)}</b>'
        f"<small>{interval(cell)}</small>"
        f'<small>n {cell.n_independent}</small><span class="said">{cell.state}</span></td>'
    )


def _style(ground: str, ink: str) -> str:
    return f' style="background:{ground};color:{ink}"'


def _details(cell: Cell) -> str:
    parts: list[str] = [cell.state]
    if cell.low is not None and cell.high is not None:
        parts.append(f"95 % interval {signed(cell.low)} to {signed(cell.high)}")
    parts.append(f"{cell.n_support} for, {cell.n_oppose} against, {cell.n_neutral} neutral")
    parts.append(f"{cell.n_statements} statements in {cell.n_articles} articles")
    if cell.first is not None and cell.last is not None:
        parts.append(f"{cell.first:%Y-%m-%d} to {cell.last:%Y-%m-%d}")
    return "; ".join(parts)


def _html_key(state: CellState) -> str:
    plain = state in ("too little evidence", "no evidence")
    style = "" if plain else _style(*legend_colours(state))
    kind = state.replace(" ", "-")
    key = f'<span class="key {kind}"{style} aria-hidden="true">{MARKS[state]}</span>'
    return f"<li>{key}{state}</li>"
