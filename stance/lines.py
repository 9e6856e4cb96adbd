"""Page text → its lines, with what lost its line break when markup was taken away cut apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stance.cleaning import clean_text, has_words
from stance.furniture import classify

_LATE_GLUE: Final = re.compile(
    # a name, then the first word of a sentence: "... Anna ExampleThe first ..."
    r"(?<=[a-z])(?<!Linked)(?=(?:The|A|An|In|It|On|At|As|But|For|If|He|His|Her|She|They|We|This"
    r"|That|There|When|While|After|Before|Since) )"
)
_FULL_NAME: Final = re.compile(r"[A-Z][a-z]+ [A-Z][\w'’-]*[a-z]$")
_LOWER_WORD_GLUE: Final = re.compile(
    r"(?<=[a-z]{3})(?=(?:The|This|That|These|Those|There|They|When|While|After|Before|Since|But"
    r"|She) [a-z])"
)
_NAME_PREFIX: Final = re.compile(
    r"(?:^|[ -])(?:Mc|Mac|De|Del|Di|Da|Du|La|Le|Van|Von|Fitz|St|O[’'])$"
)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z][a-z’']*s? [\w“\"])")


def lines_of(text: str) -> Iterator[str]:
    """The lines of a page, cleaned and none empty, those that were run together apart again."""
    for line in clean_text(text).split("\n"):
        if line:
            yield from _pieces(line)


def _pieces(line: str) -> Iterator[str]:
    """The parts of a line that stood apart on the page: table cells, a byline and its text."""
    if line.startswith("|"):
        yield from (cell.strip() for cell in line.split("|") if has_words(cell))
        return
    if len(line) < 120 and (parts := _imprint_parts(line)):
        yield from parts
        return
    start = 0
    for cut in _glue_cuts(line):
        yield line[start:cut]
        start = cut
    yield line[start:]


def _imprint_parts(line: str) -> list[str]:
    """A line such as "By Ann Example | 3 May 2025" in its parts, if one is byline or date."""
    parts = [part.strip() for part in re.split(r" ?[|•·] ?", line) if has_words(part)]
    kinds = [classify(part).kind for part in parts] if len(parts) > 1 else []
    return parts if any(kind in ("byline", "date", "age", "source") for kind in kinds) else []


def _glue_cuts(line: str) -> list[int]:
    cuts = {match.start() for match in _LOWER_WORD_GLUE.finditer(line)}
    cuts.update(
        match.start()
        for match in _LATE_GLUE.finditer(line)
        if _FULL_NAME.search(line, max(0, match.start() - 60), match.start())
    )
    if line.startswith("By ") and (end := _byline_end(line)):
        cuts.add(end)
    return sorted(cuts)


def _byline_end(line: str) -> int | None:
    """Where the first sentence is glued to the byline that a line starts with."""
    for match in _CAMEL.finditer(line, 0, 160):
        byline = line[: match.start()]
        if _NAME_PREFIX.search(byline):
            continue
        return match.start() if classify(byline).kind == "byline" else None
    return None
