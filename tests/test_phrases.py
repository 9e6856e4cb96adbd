"""Folding of letters, and finding many phrases at once."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stance.folding import fold
from stance.phrases import PhraseIndex

ANYTHING = st.text(st.characters(), max_size=60)


def index_of(*phrases: str, exact: bool = True) -> PhraseIndex[str]:
    """An index of phrases that stand for themselves."""
    index: PhraseIndex[str] = PhraseIndex()
    for phrase in phrases:
        index.add(phrase, phrase, exact_case=exact)
    return index


def found(index: PhraseIndex[str], text: str) -> list[tuple[str, str]]:
    """What is found: the text as it stands, and the phrase that it is."""
    return [(text[m.start : m.end], m.value) for m in index.find(text)]


# ---------------------------------------------------------------------------------------
# Folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Orbán", "Orban"),
        ("Łódź, Čeferin, Sinirlioğlu", "Lodz, Ceferin, Sinirlioglu"),
        ("Störe Støre", "Store Store"),
        ("Bell’s ‘no’", "Bell's 'no'"),
        ("ex‑president", "ex-president"),
        ("ten\u00a0miles", "ten miles"),
        ("Bell`s", "Bell's"),
        ("plain ASCII", "plain ASCII"),
        ("Київ", "Київ".replace("ї", "і")),
    ],
)
def test_marks_are_stripped_and_signs_straightened(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANYTHING)
@example("ﬁ ẞ İ가\u0301\ud800😀")
@settings(deadline=None)
def test_folding_keeps_every_offset(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert [fold(char) for char in text] == list(folded)


# ---------------------------------------------------------------------------------------
# Finding


def test_whole_words_are_found_where_they_stand() -> None:
    index = index_of("Bell", "Norland")
    text = "Bell met Bellamy in Norland, not Norlanders (Bell said)."
    assert found(index, text) == [("Bell", "Bell"), ("Norland", "Norland"), ("Bell", "Bell")]


def test_the_longest_phrase_wins_over_what_it_holds() -> None:
    index = index_of("Norburg", "Norburg Post", "Norburg Post Office Union", "Post")
    assert [v for _, v in found(index, "The Norburg Post Office closed.")] == ["Norburg Post"]
    assert [v for _, v in found(index, "Post, Norburg")] == ["Post", "Norburg"]


def test_the_leftmost_phrase_wins_over_a_later_one() -> None:
    index = index_of("White Palace", "Palace Guard")
    assert [v for _, v in found(index, "White Palace Guard")] == ["White Palace"]


def test_the_phrase_that_was_added_first_wins() -> None:
    index: PhraseIndex[int] = PhraseIndex()
    index.add("Kvíst", 1, exact_case=True)
    index.add("Kvist", 2, exact_case=True)
    assert [m.value for m in index.find("Kvist")] == [1]


@pytest.mark.parametrize(
    "text", ["Kvíst", "Kvist", "KVIST", "KVÍST", "Kvíst's", "Kvist’s", "“Kvist”"]
)
def test_spellings_of_one_name(text: str) -> None:
    assert [v for _, v in found(index_of("Kvíst"), f"So {text} refused.")] == ["Kvíst"]


@pytest.mark.parametrize("text", ["kvist", "kVist", "Kvists", "xKvist", "Kvist2"])
def test_what_is_no_spelling_of_a_name(text: str) -> None:
    assert found(index_of("Kvíst"), text) == []


def test_a_short_name_in_capitals_is_no_other_word() -> None:
    assert found(index_of("Xi", "US"), "XI us Us US Xi") == [("US", "US"), ("Xi", "Xi")]


def test_descriptions_are_found_in_any_case() -> None:
    index = index_of("red palace chief", exact=False)
    text = "Red Palace chief, RED PALACE CHIEF and red palace chief"
    assert [v for _, v in found(index, text)] == ["red palace chief"] * 3


def test_the_signs_between_words_must_agree() -> None:
    index = index_of("Jean-Luc Bell", "U.N.L.")
    assert [v for _, v in found(index, "Jean-Luc Bell Jean‑Luc  Bell")] == ["Jean-Luc Bell"] * 2
    assert found(index, "Jean Luc Bell; Jean-Luc, Bell; U N L") == []


def test_a_final_full_stop_is_taken_along_where_it_stands() -> None:
    index = index_of("N.L.")
    assert found(index, "N.L. refused, but N.L did not.") == [("N.L.", "N.L."), ("N.L", "N.L.")]


def test_spaces_in_a_phrase_do_not_matter() -> None:
    index = index_of("  Ada \n  Bell ")
    assert [text for text, _ in found(index, "Ada Bell, Ada\u00a0\u00a0Bell")] == [
        "Ada Bell",
        "Ada\u00a0\u00a0Bell",
    ]


@pytest.mark.parametrize("phrase", ["", "  ", "...", "_", "’"])
def test_a_phrase_without_a_word_is_never_found(phrase: str) -> None:
    assert found(index_of(phrase), "Nothing ... _ ’ here") == []


# ---------------------------------------------------------------------------------------
# Properties

WORDS = st.sampled_from(["Ada", "Bell", "bell", "Kvíst", "U", "S", "of", "the", "Norland"])
SIGNS = st.sampled_from([" ", "  ", "-", ".", "’s ", ", ", "\n", "“", "\u00a0", "_"])
MIXED = st.lists(st.one_of(WORDS, SIGNS, st.text(st.characters(), max_size=2)), max_size=25).map(
    "".join
)
PHRASES = ["Ada Bell", "Bell", "Kvíst", "U.S.", "the Bell", "Norland", "Bell of Norland"]


@given(MIXED)
@settings(deadline=None)
def test_matches_are_ordered_and_disjoint_and_are_their_phrase(text: str) -> None:
    end = 0
    for match in index_of(*PHRASES, exact=False).find(text):
        assert end <= match.start < match.end <= len(text)
        end = match.end
        words = fold(text[match.start : match.end]).lower().split()
        assert " ".join(words).rstrip(".") == fold(match.value).lower().rstrip(".")


@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from([" ", "-", "."]), ANYTHING)
@settings(deadline=None)
def test_a_phrase_is_found_between_any_signs(words: list[str], sign: str, around: str) -> None:
    phrase = sign.join(words)
    text = f"{around} ({phrase}) {around}"
    places = [m.start for m in index_of(phrase).find(text) if m.value == phrase]
    assert len(around) + 2 in places or phrase in around
