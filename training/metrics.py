"""Scores of predicted positions against annotated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stance.records import Evidence, Stance

Pair = tuple[str, str]
"""(actor, issue)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One predicted or annotated position of a text.

    ``outside`` says of an annotated one that the sentence that carries it does not name the actor.
    """

    actor: str
    issue: str
    stance: Stance
    evidence: Evidence | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A text's gold and predicted positions, its candidates, and what is not scored.

    ``uncovered`` are gold positions of actors or issues outside the register: missing coverage,
    not errors of the model. ``disputed`` pairs are left out on both sides.
    """

    id: str
    gold: tuple[Found, ...]
    predicted: tuple[Found, ...]
    candidates: frozenset[Pair]
    uncovered: tuple[Found, ...] = ()
    disputed: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, and how many were predicted and annotated; all over tuples."""

    hits: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        return self.hits / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.hits / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        total = self.predicted + self.gold
        return 2 * self.hits / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one model on one file; all shares are in [0, 1].

    ``polarity`` is the share of rightly signed stances among gold support and oppose positions
    whose actor and issue were found with either sign. ``outside`` counts, as recall alone, the
    positions whose holder stands in another sentence, of texts that name the sentences.
    """

    texts: int
    tuples: Counts
    signed: Counts
    by_issue: dict[str, Counts]
    by_evidence: dict[str, Counts]
    outside: Counts
    polarity: float
    polarity_of: int
    empty_kept: int
    empty: int
    reached: int
    reachable: int
    uncovered: int
    candidates: float

    @property
    def empty_share(self) -> float:
        """The share of texts without any position that were left without one."""
        return self.empty_kept / self.empty if self.empty else 0.0

    @property
    def candidate_recall(self) -> float:
        """The share of gold (actor, issue) pairs that the candidates contain."""
        return self.reached / self.reachable if self.reachable else 0.0


def report(cases: Sequence[Case]) -> Report:
    """All figures over the cases."""
    kept, empty = kept_empty(cases)
    right, asked = polarity(cases)
    pairs = [(c, (g.actor, g.issue)) for c in cases for g in c.gold]
    return Report(
        texts=len(cases),
        tuples=count(cases),
        signed=count(cases, lambda f: f.stance != "neutral"),
        by_issue={i: count(cases, of_issue(i)) for i in _names(cases, lambda f: f.issue)},
        by_evidence={
            e: _recalled(cases, _of_kind(e))
            for e in _names(cases, lambda f: f.evidence or "unknown")
        },
        outside=_recalled(cases, lambda f: f.outside),
        polarity=right / asked if asked else 0.0,
        polarity_of=asked,
        empty_kept=kept,
        empty=empty,
        reached=sum(pair in c.candidates for c, pair in pairs),
        reachable=len(pairs),
        uncovered=sum(len(c.uncovered) for c in cases),
        candidates=sum(len(c.candidates) for c in cases) / len(cases) if cases else 0.0,
    )


def count(cases: Iterable[Case], keep: Callable[[Found], bool] = lambda _: True) -> Counts:
    """Hits over (actor, issue, stance) tuples, of those that ``keep`` lets through."""
    hits = predicted = gold = 0
    for case in cases:
        told = {(f.actor, f.issue, f.stance) for f in case.gold if keep(f)}
        said = {(f.actor, f.issue, f.stance) for f in _counted(case) if keep(f)}
        hits += len(told & said)
        predicted += len(said)
        gold += len(told)
    return Counts(hits, predicted, gold)


def _counted(case: Case) -> list[Found]:
    """The predictions that are held against the model: none on disputed or uncovered pairs."""
    left_out = case.disputed | {(f.actor, f.issue) for f in case.uncovered}
    return [f for f in case.predicted if (f.actor, f.issue) not in left_out]


def _recalled(cases: Iterable[Case], keep: Callable[[Found], bool]) -> Counts:
    """Of what only the annotation tells, recall alone is known: predictions equal hits."""
    hits = gold = 0
    for case in cases:
        said = {(f.actor, f.issue, f.stance) for f in _counted(case)}
        told = {(f.actor, f.issue, f.stance) for f in case.gold if keep(f)}
        gold += len(told)
        hits += len(told & said)
    return Counts(hits, hits, gold)


def _of_kind(kind: str) -> Callable[[Found], bool]:
    return lambda found: (found.evidence or "unknown") == kind


def kept_empty(cases: Iterable[Case]) -> tuple[int, int]:
    """(texts left without a position, texts that have none)."""
    empty = [c for c in cases if not c.gold and not c.uncovered and not c.disputed]
    return sum(not _counted(c) for c in empty), len(empty)


def polarity(cases: Iterable[Case]) -> tuple[int, int]:
    """(rightly signed, asked): of gold support and oppose whose pair was found with a sign."""
    right = asked = 0
    for case in cases:
        said = {(f.actor, f.issue): f.stance for f in _counted(case)}
        for gold in case.gold:
            found = said.get((gold.actor, gold.issue))
            if gold.stance != "neutral" and found is not None and found != "neutral":
                asked += 1
                right += found == gold.stance
    return right, asked


def of_issue(issue: str) -> Callable[[Found], bool]:
    """What keeps the positions on one issue, for :func:`count`."""
    return lambda found: found.issue == issue


def _names(cases: Iterable[Case], name: Callable[[Found], str]) -> list[str]:
    return sorted({name(f) for c in cases for f in c.gold})
