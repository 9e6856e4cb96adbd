"""Raw text → the cleaned text that every offset refers to.

``clean_text`` is what each article goes through, whatever it was read from; it drops no
word. ``mend_markup`` comes before it for text that was cut out of a page by others.
Both take any Unicode text, never raise, and need time linear in its length.
"""

from __future__ import annotations

import html
import re
import unicodedata
from itertools import pairwise
from typing import Final

# Soft hyphens, zero-width characters, direction marks and other invisible ones: they split
# words ("Pu\u200btin") and no name or cue would be found across them.
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_DROPPED: Final = re.compile(
    f"[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f{_INVISIBLE}\U000e0000-\U000e007f]"
)
_LINE_BREAK: Final = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES: Final = re.compile(r"[^\S\n]+")
_BLANK_LINES: Final = re.compile(r" ?\n ?(?:\n ?)+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LIGATURES: Final = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)

# A letter with its combining marks. Only these are composed, and only a few at a time:
# normalising a whole text sorts its marks, which is quadratic in the longest run of them.
_MARKED_LETTER: Final = re.compile("[^\\W\\d_][\u0300-\u036f]+")
_MOST_MARKS: Final = 8


def clean_text(raw: str) -> str:
    """The text with invisible characters, odd line ends, wrapped lines and glue mended.

    Lines are stripped, paragraphs stand apart by one blank line, and cleaning a cleaned
    text changes nothing. Empty where ``raw`` holds nothing that can be seen.
    """
    return open_glue(unwrap(_mend_characters(raw)))


def clean_line(raw: str) -> str:
    """The same for what must be one line: a title, a source, an address."""
    return " ".join(_mend_characters(raw).split())


def has_words(text: str) -> bool:
    """Whether there is a letter or digit in it at all."""
    return any(character.isalnum() for character in text)


def _mend_characters(raw: str) -> str:
    text = _LINE_BREAK.sub("\n", _join_surrogates(raw))
    text = _DROPPED.sub("", text).translate(_LIGATURES)
    text = _MARKED_LETTER.sub(_compose, text)
    text = _SPACES.sub(" ", text.replace("\x1f", " "))
    return _BLANK_LINES.sub("\n\n", text).replace(" \n", "\n").replace("\n ", "\n").strip()


def _join_surrogates(text: str) -> str:
    """Surrogate pairs as the character they mean, halves as U+FFFD: neither can be written."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _compose(match: re.Match[str]) -> str:
    marked = match.group()
    return unicodedata.normalize("NFC", marked) if len(marked) <= _MOST_MARKS else marked


# ---------------------------------------------------------------------------------------
# Lines that were wrapped at a column

_SHORTEST_WRAPPED: Final = 30
_SHARE_CARRIED_ON: Final = 0.4
_LIST_ITEM: Final = re.compile(r"[-*•·–—▪●◦‣>|#]|\d{1,3}[.)] |[QA]: ")


def unwrap(text: str) -> str:
    """Join the lines of paragraphs that were wrapped at a column, as in mail or source code.

    A text counts as wrapped where many of its lines end in mid-sentence and the next one
    goes on in lower case; text with a paragraph a line is left as it is.
    """
    lines = text.split("\n")
    neighbours = [(a, b) for a, b in pairwise(lines) if a and b]
    carried_on = sum(_carries_on(left, right) for left, right in neighbours)
    if not carried_on or carried_on < _SHARE_CARRIED_ON * len(neighbours):
        return text
    lengths = sorted(len(line) for line in lines if line)
    half_a_line = lengths[-1 - len(lengths) // 10] // 2
    joined = [lines[0]]
    for previous, line in pairwise(lines):
        if _same_paragraph(previous, line, half_a_line):
            joined += ["" if previous.endswith("-") else " ", line]
        else:
            joined += ["\n", line]
    return "".join(joined)


def _carries_on(left: str, right: str) -> bool:
    unfinished = left[-1].isalnum() or left[-1] in ",;-–—’'"
    return unfinished and right[0].islower() and len(left) >= _SHORTEST_WRAPPED


def _same_paragraph(left: str, right: str, half_a_line: int) -> bool:
    if not left or not right or _LIST_ITEM.match(right):
        return False
    return right[0].islower() or len(left) >= half_a_line


# ---------------------------------------------------------------------------------------
# Sentences that were glued when markup was taken away

_SENTENCE_END: Final = re.compile(r"[.!?…][\"“”‘’»)]{0,2}(?=[^\W\d_])|[.!?…](?=[\"“‘«(]+\w)")
_CONTEXT: Final = 60
_CLOSING: Final = "”’»)"
_OPENING: Final = "“‘«("
_OPENERS: Final = _OPENING + '"'
_FIRST_WORDS: Final = frozenset(
    "A An And As At But By For He Her His How I If In It Its No Not On Or She So That The Then "
    "There These They This Those To We What When Where While Who Why With You "
    "EU NATO UK UN US".split()
)
# What follows the dot of a file name or a host name.
_ENDINGS: Final = frozenset(
    "com org net gov edu info htm html php pdf doc docx txt csv json xml jpg jpeg png gif mp3 mp4 "
    "zip".split()
)
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")


def open_glue(text: str) -> str:
    """Put a space where a sentence ends and the next starts without one ("It ended.Then he left.").

    Initials ("U.S.", "J.D."), addresses, file names and decimals are left alone.
    """
    cuts = [cut for line in _lines(text) for cut in _glued_at(text, *line)]
    if not cuts:
        return text
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return " ".join(pieces)


def _lines(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _glued_at(text: str, start: int, end: int) -> list[int]:
    """Where a space is missing between ``start`` and ``end``, which hold one line."""
    cuts: list[int] = []
    quotes, counted_to, token_from = 0, start, start
    for match in _SENTENCE_END.finditer(text, start, end):
        dot = match.start()
        quotes += text.count('"', counted_to, dot)
        counted_to = dot
        cut = _cut_after(text, dot, end, in_quotation=quotes % 2 == 1)
        if cut is None:
            continue
        left = text[max(token_from, dot - _CONTEXT) : dot].rpartition(" ")[2].lstrip(_OPENERS)
        right = text[cut : min(end, cut + _CONTEXT)].partition(" ")[0].lstrip(_OPENERS)
        closed = text[dot] != "." or cut > dot + 1
        if _ends_sentence(left, right, closed=closed):
            cuts.append(cut)
            token_from = cut
    return cuts


def _cut_after(text: str, dot: int, end: int, *, in_quotation: bool) -> int | None:
    """The place for the space after the mark at ``dot``; quotation marks decide which side."""
    cut = dot + 1
    while cut < end and cut <= dot + 2:
        mark = text[cut]
        closes = mark in _CLOSING or (mark == '"' and in_quotation)
        if not closes:
            break
        in_quotation = in_quotation and mark != '"'
        cut += 1
    first = cut
    while first < end and first <= cut + 2 and text[first] in _OPENERS:
        first += 1
    return cut if first < end and text[first].isupper() else None


def _ends_sentence(left: str, right: str, *, closed: bool) -> bool:
    """Whether the mark between two tokens ends a sentence, and is no dot inside a name.

    ``closed``: the mark is more than a bare full stop.
    """
    if not left or not right or "://" in left or "@" in left or left.startswith("www"):
        return False
    word = re.split(r"\W", right, maxsplit=1)[0]
    if closed:
        return True
    if _is_name_part(word, right):
        return False
    initials = _INITIALS.search(left) is not None
    if initials or (len(left) == 1 and left.isalpha()):
        # "U.S.The" ends a sentence, "J.D.Vance", "U.S.Steel" and "E.On" may not
        return word in _FIRST_WORDS and len(word) > (1 if initials else 2)
    # "NATO.But" ends a sentence, "ASP.NET" is a name
    return not (left[-1].isupper() and word.isupper()) or word in _FIRST_WORDS


def _is_name_part(word: str, token: str) -> bool:
    if len(word) == 1:
        return word not in _FIRST_WORDS  # "Ph.D."
    return word.casefold() in _ENDINGS and (word.isupper() or token != word)


# ---------------------------------------------------------------------------------------
# Text that still carries the marks of the page it was cut from

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INLINE: Final = "a|abbr|b|em|i|mark|q|small|span|strong|sub|sup|time|u|font|cite|code"
_BLOCK: Final = (
    "article|aside|blockquote|body|br|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|header|"
    "hr|html|iframe|img|li|main|nav|noscript|ol|p|picture|pre|script|section|source|style|table|"
    "tbody|td|tfoot|th|thead|tr|ul|video"
)
_TAG: Final = re.compile(
    rf"<(?P<close>/?)(?:(?P<block>{_BLOCK})|{_INLINE})(?:[\s/][^<>]*)?>", re.IGNORECASE
)
_DOCUMENT: Final = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN: Final = ("script", "style", "noscript", "iframe")

# UTF-8 that was read as cp1252: the first byte as a letter, the others as what cp1252 has there.
_CP1252_HIGH: Final = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore") + "\x81\x8d\x8f\x90\x9d"
_MOJIBAKE: Final = re.compile(f"[Â-ô][{re.escape(_CP1252_HIGH)}]{{1,3}}")


def mend_markup(raw: str) -> str:
    """Text of a page with its tags taken away, its entities and its encoding mended.

    Paragraph tags become line breaks. Text without such remains comes back as it was.
    """
    text = _MOJIBAKE.sub(_decode_again, raw)
    text = _strip_tags(text)
    return _unescape(_unescape(text))  # twice: exports often escape what was escaped


def looks_like_html(head: str) -> bool:
    """Whether a text starts as an HTML document does."""
    return _DOCUMENT.match(head[:2000]) is not None


def _decode_again(match: re.Match[str]) -> str:
    damaged = match.group()
    try:
        raw = b"".join(_cp1252_byte(character) for character in damaged)
        return raw.decode("utf-8")
    except UnicodeError:
        return damaged


def _cp1252_byte(character: str) -> bytes:
    return bytes([ord(character)]) if ord(character) < 0x100 else character.encode("cp1252")


def _strip_tags(text: str) -> str:
    pieces, last, hidden = [], 0, ""
    for tag in _TAG.finditer(text):
        name = (tag["block"] or "").lower()
        if not hidden:
            pieces.append(text[last : tag.start()])
            pieces.append("\n" if name == "br" else "\n\n" if name else "")
        last = tag.end()
        if hidden:
            hidden = "" if tag["close"] and name == hidden else hidden
        elif name in _HIDDEN and not tag["close"]:
            hidden = name
    return "".join(pieces) + text[last:] if last else text


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)
