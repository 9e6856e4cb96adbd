"""Text → its quotations, with the words that say who speaks.

Rules over marks and cue words, no model: a quotation's cue stands before it, after it or between
its two halves, or it goes on with the speaker of the one before. Who a speaker is in the register
is told by the mentions (`stance.attribution`); here a speaker is a place in the text, so that
anybody can be one. Every step looks at a bounded stretch, so time grows with the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

Span = tuple[int, int]

WINDOW: Final = 280
"""Characters before and after a quotation in which its cue is looked for."""
_CLAUSE: Final = 3
"""Words that a quotation in lower case needs to be speech by itself."""
_MOSTLY: Final = 2
_BRIEF: Final = 40
"""Characters of a sentence that does no more than introduce a quotation."""
_LONGEST_SINGLE: Final = 2_000
"""Characters within which a single mark must be closed to be one, and not an apostrophe."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words in quotation marks; spans are in characters of the text and hold the marks.

    ``speaker`` is who says it and ``cue`` the verb or phrase that tells so, each ``None`` where
    nothing does. ``whole`` quotations are speech by themselves ('"No," he said'); others are
    words inside the writer's own sentence ('he called it "a farce"'). ``marked`` is false for
    speech that a label alone shows ("Peskov: We are ready.").
    """

    start: int
    end: int
    speaker: Span | None = None
    cue: Span | None = None
    whole: bool = True
    marked: bool = True


SAYS: Final = (
    "said says saying told tells telling added adds adding asked asks asking argued argues arguing "
    "insisted insists insisting warned warns warning wrote writes writing tweeted tweets posted "
    "posts declared declares declaring announced announces announcing stated states stating "
    "explained explains explaining noted notes noting claimed claims claiming replied replies "
    "replying answered answers answering responded responds responding continued continues "
    "continuing concluded concludes concluding exclaimed exclaims joked jokes joking quipped "
    "quips stressed stresses stressing emphasized emphasised emphasizes pointed suggested suggests "
    "suggesting admitted admits admitting acknowledged acknowledges acknowledging conceded "
    "concedes write say tell complained complains complaining charged charges charging countered "
    "counters countering "
    "demanded demands demanding promised promises promising pledged pledges pledging vowed vows "
    "vowing urged urges urging predicted predicts predicting recalled recalls recalling remarked "
    "remarks observed observes observing commented comments commenting maintained maintains "
    "contended contends reiterated reiterates reiterating repeated repeats repeating reported "
    "reports confirmed confirms confirming denied denies denying cautioned cautions opined opines "
    "lamented laments mused muses boasted boasts bragged brags blasted blasts slammed slams "
    "mocked mocks thundered shouted shouts shouting yelled yells screamed cried cries whispered "
    "muttered agreed agrees believed believes thought thinks wondered wonders testified testifies "
    "proclaimed proclaims asserted asserts asserting elaborated elaborates shot offered offers "
    "interjected chimed began begins read reads reading went goes quoted quotes deadpanned gushed "
    "cracked fumed snapped hinted hints advised advises called calls calling described describes "
    "describing put puts rejected rejects criticised criticized accused accuses praised praises "
    "summed sums ventured retorted retorts inquired vented assured assures reassured pleaded "
    "pressed teased touted touts underscored underscores underlined underlines clarified clarifies "
    "dismissed dismisses ripped rips fired"
).split()
"""Forms of the verbs that introduce speech."""

_VERB: Final = rf"(?:{'|'.join(sorted(SAYS, key=len, reverse=True))})"
_SAYS: Final = re.compile(rf"\b{_VERB}\b")
_ADDRESSED: Final = frozenset(
    {"told", "tells", "telling", "assured", "assures", "urged", "accused"}
)
"""Verbs whose object is spoken to: what follows them is never the speaker."""

_MARK: Final = re.compile(r"[\"“”„«»‟]")
_HEAD: Final = re.compile(r"[^\S\n]*[\"“„«‟]")
_OPENS: Final = "“„«‟"
_CLOSES: Final = "”»"
_SINGLE: Final = re.compile(
    r"(?<![\w.,!?‘'])[‘'](?=[^\W\d_])(?!(?:em|til|tis|twas|cause|round|n|s)\b)", re.IGNORECASE
)
_SINGLE_END: Final = re.compile(r"(?:(?<=[.,!?…])[’']|(?<=\w)[’'](?=[\s.,;:!?)—-]|$))(?!\w)")

_TITLE_DOT: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Capt|Rev|Prof|St|Jr|Sr|[A-Z]|U\.S|No|vs|"
    r"Jan|Feb|Aug|Sept|Oct|Nov|Dec|Ala|Ariz|Ark|Calif|Colo|Conn|Fla|Ga|Ill|Ind|Ky|La|Mass|Md|Mich|"
    r"Minn|Miss|Mo|Neb|Nev|Okla|Ore|Pa|Tenn|Tex|Va|Vt|Wash|Wis|D|R)\.$"
)
_FEW_WORDS: Final = re.compile(r"\w+")
_STOP: Final = re.compile(r"[.!?…][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-Z0-9])")

_PRONOUN: Final = r"(?:he|she|they|I|we|you|it|He|She|They|We|You|It)"
_CAP: Final = r"[A-ZÀ-ÞĀ-Ž][\w’'&./-]*"
_PARTICLE: Final = r"(?:of|the|for|de|du|la|van|von|der|den|al|bin|ibn|and|&)"
_NAME: Final = rf"{_CAP}(?:,? (?:Jr\.|Sr\.)|\s+(?:{_PARTICLE}\s+){{0,2}}{_CAP}){{0,7}}"
_DET: Final = (
    r"(?:[Tt]he|[Aa]n?|[Oo]ne|[Aa]nother|[Ss]ome|[Hh]is|[Hh]er|[Tt]heir|[Mm]y|[Oo]ur|[Tt]wo|[Mm]any|"
    r"[Tt]hese|[Tt]hose|[Tt]his|[Tt]hat|[Ss]everal|[Mm]ost|[Bb]oth)"
)
_ANY: Final = r"[\w’'&./-]+"
_PHRASE: Final = (
    rf"(?:{_PRONOUN}\b|{_DET}\s+{_ANY}(?:\s+{_ANY}){{0,7}}?|(?:[a-z-]+\s+){{0,4}}?{_NAME}|"
    rf"{_CAP}(?:\s+{_ANY}){{1,8}}?)"
)
_ADVERB: Final = (
    r"(?:\s+(?:has|had|have|also|later|then|again|further|once|even|always|often|recently|"
    r"previously|reportedly|repeatedly|famously|is|was|were|are|would|will|went on to|can|could|"
    r"did|does|who|just|simply|now|still|first|finally|[a-z]+ly))*"
)

_AFTER_VERB_FIRST: Final = re.compile(
    rf"[\s,—–-]*(?:[a-z]+ly\s+)?(?P<cue>{_VERB})\s+(?:[a-z]+ly\s+)?(?P<who>{_PRONOUN}\b|"
    rf"{_DET}\s+{_ANY}(?:\s+{_ANY}){{0,7}}|(?:[a-z-]+\s+){{0,4}}?{_NAME})"
)
_AFTER_NAME_FIRST: Final = re.compile(
    rf"[\s,—–-]*(?:as\s+|and\s+)?(?P<who>{_PHRASE})(?:,[^,]{{1,90}}(?:,[^,]{{1,60}})?,|\s+\([^)]{{1,40}}\))?"
    rf"{_ADVERB}\s+(?P<cue>{_VERB})\b"
)
_AFTER_ANY_VERB: Final = re.compile(
    rf"[\s,—–-]*(?P<who>he|she|they|{_NAME})\s+(?:[a-z]+ly\s+)?(?P<cue>[a-z]+ed)\b"
)
"""A verb of any kind in the past, right after a quotation that its comma keeps open."""
_DASHED: Final = re.compile(rf"\s*[—–-]{{1,2}}\s*(?P<who>{_NAME})\s*(?:[,.\n]|$)")
_ACCORDING: Final = re.compile(
    rf"(?P<cue>[Aa]ccording to|[Ii]n the words of)\s+(?P<who>{_PHRASE})(?=[,.;:]|\s*$|\s+[a-z])"
)
_LABEL: Final = re.compile(rf"(?P<who>{_DET}\s+{_ANY}(?:\s+{_ANY}){{0,4}}|{_NAME})\s*:\s*$")
_TURN: Final = re.compile(
    rf"[^\S\n]*(?P<who>{_CAP}(?:\s+(?:of\s+|the\s+)?{_CAP}){{0,4}}):\s+(?=\S)"
)
_SUBJECT: Final = re.compile(rf"(?P<who>{_PRONOUN}\b|{_DET}\s+\w[^,;:()]*|{_NAME}[^,;:()]*)")
_TRAILING: Final = re.compile(
    r"(?:[\s,]+(?:has|had|have|also|later|then|again|further|once|even|always|often|recently|who|"
    r"previously|reportedly|repeatedly|famously|is|was|were|are|be|been|would|will|went on to|can|"
    r"could|did|does|to|and|just|simply|now|still|first|finally|in|by|[a-z]+ly))+\s*$"
)
_TELLS: Final = (
    r"(?:said|says|told|tells|added|adds|argued|argues|insisted|insists|warned|warns|wrote|writes|"
    r"declared|announced|stated|states|explained|noted|claimed|claims|replied|answered|responded|"
    r"concluded|stressed|suggested|acknowledged|promised|pledged|vowed|urged|predicted|commented|"
    r"confirmed|denied|tweeted)"
)
_NAMED_SAYS: Final = re.compile(
    rf"(?P<who>(?<![\w.-]){_NAME})(?:,[^,.\n]{{1,80}},)?\s+(?:(?:has|had|have|also|later|then|"
    rf"[a-z]+ly)\s+){{0,2}}(?P<cue>{_TELLS})\b"
)
_SAYS_NAMED: Final = re.compile(
    rf"[,”\"]\s*(?P<cue>said|says)\s+(?P<who>(?:[a-z-]+\s+){{0,3}}{_NAME})"
)
_ACCORDING_NAMED: Final = re.compile(
    rf"\b(?P<cue>[Aa]ccording to)\s+(?P<who>(?:[a-z-]+\s+){{0,4}}{_NAME})"
)
_OPENING_SUBJECT: Final = re.compile(rf"\s*(?P<who>{_NAME})")
_LEADING: Final = re.compile(r"\s*(\w+),?\s+")
_NOBODY: Final = frozenset(
    "But And So Yet Then When While After Before As If Because Since Although Though However Still "
    "On In At By For From With To That Which What Who Why How Where Now Later Meanwhile Instead "
    "Also Here There Once Just Even Not No Yes Well Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday January February March April May June July August September October November "
    "December Today Yesterday".split()
)


def quotations(text: str) -> list[Quotation]:
    """The quotations of a text in its order, none inside another."""
    found: list[Quotation] = []
    spans = marked(text)
    for index, (start, end) in enumerate(spans):
        floor = spans[index - 1][1] if index else 0
        ceiling = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        one = _attributed(text, (start, end), floor, ceiling)
        if one.speaker is None:
            one = _continued(text, one, found)
        found.append(one)
    return found


def turns(text: str) -> list[Quotation]:
    """Speech that a label at a line's start shows: a transcript's turns, a headline's "Orban: no".

    Each runs to the end of its line; quotation marks may stand in it or not.
    """
    found = []
    for start, end in _lines(text):
        label = _TURN.match(text, start, end)
        if label is not None and label.group("who") not in _NOBODY:
            found.append(Quotation(label.end(), end, label.span("who"), marked=False))
    return found


# Marks


def marked(text: str) -> list[Span]:
    """The stretches between quotation marks, with them; an odd mark makes none.

    A quotation that a paragraph leaves open and the next one opens anew is one stretch. Single
    marks count where a text uses them for its quotations, and double ones inside them if at all.
    """
    double = _double(text)
    single = [span for line in _lines(text) for span in _single(text, *line)]
    return single if len(single) > _MOSTLY * len(double) else double


def _double(text: str) -> list[Span]:
    spans: list[Span] = []
    left: int | None = None
    for start, end in _lines(text):
        if start == end:
            continue
        head = _HEAD.match(text, start, end)
        found, opened = _in_line(text, start, end)
        first = None if head is None else head.end() - 1
        if left is not None and first is not None and text[left] == text[first]:
            # What the paragraph before left open goes on to this one's first close.
            if found and found[0][0] == first:
                found[0] = (left, found[0][1])
            elif opened == first:
                opened = left
        spans += found
        left = opened
    return spans


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _in_line(text: str, start: int, end: int) -> tuple[list[Span], int | None]:
    """The stretches in one line, and the mark that is left open at its end."""
    spans: list[Span] = []
    since: int | None = None
    for match in _MARK.finditer(text, start, end):
        mark, at = match.group(), match.start()
        if since is None and (mark in _OPENS or (mark == '"' and _may_open(text, at, end))):
            since = at
        elif since is not None and (mark in _CLOSES or mark == '"'):
            spans.append((since, match.end()))
            since = None
    return spans, since


def _may_open(text: str, at: int, end: int) -> bool:
    return at + 1 < end and not text[at + 1].isspace()


def _single(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    while (opened := _SINGLE.search(text, start, end)) is not None:
        limit = min(end, opened.end() + _LONGEST_SINGLE)
        closed = _SINGLE_END.search(text, opened.end(), limit)
        start = opened.end() if closed is None else closed.end()
        if closed is not None:
            spans.append((opened.start(), closed.end()))
    return spans


# Cues


def _attributed(text: str, span: Span, floor: int, ceiling: int) -> Quotation:
    """A quotation with the cue of its own sentence, where there is one."""
    start, end = span
    before = _sentence_before(text, start, floor)
    after = _sentence_after(text, end, ceiling)
    inner = text[start:end].strip("\"“”„«»‟‘’' ")
    finished = inner.endswith((".", "…"))
    whole = _is_whole(text, before, start, end)
    # A cue follows only what is left open; words inside the writer's own sentence belong to its
    # subject, which stands before them.
    follows = None if finished else _after(text, after)
    leads = None if follows is not None and whole else _before(text, before)
    found = follows or leads if whole else leads or follows
    if found is not None:
        return Quotation(start, end, *found, whole)
    dashed = _DASHED.match(text, *after)
    if dashed is not None:
        return Quotation(start, end, dashed.span("who"), None, whole)
    return Quotation(start, end, None, None, whole)


def _is_whole(text: str, before: Span, start: int, end: int) -> bool:
    """Whether a quotation is speech by itself and no part of the writer's own sentence."""
    lead = text[slice(*before)].rstrip()
    if not lead or lead[-1] in ".!?:":
        return True
    says = _SAYS.fullmatch(lead.split()[-1].rstrip(",;—–-")) is not None
    lower = text[start + 1 : start + 2].islower()
    if lower and lead[-1] == ",":
        return says
    if lower and len(_FEW_WORDS.findall(text, start + 1, min(end, start + 60))) < _CLAUSE:
        return False
    return says or lead[-1] in ',;—–-…("”’'


