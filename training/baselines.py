"""What a model is held against: systems that know less than it should need.

* ``majority``: every candidate gets the commonest answer, which is none: F1 0, all empty texts
  kept;
* ``always-support``: every candidate is reported as support;
* ``name-only``: the model sees the actor's name in place of the text, and what it still gets
  right it guesses from the name;
* ``masked``: the model sees the text with placeholders in place of all actors' names, and what it
  still gets right it reads from the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Final

from stance import encoding
from stance.records import EVIDENCE_KINDS, Candidate, Mention, Scores
from stance.register import Actor
from stance.scorer import Question, Scorer
from stance.stages import Reader
from training.systems import Asking, Read, System, as_asked

_NAMED: Final = ("name", "office", "description", "body")
"""Mentions that tell who is meant; a pronoun hides it already."""


NO_EVIDENCE: Final = (1 / len(EVIDENCE_KINDS),) * len(EVIDENCE_KINDS)
"""What a system says of the kind of evidence that cannot tell it."""


class Constant:
    """A scorer that gives every question the same answer."""

    def __init__(self, version: str, scores: Scores) -> None:
        self.version, self._scores = version, scores

    def least(self, issue: str) -> float:
        """Half: the answer is taken for what is likeliest."""
        return 0.5

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """The same ``Scores`` for each."""
        return [self._scores] * len(questions)


def baselines(scorer: Scorer, reader: Reader) -> list[System]:
    """The four baselines beside a model."""
    asked = as_asked(reader)
    return [
        System("majority", Constant("majority", majority(scorer)), asked),
        System(
            "always-support", Constant("always-support", Scores(1, 0, 0, 0, NO_EVIDENCE)), asked
        ),
        System("name-only", scorer, name_only(reader)),
        System("masked", scorer, masked(reader)),
    ]


def majority(scorer: Scorer) -> Scores:
    """How common each answer was among the held-out candidates of the model's calibration: the
    row totals of its confusion matrix. A model without one is taken to have met none only."""
    info = getattr(scorer, "info", None)
    totals = [sum(row) for row in info.confusion] if info is not None else []
    if not sum(totals):
        return Scores(0, 0, 0, 1, NO_EVIDENCE)
    support, oppose, neutral, none = (total / sum(totals) for total in totals)
    return Scores(support, oppose, neutral, none, NO_EVIDENCE)


def name_only(reader: Reader) -> Asking:
    """Asks with the actor's name, marked as usual, for a text."""

    def ask(read: Read) -> list[Question]:
        return [_of_name(c, reader.actors[c.actor].name, reader) for c in read.reading.candidates]

    return ask


def _of_name(candidate: Candidate, name: str, reader: Reader) -> Question:
    whole = (0, len(name))
    alone = replace(candidate, start=0, end=len(name), context=(0, 0), mentions=(whole,))
    return reader.question(name, alone)


def masked(reader: Reader, *, propositions: bool = True) -> Asking:
    """Asks with "Person A", "Country B" and so on for every name, office, description and body
    that the reader found, in the text, the actor's name and the proposition alike.

    One actor has one placeholder throughout a text. Where the places of several actors coincide
    (a shared surname), the asked one's placeholder stands. Pronouns, adjectives, and names of
    nobody in the register stay. Without ``propositions`` so do the names that a proposition
    holds, there and in the text, but for the asked actor's: they say what is asked.
    """
    held = {
        issue.id: _flat(reader.read(issue.proposition).mentions) for issue in reader.issues.entries
    }

    def ask(read: Read) -> list[Question]:
        found = _flat(read.reading.mentions)
        names = _Placeholders(reader)
        for mention in found:
            names.of(mention.actor)
        return [_masked(read, c, found, held[c.issue], names) for c in read.reading.candidates]

    def _masked(
        read: Read,
        candidate: Candidate,
        inside: Sequence[Mention],
        proposed: Sequence[Mention],
        names: _Placeholders,
    ) -> Question:
        asked = candidate.actor
        stay = set() if propositions else {m.actor for m in proposed} - {asked}
        text, proposition = (
            Masked.of(whole, [m for m in mentions if m.actor not in stay], asked, names)
            for whole, mentions in (
                (read.article.text, inside),
                (reader.issues[candidate.issue].proposition, proposed),
            )
        )
        premise = encoding.premise(text.text, text.moved(candidate))
        return premise, encoding.hypothesis(names.of(asked), proposition.text)

    return ask


def _flat(mentions: Iterable[Sequence[Mention]]) -> list[Mention]:
    return [m for row in mentions for m in row if m.how in _NAMED]


class _Placeholders:
    """Actor → placeholder, in the order in which they are met."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._names: dict[str, str] = {}

    def of(self, actor: str) -> str:
        if actor not in self._names:
            kind = _kind(self._reader.actors[actor])
            self._names[actor] = f"{kind} {_letters(len(self._names))}"
        return self._names[actor]


def _kind(actor: Actor) -> str:
    return "Person" if actor.kind == "person" else "Country"


def _letters(index: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    over, at = divmod(index, len(ascii_uppercase))
    return (_letters(over - 1) if over else "") + ascii_uppercase[at]


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with placeholders, and where they stand: (start, end) before, length after."""

    text: str
    places: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, text: str, mentions: Iterable[Mention], asked: str, names: _Placeholders) -> Masked:
        """Replace the mentions; of those that overlap the longest, then the asked actor's."""
        parts: list[str] = []
        places: list[tuple[int, int, int]] = []
        at = 0
        for start, end, actor in _merged(text, mentions, asked):
            name = names.of(actor)
            parts += [text[at:start], name]
            places.append((start, end, len(name)))
            at = end
        return cls("".join([*parts, text[at:]]), tuple(places))

    def moved(self, candidate: Candidate) -> Candidate:
        """The candidate with its places in the masked text."""
        return replace(
            candidate,
            start=self._at(candidate.start),
            end=self._at(candidate.end, after=True),
            context=(self._at(candidate.context[0]), self._at(candidate.context[1], after=True)),
            mentions=tuple((self._at(a), self._at(b, after=True)) for a, b in candidate.mentions),
        )

    def _at(self, offset: int, *, after: bool = False) -> int:
        """Where an offset went; one inside a placeholder goes to its start, or ``after`` it."""
        shift = 0
        for start, end, length in self.places:
            if offset <= start:
                break
            if offset < end:
                return start + shift + (length if after else 0)
            shift += length - (end - start)
        return offset + shift


def _merged(text: str, mentions: Iterable[Mention], asked: str) -> list[tuple[int, int, str]]:
    """Mentions without overlap, in order; a title and the name beside it are one."""
    merged: list[tuple[int, int, str]] = []
    for m in sorted(mentions, key=lambda m: (m.start, -m.end, m.actor != asked)):
        last = merged[-1] if merged else None
        if m.end <= m.start or (last is not None and m.start < last[1]):
            continue
        if last is not None and last[2] == m.actor and text[last[1] : m.start] in ("", " "):
            merged[-1] = (last[0], m.end, m.actor)
        else:
            merged.append((m.start, m.end, m.actor))
    return merged
