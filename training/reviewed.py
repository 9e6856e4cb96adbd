"""Reviewed positions → examples: the coders of a sentence vote on each (actor, issue) of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from stance.errors import InputError
from stance.records import Skipped
from training.examples import Claim, Example
from training.flat import with_context
from training.gold import GoldText, Place
from training.naming import Names
from training.shapes import ReviewedRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reviews:
    """``ties`` are the pairs left out because as many coders say one thing as another."""

    examples: list[Example]
    skipped: list[Skipped]
    ties: int


_Vote = tuple[ReviewedRow, Claim]
_Sentence = tuple[str, int, int]


def reviewed_examples(rows: Iterable[tuple[Place, ReviewedRow]], names: Names) -> Reviews:
    """One example a sentence, with what most of its coders say of each pair.

    A coder who reviewed a pair twice has the later vote.
    """
    votes: dict[_Sentence, dict[tuple[str, str, str], list[_Vote]]] = {}
    skipped: list[Skipped] = []
    for place, row in rows:
        try:
            claim = names.claim(
                row.actor, row.issue, row.proposition, row.label, row.evidence_label, place
            )
        except InputError as error:
            skipped.append(Skipped(place.file, error.reason, place.row, error.field))
            continue
        sentence = (row.article_id, row.start, row.end)
        votes.setdefault(sentence, {}).setdefault(claim.pair, []).append((row, claim))
    examples: list[Example] = []
    ties = 0
    for pairs in votes.values():
        settled = [_settled(_one_each(found)) for found in pairs.values()]
        ties += settled.count(None)
        first = next(iter(pairs.values()))[0]
        examples += _example(first, [claim for claim in settled if claim is not None])
    return Reviews(examples, skipped, ties)


def _one_each(votes: Sequence[_Vote]) -> list[Claim]:
    """The last vote of every coder; votes without a coder's name each count."""
    last: dict[str, Claim] = {}
    for number, (row, claim) in enumerate(sorted(votes, key=lambda v: v[0].reviewed_at or "")):
        last[row.coder or f"#{number}"] = claim
    return list(last.values())


def _settled(votes: Sequence[Claim]) -> Claim | None:
    label = _most([vote.label for vote in votes])
    if label is None:
        return None
    agreeing = [vote for vote in votes if vote.label == label]
    kinds = [vote.evidence for vote in agreeing if vote.evidence is not None]
    return replace(agreeing[0], evidence=_most(kinds))


def _most(values: Sequence[T]) -> T | None:
    """The most frequent value, or ``None`` where no single one is."""
    counts = Counter(values).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def _example(first: _Vote, claims: Sequence[Claim]) -> list[Example]:
    row, claim = first
    text, judged = with_context(row.context, row.text)
    gold = GoldText(
        id=f"{row.article_id}:{row.start}",
        text=text,
        date=row.published,
        page=row.article_id,
        place=claim.place,
    )
    return [Example(gold, tuple(claims), judged, whole=True)] if claims else []
