"""How far coders agree: Krippendorff's alpha with a bootstrap interval, and who disputes what.

The formulas are those of K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011),
https://repository.upenn.edu/asc_papers/43. The package of that name on PyPI is under the GPL,
which this project's licence does not allow it to depend on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from training.labelling.labelrow import ANSWERS, LabelRow

Floats = NDArray[np.float64]
Scale = Literal["nominal", "ordinal"]
Unit = Mapping[str, str]
"""What each coder said of one row: coder → label."""

SIGNED: Final = ("oppose", "neutral", "support")
"""The stance as steps of one scale; ``none`` is no step of it."""
RESAMPLES: Final = 2000
RANDOM: Final = "random"
"""The reason of a row that was drawn by chance: only such rows tell of all the others."""


def coincidences(units: Iterable[Sequence[str]], values: Sequence[str]) -> Floats:
    """Each unit's share of the coincidence matrix, shape (units, values, values).

    A pair of equal or different values within a unit of m values counts 1 / (m - 1), in both
    directions. Values that are not among ``values`` are missing; a unit with fewer than two
    cannot be paired and is left out.
    """
    place = {value: at for at, value in enumerate(values)}
    found = []
    for unit in units:
        given = [place[value] for value in unit if value in place]
        if len(given) > 1:
            count = np.bincount(given, minlength=len(values)).astype(np.float64)
            found.append((np.outer(count, count) - np.diag(count)) / (len(given) - 1))
    return np.array(found, dtype=np.float64).reshape(-1, len(values), len(values))


def alpha_of(matrix: Floats, scale: Scale = "nominal") -> float | None:
    """Alpha = 1 - observed / expected disagreement of a (values, values) coincidence matrix.

    At most 1; 0 is what chance gives. ``None`` where nothing can be paired or only one value
    occurs, as there is then no disagreement to expect. For ``ordinal`` the values are in order.
    """
    count = matrix.sum(axis=1)
    total = count.sum()
    distance = _distance(count, scale)
    expected = (np.outer(count, count) * distance).sum() / max(total - 1, 1)
    if expected <= 0:
        return None
    return float(1 - (matrix * distance).sum() / expected)


def _distance(count: Floats, scale: Scale) -> Floats:
    """The squared difference of every two values."""
    if scale == "nominal":
        return 1 - np.eye(len(count))
    upto = np.cumsum(count) - count / 2  # the ranks between the middles of two values
    return np.asarray((upto[:, None] - upto[None, :]) ** 2, dtype=np.float64)


def alpha(
    units: Iterable[Sequence[str]], values: Sequence[str] = ANSWERS, scale: Scale = "nominal"
) -> float | None:
    """Alpha of units, each the values that its coders gave; see `alpha_of`."""
    return alpha_of(coincidences(units, values).sum(axis=0), scale)


def interval(
    pieces: Floats, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float | None, float | None]:
    """A 95 % percentile interval of nominal alpha, the units drawn again with replacement."""
    n = len(pieces)
    if n < 2:
        return None, None
    rng = np.random.default_rng(seed)
    flat = pieces.reshape(n, -1)
    drawn = []
    for _ in range(resamples):
        weights = rng.multinomial(n, np.full(n, 1 / n))
        found = alpha_of((weights @ flat).reshape(pieces.shape[1:]))
        if found is not None:
            drawn.append(found)
    if not drawn:
        return None, None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


# Reviewed rows


@dataclass(frozen=True, slots=True)
class Pair:
    """Two coders on the rows that both gave an answer to."""

    first: str
    second: str
    rows: int
    agreed: float | None
    alpha: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on the rows that at least two coders answered.

    ``agreed`` is the share of pairs of answers that are equal; ``alpha`` is nominal over the
    four answers, ``low`` to ``high`` its 95 % bootstrap interval; ``signed_alpha`` is ordinal
    over oppose, neutral, support where two coders see a position. ``unclear`` is no answer.
    ``None`` is what cannot be told.
    """

    rows: int
    coders: tuple[str, ...]
    agreed: float | None
    alpha: float | None
    low: float | None
    high: float | None
    signed_alpha: float | None
    signed_rows: int
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How often the model's answer is the coders' on rows drawn by chance, with the 95 % score
    interval of Wilson, JASA 22 (1927). ``share`` lies in [0, 1]."""

    rows: int
    right: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Report:
    """What reviewed rows say of their coders and of the model."""

    reviewed: int
    labels: Mapping[str, int]
    all: Agreement
    random: Agreement | None
    model: ModelShare | None


def units_of(rows: Iterable[LabelRow]) -> dict[str, dict[str, str]]:
    """What each coder said of each row: id → coder → label."""
    units: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.coder and row.label:
            units.setdefault(row.id, {})[row.coder] = row.label
    return units


def verdict(unit: Unit) -> str | None:
    """The label that more than half of a row's coders gave, if there is one."""
    (label, votes), *_ = Counter(unit.values()).most_common(1)
    return label if 2 * votes > len(unit) else None


