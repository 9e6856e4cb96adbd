"""What cleaning mends, what it leaves alone, and that it holds for any text at all."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.cleaning import clean_line, clean_text, mend_markup, open_glue

# Text with what the rules look for in it, so that they meet in odd ways.
AWKWARD = st.lists(
    st.one_of(
        st.sampled_from(
            [*".!?…,-\"'“”‘’«»()[]:/@\n\r\t", " ", "\n\n", "...", "U.S.", "www.", "https://", "Mr."]
        ),
        st.sampled_from(
            ["said", "The", "He", "NATO", "A", "d", "\u200b", "\u0301", "\ud800", "\x00"]
        ),
        st.characters(),
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(
    ("glued", "cut"),
    [
        ("The talks ended.Nothing was signed.", "The talks ended. Nothing was signed."),
        ("Who pays?Nobody knows!But they try.", "Who pays? Nobody knows! But they try."),
        (
            "He said: “Never.”Then he left.“We are done.”",
            "He said: “Never.” Then he left. “We are done.”",
        ),
        ('It lasted a year."We stay," he said.', 'It lasted a year. "We stay," he said.'),
        ('He said "never"."We stay," he added.', 'He said "never". "We stay," he added.'),
        ('"We stay."He left.', '"We stay." He left.'),
        (
            "It was up by 26%.The bank (of three).The end in 1999.A start.",
            "It was up by 26%. The bank (of three). The end in 1999. A start.",
        ),
        (
            "They joined NATO.But not the U.S.The rest waited.US troops left.",
            "They joined NATO. But not the U.S. The rest waited. US troops left.",
        ),
        ("We waited...Nobody came", "We waited... Nobody came"),
        ("Сказал он.Потом ушёл.", "Сказал он. Потом ушёл."),
    ],
)
def test_a_glued_sentence_gets_its_space(glued: str, cut: str) -> None:
    assert open_glue(glued) == cut


@pytest.mark.parametrize(
    "text",
    [
        "The U.S. and the U.K. met.",
        "J.D.Vance and a Ph.D. from No.10 paid 3.5 or 1,000.00.",
        "Read www.Example.com or https://example.org/A.Html?B.C or a.B@example.org.",
        "See README.TXT, ASP.NET and Booking.Com/offer.",
        "E.On rose.",
        "He said e.g. this.",
    ],
)
def test_names_addresses_and_decimals_stay_whole(text: str) -> None:
    assert open_glue(text) == text


def test_invisible_characters_are_taken_out() -> None:
    assert (
        clean_text("\ufeffZel\u200bens\u00adky\x00 sa\u2060id\u202e no\u200e.")
        == "Zelensky said no."
    )


def test_odd_spaces_and_line_ends_become_plain() -> None:
    raw = "One\u00a0two\u2003three\r\nFour\rFive\u2028Six\x0b\n \t\n\n  Seven"
    assert clean_text(raw) == "One two three\nFour\nFive\nSix\n\nSeven"


def test_letters_and_their_marks_become_one_character() -> None:
    assert clean_text("Orba\u0301n met Erdog\u0306an") == "Orbán met Erdoğan"


def test_ligatures_become_letters() -> None:
    assert clean_text("o\ufb03ce \ufb01nal") == "office final"


def test_surrogate_pairs_are_joined_and_halves_replaced() -> None:
    assert clean_text("a \ud83d\ude00 b \ud83d c") == "a \U0001f600 b \ufffd c"


def test_wrapped_lines_are_joined() -> None:
    raw = (
        "The foreign minister of the small republic said on\n"
        "    Monday that his country would not join the plan,\n"
        "    and that the generals of the whole Northern\n"
        "    Alliance should wait.\n"
        "\n"
        "    A second paragraph starts here and is wrapped\n"
        "    as well, with a well-\n"
        "    known word in it.\n"
    )
    assert clean_text(raw) == (
        "The foreign minister of the small republic said on Monday that his country would not join "
        "the plan, and that the generals of the whole Northern Alliance should wait.\n\n"
        "A second paragraph starts here and is wrapped as well, with a well-known word in it."
    )


@pytest.mark.parametrize(
    "text",
    [
        "A headline without a full stop\nA paragraph that is a single line.\nAnother one.",
        "What each side wants:\n- an end to the shelling of cities\n- the return of prisoners",
        "apples\npears\nplums",
        "Minister says no to the plan of neighbours\nPresident says yes to their plan",
    ],
)
def test_a_line_that_is_a_paragraph_stays_one(text: str) -> None:
    assert clean_text(text) == text


def test_a_title_is_one_line() -> None:
    assert clean_line("  A title\n over \u00a0 two lines ") == "A title over two lines"


def test_remains_of_a_page_are_mended() -> None:
    raw = (
        "<p>The minister&#8217;s &amp;quot;plan&amp;quot; <b>failed</b>.</p>"
        "<script>x='<p>'</script><p>R&D &amp; co</p>"
    )
    assert clean_text(mend_markup(raw)) == 'The minister’s "plan" failed.\n\nR&D & co'


def test_an_encoding_read_wrongly_is_mended() -> None:
    assert mend_markup("â€œWe donâ€™tâ€\x9d said OrbÃ¡n") == "“We don’t” said Orbán"


@pytest.mark.parametrize(
    "text", ["Plain text, 3 < 4 & 5 > 2, AT&T, <name> and x<y.", "Ãngel â la carte"]
)
def test_text_without_such_remains_stays_as_it_is(text: str) -> None:
    assert mend_markup(text) == text


@given(AWKWARD)
@settings(max_examples=500)
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    cleaned = clean_text(raw)
    assert clean_text(cleaned) == cleaned


@given(AWKWARD)
def test_cleaned_text_can_be_written_and_has_only_plain_spaces(raw: str) -> None:
    cleaned = clean_text(raw)
    cleaned.encode("utf-8")
    assert cleaned == cleaned.strip()
    assert "\n\n\n" not in cleaned
    assert not any(
        unicodedata.category(character) == "Cc" for character in cleaned.replace("\n", "")
    )
    assert not any(character.isspace() for character in cleaned.replace(" ", "").replace("\n", ""))


@given(AWKWARD)
def test_opening_glue_only_adds_spaces(raw: str) -> None:
    assert open_glue(raw).replace(" ", "") == raw.replace(" ", "")


@given(AWKWARD)
def test_mending_markup_never_raises(raw: str) -> None:
    clean_text(mend_markup(raw + "<p" + raw + ">&" + raw + ";<script>" + raw))


@pytest.mark.parametrize(
    "unit",
    [
        "said.Then ",
        "a\u0300\u0316",
        '."',
        "((",
        "wrapped in the middle of a\n",
        "<p ",
        "&a",
        "\ud83d",
        "\n ",
        "A.",
    ],
)
def test_time_is_linear_in_length(unit: str) -> None:
    def seconds(size: int) -> float:
        raw = unit * (size // len(unit))
        start = time.process_time()
        clean_text(mend_markup(raw))
        return time.process_time() - start

    seconds(1_000)
    small, large = seconds(50_000), seconds(500_000)
    # ten times the text: quadratic time would be a hundred times as long
    assert large < 40 * max(small, 0.005)
