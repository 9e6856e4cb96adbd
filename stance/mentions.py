"""Sentences → the places that stand for an actor.

Names, offices by the article's date, descriptions and bodies are looked up; pronouns and the
speakers of quotations that run on are resolved from what was said before. The model decides
whether a mention holds a position, so two persons may both be offered for one pronoun; what
offers nobody stays unresolved.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from stance.folding import fold
from stance.phrases import Match, PhraseIndex
from stance.records import Mention, Sentence
from stance.register import Actor, Actors, Office

How = Literal["name", "office", "description", "body", "pronoun", "speaker"]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a phrase can stand for: an actor at once, a title of a country, or nobody (ignored)."""

    how: How
    actors: tuple[str, ...] = ()
    title: tuple[str, str] | None = None
    shared: bool = False


_PRONOUN: Final = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)
_SPEAKER_WORD: Final = re.compile(r"\b(?:I|[Ww]e|[Oo]ur|[Mm]y|us|me)\b")
_FORMER: Final = re.compile(r"\b(?:former|ex|then|late|previous)[\s-]+$", re.IGNORECASE)
_NAME: Final = r"\s+(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)[A-Z]"
_NAME_FOLLOWS: Final = re.compile(_NAME + "[a-z]")
_IN: Final = re.compile(r"\bin $", re.IGNORECASE)
_QUOTE: Final = re.compile(r"[\"“”„«»]")
_MOST_BEARERS: Final = 8
"""How many persons that share a surname are looked at beside a title."""
_COUNTERPART: Final = re.compile(r"\bcounterparts?\b")
_GUEST: Final = re.compile(
    r"\b(?:his|her|their)\s+(?:own\s+)?(?:([A-Z][a-z]+)\s+)?"
    r"(guest|visitor|host|neighbour|neighbor|colleague)\b(?:\s+from\s+([A-Z][a-z]+))?",
    re.IGNORECASE,
)
_OWN_TITLE: Final = re.compile(
    r"\b(?i:(?:his|her|their)\s+(?:own\s+)?(president|prime minister|premier|chancellor|"
    rf"foreign minister|defen[cs]e minister))\b(?!{_NAME})"
)
_NATIONAL: Final = re.compile(
    r"\b[Tt]he ([A-Z][a-z]+)(?=[,.;:!?\u2019']|\s+(?:[a-z]+ed|says?|said|told|came|went|saw|did|"
    r"does|wants?|would|will|was|is|has|had|could|should|can|might|may|must|made|gave|put|took|"
    r"kept|held|spoke|left|thinks?|thought|who|too|himself|herself)\b)",
)
_NATIVE: Final = re.compile(r"(?:wo)?m[ae]n$")
_OF_TWO: Final = re.compile(
    r"\b[Tt]he (former|latter)(?: of the two)?(?=[,.;:]|\s+(?:[a-z]+ed|said|says|told|would|will|"
    r"was|is|has|had|wants?)\b)"
)
_PAIR: Final = re.compile(
    r"\b(?:They|[Tt]he two(?: men| leaders| presidents| of them)?(?! [a-z]+s\b)|"
    r"[Bb]oth (?:men|leaders))\b"
)
_CABINET: Final = re.compile(
    r"(?:['\u2019]s|\b[Hh]is|\b[Hh]er)\s+(?:own\s+)?(?P<body>government|administration|cabinet)\b"
)
_SAYS: Final = re.compile(
    r"\b(?:said|says|told|added|argued|insisted|warned|stressed|wrote|continued|explained|"
    r"declared|according to)\b"
)
_SIGNED: Final = re.compile(
    r"\s[-\u2013\u2014]\s+(?i:(PM|FM|president|premier|prime minister|foreign minister|chancellor|"
    r"defen[cs]e minister|minister|leader))\W*$"
)
"""The one who says it, at the end of a headline: "Land is not for sale - PM"."""
_BARE: Final = re.compile(
    r"\b(?i:the (president|prime minister|premier|chancellor|foreign minister|defen[cs]e minister|"
    r"foreign secretary|secretary of state|minister|leader|spokesman|spokeswoman|envoy|"
    rf"secretary[ -]general|republican|democrat|ex-president))\b(?! of\b)(?!{_NAME})"
)
_BARE_ALSO: Final = {
    "premier": ("prime minister", "premier", "leader"),
    "leader": ("leader", "president", "prime minister", "chancellor"),
    "minister": ("foreign minister", "defence minister", "defense minister", "minister"),
    "spokeswoman": ("spokeswoman", "spokesman", "spokesperson"),
    "spokesman": ("spokesman", "spokesperson"),
}


