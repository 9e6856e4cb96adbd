"""Quotations and who speaks: where the cue may stand, how marks may look, and odd ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.quotations import Quotation, quotations, turns

Found = list[tuple[str, str | None, str | None]]


def read(text: str) -> Found:
    """Each quotation's words, speaker and cue."""
    return [(text[q.start : q.end], *_who(text, q)) for q in quotations(text)]


def _who(text: str, one: Quotation) -> tuple[str | None, str | None]:
    return (
        None if one.speaker is None else text[slice(*one.speaker)],
        None if one.cue is None else text[slice(*one.cue)],
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"We stay," said Ada Bell.', [('"We stay,"', "Ada Bell", "said")]),
        ('"We stay," Ada Bell said.', [('"We stay,"', "Ada Bell", "said")]),
        ('"We stay," she told reporters.', [('"We stay,"', "she", "told")]),
        ('Ada Bell said: "We stay."', [('"We stay."', "Ada Bell", "said")]),
        ('Bell insisted, "We stay."', [('"We stay."', "Bell", "insisted")]),
        ('Bell, who came late, said: "We stay."', [('"We stay."', "Bell", "said")]),
        ('On Monday Bell told the crowd: "We stay."', [('"We stay."', "Bell", "told")]),
        (
            'According to Rolf Stone, "Nobody will pay."',
            [('"Nobody will pay."', "Rolf Stone", "According to")],
        ),
        (
            '"We stay," said the spokeswoman, "and we pay."',
            [
                ('"We stay,"', "the spokeswoman", "said"),
                ('"and we pay."', "the spokeswoman", "said"),
            ],
        ),
        (
            '"We stay," said Bell. "Nobody leaves."',
            [('"We stay,"', "Bell", "said"), ('"Nobody leaves."', "Bell", "said")],
        ),
        ('"Not now," grumbled Lena Lund.', [('"Not now,"', None, None)]),
        ('"Not now," Lund grumbled.', [('"Not now,"', "Lund", "grumbled")]),
        (
            '"I want a truce. I want it now. Is that clear?" he asked.',
            [('"I want a truce. I want it now. Is that clear?"', "he", "asked")],
        ),
        ('Bell said:\n\n"We stay."', [('"We stay."', "Bell", "said")]),
    ],
)
def test_the_cue_stands_before_after_or_between(text: str, found: Found) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("opened", "closed"), [("“", "”"), ('"', '"'), ("«", "»"), ("„", "”"), ("‘", "’"), ("'", "'")]
)
def test_all_kinds_of_marks_are_read(opened: str, closed: str) -> None:
    text = f"{opened}We stay,{closed} said Ada Bell. {opened}Nobody leaves.{closed}"
    assert [who for _, who, _ in read(text)] == ["Ada Bell", "Ada Bell"]


def test_a_quotation_runs_over_paragraphs_that_open_anew() -> None:
    text = '"We stay," said Bell. "That is the first.\n\n"The second is peace."\n\nRain fell.'
    assert read(text)[1] == ('"That is the first.\n\n"The second is peace."', "Bell", "said")


def test_a_further_quotation_needs_no_cue() -> None:
    text = 'Bell said: "We stay."\n\n"Nobody leaves."'
    assert [who for _, who, _ in read(text)] == ["Bell", "Bell"]


def test_a_sentence_in_between_may_introduce_another_speaker() -> None:
    text = '"We stay," said Bell. Rolf Stone disagreed. "Nobody stays."'
    assert [who for _, who, _ in read(text)] == ["Bell", "Rolf Stone"]


def test_an_odd_mark_breaks_nothing() -> None:
    text = 'A mark" too many. It was “odd.\n\n"We stay," said Bell.'
    assert read(text) == [('"We stay,"', "Bell", "said")]


def test_an_apostrophe_is_no_mark() -> None:
    text = "The players' union isn't Bell's. 'Tis the '90s again, rock 'n' roll."
    assert quotations(text) == []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('He said: "No truce."', True),
        ('"No truce," he said.', True),
        ('He called the truce "a farce".', False),
        ('She spoke of the "so-called truce" again.', False),
    ],
)
def test_words_inside_the_writers_sentence_are_no_speech_by_themselves(
    text: str, whole: bool
) -> None:
    assert [q.whole for q in quotations(text)] == [whole]


@pytest.mark.parametrize(
    ("text", "who", "said"),
    [
        ("Orban: no troops", "Orban", "no troops"),
        ("Peskov: We are ready.", "Peskov", "We are ready."),
        ("Rain.\nAda Bell: We stay. We pay.\nMore rain.", "Ada Bell", "We stay. We pay."),
    ],
)
def test_a_label_shows_who_speaks(text: str, who: str, said: str) -> None:
    (turn,) = turns(text)
    assert turn.speaker is not None
    assert (text[slice(*turn.speaker)], text[turn.start : turn.end]) == (who, said)
    assert not turn.marked


def test_a_clock_or_an_address_is_no_label() -> None:
    assert turns("At 12:30 it rained.\nhttp://example.org\nthe reasons: rain, snow") == []


_PIECES = st.sampled_from(
    [
        '"',
        "“",
        "”",
        "«",
        "»",
        "‘",
        "’",
        "'",
        " ",
        "\n",
        "\n\n",
        ". ",
        ", ",
        ": ",
        "Bell",
        "said",
        "he",
        "We stay",
        "the man, who",
        "U.S.",
        "é",
        "\u202e",
        "\0",
        "🙂",
        "-",
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=200))
def test_spans_lie_in_the_text_in_order(text: str) -> None:
    at = 0
    for one in quotations(text):
        assert at <= one.start < one.end <= len(text)
        assert text[one.start] in "\"“„«‟‘'"
        at = one.end
        for span in (one.speaker, one.cue):
            assert span is None or 0 <= span[0] < span[1] <= len(text)
    for turn in turns(text):
        assert 0 <= turn.start < turn.end <= len(text)


@pytest.mark.parametrize(
    "piece", ['"a" said b, ', "“He said, ", "‘no’ it’s ", "A: b\n", '"a\n\n', "the man, who ", "“"]
)
def test_the_time_grows_with_the_text(
    steps: Callable[[Callable[[], object]], int], piece: str
) -> None:
    small, large = (
        steps(lambda n=n: [*quotations(piece * n), *turns(piece * n)]) for n in (200, 800)
    )
    assert large <= 5 * small + 100
