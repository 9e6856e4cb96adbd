"""Article text → sentences with offsets.

A line break always ends a sentence (headlines and list items have no full stop). Within a
line, a full stop, question or exclamation mark ends one unless it belongs to an abbreviation,
an initial, a number or an ellipsis that runs on. Sentences glued together without a space are
cut as well, and what is far too long for a sentence. Runs in time linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stance.records import Sentence

LONGEST: Final = 2000
"""Characters of one sentence; what runs on for longer is no prose and is cut between words."""

_TITLES: Final = frozenset(
    "mr mrs ms dr prof gen lt col maj capt sgt cmdr adm rep sen gov pres hon st fr rev "
    "messrs mme vs approx amb dep asst pvt cpl brig".split()
)
"""Abbreviations that are followed by a name and never end a sentence."""

_NUMBERED: Final = frozenset(
    "jan feb mar apr jun jul aug sept sep oct nov dec no nos art fig".split()
)
"""Abbreviations that may end a sentence, but not before a number."""

_LATIN: Final = frozenset(["e.g", "i.e"])
_TIMES: Final = frozenset(["a.m", "p.m"])
_TIME_GOES_ON: Final = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday gmt utc bst cet cest eet eest msk "
    "est edt et".split()
)
"""What may follow "5 p.m." in its sentence."""

_STARTERS: Final = frozenset(
    "the a an he she it they we i in on at but and however after before if when while his her "
    "its our their this that these those there as for with from to then now yet".split()
)
"""What begins a sentence after "the U.S." or "plan B."; anything else may belong to it."""

_OPENERS: Final = "\"'“‘„«(\\["
_CLOSERS: Final = "\"'”’»)\\]"

# Possessive repeats: a long run of spaces or signs is passed once, never tried again in parts.
_END: Final = re.compile(rf"[.!?…。]++(?:[{_CLOSERS}]|\s»)*+")
_NEXT_OPENS: Final = re.compile(
    rf"\s++(?:[{_OPENERS}—–•-]++\s*+)*+(?:(?:\.\.++|…)\s*+)?+[^\W_a-zß-öø-ÿ]"
)
_GLUED: Final = re.compile(rf"[{_OPENERS}]?(?:[A-ZÀ-ÖØ-Þ][A-Za-zß-öø-ÿ]|[AI](?=[\s'’]))")
_LAST_WORD: Final = re.compile(r"[^\W_]+(?:\.[^\W_]+)*$")
_DOTTED: Final = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_FIRST_WORD: Final = re.compile(r"\w+\.?")
_LEAD: Final = 6
"""So many characters before the first full stop may be the number of a list."""
_WORD_SPAN: Final = 24
"""How far back and ahead a word is looked for; no abbreviation is longer."""


def split(text: str) -> list[Sentence]:
    """Cut a text into sentences; none is empty and none begins or ends with white space."""
    sentences: list[Sentence] = []
    paragraph = -1
    blank = True
    at = 0
    for line in text.splitlines(keepends=True):
        if line.isspace():
            blank = True
        else:
            paragraph += blank or not sentences
            blank = False
            for start, end in _cut(line):
                sentences.append(Sentence(at + start, at + end, paragraph))
        at += len(line)
    return sentences


def _cut(line: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(line):
        if match.end() > start and _ends_sentence(line, start, match):
            yield from _trimmed(line, start, match.end())
            start = match.end()
    yield from _trimmed(line, start, len(line))


def _trimmed(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    start, end = _stripped(line, start, end)
    while end - start > LONGEST:
        space = line.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = space if space >= 0 else start + LONGEST
        yield _stripped(line, start, cut)
        start, end = _stripped(line, cut, end)
    if start < end:
        yield start, end


def _stripped(line: str, start: int, end: int) -> tuple[int, int]:
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    return start, end


def _ends_sentence(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether the marks of ``match`` end the sentence that began at ``start``."""
    if _leads(line[start : min(match.start(), start + _LEAD + 1)]):
        return False
    word = _LAST_WORD.search(line, max(start, match.start() - _WORD_SPAN), match.start())
    last = word.group() if word else ""
    opens = _NEXT_OPENS.match(line, match.end())
    if opens:
        following = line[opens.end() - 1 : opens.end() + _WORD_SPAN]
        return match.group() != "." or not _abbreviates(last, following)
    if _GLUED.match(line, match.end()):
        return _may_be_glued(last, line[match.start() - 1 : match.start()])
    return False


def _leads(before: str) -> bool:
    """Whether nothing but a number, a bullet or signs stands before: "1. Norland", "... and"."""
    return len(before) <= _LEAD and not any(char.isalpha() for char in before)


def _may_be_glued(last: str, before: str) -> bool:
    """Whether a full stop right before a capital ends a sentence: not in "U.S.Senate", "J.Doe"."""
    if not last:
        return before == "%" or before in tuple(_CLOSERS)
    dotted = "." in last and not last[-1].isdigit()
    return len(last) > 1 and not dotted and last.lower() not in _TITLES


def _abbreviates(last: str, following: str) -> bool:
    """Whether a single full stop after ``last`` belongs to the word."""
    word = last.lower()
    if word in _TITLES or word in _LATIN:
        return True
    if word in _NUMBERED:
        return following[:1].isdigit()
    if word in _TIMES:
        return _first_word(following).rstrip(".") in _TIME_GOES_ON
    if _DOTTED.fullmatch(last) or (len(last) == 1 and last.isupper() and last != "I"):
        return _first_word(following) not in _STARTERS
    return False


def _first_word(following: str) -> str:
    """The next word in lower case, with its full stop, so that an initial is no article."""
    found = _FIRST_WORD.match(following)
    return found.group().lower() if found else ""
