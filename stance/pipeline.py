"""The one place that composes the stages: article → position rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from stance.attribution import Attribution, Attributions, Voices
from stance.dates import parse_date
from stance.errors import InputError
from stance.evidence import cluster_of
from stance.pages import article_from_text
from stance.records import EVIDENCE_KINDS, STANCES, Article, Candidate, Position, Scores
from stance.register import load_actors, load_issues
from stance.registry import find_model
from stance.scorer import OnnxScorer, Scorer
from stance.stages import Reader, Reading


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with what the model says of it, reported or not.

    ``voices`` are those of the text it was read in, where that is at hand.
    """

    candidate: Candidate
    scores: Scores
    voices: Attributions | None = field(default=None, compare=False, repr=False)


class Tracker:
    """Reads articles and reports who takes which position in them.

    >>> tracker = Tracker.load()                                  # doctest: +SKIP
    >>> tracker.analyze("Orban vetoed new sanctions on Russia.")    # doctest: +SKIP
    """

    def __init__(self, reader: Reader, scorer: Scorer) -> None:
        self.reader, self.scorer = reader, scorer
        self.actors, self.issues = reader.actors, reader.issues

    @classmethod
    def load(
        cls,
        *,
        model: str | Path | None = None,
        actors: Sequence[str | Path] = (),
        issues: Sequence[str | Path] = (),
        threads: int | None = None,
    ) -> Tracker:
        """The current model and the shipped registers, or a user's.

        ``model`` is a model folder or a published version; without it the model that was
        published last answers, or the shipped one where none was. ``actors`` and ``issues`` are
        YAML files whose entries are added to the shipped ones or replace those of the same id.
        Raises ``ModelError``, ``UnknownNameError`` and ``RegisterError``.
        """
        reader = Reader(
            load_actors([Path(p) for p in actors]), load_issues([Path(p) for p in issues])
        )
        return cls(reader, OnnxScorer(find_model(model), threads=threads))

    @property
    def model_version(self) -> str:
        """The version that stands in this tracker's rows."""
        return self.scorer.version

    def article(
        self,
        text: str,
        title: str | None = None,
        published: datetime | date | str | None = None,
        source: str | None = None,
        url: str | None = None,
    ) -> Article:
        """The cleaned article of a text, which offsets refer to. Raises ``InputError`` for a
        text without words or in another language than English, or a date that cannot be read."""
        return article_from_text(text, title, _moment(published), source, url)

    def analyze(
        self,
        text: str,
        title: str | None = None,
        published: datetime | date | str | None = None,
        source: str | None = None,
        url: str | None = None,
    ) -> list[Position]:
        """The positions that one text expresses, in the order of the text.

        ``published`` tells who held which office on the day. Raises ``InputError`` as
        :meth:`article` does.
        """
        return self.positions(self.article(text, title, published, source, url))

    def run(self, articles: Iterable[Article]) -> Iterator[Position]:
        """The positions of many articles, one after another; memory holds one article."""
        for article in articles:
            yield from self.positions(article)

    def positions(self, article: Article, reading: Reading | None = None) -> list[Position]:
        """The positions of an article that is already clean, in the order of its text.

        ``reading`` is what :meth:`read` makes of it, where that is at hand.
        """
        return self.report(article, self.judge(article, reading))

    def report(
        self, article: Article, judged: Iterable[Judged], *, threshold: float | None = None
    ) -> list[Position]:
        """The rows of those candidates that the model takes for positions.

        ``threshold`` in [0, 1] is tried in place of the model's own, for choosing one.
        """
        reported = [one for one in judged if self._reports(one, threshold)]
        voices = next((one.voices for one in reported if one.voices is not None), None)
        if voices is None and reported:
            voices = self.voices(article, self.read(article))
        return [self._position(article, one, one.voices or voices) for one in reported]

    def judge(self, article: Article, reading: Reading | None = None) -> list[Judged]:
        """Every candidate of an article with its probabilities, also those not reported."""
        reading = self.read(article) if reading is None else reading
        questions = [self.reader.question(article.text, c) for c in reading.candidates]
        scores = self.scorer.score(questions)
        voices = self.voices(article, reading)
        return [Judged(c, s, voices) for c, s in zip(reading.candidates, scores, strict=True)]

    def read(self, article: Article) -> Reading:
        """Sentences, mentions and candidates of an article, before the model is asked."""
        day = article.published.date() if article.published else None
        return self.reader.read(article.text, day)

    def voices(self, article: Article, reading: Reading) -> Voices:
        """Who speaks in an article that has been read, for its positions' attribution."""
        return self.reader.voices(article.text, reading)

    def _reports(self, judged: Judged, threshold: float | None) -> bool:
        least = self.scorer.least(judged.candidate.issue) if threshold is None else threshold
        return 1 - judged.scores.none >= least

    def _position(self, article: Article, judged: Judged, voices: Attributions | None) -> Position:
        candidate, scores = judged.candidate, judged.scores
        by_stance = {s: getattr(scores, s) for s in STANCES}
        stance = max(STANCES, key=by_stance.__getitem__)
        kinds = scores.evidence
        evidence = EVIDENCE_KINDS[max(range(len(kinds)), key=kinds.__getitem__)]
        said = Attribution()
        if voices is not None:
            said = voices.of(candidate.actor, candidate.start, candidate.end)
        position = Position(
            article_id=article.id,
            actor=candidate.actor,
            issue=candidate.issue,
            stance=stance,
            score=by_stance[stance],
            p_support=scores.support,
            p_oppose=scores.oppose,
            p_neutral=scores.neutral,
            evidence=evidence,
            start=candidate.start,
            end=candidate.end,
            text=article.text[candidate.start : candidate.end],
            title=article.title,
            source=article.source,
            url=article.url,
            published=article.published,
            model_version=self.scorer.version,
            cue=said.cue,
            via=said.claimant if evidence == "secondhand" else "",
            addressee=said.addressee,
        )
        return replace(position, cluster=cluster_of(position))


def _moment(published: datetime | date | str | None) -> datetime | None:
    if published is None:
        return None
    try:
        return parse_date(published)
    except ValueError as error:
        raise InputError(str(error), file="text", field="published") from None