def report(rows: Sequence[LabelRow], *, seed: int = 0) -> Report:
    """Agreement of all coders, on all rows and on those drawn by chance."""
    units = units_of(rows)
    drawn = {row.id for row in rows if row.reason == RANDOM}
    by_chance = {id: unit for id, unit in units.items() if id in drawn}
    return Report(
        reviewed=len(units),
        labels=dict(sorted(Counter(row.label for row in rows if row.label).items())),
        all=agreement(units.values(), seed=seed),
        random=agreement(by_chance.values(), seed=seed) if by_chance else None,
        model=_model_share(rows, by_chance),
    )


def agreement(units: Iterable[Unit], *, seed: int = 0) -> Agreement:
    """The agreement on some units."""
    units = list(units)
    answers = [list(unit.values()) for unit in units]
    pieces = coincidences(answers, ANSWERS)
    signed = coincidences(answers, SIGNED)
    low, high = interval(pieces, seed=seed)
    matrix = pieces.sum(axis=0)
    coders = sorted({coder for unit in units for coder in unit})
    return Agreement(
        rows=len(pieces),
        coders=tuple(coders),
        agreed=_agreed(matrix),
        alpha=alpha_of(matrix),
        low=low,
        high=high,
        signed_alpha=alpha_of(signed.sum(axis=0), "ordinal"),
        signed_rows=len(signed),
        pairs=tuple(_pair(units, *two) for two in combinations(coders, 2)),
    )


def _pair(units: Iterable[Unit], first: str, second: str) -> Pair:
    both = [[unit[first], unit[second]] for unit in units if first in unit and second in unit]
    pieces = coincidences(both, ANSWERS)
    matrix = pieces.sum(axis=0)
    return Pair(first, second, len(pieces), _agreed(matrix), alpha_of(matrix))


def _agreed(matrix: Floats) -> float | None:
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else None


def _model_share(rows: Iterable[LabelRow], by_chance: Mapping[str, Unit]) -> ModelShare | None:
    told = {row.id: row.stance for row in rows if row.stance and row.id in by_chance}
    truth = {id: verdict(unit) for id, unit in by_chance.items() if id in told}
    judged = [told[id] == label for id, label in truth.items() if label in ANSWERS]
    if not judged:
        return None
    return ModelShare(len(judged), sum(judged), *_wilson(sum(judged), len(judged)))


def _wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float, float]:
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)


# Telling


def disputes(rows: Sequence[LabelRow]) -> list[tuple[LabelRow, dict[str, str]]]:
    """The rows that coders label differently, with what each said, in the order of the rows."""
    units = {id: unit for id, unit in units_of(rows).items() if len(set(unit.values())) > 1}
    first = {row.id: row for row in reversed(rows)}
    return [(first[id], units[id]) for id in dict.fromkeys(r.id for r in rows) if id in units]


def as_json(found: Report) -> dict[str, Any]:
    """The report as plain data; figures with four decimals."""
    return {key: _rounded(value) for key, value in asdict(found).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value


def as_lines(found: Report) -> Iterator[str]:
    """The report for a terminal."""
    counts = ", ".join(f"{label} {n}" for label, n in found.labels.items())
    coders = ", ".join(found.all.coders)
    yield f"{found.reviewed} rows reviewed by {coders}: {counts}"
    if not found.all.rows:
        yield "no row has answers by two coders, so agreement cannot be told"
    else:
        yield from _agreement_lines("all rows", found.all)
        if found.random is not None and found.random.rows:
            yield from _agreement_lines("rows drawn by chance", found.random)
        yield from _pair_lines(found.all.pairs)
    if found.model is not None:
        model = found.model
        yield (
            f"the model on rows drawn by chance: {model.right} of {model.rows} right, "
            f"{model.share:.2f} [{model.low:.2f}, {model.high:.2f}]"
        )


def _agreement_lines(name: str, found: Agreement) -> Iterator[str]:
    span = "" if found.low is None else f" [{figure(found.low)}, {figure(found.high)}]"
    yield (
        f"{name}: {found.rows} with two answers or more, "
        f"Krippendorff's alpha {figure(found.alpha)}{span}, "
        f"pairs agreed {figure(found.agreed)}, "
        f"alpha of the signed stance {figure(found.signed_alpha)} on {found.signed_rows}"
    )


def _pair_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    names = [f"{pair.first}, {pair.second}" for pair in pairs]
    width = max(map(len, [*names, "coders"]))
    yield f"{'coders':{width}}   rows  agreed   alpha"
    for name, pair in zip(names, pairs, strict=True):
        yield f"{name:{width}} {pair.rows:6d} {figure(pair.agreed):>7} {figure(pair.alpha):>7}"


def figure(value: float | None) -> str:
    """A figure with two decimals, a dash where it cannot be told."""
    return "-" if value is None else f"{value:.2f}"
