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
from training import augment
from training.config import Sampling
from training.gold import GoldPosition, GoldText
from training.pairs import Label, Pair

CONTEXT: Final = 2

_NAMED_IN_ISSUES: Final = frozenset({"ukraine", "russia"})
"""Their names stand in the propositions, so they keep them but where they hold the position."""


def codebook_pairs(
    texts: Iterable[GoldText],
    reader: Reader,
    sampling: Sampling,
    *,
    seed: int,
    anchored: bool,
    source: str = "",
    leave_out: frozenset[str] = frozenset(),
) -> list[Pair]:
    """Pairs of all texts, drawn as ``sampling`` says; the same for the same seed.

    ``anchored`` says that a text's positions name their sentence and that a pair without a
    position in a sentence has none there. No pair asks for an actor or issue of ``leave_out``,
    and no other actor is given such an actor's name.
    """
    pairs: list[Pair] = []
    for text in texts:
        rng = random.Random(f"{seed}:{text.id}")
        reading = reader.read(text.text, text.day)
        held, empty = (
            [one for one in some if leave_out.isdisjoint((one[0].actor, one[0].issue))]
            for some in _labelled(text, reading, reader, anchored)
        )
        rng.shuffle(empty)
        for labelled in [*_repeated(held, sampling), *_thinned(empty, held, text, sampling, rng)]:
            question, labels = _asked(text, labelled, reading, reader, sampling, rng, leave_out)
            pairs.append(Pair(*question, labels, labelled[2], text.group, 1.0, source))
    return pairs


_Labelled = tuple[Candidate, tuple[Label, ...], Evidence | None]


def _repeated(held: Sequence[_Labelled], sampling: Sampling) -> Iterator[_Labelled]:
    """Positions as often as their kind is wanted; of several numbers the largest counts."""
    for one in held:
        candidate, labels, evidence = one
        kinds = (candidate.issue, *labels, evidence or "")
        yield from [one] * max(sampling.repeat.get(kind, 1) for kind in kinds)


def _thinned(
    empty: Sequence[_Labelled],
    held: Sequence[_Labelled],
    text: GoldText,
    sampling: Sampling,
    rng: random.Random,
) -> Sequence[_Labelled]:
    """So many pairs without a position as are kept of a text, for each of its sentences."""
    wanted = sampling.none_with if held else sampling.none_alone
    if sampling.by_sentence:
        wanted *= max(1, text.text.count("\n") + text.text.count(". "))
    whole = int(wanted)
    return empty[: whole + (rng.random() < wanted - whole)]


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


def _asked(
    text: GoldText,
    labelled: _Labelled,
    reading: Reading,
    reader: Reader,
    sampling: Sampling,
    rng: random.Random,
    leave_out: frozenset[str],
) -> tuple[tuple[str, str], tuple[Label, ...]]:
    """The question of one labelled candidate, asked as it is or in other words, and what is
    right then."""
    candidate, labels, _ = labelled
    body, name = text.text, _name(candidate.actor, reader)
    if rng.random() < sampling.renamed and candidate.actor in reader.actors:
        present = [candidate.actor, *(m.actor for row in reading.mentions for m in row)]
        if rng.random() < 0.5:
            names = augment.placeholders(reader.actors, present)
        else:
            names = augment.strangers(reader.actors, present, rng, leave_out)
        names = {
            a: n for a, n in names.items() if a == candidate.actor or a not in _NAMED_IN_ISSUES
        }
        body, candidate = augment.renamed(body, candidate, reading.mentions, names)
        name = names.get(candidate.actor, name)
    proposition = _proposition(text, candidate.issue, reader)
    words = augment.wordings().get(candidate.issue)
    drawn = rng.random()
    if words is not None and drawn < sampling.opposed:
        proposition, labels = rng.choice(words.opposite), augment.turned(labels)
    elif words is not None and drawn < sampling.opposed + sampling.reworded:
        proposition = rng.choice(words.same)
    return (encoding.premise(body, candidate), encoding.hypothesis(name, proposition)), labels


def _name(actor: str, reader: Reader) -> str:
    if actor in reader.actors:
        return reader.actors[actor].name
    return actor.replace("_", " ").title()


def _proposition(text: GoldText, issue: str, reader: Reader) -> str:
    if issue in reader.issues:
        return reader.issues[issue].proposition
    return next(p.proposition for p in text.positions if p.issue == issue and p.proposition)
