"""Articles → who speaks in them and is not in the register, each with a ready entry.

Speakers are those of quotations and of reported speech with a name. A name counts as known where
the register has a mention for it; what the register's reader resolved to nobody is counted too.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from stance.folding import fold
from stance.mentions import unresolved
from stance.quotations import Span, quotations, reported
from stance.records import ActorKind, Article, Mention
from stance.register import Actors
from stance.stages import Reader

_TITLES: Final = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord lady president premier prime minister "
    "chancellor senator sen rep representative gov governor gen general col colonel lt maj major "
    "capt captain admiral secretary deputy vice foreign defence defense interior finance economy "
    "former ex spokesman spokeswoman spokesperson ambassador envoy speaker chairman chairwoman "
    "chair mp mep king queen prince princess duke duchess pope archbishop bishop rev judge justice "
    "commissioner director chief ceo analyst adviser advisor aide leader head mayor republican "
    "democrat labour conservative state attorney congressman congresswoman councillor".split()
)
_BODIES: Final = frozenset(
    "ministry committee party bank union agency council foundation institute university group "
    "commission association company corporation corp inc ltd office department army forces force "
    "service news times post parliament court staff command police authority federation "
    "organisation organization fund center centre board bureau academy church coalition alliance "
    "movement campaign network administration government embassy house senate congress assembly "
    "treasury press palace".split()
)
_NO_NAMES: Final = frozenset(
    "the a an he she it they we i you his her their this that these those but and so yet then when "
    "while after before as if because since although though however still on in at by for from "
    "with to what who why how where now later meanwhile instead also here there once not no yes "
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december officials sources people both some many "
    "one others another everyone nobody west western eastern northern southern".split()
)
_WORD: Final = (
    r"(?:(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Capt|Rev|Prof|St)\.|(?:[A-Z]\.)+|"
    r"[A-ZÀ-ÞĀ-Ž][\w’'&-]*)"
)
_NAME: Final = re.compile(
    rf"{_WORD}(?:\s+(?:(?:of|de|du|la|van|von|der|den|al|bin)\s+){{0,2}}{_WORD}){{0,5}}"
)
_GOES_ON: Final = re.compile(r"\s+[a-z]")
_SHE: Final = frozenset({"she", "her", "hers", "herself"})
_HE: Final = frozenset({"he", "him", "his", "himself"})
_NEAR: Final = 60
"""Characters after a name, in its sentence, in which a pronoun is taken for a hint."""


@dataclass
class _Tally:
    names: Counter[str] = field(default_factory=Counter)
    statements: int = 0
    articles: set[str] = field(default_factory=set)
    pronouns: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks in the articles and is not in the register.

    ``statements`` counts quotations and reports of speech, ``articles`` the articles they stand
    in. ``pronoun`` is what stands near the name most often, ``None`` where that is not clear.
    """

    name: str
    kind: ActorKind
    pronoun: str | None
    statements: int
    articles: int


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a corpus shows beyond the register: speakers, those who speak most first, and how many
    pronouns and descriptions stand for nobody of the register, in how many articles were read."""

    speakers: tuple[Speaker, ...]
    unresolved: int
    articles: int


def discover(articles: Iterable[Article], reader: Reader, *, least: int = 2) -> Discovery:
    """Who speaks in the articles at least ``least`` times and is not in the register."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    nations = _nations(reader.actors)
    missing = read = 0
    for article in articles:
        read += 1
        day = article.published.date() if article.published else None
        found = reader.read(article.text, day)
        missing += unresolved(article.text, found.sentences, found.mentions)
        spoken = _speakers(article.text)
        known = _Known(found.mentions)
        named = [(span, _name_in(article.text, span, known)) for span in spoken]
        full = _full_names(article.text)
        for span, name in named:
            if name and fold(name) not in nations:
                key = full.get(fold(name), name)
                _count(tallies[fold(key).lower()], key, article, span)
    speakers = [_speaker(one) for one in tallies.values() if one.statements >= least]
    speakers.sort(key=lambda one: (-one.statements, one.name))
    return Discovery(tuple(speakers), missing, read)


def _speakers(text: str) -> list[Span]:
    """The places that name who speaks, each statement once."""
    said = [q.speaker for q in quotations(text) if q.speaker is not None]
    places = dict.fromkeys([*said, *(who for who, _ in reported(text))])
    return sorted(places)


class _Known:
    """Tells whether the register has a mention for a place."""

    def __init__(self, mentions: Sequence[Sequence[Mention]]) -> None:
        self._ends = {m.end for row in mentions for m in row if m.end > m.start}
        self._spans = sorted((m.start, m.end) for row in mentions for m in row if m.end > m.start)

    def covers(self, start: int, end: int) -> bool:
        """Whether a mention ends where the name does, or holds its end."""
        return end in self._ends or any(a < end < b for a, b in self._spans if start - 60 < a < end)


