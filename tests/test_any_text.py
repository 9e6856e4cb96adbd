"""Any text at all is read: every cut slices back, and twice the text is twice the work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stance.attribution import Voices
from stance.cleaning import clean_text, mend_markup
from stance.errors import InputError
from stance.mentions import unresolved
from stance.pages import article_from_text, articles_of
from stance.quotations import quotations, turns
from stance.records import Article
from stance.register import Actors, Issues
from stance.reprints import Stories
from stance.stages import Reader, Reading

Steps = Callable[[Callable[[], object]], int]

DAY = date(2024, 3, 4)
SAID = 'Ada Bell said: "Norland wants a truce." She rejects the islands.'
ODD = [
    SAID,
    "President Bell's ",
    "الرئيسة قالت إن الهدنة ",  # right to left
    "\u202eecurt\u202c",
    "ש\u05b8לו\u05b9ם ",
    "\0",
    "\x1b[31m",
    "e\u0301\u0302\u0303",
    "\u0301" * 40,
    "\N{FAMILY}\u200d\N{BOY}",
    "🏳️\u200d🌈🕊️",
    "\ud83d",
    "“„«‹",
    "”»›’",
    '"' * 3,
    "''",
    "` ´",
    "truce",
    "Tove Kvi\u0301st ",
    "ﬁ",
    "U.S.The ",
    "...",
    "\u2028",
    "\r\n",
    "\n\n",
    "\t",
    "\ufeff",
    "&amp;quot;",
    "<p>",
    "İ",  # lower case has two characters
    "ß",
]
TEXTS = st.lists(st.sampled_from(ODD) | st.text(max_size=20), max_size=30).map("".join)


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


def assert_slices_back(reader: Reader, article: Article) -> None:
    """Every span lies in the text and holds what it is said to hold."""
    text, size = article.text, len(article.text)
    found = reader.read(text, DAY)
    cuts = [(sentence.start, sentence.end) for sentence in found.sentences]
    assert all(start < end and text[start:end].strip() == text[start:end] for start, end in cuts)
    assert "".join("".join(text[a:b] for a, b in cuts).split()) == "".join(text.split())
    for sentence, mentions in zip(found.sentences, found.mentions, strict=True):
        for mention in mentions:
            assert sentence.start <= mention.start <= mention.end <= sentence.end
            assert (mention.start == mention.end) == (mention.how == "speaker")
    for one in found.candidates:
        assert (one.start, one.end) in cuts
        assert 0 <= one.context[0] <= one.context[1] <= one.start
        for start, end in one.mentions:
            assert 0 <= start <= end <= size
        assert all(reader.question(text, one))
    assert_speech_lies_in_the_text(reader, text, found)


def assert_speech_lies_in_the_text(reader: Reader, text: str, found: Reading) -> None:
    for said in (quotations(text), turns(text)):
        assert all(one.start < one.end <= two.start for one, two in pairwise(said))
        assert all(0 <= one.start < one.end <= len(text) for one in said)
    voices = Voices(
        text, found.sentences, found.mentions, lambda a: reader.actors[a].kind == "person"
    )
    for one in found.candidates[:200]:
        attribution = voices.of(one.actor, one.start, one.end)
        assert one.actor not in (attribution.claimant, attribution.addressee)


@given(TEXTS)
@example(SAID + "\0\n" + SAID)
@example("“" * 50 + SAID)
@example("\u0301" + SAID + "\u202e" + SAID[::-1])
@settings(deadline=None, max_examples=200)
def test_any_text_is_cut_so_that_it_slices_back(reader: Reader, text: str) -> None:
    assert_slices_back(reader, Article(text=text))  # as it is, for those who clean themselves
    try:
        article = article_from_text(text)
    except InputError:
        return
    assert clean_text(article.text) == article.text
    article.text.encode("utf-8")
    assert_slices_back(reader, article)


@given(TEXTS, st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_page_is_cut_so_that_it_slices_back(reader: Reader, text: str, is_html: bool) -> None:
    for article in articles_of(text, is_html=is_html):
        assert article.text.strip()
        assert_slices_back(reader, article)


UNITS = [
    "Ada Bell wants a truce and Norland wants the islands, ",
    'Ada Bell said: "Norland wants a truce." She left. ',
    'the "truce ',
    "“truce” „ « ",
    "a\u0301\u0302",
    "هدنة ",
    "🕊️",
    "\0x",
    "x",
    ".",
    "Bell ",
    "he ",
    "\n",
    "By Ann B\n",
    "Ada Bell: we want a truce\n",
    '"A truce, now," Ada Bell told Norland. "At once."\n\n',
    "&amp;",
    "<p>",
]


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_text_is_twice_the_work(unit: str, reader: Reader, steps: Steps) -> None:
    def work(size: int) -> int:
        raw = unit * (size // len(unit))
        text = clean_text(mend_markup(raw)) or "x"
        stories = Stories()

        def read() -> None:
            clean_text(mend_markup(raw))
            found = reader.read(text, DAY)
            voices = Voices(text, found.sentences, found.mentions, lambda a: a == "bell")
            for one in found.candidates:
                voices.of(one.actor, one.start, one.end)
            unresolved(text, found.sentences, found.mentions)
            stories.add("a", text)

        return steps(read)

    once, twice = work(4_000), work(8_000)
    assert twice < 2.3 * once + 500


@pytest.mark.parametrize("unit", [UNITS[0], "a\u0301"])
def test_a_megabyte_without_a_full_stop_slices_back(unit: str, reader: Reader) -> None:
    article = article_from_text(f"Ada Bell wants a truce {unit * (1_000_000 // len(unit))}")
    assert len(article.text) > 400_000
    assert_slices_back(reader, article)
