"""Cells and series with planted positions, read by a model with a measured confusion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stance.columnar import Columns, ShiftFigures, cells, shifts
from stance.evidence import Floats, Ints, Record, record

Counts = Sequence[Sequence[float]]

_PRIOR = (0.5, 0.5, 0.5)
_SPREAD = 2.0
"""How alike rows are in how sure they are: a Beta distribution worth so many observations."""
_BLUR = (-0.9, 1.6, 3.0)
"""The odds that a row has the side wrong, to those counted: mean and deviation of the log, most.
On held-out news a quarter of the rows have a tenth of the odds or less, a quarter the double."""


class Model:
    """A model that errs as ``counts`` say, and gives each row a probability of its own.

    How likely a row is to be false differs from row to row, and so does how likely it is to have
    a statement's side wrong; the row's probabilities are these chances, given its stance, with
    the log odds moved by ``bias``: what the measured record must undo.
    Without counts it never errs. Statements of the corpus that the record is measured on have
    stances from the cells' prior.
    """

    def __init__(self, counts: Counts | None, bias: float = 0.0) -> None:
        self._counts = None if counts is None else np.asarray(counts, dtype=np.float64)
        self._bias = bias
        self.records: tuple[Record, ...] = ()
        if self._counts is not None:
            rng = np.random.default_rng(99)
            found = self._measured(rng, rng.dirichlet(_PRIOR, 40_000))
            assert found is not None
            self.records = (found,)

    def drawn(self, rng: np.random.Generator, shares: Floats) -> tuple[Ints, Floats]:
        """For each row of ``shares`` a reported stance (n,) and the row's probabilities (n, 3)."""
        true = _choice(rng, shares)
        if self._counts is None:
            return true, np.eye(3)[true]
        stance, _, probabilities = self._read(rng, true)
        return stance, probabilities

    def _read(self, rng: np.random.Generator, true: Ints) -> tuple[Ints, NDArray[np.bool_], Floats]:
        assert self._counts is not None
        reported, n = self._counts[:, :3], len(true)
        share = reported[3].sum() / reported.sum()
        falls = reported[3] / reported[3].sum()
        sides = reported[:3] / reported[:3].sum(axis=1, keepdims=True)
        chance = rng.beta(_SPREAD * share, _SPREAD * (1 - share), n)
        false = rng.random(n) < chance
        mean, deviation, most = _BLUR
        blur = np.exp(rng.normal(mean, deviation, n)).clip(max=most)[:, None, None]
        mixed = sides * np.where(np.eye(3, dtype=bool), 1.0, blur)  # (n, true, reported)
        mixed /= mixed.sum(axis=2, keepdims=True)
        each = np.arange(n)
        stance = np.where(
            false, _choice(rng, np.tile(falls, (n, 1))), _choice(rng, mixed[each, true])
        )
        common = sides.mean(axis=0)  # stances of true statements are equally frequent
        odds = chance / (1 - chance).clip(1e-9) * (falls / common)[stance]
        none = 1 / (1 + np.exp(-(np.log(odds.clip(1e-9)) + self._bias)))
        posterior = mixed[each, :, stance]
        posterior *= np.where(np.eye(3, dtype=bool)[stance], 1.0, np.exp(self._bias))
        posterior /= posterior.sum(axis=1, keepdims=True)
        return stance, false, (1 - none)[:, None] * posterior

    def _measured(self, rng: np.random.Generator, shares: Floats) -> Record | None:
        true = _choice(rng, shares)
        stance, false, probabilities = self._read(rng, true)
        counts = np.zeros((4, 4))
        np.add.at(counts, (np.where(false, 3, true), stance), 1)
        shown = probabilities.sum(axis=1)
        other = 1 - probabilities.max(axis=1) / shown
        means = ([float(of[stance == k].mean()) for k in range(3)] for of in (1 - shown, other))
        return record(counts.tolist(), *means)


def _choice(rng: np.random.Generator, shares: Floats) -> Ints:
    """A stance for each row of ``shares``."""
    bounds = np.cumsum(shares, axis=1)[:, :2]
    return np.asarray((rng.random((len(shares), 1)) > bounds).sum(axis=1))


def columns(cell: Ints, stance: Ints, probabilities: Floats, day: Ints, model: Model) -> Columns:
    """Rows of a cell each, which repeat none."""
    n = len(cell)
    zeros, each = np.zeros(n, dtype=np.int64), np.arange(n)
    of = np.full(n, 0 if model.records else -1)
    no = np.zeros(n, dtype=bool)
    return Columns(cell, stance, probabilities, zeros, day, each, each, zeros, no, of)


def covered(
    model: Model,
    n: int,
    *,
    number: int = 1000,
    seed: int = 0,
    shares: Sequence[float] | None = None,
) -> float:
    """The share of cells of ``n`` statements whose interval holds the planted position: drawn
    from Dirichlet(0.5, 0.5, 0.5), or always ``shares``."""
    rng = np.random.default_rng(seed)
    planted = rng.dirichlet(_PRIOR, number) if shares is None else np.tile(shares, (number, 1))
    stance, probabilities = model.drawn(rng, planted.repeat(n, axis=0))
    where = np.arange(number).repeat(n)
    rows = columns(where, stance, probabilities, np.zeros_like(where), model)
    lean = planted[:, 0] - planted[:, 1]
    found = cells(rows, model.records)
    hits = [one.low - 1e-9 <= at <= one.high + 1e-9 for one, at in zip(found, lean, strict=True)]
    return float(np.mean(hits))


def permuted(model: Model, *, series: int, seed: int, days: int = 12, least: float = 0.95) -> float:
    """The share of series without any change (planted shares as for `covered`, a statement a day:
    days exchangeable, as after a permutation) that show a shift of probability ``least``."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(_PRIOR, series).repeat(days, axis=0)
    found = _shifts(rng, model, shares, days, least)
    return len({one.cell for one in found}) / series


def reversals(
    model: Model,
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
    one = np.repeat([(rest, firm, rest), (firm, rest, rest)], side, axis=0)
    found = _shifts(rng, model, np.tile(one, (series, 1)), 2 * side, least)
    hit = {one.cell for one in found}
    inside = {one.cell for one in found if one.earliest <= side - 1 and one.latest >= side}
    return len(hit) / series, len(inside) / max(1, len(hit))


def _shifts(
    rng: np.random.Generator, model: Model, shares: Floats, days: int, least: float
) -> list[ShiftFigures]:
    series = len(shares) // days
    stance, probabilities = model.drawn(rng, shares)
    day = np.tile(np.arange(days), series)
    rows = columns(np.arange(series).repeat(days), stance, probabilities, day, model)
    return shifts(rows, model.records, min_probability=least)
