"""Cells and shifts from columns are those from records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from stance.columnar import UNDATED, Columns, cells, shifts
from stance.evidence import Record, record
from stance.positions import build_matrix
from stance.records import EVIDENCE_KINDS, STANCES, Position
from stance.shifts import find_shifts

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
CONFUSION = [[340, 49, 5, 106], [19, 188, 6, 58], [8, 11, 21, 16], [127, 64, 16, 4581]]


def some_rows(n: int, seed: int) -> tuple[list[Position], Columns]:
    """The same rows as records and as columns: two actors, one of whom turns."""
    rng = np.random.default_rng(seed)
    actor = rng.integers(0, 2, n)
    day = rng.integers(0, 40, n)
    turned = (actor == 1) & (day >= 20)
    stance = np.where(rng.random(n) < 0.9, turned, rng.integers(0, 3, n)).astype(np.int64)
    rest = rng.dirichlet((0.3, 0.3, 0.3), n) * 0.3
    p = rest + 0.7 * np.eye(3)[stance] - 0.05
    p = p.clip(0, 1)
    kind = rng.integers(0, len(EVIDENCE_KINDS), n)
    cluster = rng.integers(0, n, n)
    undated = rng.random(n) < 0.1
    reviewed = rng.random(n) < 0.1
    model = rng.integers(-1, 2, n)
    rows = [
        Position(
            article_id=f"{i:05}",
            actor="ab"[actor[i]],
            issue="ceasefire",
            stance=STANCES[stance[i]],
            score=float(p[i, stance[i]]),
            p_support=float(p[i, 0]),
            p_oppose=float(p[i, 1]),
            p_neutral=float(p[i, 2]),
            evidence=EVIDENCE_KINDS[kind[i]],
            start=0,
            end=1,
            text="x",
            published=None if undated[i] else START + timedelta(days=int(day[i])),
            model_version=("old", "new", "")[model[i]],
            cluster=f"c{cluster[i]}",
            reviewed=bool(reviewed[i]),
        )
        for i in range(n)
    ]
    columns = Columns(
        cell=actor,
        stance=stance,
        probabilities=p,
        kind=kind,
        day=np.where(undated, UNDATED, day),
        cluster=cluster,
        article=np.arange(n),
        source=np.zeros(n, dtype=np.int64),
        reviewed=reviewed,
        model=model,
    )
    return rows, columns


def measured(scale: float = 1.0) -> Record:
    found = record([[n * scale for n in row] for row in CONFUSION], (0.1, 0.2, 0.3))
    assert found is not None
    return found


@pytest.mark.parametrize("clusters", [True, False])
@pytest.mark.parametrize("days", [(None, None), (5, 30)])
def test_cells_are_those_of_the_records(clusters: bool, days: tuple[int | None, ...]) -> None:
    rows, columns = some_rows(200, seed=1)
    records = (measured(), measured(0.1))
    since, until = days
    found = cells(
        columns,
        records,
        since=since,
        until=until,
        weights={EVIDENCE_KINDS.index("secondhand"): 0.5},
        clusters=clusters,
    )
    wanted = build_matrix(
        rows,
        since=None if since is None else START + timedelta(days=since, hours=-12),
        until=None if until is None else START + timedelta(days=until, hours=-12),
        clusters=clusters,
        records={"old": records[0], "new": records[1]},
        weights={"secondhand": 0.5},
    )
    assert len(found) == len(wanted) == 2
    for one, cell in zip(found, wanted, strict=True):
        assert cell.position is not None
        assert cell.low is not None
        assert one.position == pytest.approx(cell.position, abs=0.003)
        assert one.low == pytest.approx(cell.low, abs=0.01)
        assert one.state == cell.state
        for name in (
            "n_support",
            "n_oppose",
            "n_neutral",
            "n_statements",
            "n_articles",
            "n_independent",
        ):
            assert getattr(one, name) == getattr(cell, name)


def test_shifts_are_those_of_the_records() -> None:
    rows, columns = some_rows(400, seed=2)
    records = (measured(), measured(0.1))
    found = shifts(columns, records)
    wanted = find_shifts(rows, records={"old": records[0], "new": records[1]}).shifts
    assert len(wanted) == len(found) == 1
    assert found[0].cell == 1
    assert found[0].probability == pytest.approx(wanted[0].probability, abs=1e-6)
    assert (found[0].earliest, found[0].latest) == (
        (wanted[0].earliest - START).days,
        (wanted[0].latest - START).days,
    )


def test_the_order_of_the_rows_changes_nothing() -> None:
    _, columns = some_rows(150, seed=3)
    mixed = columns.take(np.random.default_rng(0).permutation(150))
    records = (measured(), measured(2))
    assert cells(mixed, records) == cells(columns, records)
    assert shifts(mixed, records) == shifts(columns, records)


def test_nothing_gives_nothing() -> None:
    _, columns = some_rows(3, seed=4)
    none = columns.take(np.zeros(3, dtype=bool))
    assert cells(none) == []
    assert shifts(none) == []
