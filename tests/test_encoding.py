"""What the model reads: the marked text and the proposition."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from stance.encoding import ACTOR_MARK, MAX_SENTENCE, PairTokenizer, hypothesis, premise
from stance.records import Candidate
from stance.register import Actors, Issues
from stance.stages import Reader


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


TEXT = "Marsh came.  Bell met\nhim. She, Ada Bell, refused."


def candidate(text: str, sentence: str, *marked: str, context: str = "", at: int = 0) -> Candidate:
    """A question about a sentence of a text; actor places are found one after the other."""
    start = text.index(sentence, at)
    places = []
    since = text.index(context) if context else start
    for word in marked:
        since = text.index(word, since)
        places.append((since, since + len(word)))
        since += len(word)
    before = (text.index(context), start) if context else (start, start)
    return Candidate("bell", "truce", start, start + len(sentence), before, tuple(places))


def test_the_actor_is_marked_wherever_named() -> None:
    found = candidate(TEXT, "She, Ada Bell, refused.", "She", "Ada Bell")
    assert premise(TEXT, found) == "* She *, * Ada Bell *, refused."


def test_the_context_stands_before_a_bar_on_one_line() -> None:
    found = candidate(TEXT, "She, Ada Bell, refused.", "Bell", "She", context="Marsh came.")
    assert premise(TEXT, found) == "Marsh came. * Bell * met him. | * She *, Ada Bell, refused."


def test_an_actor_of_the_context_alone_is_marked_there() -> None:
    found = candidate(TEXT, "She, Ada Bell, refused.", "Bell", context="Bell met")
    assert premise(TEXT, found) == "* Bell * met him. | She, Ada Bell, refused."


def test_no_context_no_bar_and_no_actor_no_mark() -> None:
    assert premise(TEXT, candidate(TEXT, "Marsh came.")) == "Marsh came."


def test_a_context_of_white_space_is_none() -> None:
    text = "  \n Bell refused."
    found = Candidate("bell", "truce", 4, 17, (0, 4), ((4, 8),))
    assert premise(text, found) == "* Bell * refused."


def test_possessives_and_signs_stay_outside_the_marks() -> None:
    text = "“Bell’s truce”"
    assert premise(text, candidate(text, text, "Bell")) == "“* Bell *’s truce”"


def test_empty_doubled_and_overlapping_places_are_marked_once() -> None:
    text = "Ada Bell refused."
    found = Candidate("bell", "truce", 0, 17, (0, 0), ((0, 0), (0, 8), (0, 8), (4, 8)))
    assert premise(text, found) == "* Ada Bell * refused."


def test_the_hypothesis_is_the_name_and_the_proposition() -> None:
    assert hypothesis("Ada Bell", "There should be a truce") == "Ada Bell: There should be a truce"


@pytest.mark.parametrize("words_before", [0, 100, 400, 900])
def test_of_a_long_sentence_the_part_around_the_actor_is_shown(words_before: int) -> None:
    text = "Once. " + "word " * words_before + "Bell " + "more " * (1000 - words_before) + "end."
    found = candidate(text, text[6:], "Bell", context="Once.")
    shown = premise(text, found)
    assert shown.startswith("Once. | ")
    assert "* Bell *" in shown
    assert MAX_SENTENCE - 20 <= len(shown) <= MAX_SENTENCE + 20


def test_a_long_sentence_without_a_place_is_shown_from_its_beginning() -> None:
    text = "First " + "word " * 1000
    shown = premise(text, candidate(text, text))
    assert shown.startswith("First word")
    assert len(shown) <= MAX_SENTENCE


def test_a_sentence_of_the_longest_length_is_shown_whole() -> None:
    text = "x" * MAX_SENTENCE
    assert premise(text, candidate(text, text)) == text


# ---------------------------------------------------------------------------------------
# With the stages before

FRAGMENTS = (
    "Ada Bell|Bell|Marsh|Nordish President|he|She|truce|island|“|”|. |\n|\n\n| | |\x00|😀|"
    "\u2028".split("|")
)
PIECES = st.sampled_from([*FRAGMENTS, "and so on " * 150])


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(deadline=None, max_examples=60)
def test_every_question_is_one_line_that_marks_its_actor(reader: Reader, text: str) -> None:
    for found in reader.read(text, date(2024, 5, 1)).candidates:
        shown, asked = reader.question(text, found)
        assert len(shown.splitlines()) == 1
        assert "\n" not in asked
        actor, issue = reader.actors[found.actor], reader.issues[found.issue]
        assert asked == f"{actor.name}: {issue.proposition}"
        assert shown.count(f"{ACTOR_MARK} ") >= bool(found.mentions)
        if found.mentions and found.end - found.start <= MAX_SENTENCE:
            first = " ".join(text[slice(*found.mentions[0])].split())
            assert f"* {first} *" in shown


def test_the_readers_question_reads_as_documented(reader: Reader) -> None:
    text = "He met Marsh. Nordish President Ada Bell refused the truce."
    found, other = reader.read(text, date(2024, 5, 1)).candidates
    assert other.actor == "marsh"
    assert reader.question(text, found) == (
        "He met Marsh. | * Nordish President Ada Bell * refused the truce.",
        "Ada Bell: The fighting over the islands should stop in a truce now",
    )


# ---------------------------------------------------------------------------------------
# Tokens


def saved(folder: Path, pad: str) -> Path:
    """A tokenizer that knows ten words, as a model folder holds it."""
    words = [pad, "<s>", "</s>", "<unk>", *"abcdef", "|"]
    model = models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 1), ("</s>", 2)],
    )
    tokenizer.enable_padding(length=32)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.mark.parametrize("pad", ["<pad>", "[PAD]"])
def test_pairs_become_ids_without_padding(tmp_path: Path, pad: str) -> None:
    tokenizer = PairTokenizer(saved(tmp_path, pad), 16)
    assert tokenizer.pad == 0
    assert tokenizer.ids([("a b", "c"), ("d", "zebra")]) == [
        [1, 4, 5, 2, 2, 6, 2],
        [1, 7, 2, 2, 3, 2],
    ]
    assert tokenizer.ids([]) == []


def test_what_is_too_long_loses_its_oldest_context(tmp_path: Path) -> None:
    tokenizer = PairTokenizer(saved(tmp_path, "<pad>"), 8)
    (ids,) = tokenizer.ids([("a b c d | e", "f a")])
    assert ids == [1, 10, 8, 2, 2, 9, 4, 2], "the end of the text and the whole proposition"
