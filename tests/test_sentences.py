"""Where sentences begin and end in news prose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stance import sentences
from stance.sentences import LONGEST, split

Steps = Callable[[Callable[[], object]], int]


def cut(text: str) -> list[str]:
    """The sentences of a text, as texts."""
    return [text[s.start : s.end] for s in split(text)]


def assert_cut(marked: str) -> None:
    """A text is cut exactly where a bar stands in ``marked``; a bar that takes a space with it
    is written " | ", one between glued sentences "|"."""
    text = marked.replace(" | ", " ").replace("|", "")
    assert cut(text) == [part.strip() for part in marked.split("|")]


@pytest.mark.parametrize(
    "marked",
    [
        "Gen. Ada Brown met Dr. Lee. | They spoke.",
        "Lt. Col. Ann Smith and Sen. Kay spoke to Mrs. Kim and Mr. and Ms. Doe. | None agreed.",
        "St. Anne's fell. | The army of Gov. Bell withdrew.",
        "Norland vs. Southmark is off. | Nobody minds.",
        "Small states, e.g. Norland, i.e. Bell's country, refused. | Others, e.g. Norland did.",
        "Acme Inc. said so. | The Corp. refused.",
    ],
)
def test_abbreviations_do_not_end_a_sentence(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "J. R. Bell came. | He left.",
        "Ada B. Stone refused. | Bram C. D. Hale did not.",
        "The offer of J. A. Smith and D. E. Marsh stands. | It is good.",
        "There was no plan B. | The talks ended.",
        "This is World War I. | Then came peace.",
        "Nobody knows what I know. | So do I. | Norland refused.",
    ],
)
def test_initials_do_not_end_a_sentence(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "The U.S. Senate voted. | It passed.",
        "He left the U.S. | The talks ended.",
        "U.S. President Ada Bell and the U.N. Security Council met. | They agreed.",
        "A Ph.D. student asked. | Nobody answered.",
        "They met in Norburg, N.L. | She smiled.",
        "It begins at 5 p.m. Monday. | At 6 a.m. | The sun rose.",
        "It ended at 5 p.m. GMT. | It began at 4 p.m. | Norland left.",
    ],
)
def test_dotted_abbreviations_end_one_only_before_its_beginning(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "Prices rose 3.5 percent. | Then they fell by 2.1. | Norland paid 1.000.000 crowns.",
        "Since Jan. 5 nothing moved. | It ended in Jan. | Norland won.",
        "Art. 5 and Fig. 3 apply to No. 10. | She said no. | Norland said No. | Then she left.",
        "There were 12. | 30 came later. | In 2024. | 2025 was worse.",
        "Read norland.example.com today. | Or mail ada@bell.example. | Norland will answer.",
    ],
)
def test_numbers_and_addresses_hold_full_stops(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        '"We refuse," she said. | "We always will." | He left.',
        "“No!” he shouted. | “Never?” she asked. | “Yes.” | Then silence.",
        "She said: ‘No.’ | Then she left. | ‘Why?’ he asked.",
        "She said « Non. » | He left. | „Nein.“ was all.",
        "He said “she said ‘no.’” | Then he left.",
        "The minister refused. | (He had left.) | She stayed [at home.] | It rained.",
        "“Stop. | Go,” she said.",
        'An odd " mark. | Then more. | And " more.',
    ],
)
def test_closing_marks_stay_with_their_sentence(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "Well ... maybe not. | Fine… | Then he left.",
        "Well… maybe. | He waited... | Norland did not.",
        "... Norland will not yield. | “... Never,” she said.",
        "Really?! | Yes. | What?? | No!",
    ],
)
def test_an_ellipsis_may_run_on(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "It has already been given.|And that's recognition.|She left.",
        "It was given.|Done.|Then he left.",
        "He joined NATO.|The alliance met in 2024.|It agreed on 3.5%.|Norland did not.",
        "“We will not.”|She left.|(He stayed.)|Nobody came.|Why?|Because.",
        "They refused sanctions (again).|The minister left.|I stayed.|A war began.",
        "She praised “peace”.|Norland did not.|NATO waited.|Östmark too.",
    ],
)
def test_glued_sentences_are_cut(marked: str) -> None:
    assert_cut(marked)


@pytest.mark.parametrize(
    "text",
    [
        "The U.S.Senate and Mr.Stone met J.Doe",
        "the minister said.he left",
        "1.Norland",
    ],
)
def test_what_is_glued_without_ending_is_not_cut(text: str) -> None:
    assert cut(text) == [text]


def test_lines_are_cut_without_a_full_stop() -> None:
    text = (
        "Norland: no troops\n"
        "The leader said so. He left.\n\n"
        "• Norland said no\n• Southmark said yes\n  - 3. third point\n4. Fourth point"
    )
    assert cut(text) == [
        "Norland: no troops",
        "The leader said so.",
        "He left.",
        "• Norland said no",
        "• Southmark said yes",
        "- 3. third point",
        "4. Fourth point",
    ]


def test_bullets_within_a_line_begin_anew() -> None:
    assert_cut("• Norland refused. | • Southmark agreed. | – Nobody cared.")


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b", "\n \t\n"])
def test_every_line_break_ends_a_sentence(break_: str) -> None:
    assert cut(f"Norland: no{break_}Bell left") == ["Norland: no", "Bell left"]


def test_paragraphs_are_numbered_by_blank_lines() -> None:
    text = "\n\nTitle\nLine two. And more.\n\n \nSecond.\n\t\n\nThird\n"
    assert [s.paragraph for s in split(text)] == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u2029\u00a0\t"])
def test_nothing_holds_no_sentence(text: str) -> None:
    assert split(text) == []


def test_only_signs_are_a_sentence_still() -> None:
    assert cut("?! ...\n* * *\n\x00") == ["?! ...", "* * *", "\x00"]


def test_what_is_far_too_long_is_cut_between_words() -> None:
    text = "norland and " * 1000
    pieces = cut(text)
    assert all(LONGEST // 2 < len(piece) <= LONGEST for piece in pieces[:-1])
    assert " ".join(pieces) == text.strip()
    assert "".join(cut("x" * 5000)) == "x" * 5000


# ---------------------------------------------------------------------------------------
# Any text

FRAGMENTS = (
    'Norland|bell|U.S.|Mr.|J.|3.5|No.|p.m.|.|...|…|?|!| |  |\n|\n\n|\r|\u2028|"|“|”|’|»|(|)|—|•|'
    "1.|שלום.|مرحبا|。|\u0301|\x00|😀|\u200f|\ud800".split("|")
)
PIECES = st.sampled_from([*FRAGMENTS, "x" * LONGEST])
TEXTS = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(PIECES, max_size=40).map("".join),
)


@given(TEXTS)
@example("\x1c.\x1c A\x1f")
@example(". " * 50 + "A" + " " * (LONGEST + 5) + "b")
@settings(deadline=None)
def test_any_text_is_covered_by_ordered_disjoint_spans(text: str) -> None:
    end = paragraph = 0
    for sentence in split(text):
        part = text[sentence.start : sentence.end]
        assert end <= sentence.start < sentence.end <= len(text)
        assert part == part.strip()
        assert part
        assert len(part) <= LONGEST
        assert paragraph <= sentence.paragraph <= paragraph + 1
        assert not text[end : sentence.start].strip(), "only white space lies between"
        end, paragraph = sentence.end, sentence.paragraph
    assert not text[end:].strip()


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_a_paragraph_is_cut_the_same_wherever_it_stands(before: str, text: str) -> None:
    joined = f"{before}\n\n{text}"
    assert cut(joined) == cut(before) + cut(text)


# ---------------------------------------------------------------------------------------
# Length

WORST = {
    "no full stop": "norland and ",
    "abbreviations": "Mr. Xa ",
    "initials": "J. ",
    "full stops": ". ",
    "glued": "a.Xa",
    "quotes": '."“ — ',
    "dotted": "a.b.",
    "one word": "x",
    "short lines": "No\n",
}


@pytest.mark.parametrize("unit", WORST.values(), ids=WORST)
def test_twice_the_text_is_twice_the_work(unit: str, steps: Steps) -> None:
    text = unit * (4_000 // len(unit))
    once, twice = steps(lambda: split(text)), steps(lambda: split(text * 2))
    assert twice <= 2.3 * once + 50


class Counted(str):
    """A line that counts the characters copied out of it."""

    copied = 0

    def __getitem__(self, key: Any) -> str:
        part = super().__getitem__(key)
        Counted.copied += len(part)
        return part


@pytest.mark.parametrize("unit", WORST.values(), ids=WORST)
def test_a_full_stop_is_judged_by_what_stands_near(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counted, "copied", 0)
    line = Counted(unit * 1_000)
    assert list(sentences._cut(line))
    assert Counted.copied <= 200 * len(line)


@pytest.mark.parametrize("gap", [" ", "\u00a0", "“", "—", ")", "»", " »", " “ "])
def test_a_long_run_of_signs_is_passed_once(gap: str) -> None:
    """Tried again in parts, each of these would take minutes."""
    text = "a." + gap * 200_000 + "a"
    assert "".join("".join(cut(text)).split()) == "".join(text.split())


def test_a_megabyte_without_a_full_stop() -> None:
    text = "norland " * 131_072
    found = split(text)
    assert sum(s.end - s.start for s in found) + len(found) == len(text)
