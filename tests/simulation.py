"""Cells and series with planted positions, read by a model with a measured confusion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stance.columnar import Columns, cells, shifts
from stance.evidence import Floats, record

Counts = Sequence[Sequence[float]]


def reading(confusion: Counts) -> Floats:
    """P(reported stance | true stance) among reports, false ones included: the counts as they
    are, computed apart from `stance.evidence.record`."""
    counts = np.asarray(confusion, dtype=np.float64)[:, :3]
    false = counts[3].sum() / counts.sum()
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    return np.asarray((1 - false) * shares[:3] + false * shares[3])


def columns(cell: NDArray[np.int64], stance: NDArray[np.int64], day: NDArray[np.int64]) -> Columns:
    """Certain rows, so that what they are worth is the confusion's to say."""
    n = len(cell)
    zeros = np.zeros(n, dtype=np.int64)
    each = np.arange(n)
    sure = np.eye(3)[stance]
    no = np.zeros(n, dtype=bool)
    return Columns(cell, stance, sure, zeros, day, each, each, zeros, no, zeros)


def _records(confusion: Counts | None) -> tuple[Floats, ...]:
    if confusion is None:
        return (np.eye(3),)
    of = record(confusion)
    assert of is not None
    return (of,)


def _drawn(
    rng: np.random.Generator, shares: Floats, confusion: Counts | None, n: int
) -> NDArray[np.int64]:
    """``n`` reported stances for each row of ``shares``, in the order of the rows."""
    read = shares if confusion is None else shares @ reading(confusion)
    bounds = np.cumsum(read, axis=1)[:, None, :2]
    return (rng.random((len(shares), n, 1)) > bounds).sum(axis=2).ravel()


def covered(
    confusion: Counts | None,
    n: int,
    *,
    number: int = 1000,
    seed: int = 0,
    shares: Sequence[float] | None = None,
) -> float:
    """The share of cells of ``n`` statements whose interval holds the planted position: drawn
    from Dirichlet(0.5, 0.5, 0.5), or always ``shares``."""
    rng = np.random.default_rng(seed)
    planted = (
        rng.dirichlet((0.5, 0.5, 0.5), number) if shares is None else np.tile(shares, (number, 1))
    )
    stance = _drawn(rng, planted, confusion, n)
    where = np.repeat(np.arange(number), n)
    found = _cells(columns(where, stance, np.zeros(len(where), dtype=np.int64)), confusion)
    lean = planted[:, 0] - planted[:, 1]
    hits = [low - 1e-9 <= at <= high + 1e-9 for (low, high), at in zip(found, lean, strict=True)]
    return float(np.mean(hits))


def _cells(rows: Columns, confusion: Counts | None) -> list[tuple[float, float]]:
    return [(one.low, one.high) for one in cells(rows, _records(confusion))]


def permuted(
    confusion: Counts | None, *, series: int, seed: int, days: int = 12, least: float = 0.95
) -> float:
    """The share of series without any change (planted shares as for `covered`, a statement a day:
    days exchangeable, as after a permutation) that show a shift of probability ``least``."""
    rng = np.random.default_rng(seed)
    stance = _drawn(rng, rng.dirichlet((0.5, 0.5, 0.5), series), confusion, days)
    where = np.repeat(np.arange(series), days)
    rows = columns(where, stance, np.tile(np.arange(days), series))
    found = shifts(rows, _records(confusion), min_probability=least)
    return len({one.cell for one in found}) / series


def reversals(
    confusion: Counts | None,
    *,
    series: int,
    seed: int,
    side: int = 6,
    least: float = 0.9,
    firm: float = 1.0,
) -> tuple[float, float]:
    """Of reversals with ``side`` days of one statement on each side: the share found at
    probability ``least``, and of the found the share with the true date inside the interval.
    ``firm`` is the share of what the actor says that is on the side held."""
    rng = np.random.default_rng(seed)
    rest = (1 - firm) / 2
    before = _drawn(rng, np.tile((rest, firm, rest), (series, 1)), confusion, side)
    after = _drawn(rng, np.tile((firm, rest, rest), (series, 1)), confusion, side)
    stance = np.concatenate([before.reshape(series, side), after.reshape(series, side)], axis=1)
    where = np.repeat(np.arange(series), 2 * side)
    rows = columns(where, stance.ravel(), np.tile(np.arange(2 * side), series))
    found = shifts(rows, _records(confusion), min_probability=least)
    hit = {one.cell for one in found}
    inside = {one.cell for one in found if one.earliest <= side - 1 and one.latest >= side}
    return len(hit) / series, len(inside) / max(1, len(hit))
