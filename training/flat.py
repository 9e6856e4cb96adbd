"""Flat rows → examples: the rows of one text belong together, and each speaks of one pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stance.errors import InputError
from stance.records import Skipped, article_id
from training.examples import Claim, Example
from training.gold import GoldText, Place
from training.naming import Names
from training.shapes import FlatRow


def flat_examples(
    rows: Iterable[tuple[Place, FlatRow]], names: Names
) -> tuple[list[Example], list[Skipped]]:
    """One example a text, in the order of their first rows, and the rows that were rejected."""
    texts: dict[tuple[str, str, str | None], list[tuple[Place, FlatRow, Claim]]] = {}
    skipped: list[Skipped] = []
    for place, row in rows:
        try:
            claim = names.claim(
                row.actor, row.issue, row.proposition, row.label, row.evidence, place
            )
        except InputError as error:
            skipped.append(Skipped(place.file, error.reason, place.row, error.field))
            continue
        texts.setdefault((row.context, row.text, row.group), []).append((place, row, claim))
    return [_example(found) for found in texts.values()], skipped


def _example(found: Sequence[tuple[Place, FlatRow, Claim]]) -> Example:
    place, first, _ = found[0]
    text, judged = with_context(first.context, first.text)
    gold = GoldText(
        id=article_id(text),
        text=text,
        date=next((row.date for _, row, _ in found if row.date), None),
        page=first.group,
        place=place,
    )
    return Example(gold, tuple(claim for _, _, claim in found), judged)


def with_context(context: str, text: str) -> tuple[str, int]:
    """The text after its context, and where it begins there."""
    before = f"{context.strip()} " if context.strip() else ""
    return before + text, len(before)