class MentionFinder:
    """Finds mentions in articles; build it once per register."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors
        self._offices = _office_holders(actors.entries)
        self._countries = {
            fold(form): actor.id
            for actor in actors.entries
            if actor.kind == "collective"
            for form in (*actor.names, *actor.adjectives)
        }
        self._index: PhraseIndex[_Meaning] = PhraseIndex()
        for phrase in actors.ignore:
            self._index.add(phrase, _Meaning("name"), exact_case=True)
        for actor in actors.entries:
            self._add(actor)
        self._add_offices()
        self._add_bodies()

    def _add(self, actor: Actor) -> None:
        for name in actor.names:
            self._index.add(name, _Meaning("name", (actor.id,)), exact_case=True)
        for phrase in actor.descriptions:
            self._index.add(phrase, _Meaning("description", (actor.id,)), exact_case=False)
        for name in actor.shared:
            bearers = tuple(a.id for a in self._actors.entries if name in a.shared)
            self._index.add(name, _Meaning("name", bearers, shared=True), exact_case=True)

    def _add_offices(self) -> None:
        for title, of in self._offices:
            meaning = _Meaning("office", title=(title, of))
            if not of:
                self._index.add(title, meaning, exact_case=False)
                continue
            for phrase in _office_phrases(title, self._actors[of]):
                self._index.add(phrase, meaning, exact_case=False)

    def _add_bodies(self) -> None:
        for actor in self._actors.entries:
            if actor.kind != "collective":
                continue
            meaning = _Meaning("body", (actor.id,))
            for form in (*actor.adjectives, *actor.names):
                for body in self._actors.bodies:
                    self._index.add(f"{form} {body}", meaning, exact_case=False)

    def find(
        self, text: str, sentences: Sequence[Sentence], day: date | None = None
    ) -> list[tuple[Mention, ...]]:
        """The mentions of each sentence, in order; ``day`` is the article's date."""
        found = [self._matches(text, s) for s in sentences]
        named = {
            actor for row in found for m in row if not m.value.shared for actor in m.value.actors
        }
        discourse = _Discourse(self._actors, self._offices, day, self._countries)
        return [
            discourse.read(text, sentence, self._explicit(text, row, named, day))
            for sentence, row in zip(sentences, found, strict=True)
        ]

    def _matches(self, text: str, sentence: Sentence) -> list[Match[_Meaning]]:
        part = text[sentence.start : sentence.end]
        return [
            Match(sentence.start + m.start, sentence.start + m.end, m.value)
            for m in self._index.find(part)
        ]

    def _explicit(
        self, text: str, matches: Iterable[Match[_Meaning]], named: set[str], day: date | None
    ) -> list[Mention]:
        found = [
            Mention(actor, match.start, match.end, match.value.how)
            for match in matches
            for actor in self._meant(match.value, named, day)
            if not self._is_place(text, match, actor)
        ]
        return [m for i, m in enumerate(found) if not self._is_somebody_else(text, found, i)]

    def _meant(self, meaning: _Meaning, named: set[str], day: date | None) -> tuple[str, ...]:
        if meaning.title is not None:
            return _office_holder(self._offices[meaning.title], named, day)
        if meaning.shared:
            return self._surname(meaning.actors, named, day)
        return meaning.actors

    def _surname(
        self, bearers: tuple[str, ...], named: set[str], day: date | None
    ) -> tuple[str, ...]:
        """Who a shared surname means: those the article names in full, else those in office on
        its day; without a date all of them are offered."""
        told = tuple(a for a in bearers if a in named)
        if told or day is None:
            return told or bearers
        return tuple(a for a in bearers if any(o.held_on(day) for o in self._actors[a].offices))

    def _is_place(self, text: str, match: Match[_Meaning], actor: str) -> bool:
        """Whether it is where something happens ("in Moscow"), not whose stance it is."""
        return (
            match.value.how == "name"
            and self._actors[actor].kind == "collective"
            and _IN.search(text, max(0, match.start - 4), match.start) is not None
            and not text.startswith(("'s", "’s"), match.end)
        )

    def _is_somebody_else(self, text: str, found: Sequence[Mention], index: int) -> bool:
        """Settle "US President Donald Trump": the name decides who is meant, also against the
        title. A title before a name that nobody of the register bears, or a title or body after
        "former", stands for somebody else."""
        title = found[index]
        if title.how not in {"office", "body"}:
            return False
        if _FORMER.search(text, max(0, title.start - 12), title.start):
            return True
        if title.how == "body":
            return False
        named = self._named_beside(text, title, found[index + 1 : index + 1 + _MOST_BEARERS])
        if named:
            return title.actor not in named
        return _NAME_FOLLOWS.match(text, title.end) is not None

    def _named_beside(self, text: str, title: Mention, following: Sequence[Mention]) -> set[str]:
        """The persons whom a name in apposition to a title can mean: "President Bell", "the
        president, Ann Bell,". A comma alone ("according to the president, Bell ...") is none."""
        if not following or following[0].how != "name":
            return set()
        name = following[0]
        gap = text[title.end : name.start].strip()
        if gap and not (gap == "," and text.startswith((",", "."), name.end)):
            return set()
        beside = {m.actor for m in following if m.start == name.start}
        return {actor for actor in beside if self._actors[actor].kind == "person"}


