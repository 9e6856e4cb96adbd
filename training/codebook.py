"""Annotated texts → training pairs, through the same reading as at inference.

Every candidate that the reading offers becomes a pair: with its stance where the annotation
holds it, with ``none`` where it does not. A position that the reading does not offer (an actor
or issue outside the register, a cue nobody listed) is added where its sentence can be told, so
that the model also learns from what the candidates miss.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stance import encoding
from stance.folding import fold
from stance.records import Candidate, Evidence, Sentence
from stance.stages import Reader, Reading
from training.gold import GoldPosition, GoldText
from training.pairs import Label, Pair

CONTEXT: Final = 2


def codebook_pairs(
    texts: Iterable[GoldText],
    reader: Reader,
    *,
    seed: int,
    anchored: bool,
    none_with: int = 6,
    none_alone: int = 3,
    weight: float = 1.0,
    source: str = "",
) -> list[Pair]:
    """Pairs of all texts.

    ``anchored`` says that a text's positions name their sentence and that a pair without a
    position in a sentence has none there. At most ``none_with`` pairs without a position are
    kept of a text that has some, ``none_alone`` of a text that has none.
    """
    pairs: list[Pair] = []
    for text in texts:
        rng = random.Random(f"{seed}:{text.id}")
        held, empty = _of_text(text, reader, anchored)
        rng.shuffle(empty)
        limit = none_with if held else none_alone
        sentences = max(1, text.text.count("\n") + text.text.count(". ")) if anchored else 1
        for candidate, labels, evidence in held + empty[: limit * sentences]:
            question = _question(text, candidate, reader)
            pairs.append(Pair(*question, labels, evidence, text.group, weight, source))
    return pairs


_Labelled = tuple[Candidate, tuple[Label, ...], Evidence | None]


def candidate_labels(
    text: GoldText, reading: Reading, reader: Reader, *, anchored: bool
) -> dict[Candidate, Label]:
    """The right answer to each candidate of a reading, where the annotation tells it.

    Left out are disputed pairs, and in texts without anchors the other sentences of a pair that
    has a position: they may well show it again.
    """
    held, empty = _labelled(text, reading, reader, anchored)
    lost = {p.pair for p in text.positions} - {(c.actor, c.issue) for c, _, _ in held}
    labels: dict[Candidate, Label] = {c: labels[0] for c, labels, _ in empty + held}
    return {
        c: labels[c] for c in reading.candidates if c in labels and (c.actor, c.issue) not in lost
    }


def _of_text(
    text: GoldText, reader: Reader, anchored: bool
) -> tuple[list[_Labelled], list[_Labelled]]:
    return _labelled(text, reader.read(text.text, text.day), reader, anchored)


def _labelled(
    text: GoldText, reading: Reading, reader: Reader, anchored: bool
) -> tuple[list[_Labelled], list[_Labelled]]:
    """What the annotation says of each candidate: those with a position and those without."""
    by_pair: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in reading.candidates:
        by_pair.setdefault((candidate.actor, candidate.issue), []).append(candidate)
    disputed = {p.pair for p in text.disputed}
    held: list[_Labelled] = []
    carried: set[tuple[str, str, int]] = set()
    for position in text.positions:
        found = _carrier(text, position, reading, by_pair.get(position.pair, []), reader)
        if found is not None:
            held.append((found, (position.stance,), position.evidence))
            carried.add((found.actor, found.issue, found.start))
    told = {p.pair for p in text.positions}
    empty: list[_Labelled] = [
        (c, ("none",), None)
        for c in reading.candidates
        if (c.actor, c.issue) not in disputed
        and (c.actor, c.issue, c.start) not in carried
        and (anchored or (c.actor, c.issue) not in told)
    ]
    return held, empty


def _carrier(
    text: GoldText,
    position: GoldPosition,
    reading: Reading,
    offered: Sequence[Candidate],
    reader: Reader,
) -> Candidate | None:
    """The sentence that carries a position: its anchor's, else the one that says most of it."""
    if position.anchor is not None:
        at = text.text.find(position.anchor.strip())
        inside = [s for s in reading.sentences if s.start <= at < s.end]
        if at < 0 or not inside:
            return None
        end = at + len(position.anchor.strip())
        fitting = [c for c in offered if c.start < end and at < c.end]
        return fitting[0] if fitting else _made(text, position, reading, inside[0], reader)
    if offered:
        return max(offered, key=_says_most)
    return _made(text, position, reading, _likely_sentence(text, position, reading), reader)


def _says_most(candidate: Candidate) -> tuple[int, int]:
    inside = sum(candidate.start <= a and b <= candidate.end for a, b in candidate.mentions)
    return inside, -candidate.start


def _likely_sentence(text: GoldText, position: GoldPosition, reading: Reading) -> Sentence:
    for sentence, mentions in zip(reading.sentences, reading.mentions, strict=True):
        if any(m.actor == position.actor for m in mentions):
            return sentence
    surname = _surname(position.actor)
    for sentence in reading.sentences:
        if surname.search(fold(text.text[sentence.start : sentence.end])):
            return sentence
    return reading.sentences[-1]


def _surname(actor: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(actor.replace('_', ' '))}\b", re.IGNORECASE)


def _made(
    text: GoldText,
    position: GoldPosition,
    reading: Reading,
    sentence: Sentence,
    reader: Reader,
) -> Candidate | None:
    """A candidate for a position that the reading did not offer."""
    if position.issue not in reader.issues and position.proposition is None:
        return None
    index = reading.sentences.index(sentence)
    first = reading.sentences[max(0, index - CONTEXT)].start
    context = (first if sentence.start - first <= 400 else sentence.start, sentence.start)
    return Candidate(
        position.actor,
        position.issue,
        sentence.start,
        sentence.end,
        context,
        tuple(_places(text, position.actor, reading, context[0], sentence.end)),
    )


def _places(
    text: GoldText, actor: str, reading: Reading, since: int, until: int
) -> Iterator[tuple[int, int]]:
    known = [
        (m.start, m.end)
        for row in reading.mentions
        for m in row
        if m.actor == actor and since <= m.start < m.end <= until
    ]
    if known:
        yield from known
        return
    for match in _surname(actor).finditer(fold(text.text), since, until):
        yield match.span()


def _question(text: GoldText, candidate: Candidate, reader: Reader) -> tuple[str, str]:
    if candidate.actor in reader.actors and candidate.issue in reader.issues:
        return reader.question(text.text, candidate)
    name = (
        reader.actors[candidate.actor].name
        if candidate.actor in reader.actors
        else candidate.actor.replace("_", " ").title()
    )
    proposition = next(
        (p.proposition for p in text.positions if p.issue == candidate.issue and p.proposition),
        None,
    )
    if proposition is None:
        proposition = reader.issues[candidate.issue].proposition
    return encoding.premise(text.text, candidate), encoding.hypothesis(name, proposition)