def _sentence_before(text: str, start: int, floor: int) -> Span:
    """What stands before a quotation in its sentence."""
    since = max(floor, start - WINDOW)
    line = text.rfind("\n", since, start)
    if line >= 0 and not text[line:start].strip():
        # A quotation on a line of its own may be announced by the line before.
        shown = since + len(text[since:line].rstrip())
        if text[shown - 1 : shown] == ":":
            start, line = shown, text.rfind("\n", since, shown)
    since = max(since, line + 1)
    for stop in _STOP.finditer(text, since, start):
        if not _TITLE_DOT.search(text, max(since, stop.start() - 8), stop.start() + 1):
            since = stop.end()
    return since, start


def _sentence_after(text: str, end: int, ceiling: int) -> Span:
    until = min(ceiling, end + WINDOW)
    newline = text.find("\n", end, until)
    until = until if newline < 0 else newline
    for stop in _STOP.finditer(text, end, until):
        if not _TITLE_DOT.search(text, max(end, stop.start() - 8), stop.start() + 1):
            return end, stop.start() + 1
    return end, until


def _after(text: str, window: Span) -> tuple[Span, Span] | None:
    verb_first = _AFTER_VERB_FIRST.match(text, *window)
    if verb_first is not None and verb_first.group("cue") not in _ADDRESSED:
        return _trimmed(text, verb_first.span("who")), verb_first.span("cue")
    name_first = _AFTER_NAME_FIRST.match(text, *window)
    if name_first is not None:
        return _trimmed(text, name_first.span("who")), name_first.span("cue")
    any_verb = _AFTER_ANY_VERB.match(text, *window)
    if any_verb is not None:
        return _trimmed(text, any_verb.span("who")), any_verb.span("cue")
    according = _ACCORDING.search(text, *window)
    if according is not None and according.start() - window[0] < 5:
        return according.span("who"), according.span("cue")
    return None


