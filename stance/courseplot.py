"""An actor's course, and a shift with its two sides, as pictures: .png, .svg or .html."""

from __future__ import annotations

import html
import io
import textwrap
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stance.course import Smoothed
from stance.layout import INK, label, printable, signed
from stance.records import Position, Shift
from stance.rowfiles import ending, replacing
from stance.sides import Sides

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS: Final = (".png", ".svg", ".html")
HOW_TO_READ: Final = (
    "Line: position from -1 (opposes) to +1 (supports). Band: 95 % interval. "
    "Marks: what was said that day."
)
WHERE: Final = "Hatched: the change lies here with a probability of 90 %, if there is one."
_MARKS: Final = (("support", "^", 1.18), ("neutral", "o", 1.18), ("oppose", "v", 1.18))
_MOST_QUOTED: Final = 4
_settings = threading.Lock()


def plot_course(
    line: Sequence[Smoothed],
    path: str | Path,
    *,
    title: str,
) -> None:
    """Draw one actor's course on one issue; raises `InputError` for another ending."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.1, 0.2, 0.86, 0.66))
        axes.set_title(printable(title), loc="left", fontsize=12, weight="bold")
        _draw_line(axes, line)
        n, first, last = sum(len(p.statements) for p in line), line[0].day, line[-1].day
        counted = f"n = {n} independent statements, {first} to {last}.\n"
        figure.text(0.1, 0.03, counted + HOW_TO_READ, fontsize=8, color=INK)

    _save(draw, (9.0, 4.2), path, title)


def plot_shift(
    shift: Shift,
    sides: Sides,
    line: Sequence[Smoothed],
    path: str | Path,
    *,
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw a shift: the course, the days in which it lies, and statements of both sides."""
    from matplotlib.dates import date2num

    title = f"{label(shift.actor, names)} on {label(shift.issue, names)}: {shift.kind}"

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.1, 0.5, 0.86, 0.4))
        axes.set_title(printable(title), loc="left", fontsize=12, weight="bold")
        _draw_line(axes, line)
        begin, end = date2num([shift.earliest, shift.latest]).tolist()  # type: ignore[no-untyped-call]
        axes.axvspan(begin, end, facecolor="none", edgecolor=INK, hatch="///", alpha=0.5)
        told = f"change between {shift.earliest:%Y-%m-%d} and {shift.latest:%Y-%m-%d}, probability "
        told += f"{min(shift.probability, 0.99):.2f}"
        told += f"; {sides.note}" if sides.note else ""
        figure.text(0.1, 0.4, told, fontsize=9, weight="bold")
        both = (
            (0.1, "before", shift.before, sides.before, shift.evidence_before[::-1]),
            (0.55, "after", shift.after, sides.after, shift.evidence_after),
        )
        for x, head, position, ends, rows in both:
            heading = f"{head}: {signed(position)} [{signed(ends[0])}, {signed(ends[1])}]"
            heading += f", n = {len(rows)}"
            figure.text(x, 0.35, heading, fontsize=9, weight="bold")
            figure.text(x, 0.325, _quoted(rows), fontsize=7.5, va="top", linespacing=1.3)
        figure.text(0.1, 0.025, f"{HOW_TO_READ}\n{WHERE}", fontsize=7.5, color=INK)

    _save(draw, (9.0, 6.2), path, title)


def _quoted(rows: Sequence[Position]) -> str:
    """The statements nearest to the shift, each cut to two lines."""
    lines = []
    for row in rows[:_MOST_QUOTED]:
        day = f"{row.published:%Y-%m-%d} " if row.published else ""
        words = textwrap.shorten(f"{day}{row.stance}: {printable(row.text)}", 118, placeholder=" …")
        lines += textwrap.wrap(words.replace("$", r"\$"), 62)
    if len(rows) > _MOST_QUOTED:
        lines.append(f"and {len(rows) - _MOST_QUOTED} more")
    return "\n".join(lines)


def _draw_line(axes: Any, line: Sequence[Smoothed]) -> None:
    days: list[Any] = [point.day for point in line]
    axes.fill_between(
        days,
        [p.low for p in line],
        [p.high for p in line],
        step="post",
        color="#c9c9c9",
        linewidth=0,
    )
    axes.step(days, [p.position for p in line], where="post", color=INK, linewidth=1.8)
    axes.axhline(0, color="#7a7a7a", linewidth=0.8, linestyle=":")
    for stance, mark, height in _MARKS:
        said = [p.day for p in line if any(row.stance == stance for row in p.statements)]
        offset = {"support": 0.08, "neutral": 0.0, "oppose": -0.08}[stance]
        axes.plot(
            said,
            [height + offset] * len(said),
            mark,
            color=INK,
            markersize=4,
            label=stance,
            markerfacecolor="white" if stance == "neutral" else INK,
        )
    axes.set_ylim(-1.05, 1.4)
    axes.set_yticks([-1, -0.5, 0, 0.5, 1], ["-1 opposes", "-0.5", "0", "+0.5", "+1 supports"])
    axes.tick_params(labelsize=8)
    if len(days) == 1:
        axes.plot(days, [line[0].position], "o", color=INK)
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    )
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 1.15), ncols=3, fontsize=8, frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _save(draw: Any, size: tuple[float, float], path: str | Path, title: str) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    path = Path(path)
    kind = ending(path, ENDINGS)
    drawn = "png" if kind == ".png" else "svg"
    metadata: dict[str, Any] = {"Date": None} if drawn == "svg" else {"Software": None}
    stream = io.BytesIO()
    with _settings, mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "stance"}):
        figure = Figure(figsize=size, facecolor="white")
        draw(figure)
        figure.savefig(stream, format=drawn, dpi=150, metadata=metadata)
    data = stream.getvalue()
    if kind == ".html":
        picture = data.decode("utf-8")
        picture = picture[picture.index("<svg") :]
        shown = html.escape(printable(title))
        data = (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
            f"<title>{shown}</title></head>\n<body>\n{picture}</body>\n</html>\n"
        ).encode()
    with replacing(path) as out:
        out.write(data)
