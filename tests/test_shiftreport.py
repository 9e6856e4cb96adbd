"""The table of the demonstration's listed shifts."""

from __future__ import annotations

from pathlib import Path

from tests.test_shifts import said
from training.shiftreport import Listed, annotated, day_of, listed, report

SEEDS = Path(__file__).parents[1] / "seeds"


def test_found_and_unlisted_shifts_are_told() -> None:
    one = Listed(
        "alba", "ceasefire", "oppose", "support", day_of("2025-01-08"), day_of("2025-01-09"), "firm"
    )
    rows = [*said("O" * 8 + "S" * 8), *said("S" * 8 + "O" * 8, actor="bruno")]
    text = "\n".join(report([one], {"made up": rows}))
    assert "| 8, 8 |" in text
    assert "missed" not in text
    assert "not listed: bruno on ceasefire" in text
    other = Listed("alba", "ceasefire", "support", "oppose", one.first, one.last, "firm")
    assert "missed" in "\n".join(report([other], {"made up": rows}))


def test_the_demonstration_has_every_listed_side() -> None:
    rows = annotated(SEEDS / "articles" / "articles.jsonl")
    shifts = listed(SEEDS / "articles_shifts.json")
    assert len(shifts) > 30
    assert all(min(one.days(rows)) >= 1 for one in shifts)
