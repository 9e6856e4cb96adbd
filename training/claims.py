"""Single claims → training pairs, through the same reading and encoding as at inference.

A claim speaks of one (actor, issue) of a text. Its pair is the question that the tool would ask
there, and where the reading offers none, one made in the likeliest sentence. Of the text's
other questions nothing is known, so that none of them becomes a pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stance import encoding
from stance.candidates import CONTEXT_SENTENCES, context_of, places_of
from stance.folding import fold
from stance.records import Candidate, Sentence
from stance.register import Actors, Issues
from stance.sentences import split
from stance.stages import Reader, Reading
from training.examples import Claim, Example
from training.naming import with_named
from training.pairs import Pair


def claim_pairs(
    examples: Sequence[Example],
    actors: Actors,
    issues: Issues,
    *,
    weight: float = 1.0,
    source: str = "",
) -> list[Pair]:
    """One pair a claim, in order; actors outside the register are read by their name."""
    named = [claim for example in examples for claim in example.claims or ()]
    reader = Reader(with_named(actors, named), issues)
    return [pair for one in examples for pair in _pairs(one, reader, weight, source)]


def _pairs(example: Example, reader: Reader, weight: float, source: str) -> Iterator[Pair]:
    text = example.text
    reading = reader.read(text, example.gold.day, _sentences(example))
    for claim in example.claims or ():
        candidate = _candidate(example, reading, claim, reader)
        proposition = claim.proposition or reader.issues[claim.issue].proposition
        yield Pair(
            encoding.premise(text, candidate),
            encoding.hypothesis(claim.name, proposition),
            (claim.label,),
            None if claim.label == "none" else claim.evidence,
            example.group,
            weight,
            source,
        )


def _sentences(example: Example) -> list[Sentence]:
    """The sentences of the context, then those of the judged part."""
    at, text = example.judged, example.text
    before = split(text[:at])
    number = before[-1].paragraph if before else 0
    if example.whole:
        return [*before, Sentence(at, len(text), number)]
    judged = split(text[at:]) or [Sentence(0, len(text) - at)]
    return [*before, *(Sentence(s.start + at, s.end + at, s.paragraph + number) for s in judged)]


def _candidate(example: Example, reading: Reading, claim: Claim, reader: Reader) -> Candidate:
    offered = [
        c
        for c in reading.candidates
        if (c.actor, c.issue) == (claim.actor, claim.issue) and c.start >= example.judged
    ]
    if offered:
        return max(offered, key=_says_most)
    return _made(example, reading, claim, reader)


def _says_most(candidate: Candidate) -> tuple[int, int]:
    inside = sum(candidate.start <= a and b <= candidate.end for a, b in candidate.mentions)
    return inside, -candidate.start


def _made(example: Example, reading: Reading, claim: Claim, reader: Reader) -> Candidate:
    """A question in the sentence that names the actor and shares most words with the issue."""
    wanted = _words(claim.proposition or reader.issues[claim.issue].proposition)

    def fit(index: int) -> tuple[bool, int, int]:
        sentence = reading.sentences[index]
        named = any(m.actor == claim.actor for m in reading.mentions[index])
        shared = len(wanted & _words(example.text[sentence.start : sentence.end]))
        return named, shared, -index

    judged = [i for i, s in enumerate(reading.sentences) if s.start >= example.judged]
    at = max(judged, key=fit)
    sentence, context = reading.sentences[at], context_of(reading.sentences, at)
    near = reading.mentions[max(0, at - CONTEXT_SENTENCES) : at + 1]
    places = places_of(example.text, near, claim.actor, context[0])
    return Candidate(claim.actor, claim.issue, sentence.start, sentence.end, context, places)


def _words(text: str) -> frozenset[str]:
    """The longer words; short ones are in every sentence."""
    return frozenset(re.findall(r"\w{5,}", fold(text).casefold()))
