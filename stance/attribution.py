"""Sentences, mentions and quotations → how a position is introduced, by whom and to whom.

Rules over the words around an actor's places in the sentence. What they do not find stays empty:
an empty cue, source or addressee says that the text shows none that these rules know.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from stance.quotations import SAYS, Quotation, Span, quotations, turns
from stance.records import Mention, Sentence

_STANDS: Final = (
    "rejected rejects reject rejecting refused refuses refuse refusing supported supports support "
    "supporting backed backs back backing opposed opposes oppose opposing endorsed endorses "
    "endorsing welcomed welcomes welcoming condemned condemns condemning wanted wants want wanting "
    "hoped hopes hope hoping demanded demands demand demanding threatened threatens threatening "
    "vetoed vetoes vetoing blocked blocks blocking suspended suspends suspending signed signs "
    "signing approved approves approving imposed imposes imposing lifted lifts lifting announced "
    "extended extends extending sent sends sending offered offers offering proposed proposes "
    "proposing accepted accepts accepting agreed agrees agreeing favoured favours favored favors "
    "favouring seeks sought seeking pushed pushes pushing invited invites inviting hosted hosts "
    "hosting withdrew withdraws withdrawing halted halts halting ordered orders ordering ruled "
    "rules considers considered believes fears feared resisted resists resisting defended defends "
    "insist insists doubts doubted questioned questions questioning appealed appeals appealing "
    "restated restates reaffirmed reaffirms decried decries informed informs expressed expresses "
    "spoke speaks speaking plans planned planning ready willing unwilling asks need "
    "needs needed expects expected aims aimed aiming desire desires desired seek articulated "
    "advocated advocates viewed views indicated indicates indicating floated floats ultimatum "
    "admission willingness insistence refusal threats threat proposal proposals call calls"
).split()
"""Words of taking a stand or of a deed, beside those of speech."""

_SPEECH: Final = "|".join(sorted(SAYS, key=len, reverse=True))
_ANY_CUE: Final = "|".join(sorted({*SAYS, *_STANDS}, key=len, reverse=True))
_PARTICLES: Final = r"(?:\s+(?:out|for|on|off|against|back|up|down)\b)?"
_CUE: Final = re.compile(rf"\b(?:{_ANY_CUE})\b{_PARTICLES}")
_SPOKE: Final = re.compile(
    r"[\s,]*(?:\([^)]{1,40}\)\s*)?(?:and (?:its|his|her|the) \w+\s+)?"
    r"(?:(?:has|had|have|also|later|then|again|is|was|once|who|[a-z]+ly)"
    rf"\s+)*(?:{_SPEECH})\b"
)
_BEFORE: Final = re.compile(
    rf"\b(according to|in the (?:words|view) of|(?:{_ANY_CUE})(?:\s+by)?)\s+"
    r"(?:(?!(?:for|of|to|with|from|that)\b)[\w.'’-]+\s+){0,5}$",
    re.IGNORECASE,
)
_CLAIMED_BY: Final = re.compile(
    r"\b(?:according to|in the (?:words|view) of|said by)\s+[^,.;]{0,40}$", re.IGNORECASE
)
_DEPENDS: Final = re.compile(r"\b(?:for|of|to|by|with|from|against|about|on)\s+(?:the\s+)?$")
_CLAUSE_END: Final = re.compile(r"[;:—–\"“”]")
_ADDRESSING: Final = re.compile(
    r"\b(?:told|tells?|telling|urged|urges?|urging|asked|asks?|asking|warned|warns?|warning|assured|"
    r"assures?|assuring|pressed|pressing|presses|invited|invites?|inviting|ordered|orders?|ordering|"
    r"implored|begged|begs|reminded|reminds?|promised|promises?|promising|offered|offers?|offering|"
    r"threatened|threatens?|threatening|advised|advises?|pushed|pushes|pushing|"
    r"call(?:ed|s|ing)? (?:up)?on|appeal(?:ed|s|ing)? to|wrote to|writes to|answered|answers|"
    r"demanded (?:of|from)|demands (?:of|from)|said to|promise to|informed|informs|thanked)\b"
)
_TO_WHOM: Final = re.compile(
    r"\s+(?:(?:the|his|her|its|their|both|fellow)\s+)?(?:[A-Z][\w.'’-]*\s+){0,4}$"
)
_BELONGS: Final = re.compile(r"['’]s\s+(?:[\w-]+\s+){0,3}")
_REACH: Final = 90
"""Characters from an actor's place within which the cue of its clause is looked for."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one actor's position in one sentence is introduced.

    ``cue`` is the words that do it, ``claimant`` the id of somebody else who says it of the actor
    and ``addressee`` the id of the one it is put to; each is empty where none is found.
    """

    cue: str = ""
    claimant: str = ""
    addressee: str = ""


_NOTHING: Final = Attribution()


class Attributions(Protocol):
    """Tells how the positions of one text are introduced: `Voices`, or what was kept of them."""

    def of(self, actor: str, start: int, end: int) -> Attribution:
        """How an actor's position in the sentence at a span is introduced."""
        ...