def _name_in(text: str, span: Span, known: _Known) -> str | None:
    """The name of a speaker who is not in the register, without titles before it."""
    match = _NAME.search(text, *span)
    while match is not None:
        start, end = match.span()
        words = text[start:end].split()
        while words and words[0].lower().rstrip(".'’s") in _TITLES | _NO_NAMES:
            words.pop(0)
        name = " ".join(words).rstrip(".,'’-")
        name = name.removesuffix("'s").removesuffix("’s")
        if len(words) == 1 and _GOES_ON.match(text, end, span[1]):
            return None  # "African countries": no name
        if name and not known.covers(start, end) and not known.covers(start, start + len(name)):
            return name if _is_name(name) else None
        if known.covers(start, end):
            return None
        match = _NAME.search(text, end, span[1])
    return None


def _is_name(name: str) -> bool:
    words = name.split()
    return (
        len(name) > 2
        and not (len(words) > 1 and name.isupper())
        and words[-1].lower() not in _NO_NAMES | _TITLES
        and not (len(words) == 1 and words[0].lower() in _BODIES)
    )


def _nations(actors: Actors) -> set[str]:
    """What stands for a country or body, and for its people, in any place."""
    forms = {
        fold(form)
        for actor in actors.entries
        if actor.kind == "collective"
        for form in (*actor.names, *actor.adjectives)
    }
    return forms | {f"{form}s" for form in forms}


def _full_names(text: str) -> dict[str, str]:
    """surname → the full name that the article gives, where it gives one alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in _NAME.finditer(text):
        words = match.group().split()
        while words and words[0].lower().rstrip(".") in _TITLES | _NO_NAMES:
            words.pop(0)
        name = " ".join(words).removesuffix("'s").removesuffix("’s")
        if 1 < len(words) < 4 and _kind(name) == "person":
            found[fold(name.split()[-1])].add(name)
    return {surname: next(iter(full)) for surname, full in found.items() if len(full) == 1}


def _count(tally: _Tally, name: str, article: Article, span: Span) -> None:
    tally.names[name] += 1
    tally.statements += 1
    tally.articles.add(article.id)
    ahead = article.text[span[1] : span[1] + _NEAR].partition(".")[0]
    for word in re.findall(r"\w+", ahead.lower()):
        if word in _SHE or word in _HE:
            tally.pronouns["she" if word in _SHE else "he"] += 1
            break


def _speaker(tally: _Tally) -> Speaker:
    name = tally.names.most_common(1)[0][0]
    kind = _kind(name)
    (first, most), *rest = [*tally.pronouns.most_common(2), ("", 0)]
    clear = kind == "person" and most > 2 * (rest[0][1] if rest else 0) and most > 1
    return Speaker(name, kind, first if clear else None, tally.statements, len(tally.articles))


def _kind(name: str) -> ActorKind:
    words = name.split()
    if any(word.lower() in _BODIES for word in words) or " of " in name:
        return "collective"
    return "collective" if len(words) == 1 and name.isupper() and len(name) < 6 else "person"


def entries(speakers: Iterable[Speaker], actors: Actors) -> list[dict[str, Any]]:
    """A register entry for each speaker, in order, that loads beside the register.

    The id is the surname in lower case, or the whole name where that is taken; a surname is an
    alias where nobody else bears it.
    """
    speakers = list(speakers)
    taken = set(actors.by_id)
    borne = {fold(n) for a in actors.entries for n in (*a.names, *a.shared)}
    borne |= {fold(one.name) for one in speakers}
    surnames = Counter(fold(one.name.split()[-1]) for one in speakers if one.kind == "person")
    made = []
    for one in speakers:
        entry: dict[str, Any] = {"id": _free_id(one, taken), "name": one.name, "kind": one.kind}
        taken.add(entry["id"])
        surname = one.name.split()[-1]
        if one.pronoun:
            entry["pronoun"] = one.pronoun
        if one.kind == "person" and surnames[fold(surname)] == 1 and fold(surname) not in borne:
            entry["aliases"] = [surname]
        made.append(entry)
    return made


def _free_id(one: Speaker, taken: set[str]) -> str:
    words = one.name.split()
    short = _slug(words[-1] if one.kind == "person" else one.name)
    wanted = [short, _slug(one.name), *(f"{_slug(one.name)}_{n}" for n in range(2, len(taken) + 3))]
    return next(name for name in wanted if name not in taken)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", fold(name)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9-]+", "_", plain).strip("_-") or "actor"


def as_yaml(found: Discovery, actors: Actors) -> str:
    """A register file: an entry for each speaker, its counts in a comment above it."""
    known = {fold(n) for a in actors.entries for n in (*a.names, *a.shared)}
    speakers = [one for one in found.speakers if fold(one.name) not in known]
    lines = [
        "# Who speaks in the corpus and is not in the register. Read it before you use it:",
        "# a name may be a slip, and offices and what a person speaks for are missing.",
        "actors:" if speakers else "actors: []",
    ]
    for one, entry in zip(speakers, entries(speakers, actors), strict=True):
        lines.append(f"  # statements: {one.statements}, articles: {one.articles}")
        text = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=100)
        lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join(lines) + "\n"
