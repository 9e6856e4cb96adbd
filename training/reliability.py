"""The reliability plot of a model: how sure it is beside how often it is right."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from training.calibrate import Bin


def plot_reliability(bins: Sequence[Bin], path: Path) -> None:
    """Draw accuracy over confidence with the diagonal, and below how many answers each bin has,
    into a .png or .svg file. The same bins give the same picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    middles = [(b.low + b.high) / 2 for b in bins]
    widths = [0.9 * (b.high - b.low) for b in bins]
    top.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
    top.plot([b.confidence for b in bins], [b.accuracy for b in bins], color="#1f5fa8", marker="o")
    top.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is right")
    below.bar(middles, [b.n for b in bins], width=widths, color="#1f5fa8")
    below.set(xlabel="confidence", ylabel="answers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fonts, on machines that have few
        figure.savefig(path, dpi=110, metadata={"Software": None} if path.suffix == ".png" else {})