class Noted:
    """What was kept of how the positions of one text are introduced."""

    def __init__(self, noted: Mapping[tuple[str, int, int], Attribution] | None = None) -> None:
        """``noted`` has the attribution of an actor in the sentence at a span."""
        self._noted = noted or {}

    def of(self, actor: str, start: int, end: int) -> Attribution:
        """What was noted, or an empty attribution."""
        return self._noted.get((actor, start, end), _NOTHING)


@dataclass(frozen=True, slots=True)
class _Said:
    """Speech in order, none inside another, with its speakers and where each piece ends."""

    spoken: list[tuple[Quotation, tuple[str, ...]]]
    ends: list[int]


class Voices:
    """The quotations and mentions of one text, asked about its positions."""

    def __init__(
        self,
        text: str,
        sentences: Sequence[Sentence],
        mentions: Sequence[tuple[Mention, ...]],
        is_person: Callable[[str], bool],
    ) -> None:
        self._text, self._mentions, self._is_person = text, mentions, is_person
        self._starts = [s.start for s in sentences]

    @cached_property
    def _placed(self) -> list[Mention]:
        """The mentions that have a place, in order."""
        return sorted(
            (m for row in self._mentions for m in row if m.end > m.start),
            key=lambda m: (m.start, m.end),
        )

    @cached_property
    def _places(self) -> list[int]:
        return [m.start for m in self._placed]

    @cached_property
    def _said(self) -> tuple[_Said, _Said]:
        """Quotations and labelled turns, each with those who can have said it."""
        marked = [q for q in quotations(self._text) if q.speaker is not None]
        return self._spoken(marked), self._spoken(turns(self._text))

    def _spoken(self, found: Sequence[Quotation]) -> _Said:
        return _Said([(q, self.speakers(q)) for q in found], [q.end for q in found])

    def speakers(self, one: Quotation) -> tuple[str, ...]:
        """Whom a quotation's speaker can mean: the first person in its place, or else the first
        body; in "a spokesman for Bell" that is not Bell."""
        if one.speaker is None:
            return ()
        start, end = one.speaker
        within = [m for m in self._between(start - _REACH, end) if m.end > start]
        if not within and self._text.startswith(", ", end):
            # "the country's president, Ada Bell"
            within = self._between(end + 2, end + 3)
        heads = [
            m for m in within if not _DEPENDS.search(self._text, max(start, m.start - 12), m.start)
        ]
        chosen = [m for m in heads if self._is_person(m.actor)] or heads
        first = min((m.start for m in chosen), default=0)
        return tuple(dict.fromkeys(m.actor for m in chosen if m.start == first))

    def of(self, actor: str, start: int, end: int) -> Attribution:
        """How the position of an actor in ``text[start:end]`` is introduced."""
        said = list(self._overlapping(start, end))
        own = [q for q, who in said if actor in who]
        places = [m for m in self._between(start, end) if m.actor == actor]
        cue = self._own_cue(own) or self._cue_at(places, start, end)
        return Attribution(
            cue="" if cue is None else " ".join(self._text[slice(*cue)].split()),
            claimant=self._claimant(actor, said, places, start, end),
            addressee=self._addressee(actor, own, places, end),
        )

    def _between(self, start: int, end: int) -> list[Mention]:
        low, high = bisect_left(self._places, start), bisect_left(self._places, end)
        return self._placed[low:high]

    def _overlapping(self, start: int, end: int) -> Iterator[tuple[Quotation, tuple[str, ...]]]:
        for said in self._said:
            for index in range(bisect_right(said.ends, start), len(said.ends)):
                if said.spoken[index][0].start >= end:
                    break
                yield said.spoken[index]

    def _own_cue(self, own: Sequence[Quotation]) -> Span | None:
        return next((q.cue for q in own if q.cue is not None), None)

    def _cue_at(self, places: Sequence[Mention], start: int, end: int) -> Span | None:
        """The cue of the clause in which the actor stands: after the name, else before it."""
        for place in places:
            stop = self._clause_end(place, end)
            after = _CUE.search(self._text, place.end, stop)
            if after is not None:
                return after.span()
        first = self._between(start, end)[:1]
        if places and first and first[0].actor == places[0].actor:
            # The subject of the sentence: its verb may come after others are named.
            later = _CUE.search(self._text, places[0].end, end)
            if later is not None:
                return later.span()
        for place in places:
            before = _BEFORE.search(self._text, max(start, place.start - _REACH), place.start)
            if before is not None:
                return before.span(1)
        return None

    def _clause_end(self, place: Mention, end: int) -> int:
        """Where the actor's clause ends at the latest: at a mark or before the next actor."""
        stop = min(end, place.end + _REACH)
        mark = _CLAUSE_END.search(self._text, place.end, stop)
        stop = stop if mark is None else mark.start()
        others = (m.start for m in self._between(place.end, stop) if m.actor != place.actor)
        return min(stop, next(others, stop))

    def _claimant(
        self,
        actor: str,
        said: Sequence[tuple[Quotation, tuple[str, ...]]],
        places: Sequence[Mention],
        start: int,
        end: int,
    ) -> str:
        """Who says it where it is somebody else: a quotation's speaker, else who "said" or
        "according to" whom it is."""
        for _, who in said:
            if len(who) == 1 and who[0] != actor:
                return who[0]
        for other in self._between(start, end):
            if other.actor == actor or self._is_ambiguous(other):
                continue
            if _SPOKE.match(self._text, other.end, end):
                return other.actor
            lead = self._text[max(start, other.start - _REACH) : other.start]
            if _CLAIMED_BY.search(lead):
                return other.actor
        index = bisect_right(self._starts, start) - 1
        if places and 0 <= index < len(self._mentions):
            speaking = [m.actor for m in self._mentions[index] if m.how == "speaker"]
            return next((one for one in speaking if one != actor), "")
        return ""

    def _is_ambiguous(self, mention: Mention) -> bool:
        at = bisect_left(self._places, mention.start)
        same = self._placed[at : at + 4]
        return any(
            m.start == mention.start and m.actor != mention.actor and m.how == mention.how
            for m in same
        )

    def _addressee(
        self, actor: str, own: Sequence[Quotation], places: Sequence[Mention], end: int
    ) -> str:
        """To whom it is put: the one right after "told", "urged" or "called on"."""
        since = [(m.end, self._clause_end(m, end)) for m in places]
        since += [(q.cue[0], q.cue[1] + 1) for q in own if q.cue is not None]
        for start, stop in since:
            for verb in _ADDRESSING.finditer(self._text, start, stop):
                found = self._right_after(verb.end(), actor)
                if found:
                    return found
                break
        return ""

    def _right_after(self, at: int, actor: str) -> str:
        found: Mention | None = None
        for other in self._between(at, at + _REACH):
            if found is None and not _TO_WHOM.fullmatch(self._text, at, other.start):
                return ""
            if other.actor == actor or self._is_ambiguous(other):
                continue
            if found is None:
                found = other
            elif self._is_person(other.actor) and _BELONGS.fullmatch(
                self._text, found.end, other.start
            ):
                return other.actor  # "told Norland's Ada Bell", "told Norland's president Bell"
        return "" if found is None else found.actor
