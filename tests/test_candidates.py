"""Which (actor, issue) questions a text raises, and with what context."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.candidates import (
    CONTEXT_CHARACTERS,
    CONTEXT_SENTENCES,
    CueFinder,
    candidates,
    issues_of,
)
from stance.records import Candidate
from stance.register import Actors, Issue, Issues
from stance.stages import Reader

DAY = date(2024, 5, 1)


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


@pytest.fixture(scope="module")
def cues(topics: Issues) -> CueFinder:
    return CueFinder(topics)


def asked(reader: Reader, text: str) -> list[tuple[str, str, str]]:
    """Each question with its sentence."""
    found = reader.read(text, DAY).candidates
    return [(c.actor, c.issue, text[c.start : c.end]) for c in found]


# ---------------------------------------------------------------------------------------
# Cues


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("A truce at last", ("truce",)),
        ("TRUCES", ("truce",)),
        ("Truceless days", ("truce",)),
        ("they cease fire", ("truce",)),
        ("they cease\u00a0 fire", ("truce",)),
        ("stop the war", ("truce",)),
        ("stop them", ()),
        ("nonstop the", ()),
        ("islanders", ("islands",)),
        ("Örland and Orland", ("islands",)),
        ("Norland, landing", ()),
        ("the islands in the truce", ("truce", "islands")),
        ("", ()),
    ],
)
def test_cues_are_words_and_a_star_is_any_ending(
    cues: CueFinder, text: str, issues: tuple[str, ...]
) -> None:
    assert cues.find(text, 0, len(text)) == issues


def test_cues_are_looked_for_in_the_span_alone(cues: CueFinder) -> None:
    text = "truce islands truce"
    assert cues.find(text, 6, 13) == ("islands",)


def test_signs_in_a_cue_stand_for_themselves() -> None:
    issue = Issue(id="a", title="A", proposition="P", cues=("F-16*", "N.L.", "5%", "peace (final)"))
    cues = CueFinder(Issues((issue,)))
    for text in ("F-16s", "the N.L. plan", "5% more", "a peace (final) deal"):
        assert cues.find(text, 0, len(text)) == ("a",), text
    for text in ("F16", "NXLX", "50%", "peace final"):
        assert cues.find(text, 0, len(text)) == (), text


def test_the_shipped_cues_find_their_issues(shipped_issues: Issues) -> None:
    cues = CueFinder(shipped_issues)
    for text, issue in {
        "It will not cede land.": "territory",
        "A cease-fire is near.": "ceasefire",
        "New sanctions follow.": "sanctions",
        "It will join NATO.": "nato",
        "More Patriots arrive.": "military_aid",
        "Guarantees are needed.": "security_guarantees",
        "Talks should begin.": "negotiations",
    }.items():
        assert issue in cues.find(text, 0, len(text)), text


# ---------------------------------------------------------------------------------------
# Questions


def test_every_actor_is_asked_for_every_issue_of_the_sentence(reader: Reader) -> None:
    text = "Bell told Marsh that a truce would cost the islands."
    assert asked(reader, text) == [
        ("bell", "truce", text),
        ("bell", "islands", text),
        ("marsh", "truce", text),
        ("marsh", "islands", text),
    ]


def test_without_a_cue_or_an_actor_nothing_is_asked(reader: Reader) -> None:
    assert asked(reader, "Bell slept.") == []
    assert asked(reader, "The truce failed.") == []
    assert asked(reader, "") == []


def test_who_was_named_shortly_before_is_asked_too(reader: Reader) -> None:
    text = "Bell slept. It rained. The truce failed."
    assert asked(reader, text) == [("bell", "truce", "The truce failed.")]
    assert asked(reader, "Bell met Marsh. Kvist wants a truce.") == [
        ("kvist", "truce", "Kvist wants a truce."),
        ("bell", "truce", "Kvist wants a truce."),
        ("marsh", "truce", "Kvist wants a truce."),
    ], "the sentence's own actor comes first"


def test_a_sentence_without_a_cue_goes_on_with_the_topic(reader: Reader) -> None:
    text = "A truce is near. It rained. Bell wants none of it. Marsh does."
    assert asked(reader, text) == [("bell", "truce", "Bell wants none of it.")], (
        "two sentences on, and for its own actors alone"
    )
    text = "A truce was offered. The islands were not. Bell shrugged."
    assert asked(reader, text) == [("bell", "islands", "Bell shrugged.")], "the nearest topic"


def test_an_actor_is_asked_once_however_often_named(reader: Reader) -> None:
    (found,) = reader.read("Bell said she, Ada Bell, wants a truce.", DAY).candidates
    assert list(found.mentions) == [(0, 4), (10, 13), (15, 23)]


def places(text: str, found: Candidate) -> list[str]:
    """The places that stand for the candidate's actor, as texts."""
    return [text[a:b] for a, b in found.mentions]


