"""Article → all that is known of it before the model is asked: the work of the text processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stance.attribution import Attribution
from stance.batching import Asked
from stance.encoding import PairTokenizer
from stance.mentions import unresolved
from stance.reading import Taken, Warned, finish
from stance.records import Article, Candidate, Skipped
from stance.reprints import signature
from stance.stages import Reader, Reading


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article with its questions.

    ``candidates``, ``asked`` and ``said`` go together. ``unresolved`` counts the references
    that stand for nobody of the register, ``signature`` is that of `stance.reprints`.
    """

    article: Article
    candidates: tuple[Candidate, ...]
    asked: tuple[Asked, ...]
    said: tuple[Attribution, ...]
    unresolved: int
    signature: bytes

    @property
    def id(self) -> str:
        """The article's."""
        return self.article.id

    @property
    def weight(self) -> int:
        """Its size in memory, in characters of text."""
        return len(self.article.text)


class Preparer:
    """Prepares articles, one like another; it can be sent to another process."""

    def __init__(self, reader: Reader, tokenizer: PairTokenizer | None = None) -> None:
        self._reader, self._tokenizer = reader, tokenizer

    def __call__(self, taken: Taken | Article) -> list[Prepared | Skipped | Warned]:
        """All that comes of a page or row, or of an article."""
        return [self.prepare(one) if isinstance(one, Article) else one for one in finish(taken)]

    def prepare(self, article: Article) -> Prepared:
        day = article.published.date() if article.published else None
        reading = self._reader.read(article.text, day)
        questions = [self._reader.question(article.text, c) for c in reading.candidates]
        return Prepared(
            article,
            tuple(reading.candidates),
            self._asked(questions),
            self._said(article, reading),
            unresolved(article.text, reading.sentences, reading.mentions),
            signature(article.text).tobytes(),
        )

    def _asked(self, questions: list[tuple[str, str]]) -> tuple[Asked, ...]:
        if self._tokenizer is None:
            return tuple(questions)
        return tuple(np.array(ids, "<i4").tobytes() for ids in self._tokenizer.ids(questions))

    def _said(self, article: Article, reading: Reading) -> tuple[Attribution, ...]:
        voices = self._reader.voices(article.text, reading)
        return tuple(voices.of(c.actor, c.start, c.end) for c in reading.candidates)
