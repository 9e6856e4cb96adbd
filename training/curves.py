"""The curves of a run: ``curves.csv``, a line per so many updates, and ``curves.png``."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stance.rowfiles import replacing
from training.heldout import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERY: Final = 10
"""Updates of one line, where no evaluation and no checkpoint asks for one sooner."""

_PLACES: Final = {"learning_rate": 9, "pairs_per_second": 1, "seconds": 1}


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the curves.

    ``pairs_seen`` counts from the start; ``loss`` is the mean training loss of the updates since
    the line before, ``pairs_per_second`` their speed, ``seconds`` the time spent on updates since
    the start. The held-out figures (see `Evaluation`) are there where an evaluation was made.
    """

    update: int
    of: int
    pairs_seen: int
    loss: float
    learning_rate: float
    pairs_per_second: float
    seconds: float
    held_out_loss: float | None = None
    held_out_accuracy: float | None = None
    held_out_macro_f1: float | None = None


COLUMNS: Final = tuple(field.name for field in fields(Point))


class Curves:
    """Gathers updates into lines and writes them; on resuming, goes on after ``update``."""

    def __init__(self, folder: Path, *, of: int, update: int, pairs: int, seconds: float) -> None:
        self._csv, self._png, self._of = folder / "curves.csv", folder / "curves.png", of
        self.points = [p for p in read_curves(self._csv) if p.update <= update]
        self._pairs = self._pairs_before = pairs
        self._seconds = seconds
        self._losses: list[float] = []
        folder.mkdir(parents=True, exist_ok=True)
        lines = [COLUMNS, *(_cells(point) for point in self.points)]
        with replacing(self._csv) as out:
            out.write("".join(",".join(line) + "\n" for line in lines).encode("utf-8"))

    def add(
        self,
        update: int,
        *,
        loss: float,
        pairs: int,
        rate: float,
        seconds: float,
        held_out: Evaluation | None = None,
        flush: bool = False,
    ) -> None:
        """Take in an update; ``flush`` writes a line even where none would be due."""
        self._losses.append(loss)
        self._pairs += pairs
        if update % EVERY and update != self._of and held_out is None and not flush:
            return
        speed = (self._pairs - self._pairs_before) / max(seconds - self._seconds, 1e-9)
        mean = sum(self._losses) / len(self._losses)
        point = Point(update, self._of, self._pairs, mean, rate, speed, seconds)
        if held_out is not None:
            point = replace(
                point,
                held_out_loss=held_out.loss,
                held_out_accuracy=held_out.accuracy,
                held_out_macro_f1=held_out.macro_f1,
            )
        self.points.append(point)
        with self._csv.open("a", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerow(_cells(point))
        self._losses.clear()
        self._pairs_before, self._seconds = self._pairs, seconds

    def draw(self) -> None:
        """Draw ``curves.png`` from the lines so far; nothing where there are none."""
        if self.points:
            draw_curves(self.points, self._png)


def _cells(point: Point) -> tuple[str, ...]:
    return tuple(_cell(name, getattr(point, name)) for name in COLUMNS)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.{_PLACES.get(name, 4)}f}"


def read_curves(path: Path) -> list[Point]:
    """The lines of a ``curves.csv``; none where there is no file, up to the first broken one."""
    return list(_read(path)) if path.exists() else []


def _read(path: Path) -> Iterator[Point]:
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            cells = [row.get(name) or "" for name in COLUMNS]
            try:
                counts = map(int, cells[:3])
                figures = [float(cell) if cell else None for cell in cells[3:]]
                yield Point(*counts, *figures)
            except ValueError:  # a line that a kill cut short
                return


def draw_curves(points: Sequence[Point], path: Path) -> None:
    """Loss, held-out figures and learning rate over the updates, one above the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 8), facecolor="white")
    figure.subplots_adjust(left=0.12, right=0.97, top=0.97, bottom=0.07, hspace=0.08)
    loss, figures, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1))
    _line(loss, points, "loss", "training (mean since the line before)")
    _line(loss, points, "held_out_loss", "held out")
    _line(figures, points, "held_out_accuracy", "accuracy, held out")
    _line(figures, points, "held_out_macro_f1", "macro F1, held out")
    _line(rate, points, "learning_rate", "learning rate of the encoder")
    loss.set(ylabel="loss in nats")
    figures.set(ylabel="share", ylim=(0, 1))
    rate.set(ylabel="learning rate", xlabel=f"updates of {points[-1].of}")
    for axes in (loss, figures, rate):
        axes.grid(alpha=0.3)
    for axes in (loss, figures):
        if axes.lines:
            axes.legend(frameon=False)
    with replacing(path) as stream:
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})


def _line(axes: Axes, points: Sequence[Point], column: str, label: str) -> None:
    known = [(p.update, value) for p in points if (value := getattr(p, column)) is not None]
    if known:
        mark = "o" if column.startswith("held_out") or len(known) == 1 else ""
        axes.plot(*zip(*known, strict=True), marker=mark, markersize=4, label=label)