def test_a_title_and_the_name_beside_it_are_one_place(reader: Reader) -> None:
    text = "Nordish President Ada Bell wants a truce, the Nordish president, Bell, said."
    (found,) = reader.read(text, DAY).candidates
    assert places(text, found) == ["Nordish President Ada Bell", "Nordish president", "Bell"]


def test_places_of_two_sentences_stay_two(reader: Reader) -> None:
    text = "No truce, says Bell\nBell wants the islands."
    _, found = reader.read(text, DAY).candidates
    assert found.mentions == ((15, 19), (20, 24))


def test_the_context_is_the_two_sentences_before(reader: Reader) -> None:
    text = "One. Bell came. Marsh came. Bell wants a truce. Bell left."
    found = reader.read(text, DAY).candidates[0]
    assert text[slice(*found.context)] == "Bell came. Marsh came. "
    assert text[found.start : found.end] == "Bell wants a truce."
    assert places(text, found) == ["Bell", "Bell"]


def test_the_first_sentence_has_no_context(reader: Reader) -> None:
    (found,) = reader.read("  Bell wants a truce.", DAY).candidates
    assert found.context == (2, 2)


def test_a_long_sentence_before_is_no_context(reader: Reader) -> None:
    long = "Bell went " + "on and " * (CONTEXT_CHARACTERS // 7) + "on."
    text = f"{long} Marsh came. Bell wants a truce."
    found = reader.read(text, DAY).candidates[0]
    assert text[slice(*found.context)] == "Marsh came. "
    assert places(text, found) == ["Bell"], "what lies before the context is not marked"


def test_the_speaker_of_a_running_quotation_is_asked(reader: Reader) -> None:
    text = "Bell spoke. “No truce. The islands are ours.”"
    found = reader.read(text, DAY).candidates
    assert [(c.actor, c.issue) for c in found] == [("bell", "truce"), ("bell", "islands")]
    assert [places(text, c) for c in found] == [["Bell"], ["Bell"]], "an empty span is no place"


def test_questions_stand_in_the_order_of_the_text(reader: Reader) -> None:
    text = "Marsh wants a truce. Bell wants the islands and a truce."
    assert [(a, i) for a, i, _ in asked(reader, text)] == [
        ("marsh", "truce"),
        ("bell", "truce"),
        ("bell", "islands"),
        ("marsh", "truce"),
        ("marsh", "islands"),
    ]


def test_no_mentions_no_questions() -> None:
    assert candidates("", [], [], []) == []


def test_likely_issues_are_asked_about_and_unlikely_ones_are_not() -> None:
    cued = [("truce",), (), (), ("truce", "islands")]
    likely = [("islands",), (), ("truce",), ()]
    unlikely = [frozenset[str](), frozenset({"islands"}), frozenset[str](), frozenset({"truce"})]
    assert issues_of(cued, likely, unlikely) == [
        ("truce", "islands"),
        ("truce",),  # the topic goes on, less what is unlikely here
        ("truce",),
        ("islands",),
    ]


# ---------------------------------------------------------------------------------------
# Any text

FRAGMENTS = (
    "Ada Bell|Bell|Kvíst|Marsh|Hale|Norland|Nordish president|the president|he|She|We|truce|truces|"
    'island|cease fire|land|“|”|"|. |? |, | | | |\n|\n\n|שלום|\u0301|\x00|😀'.split("|")
)
PIECES = st.sampled_from([*FRAGMENTS, "and so on " * 40])
TEXTS = st.one_of(st.text(st.characters(), max_size=80), st.lists(PIECES, max_size=50).map("".join))


@given(TEXTS, st.sampled_from([None, DAY]))
@settings(deadline=None)
def test_every_span_slices_and_the_context_stands_before(
    reader: Reader, text: str, day: date | None
) -> None:
    reading = reader.read(text, day)
    spans = [(s.start, s.end) for s in reading.sentences]
    for found in reading.candidates:
        assert found.actor in reader.actors
        assert found.issue in reader.issues
        index = spans.index((found.start, found.end))
        since, until = found.context
        assert until == found.start
        assert found.start - since <= CONTEXT_CHARACTERS
        assert since in [start for start, _ in spans[max(0, index - CONTEXT_SENTENCES) : index + 1]]
        at = since
        for start, end in found.mentions:
            assert at <= start < end <= found.end
            assert text[start:end].strip()
            at = end
        assert reading.candidates.count(found) == 1


@given(TEXTS)
@settings(deadline=None, max_examples=30)
def test_the_same_text_raises_the_same_questions(reader: Reader, text: str) -> None:
    first = reader.read(text, DAY)
    reader.read("Marsh said: “She wants a truce.", DAY)
    assert reader.read(text, DAY) == first
