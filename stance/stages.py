"""Text → candidates: sentences, mentions and cues composed, as inference and training use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stance import encoding, resources
from stance.attribution import Voices
from stance.candidates import CueFinder, candidates, issues_of
from stance.mentions import MentionFinder
from stance.records import Candidate, Mention, Sentence
from stance.register import Actors, Issues
from stance.sentences import split
from stance.topics import TopicFinder


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one text before the model is asked."""

    sentences: list[Sentence]
    mentions: list[tuple[Mention, ...]]
    candidates: list[Candidate]


class Reader:
    """Reads texts with one register of actors and issues; holds no state between texts."""

    def __init__(self, actors: Actors, issues: Issues, topics: Path | None = None) -> None:
        """``topics`` is the folder of another network than the shipped one (`stance.topics`)."""
        self.actors, self.issues = actors, issues
        self._mentions = MentionFinder(actors)
        self._cues = CueFinder(issues)
        self._topics = TopicFinder(
            topics or resources.topics(),
            {issue.id: issue.proposition for issue in issues.entries},
        )

    def read(
        self, text: str, day: date | None = None, sentences: Sequence[Sentence] | None = None
    ) -> Reading:
        """Sentences, mentions and candidates of a text; ``day`` dates its offices.

        ``sentences`` are given where they are known, and else found.
        """
        sentences = split(text) if sentences is None else list(sentences)
        mentions = self._mentions.find(text, sentences, day)
        cued = [self._cues.find(text, s.start, s.end) for s in sentences]
        topics = self._topics.find(text, sentences)
        asked = issues_of(cued, [t.likely for t in topics], [t.unlikely for t in topics])
        return Reading(sentences, mentions, candidates(text, sentences, mentions, asked))

    def question(self, text: str, candidate: Candidate) -> tuple[str, str]:
        """The (premise, hypothesis) that the model reads for a candidate."""
        name = self.actors[candidate.actor].name
        proposition = self.issues[candidate.issue].proposition
        return encoding.premise(text, candidate), encoding.hypothesis(name, proposition)

    def voices(self, text: str, reading: Reading) -> Voices:
        """Who speaks in a text that has been read, for its positions' attribution."""
        return Voices(
            text,
            reading.sentences,
            reading.mentions,
            lambda actor: self.actors[actor].kind == "person",
        )
