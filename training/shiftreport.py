"""The listed shifts of the demonstration articles beside what the estimates find.

    python -m training.shiftreport ROWS.csv [--articles A.jsonl] [--shifts S.json]

ROWS is what ``stance run`` makes of the articles. For every listed shift: whether it is found,
with which probability, from the model's rows and from the annotated positions, and how many days
of evidence there are before and after it. Then the shifts found in series of which none is
listed: those stay steady.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stance.records import Position, Shift
from stance.reliability import records_of
from stance.shifts import find_shifts
from stance.tables import read_positions

LEAST = 0.5
THRESHOLDS = (0.9, 0.75, 0.5)
SIGN = {"support": 1, "neutral": 0, "oppose": -1}


@dataclass(frozen=True, slots=True)
class Listed:
    """A shift that the demonstration lists; it lies between two days."""

    actor: str
    issue: str
    before: str
    after: str
    first: datetime
    last: datetime
    kind: str

    def found_in(self, shifts: Sequence[Shift]) -> float | None:
        """The probability of the best shift in its direction whose dates meet the listed ones."""
        end = self.last + timedelta(days=1)
        step = SIGN[self.after] - SIGN[self.before]
        return max(
            (
                one.probability
                for one in shifts
                if (one.actor, one.issue) == (self.actor, self.issue)
                and one.earliest <= end
                and one.latest >= self.first
                and (one.after - one.before) * step > 0
            ),
            default=None,
        )

    def days(self, rows: Sequence[Position]) -> tuple[int, int]:
        """On how many days before and after its dates the listed side was taken."""
        mine = [r for r in rows if (r.actor, r.issue) == (self.actor, self.issue) and r.published]
        end = self.last + timedelta(days=1)
        before = {
            r.published.date()
            for r in mine
            if r.published and r.stance == self.before and r.published < end
        }
        after = {
            r.published.date()
            for r in mine
            if r.published and r.stance == self.after and r.published >= self.first
        }
        return len(before), len(after)


def listed(path: Path) -> list[Listed]:
    """The listed shifts; a succession is none of one actor's and is left out."""
    return [
        Listed(
            one["actor"],
            one["issue"],
            one["from"],
            one["to"],
            day_of(one["between"][0]),
            day_of(one["between"][1]),
            one["kind"],
        )
        for one in json.loads(path.read_text(encoding="utf-8"))
        if one["kind"] != "succession"
    ]


def annotated(path: Path) -> list[Position]:
    """The annotated positions of the articles as certain rows."""
    with path.open(encoding="utf-8") as lines:
        articles = [json.loads(line) for line in lines]
    return [row for article in articles for row in _rows(article)]


def _rows(article: dict[str, Any]) -> Iterator[Position]:
    for number, one in enumerate(article["positions"]):
        yield Position(
            article_id=article["id"],
            actor=one["actor"],
            issue=one["issue"],
            stance=one["stance"],
            score=1.0,
            p_support=float(one["stance"] == "support"),
            p_oppose=float(one["stance"] == "oppose"),
            p_neutral=float(one["stance"] == "neutral"),
            evidence=one["evidence"],
            start=number,
            end=number,
            text=one["anchor"],
            source=article["source"],
            published=day_of(article["date"]),
            reviewed=True,
        )


def day_of(text: str) -> datetime:
    """A day as its first moment (UTC)."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def report(shifts: Sequence[Listed], sets: Mapping[str, Sequence[Position]]) -> Iterator[str]:
    """The table in Markdown, its sums, and the shifts found that are not listed."""
    found = {
        name: find_shifts(rows, min_probability=LEAST, records=records_of(rows)).shifts
        for name, rows in sets.items()
    }
    heads = "".join(f" {name}: probability | days before, after |" for name in sets)
    yield f"| shift | between | kind |{heads}"
    yield "|---|---|---|" + "---|---|" * len(sets)
    for one in shifts:
        line = f"| {one.actor} on {one.issue}, {one.before} to {one.after} "
        line += f"| {one.first:%Y-%m-%d}, {one.last:%Y-%m-%d} | {one.kind} |"
        for name, rows in sets.items():
            probability = one.found_in(found[name])
            before, after = one.days(rows)
            line += f" {'missed' if probability is None else f'{probability:.2f}'} "
            line += f"| {before}, {after} |"
        yield line
    for name in sets:
        chances = [one.found_in(found[name]) or 0.0 for one in shifts]
        sums = ", ".join(f"{sum(c >= t for c in chances)} at {t}" for t in THRESHOLDS)
        yield f"\n{name}: of {len(shifts)} found {sums}"
        known = {(one.actor, one.issue) for one in shifts}
        steady = {(row.actor, row.issue) for row in sets[name]} - known
        wrong = [s.probability for s in found[name] if (s.actor, s.issue) in steady]
        sums = ", ".join(f"{sum(p >= t for p in wrong)} at {t}" for t in THRESHOLDS)
        yield f"{name}: shifts in the {len(steady)} series that no shift is listed of: {sums}"
        for shift in found[name]:
            if (shift.actor, shift.issue) not in known:
                yield (
                    f"not listed: {shift.actor} on {shift.issue}, {shift.earliest:%Y-%m-%d} to "
                    f"{shift.latest:%Y-%m-%d}, {shift.probability:.2f}"
                )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="training.shiftreport", description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--articles", type=Path, default=Path("seeds/articles/articles.jsonl"))
    parser.add_argument("--shifts", type=Path, default=Path("seeds/articles_shifts.json"))
    given = parser.parse_args(arguments)
    rows, _ = read_positions(given.rows)
    sets = {"annotated": annotated(given.articles), "model": rows}
    print("\n".join(report(listed(given.shifts), sets)))


if __name__ == "__main__":
    main()
