"""Mentions and cue words → the (actor, issue) questions that are put to the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from stance.folding import fold
from stance.records import Candidate, Mention, Sentence
from stance.register import Issue, Issues

CONTEXT_SENTENCES: Final = 2
CONTEXT_CHARACTERS: Final = 360

_PASSED_ON: Final = frozenset({"pronoun", "speaker"})
"""Mentions that were resolved from earlier ones: whom they stand for is offered where named."""


class CueFinder:
    """Tells which issues a sentence may touch."""

    def __init__(self, issues: Issues) -> None:
        self._cues = [(issue.id, _pattern(issue)) for issue in issues.entries]

    def find(self, text: str, start: int, end: int) -> tuple[str, ...]:
        """The issues whose cue words stand in ``text[start:end]``, in register order."""
        part = fold(text[start:end])
        return tuple(issue for issue, cue in self._cues if cue.search(part))


def _pattern(issue: Issue) -> re.Pattern[str]:
    words = [fold(cue) for cue in issue.cues]
    forms = [re.escape(w[:-1]) + r"\w*" if w.endswith("*") else re.escape(w) for w in words]
    joined = "|".join(f.replace(r"\ ", r"\s+") for f in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE)


def issues_of(
    cued: Sequence[tuple[str, ...]],
    likely: Sequence[tuple[str, ...]],
    unlikely: Sequence[frozenset[str]],
) -> list[tuple[str, ...]]:
    """The issues that each sentence is asked about.

    Those its cue words name or its words make ``likely``; where there are none, those of the
    sentences before, as a topic goes on without its word. ``unlikely`` ones are left out.
    """
    own = [tuple(dict.fromkeys(c + x)) for c, x in zip(cued, likely, strict=True)]
    return [
        tuple(issue for issue in own[i] or _latest(own, i) if issue not in unlikely[i])
        for i in range(len(own))
    ]


def _latest(issues: Sequence[tuple[str, ...]], index: int) -> tuple[str, ...]:
    before = range(index - 1, max(-1, index - 1 - CONTEXT_SENTENCES), -1)
    return next((issues[j] for j in before if issues[j]), ())


def candidates(
    text: str,
    sentences: Sequence[Sentence],
    mentions: Sequence[tuple[Mention, ...]],
    issues: Sequence[tuple[str, ...]],
) -> list[Candidate]:
    """Every (actor, issue) of every sentence, in the order of the text.

    ``issues`` are what each sentence is asked about, see `issues_of`. It is asked for its own
    actors and for those named shortly before ("Rutte spoke next. Membership was not on the
    table.").
    """
    found: list[Candidate] = []
    for i, sentence in enumerate(sentences):
        actors = _actors(mentions, i) if issues[i] else []
        if not actors:
            continue
        context = context_of(sentences, i)
        near = mentions[max(0, i - CONTEXT_SENTENCES) : i + 1]
        for actor in actors:
            places = places_of(text, near, actor, context[0])
            found += [
                Candidate(actor, issue, sentence.start, sentence.end, context, places)
                for issue in issues[i]
            ]
    return found


def _actors(mentions: Sequence[tuple[Mention, ...]], index: int) -> list[str]:
    """The actors that one sentence is asked for."""
    before = range(index - 1, max(-1, index - 1 - CONTEXT_SENTENCES), -1)
    own = [m.actor for m in mentions[index]]
    named = [m.actor for j in before for m in mentions[j] if m.how not in _PASSED_ON]
    return list(dict.fromkeys(own + named))


def places_of(
    text: str, rows: Iterable[Sequence[Mention]], actor: str, since: int
) -> tuple[tuple[int, int], ...]:
    """Where the actor stands, from one sentence's mentions to the next one's."""
    return tuple(place for row in rows for place in _joined(text, row, actor, since))


def _joined(
    text: str, mentions: Iterable[Mention], actor: str, since: int
) -> list[tuple[int, int]]:
    """The places in one sentence; a title and the name beside it are one."""
    places: list[tuple[int, int]] = []
    for mention in mentions:
        if mention.actor != actor or not mention.end > mention.start >= since:
            continue
        if places and not text[places[-1][1] : mention.start].strip():
            places[-1] = (places[-1][0], max(places[-1][1], mention.end))
        else:
            places.append((mention.start, mention.end))
    return places


def context_of(sentences: Sequence[Sentence], index: int) -> tuple[int, int]:
    """The span of the sentences before; a heading's paragraph counts like any other."""
    end = sentences[index].start
    start = end
    for j in range(index - 1, max(-1, index - 1 - CONTEXT_SENTENCES), -1):
        if end - sentences[j].start > CONTEXT_CHARACTERS:
            break
        start = sentences[j].start
    return start, end
