"""Articles → what the model makes of them, in a stream: text in other processes, the model here.

The same order of stages as in `stance.pipeline`, and the same answers, for any number of
processes and any size of batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, cast

from stance.attribution import Attribution, Noted
from stance.batching import BATCH_SIZE, BATCH_TOKENS, Ask, Batcher, Counted, Limits
from stance.cores import available_cores
from stance.pipeline import Judged, Tracker
from stance.prepare import Prepared, Preparer
from stance.reading import Taken, Warned, weight
from stance.records import Article, Candidate, Position, Scores, Skipped
from stance.scorer import Question, TokenScorer
from stance.workers import in_order

_CHARACTERS: Final = 200_000
"""Of pages, rows or articles that are sent to a process at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is spread out; nothing of it changes a row.

    ``workers`` are processes for the text (0: this one), ``threads`` those of the model
    (``None``: the model's own choice), ``batch_tokens`` and ``batch_size`` what one of them is
    handed at a time.
    """

    workers: int = 0
    threads: int | None = None
    batch_tokens: int = BATCH_TOKENS
    batch_size: int = BATCH_SIZE


def default_workers(cores: int | None = None) -> int:
    """One process for the text and another for each eight cores: an article costs the model's
    threads a hundred times as much as the text, but pages cost more than plain text."""
    return max(1, (available_cores() if cores is None else cores) // 8)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An article, all that the model was asked about it, and the rows that came of it."""

    prepared: Prepared
    positions: tuple[Position, ...]

    @property
    def article(self) -> Article:
        return self.prepared.article

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.prepared.candidates

    @property
    def said(self) -> tuple[Attribution, ...]:
        return self.prepared.said


def _prepared(found: Iterable[Prepared | Skipped | Warned]) -> Iterator[Prepared]:
    return (one for one in found if isinstance(one, Prepared))


class Engine:
    """Runs a tracker over many articles; one ``run`` at a time."""

    def __init__(self, tracker: Tracker, settings: Settings | None = None) -> None:
        self._tracker = tracker
        self._settings = settings or Settings()
        scorer = tracker.scorer
        if isinstance(scorer, TokenScorer):
            ask, threads = cast(Ask, scorer.answer), self._settings.threads or scorer.threads
            self._preparer = Preparer(tracker.reader, scorer.tokenizer)
        else:

            def ask(asked: Sequence[bytes | Question]) -> list[Scores]:
                return scorer.score(cast(Sequence[Question], asked))

            threads = self._settings.threads or 1
            self._preparer = Preparer(tracker.reader)
        limits = Limits(self._settings.batch_tokens, self._settings.batch_size, threads)
        self._batcher = Batcher(ask, limits)

    @property
    def counted(self) -> Counted:
        """The questions so far, and those that the model was asked."""
        return self._batcher.counted

    def run(
        self,
        given: Iterable[Taken | Article],
        sift: Callable[[Iterable[Prepared | Skipped | Warned]], Iterable[Prepared]] = _prepared,
    ) -> Iterator[Outcome]:
        """One outcome per article, in order; ``sift`` chooses those that the model is asked.

        Raises ``StanceError`` where a process dies.
        """
        made = in_order(
            self._preparer,
            given,
            workers=self._settings.workers,
            size=weight,
            most=_CHARACTERS,
        )
        for one, scores in self._batcher.run(sift(chain.from_iterable(made))):
            yield Outcome(one, tuple(self._rows(one, scores)))

    def _rows(self, one: Prepared, scores: Sequence[Scores]) -> list[Position]:
        noted = Noted(
            {(c.actor, c.start, c.end): s for c, s in zip(one.candidates, one.said, strict=True)}
        )
        judged = [Judged(c, s, noted) for c, s in zip(one.candidates, scores, strict=True)]
        return self._tracker.report(one.article, judged)
