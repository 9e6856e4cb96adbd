"""A tracker on annotated texts: its cases, and its report as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from stance.folding import fold
from stance.pipeline import Judged, Tracker
from stance.records import Article, Position
from training.calibrate import Curve
from training.gold import GoldPosition, GoldText
from training.metrics import Case, Counts, Found, Report, count, of_issue, report


def on(texts: Iterable[GoldText], tracker: Tracker) -> Report:
    """The tracker's report on annotated texts."""
    return report([case(*judged(text, tracker), tracker) for text in texts])


def judged(text: GoldText, tracker: Tracker) -> tuple[GoldText, Article, list[Judged]]:
    """A text with every candidate that the tracker sees in it."""
    article = tracker.article(text.text, published=text.day)
    return text, article, tracker.judge(article)


def case(
    text: GoldText,
    article: Article,
    judged: Sequence[Judged],
    tracker: Tracker,
    *,
    threshold: float | None = None,
) -> Case:
    """What the tracker makes of a text, beside its annotation.

    A text can express a position in several sentences; the surest one speaks for the text.
    ``threshold`` is tried in place of the model's own.
    """
    covered = [p for p in text.positions if _covered(p, tracker)]
    return Case(
        id=text.id,
        gold=tuple(_gold(p, outside=_outside(p, tracker)) for p in covered),
        predicted=tuple(_surest(tracker.report(article, judged, threshold=threshold))),
        candidates=frozenset((j.candidate.actor, j.candidate.issue) for j in judged),
        uncovered=tuple(_gold(p) for p in text.positions if not _covered(p, tracker)),
        disputed=frozenset(p.pair for p in text.disputed),
    )


def curves(
    judged: Sequence[tuple[GoldText, Article, list[Judged]]],
    tracker: Tracker,
    grid: Sequence[float],
) -> dict[str, Curve]:
    """issue → its tuples at every threshold of the ``grid``, by page."""
    pages = {page: i for i, page in enumerate(sorted({text.group for text, _, _ in judged}))}
    issues = {p.issue for text, _, _ in judged for p in text.positions if _covered(p, tracker)}
    found: dict[str, Curve] = {}
    for t, threshold in enumerate(grid):
        for one in judged:
            page, case_ = pages[one[0].group], case(*one, tracker, threshold=threshold)
            for issue in issues | {f.issue for f in case_.predicted}:
                counts = count([case_], of_issue(issue))
                if counts.gold or counts.predicted:
                    curve = found.setdefault(issue, _flat(len(pages), len(grid)))
                    curve.hits[page, t] += counts.hits
                    curve.predicted[page, t] += counts.predicted
                    curve.gold[page] += counts.gold * (t == 0)
    return found


def _flat(pages: int, thresholds: int) -> Curve:
    shape = (pages, thresholds)
    return Curve(np.zeros(shape), np.zeros(shape), np.zeros(pages))


def _covered(position: GoldPosition, tracker: Tracker) -> bool:
    return position.actor in tracker.actors and position.issue in tracker.issues


def _gold(position: GoldPosition, *, outside: bool = False) -> Found:
    return Found(position.actor, position.issue, position.stance, position.evidence, outside)


def _outside(position: GoldPosition, tracker: Tracker) -> bool:
    """Whether the sentence that carries a position does not name its holder."""
    if position.anchor is None:
        return False
    actor, words = tracker.actors[position.actor], fold(position.anchor)
    names = (*actor.names, *actor.shared)
    return not any(re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", words) for name in names)


def _surest(positions: Iterable[Position]) -> Iterator[Found]:
    best: dict[tuple[str, str], Position] = {}
    for position in positions:
        pair = (position.actor, position.issue)
        if pair not in best or position.score > best[pair].score:
            best[pair] = position
    for position in best.values():
        yield Found(position.actor, position.issue, position.stance, position.evidence)


def as_lines(name: str, found: Report) -> Iterator[str]:
    """The report for a terminal."""
    yield f"{name}: {found.texts} texts"
    yield "                           precision  recall      F1   gold"
    yield _line("actor, issue, stance", found.tuples)
    yield _line("support and oppose alone", found.signed)
    for issue, counts in found.by_issue.items():
        yield _line(f"  {issue}", counts)
    yield "recall by kind of evidence: " + ", ".join(
        f"{kind} {counts.recall:.3f} of {counts.gold}" for kind, counts in found.by_evidence.items()
    )
    if found.outside.gold:
        yield (
            f"holder named outside the sentence: recall {found.outside.recall:.3f} "
            f"of {found.outside.gold}"
        )
    yield f"polarity right: {found.polarity:.3f} of {found.polarity_of} found"
    yield f"position-free texts left empty: {found.empty_share:.3f} of {found.empty}"
    yield (
        f"candidate recall: {found.candidate_recall:.3f} of {found.reachable} gold pairs, "
        f"{found.candidates:.2f} candidates a text"
    )
    yield f"missing coverage: {found.uncovered} gold positions of actors or issues not registered"


def _line(name: str, counts: Counts) -> str:
    figures = f"{counts.precision:9.3f} {counts.recall:7.3f} {counts.f1:7.3f} {counts.gold:6d}"
    return f"{name:27s}{figures}"


def as_json(found: Report) -> dict[str, Any]:
    """The report as plain data, for model cards and floors."""
    return {
        "texts": found.texts,
        "tuple_f1": round(found.tuples.f1, 4),
        "tuple_precision": round(found.tuples.precision, 4),
        "tuple_recall": round(found.tuples.recall, 4),
        "signed_f1": round(found.signed.f1, 4),
        "polarity": round(found.polarity, 4),
        "empty_left_empty": round(found.empty_share, 4),
        "candidate_recall": round(found.candidate_recall, 4),
        "candidates_a_text": round(found.candidates, 2),
        "uncovered": found.uncovered,
        "by_issue": {issue: round(c.f1, 4) for issue, c in found.by_issue.items()},
        "recall_by_evidence": {k: round(c.recall, 4) for k, c in found.by_evidence.items()},
        "recall_outside": round(found.outside.recall, 4) if found.outside.gold else None,
    }
