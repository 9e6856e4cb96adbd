"""How often the intervals cover, and how often shifts are found, by simulation.

    python tests/benchmarks/bench_coverage.py [CELLS] [MODEL]

Prints, with the confusion of MODEL (a folder; the shipped one without), the share of 95 %
intervals that hold the planted position: planted from Dirichlet(0.5, 0.5, 0.5), and for fixed
positions, extremes among them. Then the share of series without change that show a shift at
0.95, and the share of planted reversals that are found, with their date inside. "Sure" is a
model that never errs; of this one, too, with fewer of its false reports.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from stance import resources
from stance.modelfile import load_info
from tests.simulation import Model, covered, permuted, reversals

SIZES = (3, 6, 10, 30, 100, 300)
FIXED = (
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (0.9, 0.05, 0.05),
    (0.6, 0.2, 0.2),
    (0.5, 0.5, 0.0),
    (0.34, 0.33, 0.33),
)

LESS = (0.5, 0.2, 0.05)
BIAS = -0.5
"""How much too sure the simulated model is, in log odds: what its record must undo."""


def main(number: int, folder: Path) -> None:
    """Print the tables."""
    info = load_info(folder)
    erring = Model(info.confusion, bias=BIAS)
    print(f"model {info.version}, {number} cells each")
    print("planted            " + "".join(f"{f'n={n}':>8}" for n in SIZES))
    for shares in (None, *FIXED):
        name = "from the prior" if shares is None else "/".join(f"{s:g}" for s in shares)
        found = [covered(erring, n, number=number, seed=n, shares=shares) for n in SIZES]
        print(f"{name:<19}" + "".join(f"{share:>8.3f}" for share in found))
    models = {"sure": Model(None), "model": erring}
    for share in LESS:
        counts = [*info.confusion[:3], [n * share for n in info.confusion[3]]]
        models[f"model, {share:.0%} of its false reports"] = Model(counts, bias=BIAS)
    for name, model in models.items():
        for days in (6, 12, 24):
            share = permuted(model, series=number, seed=days, days=days)
            print(f"{name}: no change, {days} days: a shift at 0.95 in {share:.3f}")
        for side in (4, 6, 12):
            for firm in (1.0, 0.9):
                found_, inside = reversals(model, series=number, seed=side, side=side, firm=firm)
                print(
                    f"{name}: reversal, {side} a side, {firm:.0%} firm: found in {found_:.3f}, "
                    f"date inside in {inside:.3f} of these"
                )


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 2000,
        Path(sys.argv[2]) if len(sys.argv) > 2 else resources.default_model(),
    )