Holders = tuple[tuple[str, Office], ...]


def _office_holders(actors: Iterable[Actor]) -> dict[tuple[str, str], Holders]:
    """(title, collective) → who held it; bare phrases stand under an empty collective."""
    table: dict[tuple[str, str], list[tuple[str, Office]]] = {}
    for actor in actors:
        for office in actor.offices:
            for title in office.titles:
                table.setdefault((title, office.of), []).append((actor.id, office))
            for phrase in office.bare:
                table.setdefault((phrase, ""), []).append((actor.id, office))
    return {key: tuple(rows) for key, rows in table.items()}


def _office_holder(rows: Holders, named: set[str], day: date | None) -> tuple[str, ...]:
    """Who a title means: the holder on the day; undated, the one who is named, else today's."""
    if day is None:
        told = tuple(dict.fromkeys(actor for actor, _ in rows if actor in named))
        if len(told) == 1:
            return told
    return holders(rows, day)


def holders(rows: Holders, day: date | None) -> tuple[str, ...]:
    """Who held an office on a day. Nobody where several did: that needs a name beside it."""
    found = tuple(dict.fromkeys(actor for actor, office in rows if office.held_on(day)))
    return found if len(found) == 1 else ()


def _office_phrases(title: str, collective: Actor) -> Iterator[str]:
    for form in (*collective.adjectives, *collective.names):
        yield f"{form} {title}"
        yield f"{form}'s {title}"
        if form.endswith("s"):
            yield f"{form}' {title}"
        yield f"{title} of {form}"
        yield f"{title} of the {form}"


