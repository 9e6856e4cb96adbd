"""Persons counted for their governments: only when asked, by the day, and as sums.

The cast (``conftest.py``): Ada Bell was president of Norland until 20 January 2025, Rolf Stone is
since then; Olaf Crown is of Old Southmark.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.cli import main
from stance.errors import RegisterError
from stance.positions import build_matrix
from stance.records import STANCES, Position, Stance
from stance.register import Actors, load_actors
from stance.rollup import by_government, government_of
from stance.tables import write_positions

BELLS = datetime(2024, 5, 1, tzinfo=UTC)
STONES = datetime(2025, 8, 15, tzinfo=UTC)


def row(
    actor: str,
    stance: Stance = "support",
    *,
    n: int = 0,
    text: str = "",
    published: datetime | None = BELLS,
    issue: str = "truce",
) -> Position:
    return Position(
        article_id=f"article {n}",
        actor=actor,
        issue=issue,
        stance=stance,
        score=1.0,
        p_support=float(stance == "support"),
        p_oppose=float(stance == "oppose"),
        p_neutral=float(stance == "neutral"),
        evidence="reported",
        start=0,
        end=10,
        text=text or f"made-up sentence {n}",
        published=published,
    )


@pytest.mark.parametrize(
    ("actor", "day", "body"),
    [
        ("bell", BELLS, "norland"),
        ("bell", STONES, None),
        ("stone", STONES, "norland"),
        ("stone", BELLS, None),
        ("stone", None, "norland"),
        ("crown", BELLS, "old_southmark"),
        ("norland", BELLS, None),
        ("nobody_known", BELLS, None),
    ],
)
def test_the_day_decides_for_whom_a_person_counts(
    cast: Actors, actor: str, day: datetime | None, body: str | None
) -> None:
    assert government_of(row(actor, published=day), cast) == body


@pytest.mark.parametrize(
    ("actor", "body"),
    [("peskov", "russia"), ("putin", "russia"), ("starmer", "uk"), ("biden", None)],
)
def test_a_spokesman_and_a_premier_count_for_their_country(
    shipped_actors: Actors, actor: str, body: str | None
) -> None:
    assert government_of(row(actor, published=STONES), shipped_actors) == body


@pytest.mark.parametrize(
    ("day", "body"), [("2023-01-05", "us"), ("2023-07-17", None), (None, None)]
)
def test_who_holds_no_office_speaks_between_two_dates(
    shipped_actors: Actors, day: str | None, body: str | None
) -> None:
    published = None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert government_of(row("kahl", published=published), shipped_actors) == body


def test_dates_without_anybody_to_speak_for_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "actors.yaml"
    entry = "{id: zed, name: Zed, kind: person, speaks_until: 2024-01-01}"
    path.write_text(f"actors: [{entry}]", encoding="utf-8")
    with pytest.raises(RegisterError, match="'zed': 'speaks_from' and 'speaks_until' date"):
        load_actors([path])


def test_the_same_words_of_two_persons_are_two_statements(cast: Actors) -> None:
    rows = [row("bell", n=1, text="No truce."), row("marsh", n=2, text="No truce.")]
    (cell,) = build_matrix(by_government(rows, cast), actors=["norland"])
    assert cell.n_independent == 2


_ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["bell", "stone", "marsh", "kvist", "norland", "southmark", "stranger"]),
        st.sampled_from(STANCES),
        n=st.integers(0, 5),
        published=st.sampled_from([BELLS, STONES, None]),
        issue=st.sampled_from(["truce", "islands"]),
    ),
    max_size=12,
)


@given(found=_ROWS)
def test_counts_are_the_sums_and_own_cells_stay(cast: Actors, found: list[Position]) -> None:
    own = {(c.actor, c.issue): c for c in build_matrix(found)}
    rolled = {(c.actor, c.issue): c for c in build_matrix(by_government(found, cast))}
    wanted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in found:
        wanted[one.actor, one.issue][one.stance] += 1
        body = government_of(one, cast)
        if body is not None:
            wanted[body, one.issue][one.stance] += 1
    assert rolled.keys() == wanted.keys()
    for key, cell in rolled.items():
        counts = (cell.n_support, cell.n_oppose, cell.n_neutral)
        assert counts == tuple(wanted[key][stance] for stance in STANCES)
        assert cell.n_statements == sum(counts)
        if key[0] not in {"norland", "southmark"}:
            assert cell == own[key]


def test_the_matrix_rolls_up_only_when_asked(tmp_path: Path) -> None:
    table, out = tmp_path / "positions.csv", tmp_path / "matrix.csv"
    write_positions(table, [row("peskov", issue="nato"), row("putin", issue="nato", n=1)])

    def cells(*options: str) -> dict[str, str]:
        assert main(["matrix", str(table), "--out", str(out), *options]) == 0
        with out.open(encoding="utf-8", newline="") as stream:
            return {line["actor"]: line["n_statements"] for line in csv.DictReader(stream)}

    assert cells() == {"peskov": "1", "putin": "1"}
    assert cells("--by", "government") == {"peskov": "1", "putin": "1", "russia": "2"}
    assert cells("--by", "government", "--actor", "russia") == {"russia": "2"}