def _before(text: str, window: Span) -> tuple[Span, Span | None] | None:
    start = window[0]
    label = _LABEL.search(text, *window)
    verbs = list(_SAYS.finditer(text, *window))
    for index, verb in reversed(list(enumerate(verbs))):
        if verb.group().endswith("ing") and index:
            continue  # "Bell said ..., adding": the main verb has the subject
        who = _subject(text, start, verb.start())
        if who is not None:
            return who, verbs[-1].span()
    according = _ACCORDING.search(text, *window)
    if according is not None:
        return according.span("who"), according.span("cue")
    if label is not None and not text[start : label.start("who")].strip():
        return label.span("who"), None
    return None


def _subject(text: str, start: int, end: int) -> Span | None:
    """Who stands before a verb: the last phrase of its clause, its apposition left out."""
    tail = _TRAILING.search(text, start, end)
    stop = tail.start() if tail is not None else end
    clause = text[start:stop].rstrip()
    if text[start:end].rstrip().endswith(",") and "," in clause.rstrip(","):
        clause = clause.rstrip(",")
        clause = clause[: clause.rfind(",")]
    cut = max(clause.rfind(mark) for mark in (",", ";", ":", "—", "–", "(")) + 1
    if _SAYS.search(clause, cut):
        return None  # the subject of the verb before, which is tried next
    participle = text[end : end + 24].split(None, 1)[0].rstrip(",:").endswith("ing")
    at = start if participle else start + cut
    while (lead := _LEADING.match(text, at, start + len(clause))) and lead.group(1) in _NOBODY:
        at = lead.end()
    found = [
        m
        for m in _SUBJECT.finditer(text, at, start + len(clause))
        if m.group().split()[0] not in _NOBODY
    ]
    if not found:
        return None
    return _trimmed(text, found[0 if participle else -1].span())


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    while end > start and not text[end - 1].isalnum():
        end -= 1
    if text[end : end + 1] == "." and _TITLE_DOT.search(text, start, end + 1):
        end += 1
    return start, end