def _within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a place lies in one of the spans, which are in order and do not overlap."""
    index = bisect_right(spans, place, key=lambda span: span[0]) - 1
    return index >= 0 and place < spans[index][1]


@dataclass
class _Discourse:
    """What a reader keeps in mind from sentence to sentence."""

    actors: Actors
    offices: dict[tuple[str, str], Holders]
    day: date | None
    countries: Mapping[str, str] = field(default_factory=dict)
    recent: list[str] = field(default_factory=list)
    speaker: str | None = None
    in_quote: bool = False
    reporting: bool = False
    paragraph: int = -1
    last: list[str] = field(default_factory=list)

    def read(self, text: str, sentence: Sentence, explicit: list[Mention]) -> tuple[Mention, ...]:
        # A quotation that goes on in the next paragraph is opened anew; a mark left open is a slip.
        self.in_quote = self.in_quote and sentence.paragraph == self.paragraph
        self.paragraph = sentence.paragraph
        mentions = list(explicit)
        for resolve in (
            self._signatures,
            self._counterparts,
            self._bare_titles,
            self._own_titles,
            self._nationals,
            self._guests,
            self._cabinets,
            self._pairs,
            self._pronouns,
            self._runs_on,
        ):
            # One by one: what is resolved first is in mind for what comes next.
            for mention in resolve(text, sentence, mentions):
                mentions.append(mention)
        mentions.sort(key=lambda m: (m.start, m.end))
        self._remember(text, sentence, mentions)
        return tuple(mentions)

    def _persons(self, gender: str | None, before: Iterable[str] = ()) -> list[str]:
        """Persons in mind, the most recent first."""
        return [a for a in dict.fromkeys([*before, *self.recent]) if self._may_be(a, gender)]

    def _pronouns(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Each pronoun stands for the persons last in mind: one named before it here, or two of
        the sentences before."""
        spoken, _ = self._spoken(text, sentence)
        for match in _PRONOUN.finditer(text, sentence.start, sentence.end):
            quoted = _within(match.start(), spoken)
            gender = "she" if match.group().lower() in {"she", "her", "hers", "herself"} else "he"
            before = sorted(
                (m.end, m.actor)
                for m in mentions
                # Whom the quotation names is not who says it: "Merz can wait," he said.
                if m.end <= match.start() and (quoted or not _within(m.start, spoken))
            )
            named = [actor for _, actor in before if self._may_be(actor, gender)]
            offered = [named[0], named[-1]] if named else self._persons(gender)[:2]
            for actor in dict.fromkeys(offered):
                yield Mention(actor, match.start(), match.end(), "pronoun")

    def _may_be(self, actor: str, gender: str | None) -> bool:
        found = self.actors[actor]
        return found.kind == "person" and (gender is None or found.pronoun in (gender, None))

    def _bare_titles(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve "the president": the holder of such an office who was last in mind."""
        for match in _BARE.finditer(text, sentence.start, sentence.end):
            if any(m.start < match.end() and match.start() < m.end for m in mentions):
                continue
            actor = self._bearer(match.group(1).lower())
            if actor is not None:
                yield Mention(actor, match.start(), match.end(), "description")

    def _bearer(self, word: str) -> str | None:
        """Who of those in mind bears such a title on the day, else who ever bore it."""
        title = word.removeprefix("ex-")
        titles = _BARE_ALSO.get(title, (title,))
        bearers = [
            (actor, office.held_on(self.day))
            for actor in self._persons(None)
            for office in self.actors[actor].offices
            if any(t in titles for t in office.titles)
        ]
        wanted = [actor for actor, held in bearers if held != (title != word)]
        return next(iter(wanted or [actor for actor, _ in bearers]), None)

    def _signatures(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve the office that signs a headline: its holder in each country that is named."""
        match = _SIGNED.search(text[sentence.start : sentence.end])
        if match is None:
            return
        start, end = (sentence.start + at for at in match.span(1))
        if any(m.start < end and start < m.end for m in mentions):
            return
        titles = _BARE_ALSO.get(match.group(1).lower(), (match.group(1).lower(),))
        named = dict.fromkeys(m.actor for m in mentions if m.how in {"name", "body"})
        for country in named:
            for title in titles:
                found = holders(self.offices.get((title, country), ()), self.day)
                if found:
                    yield Mention(found[0], start, end, "office")
                    break

    def _counterparts(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve "his Ukrainian counterpart": who holds there what one in mind holds here."""
        for match in _COUNTERPART.finditer(text, sentence.start, sentence.end):
            country = self._country_before(text, sentence.start, match.start())
            if country is None:
                continue
            start, collective = country
            here = [m.actor for m in mentions if m.end <= match.start()]
            for one in self._persons(None, here):
                other = self._same_office(one, collective)
                if other is not None:
                    yield Mention(other, start, match.end(), "office")
                    break

    def _own_titles(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve "his president": who holds that where the person last in mind comes from."""
        for match in _OWN_TITLE.finditer(text, sentence.start, sentence.end):
            here = [m.actor for m in mentions if m.end <= match.start()]
            title = match.group(1).lower()
            for one in self._persons(None, here)[:2]:
                country = self.actors[one].speaks_for_on(self.day)
                rows = (
                    self.offices.get((t, country), ())
                    for t in _BARE_ALSO.get(title, (title,))
                    if country is not None
                )
                found = next((f for f in (holders(row, self.day) for row in rows) if f), ())
                if found and found[0] != one:
                    yield Mention(found[0], match.start(), match.end(), "office")
                    break

    def _nationals(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve "the Ukrainian", "the Frenchman": the person of that country last in mind."""
        for match in _NATIONAL.finditer(text, sentence.start, sentence.end):
            if any(m.start < match.end() and match.start() < m.end for m in mentions):
                continue
            here = [m.actor for m in mentions if m.end <= match.start()]
            actor = self._compatriot(_NATIVE.sub("", match.group(1)), here)
            if actor is not None:
                yield Mention(actor, match.start(), match.end(), "description")

    def _compatriot(self, form: str, before: Iterable[str] = ()) -> str | None:
        """The person last in mind who speaks for the country of an adjective or a name."""
        country = self.countries.get(fold(form))
        if country is None:
            return None
        persons = self._persons(None, before)
        return next((a for a in persons if self.actors[a].speaks_for_on(self.day) == country), None)

    def _guests(self, text: str, sentence: Sentence, mentions: list[Mention]) -> Iterator[Mention]:
        """Resolve "his guest", "her Hungarian neighbour": the other one of two in mind."""
        for match in _GUEST.finditer(text, sentence.start, sentence.end):
            here = [m.actor for m in mentions if m.end <= match.start()]
            form = match.group(1) or match.group(3)
            if form is not None:
                other = self._compatriot(form, here) or self._leader(form)
            else:
                persons = self._persons(None, here)
                known = match.group(2).lower() in {"guest", "visitor", "host"} and len(persons) > 1
                other = persons[1] if known else None
            if other is not None:
                yield Mention(other, match.start(), match.end(), "description")

    def _cabinets(
        self, text: str, sentence: Sentence, mentions: list[Mention]
    ) -> Iterator[Mention]:
        """Resolve "Starmer's government", "her cabinet": the country its head speaks for."""
        for match in _CABINET.finditer(text, sentence.start, sentence.end):
            if match.group()[0] in "'\u2019":
                # Whose it is ends where the mark begins; a country's own is a body already.
                owners = [m.actor for m in mentions if m.end == match.start()]
                persons = [a for a in owners if self._may_be(a, None)]
            else:
                persons = self._persons(None, [m.actor for m in mentions if m.end <= match.start()])
            country = self.actors[persons[0]].speaks_for_on(self.day) if persons else None
            if country is not None:
                yield Mention(country, match.start("body"), match.end(), "body")

    def _leader(self, form: str) -> str | None:
        """Who is the leader of the country that an adjective or a name tells of."""
        country = self.countries.get(fold(form))
        for title in ("leader", "prime minister", "president", "chancellor"):
            found = holders(self.offices.get((title, country or ""), ()), self.day)
            if country and found:
                return found[0]
        return None

    def _pairs(self, text: str, sentence: Sentence, mentions: list[Mention]) -> Iterator[Mention]:
        """Resolve "the former", "the latter" and "they" where the last sentence names two, and
        "they" where it names one body alone."""
        persons = [a for a in self.last if self.actors[a].kind == "person"]
        if len(persons) == 2:
            for match in _OF_TWO.finditer(text, sentence.start, sentence.end):
                actor = persons[match.group(1) == "latter"]
                yield Mention(actor, match.start(), match.end(), "description")
        meant = persons if len(persons) == 2 else self.last if not persons else []
        if len(meant) > 2 or (len(meant) == 2 and not persons):
            return
        for match in _PAIR.finditer(text, sentence.start, sentence.end):
            for actor in meant:
                yield Mention(actor, match.start(), match.end(), "pronoun")

    def _country_before(self, text: str, since: int, end: int) -> tuple[int, str] | None:
        """The country whose adjective or name ends right before ``end``: its start and its id."""
        before = fold(text[max(since, end - 40) : end]).rstrip()
        found = [
            (len(form), actor.id)
            for actor in self.actors.entries
            if actor.kind == "collective"
            for form in (*actor.adjectives, *actor.names)
            if before.endswith(f" {fold(form)}")
        ]
        if not found:
            return None
        length, collective = max(found)
        return max(since, end - 40) + len(before) - length, collective

    def _same_office(self, actor: str, country: str) -> str | None:
        for office in self.actors[actor].offices:
            if office.held_on(self.day) and office.of != country:
                for title in office.titles:
                    found = holders(self.offices.get((title, country), ()), self.day)
                    if found:
                        return found[0]
        return None

    def _runs_on(self, text: str, sentence: Sentence, mentions: list[Mention]) -> Iterator[Mention]:
        """A quotation that goes on, or a sentence that names nobody: still the last speaker's."""
        if self.speaker is None:
            return
        first = _QUOTE.match(text, sentence.start, sentence.end)
        speaks = bool(_SPEAKER_WORD.search(text, sentence.start, sentence.end))
        own = any(m.actor == self.speaker for m in mentions)
        # "Sanctions must stay, he said. Moscow should expect no relief."
        continues = self.reporting and not any(
            self.actors[m.actor].kind == "person" for m in mentions
        )
        if not own and (self.in_quote or first or speaks or not mentions or continues):
            yield Mention(self.speaker, sentence.start, sentence.start, "speaker")

    def _remember(self, text: str, sentence: Sentence, mentions: list[Mention]) -> None:
        spoken, self.in_quote = self._spoken(text, sentence)
        told = [m for m in mentions if m.how != "speaker"]
        self.last = list(dict.fromkeys(m.actor for m in told))
        self.reporting = _SAYS.search(text, sentence.start, sentence.end) is not None
        order = [m.actor for m in told]
        # Whom a quotation names does not speak, unless nobody else is known.
        speakers = [m for m in told if not _within(m.start, spoken)]
        if speakers or (told and self.speaker is None):
            self.speaker = self._main(speakers or told)
        # The first mention is most often the subject, so it stays in mind longest.
        for actor in dict.fromkeys([*reversed(order[1:]), *order[:1]]):
            if actor in self.recent:
                self.recent.remove(actor)
            self.recent.insert(0, actor)
        del self.recent[8:]

    def _spoken(self, text: str, sentence: Sentence) -> tuple[list[tuple[int, int]], bool]:
        """The stretches between quotation marks, and whether the last one is left open: it runs
        on into the next sentence."""
        spans: list[tuple[int, int]] = []
        since = sentence.start if self.in_quote else None
        for match in _QUOTE.finditer(text, sentence.start, sentence.end):
            if match.group() in "“„«" or (match.group() == '"' and since is None):
                since = match.start() if since is None else since
            elif since is not None:
                spans.append((since, match.end()))
                since = None
        if since is not None:
            spans.append((since, sentence.end))
        return spans, since is not None

    def _main(self, mentions: list[Mention]) -> str:
        persons = [m.actor for m in mentions if self.actors[m.actor].kind == "person"]
        return persons[0] if persons else mentions[0].actor


def unresolved(
    text: str, sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]
) -> int:
    """How many pronouns and descriptions of persons stand for nobody of the register."""
    count = 0
    for sentence, row in zip(sentences, mentions, strict=True):
        placed = sorted((m.start, m.end) for m in row if m.end > m.start)
        starts = [start for start, _ in placed]
        for pattern in (_PRONOUN, _BARE, _COUNTERPART, _OWN_TITLE, _OF_TWO):
            for match in pattern.finditer(text, sentence.start, sentence.end):
                at = bisect_right(starts, match.end() - 1) - 1
                # A mention that holds a place may begin up to a few others before it.
                covered = any(end > match.start() for _, end in placed[max(0, at - 8) : at + 1])
                count += not covered
    return count
