"""Page text → its articles, cleaned, each under its own headline.

A page goes through small steps: text → lines → blocks (``furniture``) → sections, one an
article → what of each section is read. A text that a caller hands over as an article is
taken at its word instead: ``article_from_text`` drops no line of it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final

from stance.cleaning import clean_line, clean_text, has_words, mend_markup
from stance.dates import parse_date
from stance.errors import InputError
from stance.furniture import Block, classify, is_handle, is_long, key_of, line_date
from stance.language import foreign, not_english
from stance.lines import lines_of
from stance.records import Article

if TYPE_CHECKING:
    from trafilatura.settings import Document


@dataclass(frozen=True, slots=True)
class _Imprint:
    """What is known of an article besides its text."""

    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: datetime | None = None

    def or_else(self, other: _Imprint) -> _Imprint:
        return _Imprint(
            self.title or other.title,
            self.source or other.source,
            self.url or other.url,
            self.published or other.published,
        )


@dataclass(frozen=True, slots=True)
class _Section:
    """The blocks of one article of a page, without its title and imprint."""

    imprint: _Imprint
    blocks: tuple[Block, ...]


def articles_of(
    raw: str,
    *,
    is_html: bool = False,
    title: str | None = None,
    source: str | None = None,
    url: str | None = None,
    published: datetime | None = None,
) -> list[Article]:
    """The articles of a page, in the order of the page; none where it holds only furniture.

    ``title``, ``source``, ``url`` and ``published`` speak of the first article and win over
    what the page says of it. The text of an article starts with its title where it has one.
    """
    given = _imprint(title, source, url, published)
    text = mend_markup(raw)
    if is_html:
        text, found = _read_html(raw, url)
        given = given.or_else(found)
    blocks = _drop_shouted(_drop_menus([classify(line) for line in lines_of(text)]))
    sections = _sections(blocks, given.title)
    articles: list[Article] = []
    for section in sections:
        known = section.imprint if articles else given.or_else(section.imprint)
        body = _read_of(section.blocks, known.title)
        if body:
            articles.append(_article("\n\n".join(body), known))
    return articles or _article_of_headings(blocks, given)


def article_from_text(
    text: str,
    title: str | None = None,
    published: datetime | None = None,
    source: str | None = None,
    url: str | None = None,
    id: str = "",
) -> Article:
    """The article that a text is, cleaned but with every word kept.

    Raises ``InputError`` where the text holds no letter or digit, or is clearly not English.
    """
    cleaned = clean_text(text)
    if not has_words(cleaned):
        raise InputError("it holds no words", file="text")
    if (language := foreign(cleaned)) is not None:
        raise InputError(not_english(language), file="text")
    known = _imprint(title, source, url, published)
    return _article(cleaned, known, id)


def with_headline(text: str, title: str | None) -> str:
    """The text with its title as the first paragraph, unless it starts with it already.

    A headline can state a position, and its evidence must slice back out of the text.
    """
    if not title or not has_words(title):
        return text
    first_line = text.partition("\n")[0]
    if key_of(first_line) == key_of(title):
        return text
    if len(title.split()) >= _TITLE_WORDS_TO_TRUST and text.startswith(title):
        return text
    return f"{title}\n\n{text}"


_TITLE_WORDS_TO_TRUST: Final = 5  # a shorter title may be how the first sentence starts


def _article(text: str, known: _Imprint, id: str = "") -> Article:
    return Article(
        text=with_headline(text, known.title),
        title=known.title,
        source=known.source or _dateline_source(text),
        url=known.url,
        published=known.published,
        id=id,
    )


def _imprint(
    title: str | None, source: str | None, url: str | None, published: datetime | None
) -> _Imprint:
    return _Imprint(
        _line_or_none(title), _line_or_none(source), _line_or_none(url), _aware(published)
    )


def _line_or_none(value: str | None) -> str | None:
    line = clean_line(value) if value else ""
    return line if has_words(line) else None


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


# ---------------------------------------------------------------------------------------
# HTML


_MOST_TAGS: Final = 50_000  # trafilatura takes minutes for more; no article page has as many


def _read_html(raw: str, url: str | None) -> tuple[str, _Imprint]:
    """The text of an HTML page, a block a line, and what its head says of it."""
    document = _extract(raw, url) if raw.count("<") <= _MOST_TAGS else None
    if document is None:
        return mend_markup(raw), _Imprint()
    title = _without_site(document.title, document.sitename)
    source = _line_or_none(document.sitename or document.hostname)
    return document.text or "", _Imprint(title, source, document.url, _date_or_none(document.date))


def _extract(raw: str, url: str | None) -> Document | None:
    import trafilatura  # here, because loading it takes longer than reading most inputs

    # without a handler of its own, its remarks on odd pages would go to standard error
    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    logging.getLogger("htmldate").addHandler(logging.NullHandler())
    with suppress(Exception):  # any page at all comes here, and none may stop the others
        document = trafilatura.bare_extraction(
            raw.replace("\0", ""),
            url=url,
            with_metadata=True,
            include_comments=False,
            date_extraction_params={"original_date": True, "extensive_search": False},
        )
        return None if isinstance(document, dict) else document
    return None


_SITE_SUFFIX: Final = re.compile(r"(?P<title>.+) (?:[|–—-]|::) (?P<site>[^|–—]{2,40})")


def _without_site(title: str | None, site: str | None) -> str | None:
    """The title without the name of the site that many pages put behind it."""
    line = _line_or_none(title)
    parts = _SITE_SUFFIX.fullmatch(line) if line and site else None
    if parts is None or key_of(parts["site"]) != key_of(site or ""):
        return line
    return parts["title"]


def _date_or_none(value: str | None) -> datetime | None:
    try:
        return parse_date(value)
    except ValueError:
        return None


# ---------------------------------------------------------------------------------------
# Blocks that only their neighbours give away

_MENU_LENGTH: Final = 3
_MENU_WORDS: Final = 3


def _drop_menus(blocks: Sequence[Block]) -> list[Block]:
    """Blocks with each run of very short lines, such as a menu, turned into furniture."""
    kept: list[Block] = []
    run: list[Block] = []
    for block, following in pairwise([*blocks, _END, _END]):
        is_short = block.kind == "heading" and block.words <= _MENU_WORDS
        if block.kind in ("furniture", "echo") or (is_short and not is_handle(following)):
            run.append(block)
            continue
        is_menu = len(run) >= _MENU_LENGTH
        kept += [replace(item, kind="furniture") if is_menu else item for item in run]
        kept.append(block)
        run = []
    return kept[:-1]


_END: Final = Block("prose", "", 0)
_SHOUTED_WORDS: Final = 5


def _drop_shouted(blocks: Sequence[Block]) -> list[Block]:
    """Blocks with headlines in capitals amid the text turned into furniture, which they link."""
    body = next((i for i, block in enumerate(blocks) if is_long(block)), len(blocks))
    shouted = {
        i
        for i, block in enumerate(blocks)
        if i > body
        and block.kind == "heading"
        and block.words >= _SHOUTED_WORDS
        and block.text.isupper()
    }
    return [replace(b, kind="furniture") if i in shouted else b for i, b in enumerate(blocks)]


# ---------------------------------------------------------------------------------------
# Blocks → sections

_IMPRINT_KINDS: Final = frozenset({"byline", "date", "age", "source", "echo", "furniture"})
_SHORTEST_TITLE: Final = 3  # words
_SHORT_LEAD: Final = 80  # words
_MOST_SOURCE_WORDS: Final = 5


def _sections(blocks: Sequence[Block], title: str | None) -> list[_Section]:
    """One section an article: the page is cut where another headline begins."""
    starts = _starts(blocks)
    lead = list(blocks[: starts[0]]) if starts else list(blocks)
    if not starts:
        return [_section(lead, title)]
    ends = [*starts[1:], len(blocks)]
    groups = [list(blocks[start:end]) for start, end in zip(starts, ends, strict=True)]
    words = sum(block.words for block in lead if block.kind == "prose")
    if words >= _SHORT_LEAD or _is_headed(lead):
        return [_section(lead, title), *(_section(group) for group in groups)]
    # a summary or a banner above the first headline belongs below it
    title_key = groups[0][0].key
    head = next((i for i, block in enumerate(groups[0]) if block.key != title_key), 1)
    groups[0][head:head] = lead
    return [_section(groups[0], title), *(_section(group) for group in groups[1:])]


def _is_headed(blocks: Sequence[Block]) -> bool:
    """Whether blocks are an article however short: a headline with its date, and text below."""
    heads = (i for i, b in enumerate(blocks) if b.kind == "heading" and b.words >= _SHORTEST_TITLE)
    head = next((i for i in heads if _is_dated(blocks, i)), len(blocks))
    return any(is_long(block) for block in blocks[head:])


def _starts(blocks: Sequence[Block]) -> list[int]:
    """Where a headline stands twice, or has its own date below the text of another article."""
    starts: list[int] = []
    has_body = False  # since the last start
    for index, block in enumerate(blocks):
        has_body = has_body or is_long(block)
        if block.kind != "heading" or block.words < _SHORTEST_TITLE:
            continue
        if starts and block.key == blocks[starts[-1]].key:
            continue
        if _is_repeated(blocks, index) or (has_body and _is_dated(blocks, index)):
            starts.append(index)
            has_body = False
    return starts


def _is_repeated(blocks: Sequence[Block], index: int) -> bool:
    """Whether the headline stands there twice, which pages do to the title of an article."""
    following = (b for b in blocks[index + 1 : index + 6] if b.kind not in _IMPRINT_KINDS)
    return next((b.key == blocks[index].key for b in following), False)


def _is_dated(blocks: Sequence[Block], index: int) -> bool:
    """Whether a headline is followed by when it was published."""
    following = takewhile(_is_imprint, blocks[index + 1 : index + 5])
    return any(block.kind in ("date", "age", "source") for block in following)


def _is_imprint(block: Block) -> bool:
    return block.kind in _IMPRINT_KINDS or _may_be_source(block)


def _may_be_source(block: Block) -> bool:
    return block.kind == "heading" and block.words <= _MOST_SOURCE_WORDS


def _section(blocks: Sequence[Block], title: str | None = None) -> _Section:
    title = title or _title_of(blocks)
    body = next((i for i, block in enumerate(blocks) if is_long(block)), len(blocks))
    source = _source_of(blocks[: body + 1], title)
    dates = (line_date(block.text) for block in blocks[: body + 3] if block.kind == "date")
    known = _Imprint(title, source, published=next(dates, None))
    taken = {key_of(line) for line in (title, source) if line}
    return _Section(known, tuple(block for block in blocks if block.key not in taken))


def _title_of(blocks: Sequence[Block]) -> str | None:
    """The first heading of a section that has text below, where no text stands above it."""
    content = [block for block in blocks if block.kind in ("heading", "prose")]
    if not any(block.kind == "prose" for block in content):
        return None
    headings = takewhile(lambda block: block.kind == "heading", content)
    return next((block.text for block in headings if block.words >= _SHORTEST_TITLE), None)


def _source_of(blocks: Sequence[Block], title: str | None) -> str | None:
    for block, following in pairwise([*blocks, _END]):
        if block.kind == "source":
            return block.text
        dated = following.kind in ("age", "date", "echo")
        if dated and _may_be_source(block) and block.key != key_of(title or ""):
            return block.text
    return None


_DATELINE: Final = re.compile(
    r"[^\n()]{0,60}"
    r"\((?P<agency>Reuters|AP|AFP|dpa|ANSA|EFE|Bloomberg|Interfax|TASS|UPI|Xinhua)\) ?[-–—]"
)


def _dateline_source(text: str) -> str | None:
    """The agency that a dateline names: "KYIV, Aug 17 (Reuters) - ..."."""
    for paragraph in text[:2000].split("\n")[:5]:
        dateline = _DATELINE.match(paragraph)
        if dateline is not None:
            return dateline["agency"]
    return None


# ---------------------------------------------------------------------------------------
# Section → what of it is read

_WORDS_ABOVE_COMMENTS: Final = 60
_TEASER_WORDS: Final = 60
_REPEATED_WORDS: Final = 4
_MARKERS: Final = frozenset({"comments", "related", "appeal"})
_MOST_LONE_HEADINGS: Final = 3


def _read_of(blocks: Sequence[Block], title: str | None) -> list[str]:
    """The paragraphs and headings of a section; none where it has no prose."""
    kept = [block for block in _drop_regions(blocks) if block.kind in ("prose", "heading")]
    while kept and kept[-1].kind == "heading" and not kept[-1].text.endswith("?"):
        kept.pop()  # a heading with nothing below is a link to elsewhere
    seen = {key_of(title or "")}
    lines = []
    for block in kept:
        if block.words < _REPEATED_WORDS or block.key not in seen:
            lines.append(block.text)
        seen.add(block.key)
    return lines


def _drop_regions(blocks: Sequence[Block]) -> list[Block]:
    """Blocks without the parts of the page that comments, links and appeals take up."""
    kept: list[Block] = []
    for marker, part in _regions(blocks):
        has_article = sum(b.words for b in kept if b.kind == "prose") >= _WORDS_ABOVE_COMMENTS
        if marker == "related":
            kept += _below_links(part) if not (has_article and _are_teasers(part)) else []
        elif marker == "appeal":
            headed = next((i for i, b in enumerate(part) if b.kind == "heading"), len(part))
            kept += part[headed:]
        elif marker != "comments" or not has_article:
            kept += part
    return kept


def _regions(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    """Each marker with the blocks down to the next one; the first marker is empty."""
    marker: str = ""
    part: list[Block] = []
    for block in blocks:
        if block.kind in _MARKERS:
            yield marker, part
            marker, part = block.kind, []
        else:
            part.append(block)
    yield marker, part


def _below_links(blocks: Sequence[Block]) -> list[Block]:
    first = next((i for i, block in enumerate(blocks) if block.kind == "prose"), len(blocks))
    return list(blocks[first:])


def _are_teasers(blocks: Sequence[Block]) -> bool:
    """Whether blocks are the headlines of other stories, with a line or two on each."""
    teasers: list[int] = []
    for previous, block in pairwise([_END, *blocks]):
        if block.kind == "heading" and (previous.kind != "heading" or not teasers):
            teasers.append(0)
        elif block.kind == "prose":
            if not teasers:
                return False
            teasers[-1] += block.words
    return len(teasers) > 1 and max(teasers) <= _TEASER_WORDS


def _article_of_headings(blocks: Sequence[Block], given: _Imprint) -> list[Article]:
    """A page without a full sentence: an article if it is a headline or two, else nothing."""
    lines = [block.text for block in _drop_regions(blocks) if block.kind == "heading"]
    if not 0 < len(lines) <= _MOST_LONE_HEADINGS:
        return []
    if all(len(line.split()) < _SHORTEST_TITLE for line in lines):
        return []
    return [_article("\n\n".join(lines), given)]