def _continued(text: str, one: Quotation, before: Sequence[Quotation]) -> Quotation:
    """A quotation without a cue of its own goes on with the speaker of the one before; also as
    the second half of a sentence that the cue divides."""
    last = before[-1] if before else None
    if last is None or last.speaker is None or one.start - last.end > WINDOW:
        return one
    half = (
        last.cue is not None
        and last.end <= last.cue[0]
        and _STOP.search(text, last.end, one.start) is None
    )
    if not (one.whole or half):
        return one
    introduced = None if half else _introduced(text, max(last.end, last.speaker[1]), one.start)
    if introduced is not None:
        return replace(one, speaker=introduced)
    return replace(one, speaker=last.speaker, cue=last.cue, whole=True)


def _introduced(text: str, start: int, end: int) -> Span | None:
    """The subject of a sentence right before a quotation: 'Stone disagreed. "Never."'"""
    line = text.rfind("\n", start, end)
    if line >= 0 and not text[line:end].strip():
        return None
    # Two characters more show that the quotation begins a sentence.
    stops = [stop.end() for stop in _STOP.finditer(text, max(start, line + 1), end + 2)]
    if not stops or stops[-1] != end or (len(stops) < 2 and line < 0):
        return None
    since = stops[-2] if len(stops) > 1 else line + 1
    if end - since > _BRIEF:
        return None
    found = _OPENING_SUBJECT.match(text, since, end)
    if found is None or found.group("who").split()[0] in _NOBODY:
        return None
    return found.span("who")


def reported(text: str) -> list[tuple[Span, Span]]:
    """Speech told with a name, in quotation marks or not: (speaker, cue), in order.

    "Bell said that ...", "..., said Bell" and "according to Bell".
    """
    found = [(m.span("who"), m.span("cue")) for m in _NAMED_SAYS.finditer(text)]
    found += [(m.span("who"), m.span("cue")) for m in _SAYS_NAMED.finditer(text)]
    found += [(m.span("who"), m.span("cue")) for m in _ACCORDING_NAMED.finditer(text)]
    return sorted(dict.fromkeys(found))
