"""Names exchanged and propositions turned round, without losing what is marked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance import encoding
from stance.records import Candidate, Mention
from stance.register import Actors, Issues
from stance.stages import Reader
from training import augment
from training.codebook import codebook_pairs
from training.config import Sampling
from training.gold import GoldPosition, GoldText
from training.pairs import Pair

TEXT = "Nordish President Ada Bell met Marsh. She told him that Bell wants a truce."


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


def question(reader: Reader, text: str, names: dict[str, str], actor: str) -> str:
    """What the model reads of the last question about an actor, with other names."""
    reading = reader.read(text)
    asked = [c for c in reading.candidates if c.actor == actor][-1]
    return encoding.premise(*augment.renamed(text, asked, reading.mentions, names))


def test_a_title_and_its_name_become_one_name_and_pronouns_stay(reader: Reader) -> None:
    names = {"bell": "Person A", "marsh": "Person B"}
    assert question(reader, TEXT, names, "bell") == (
        "* Person A * met Person B. | * She * told him that * Person A * wants a truce."
    )


def test_without_other_names_nothing_changes(reader: Reader) -> None:
    reading = reader.read(TEXT)
    for asked in reading.candidates:
        assert augment.renamed(TEXT, asked, reading.mentions, {}) == (TEXT, asked)


def test_placeholders_tell_the_kind_and_nothing_else(cast: Actors) -> None:
    assert augment.placeholders(cast, ["bell", "norland", "bell", "marsh"]) == {
        "bell": "Person A",
        "norland": "Country B",
        "marsh": "Person C",
    }


def test_strangers_are_alike_absent_and_never_left_out(cast: Actors) -> None:
    present = ["bell", "norland"]
    for seed in range(20):
        names = augment.strangers(cast, present, random.Random(seed), frozenset({"kvist"}))
        for actor, name in names.items():
            other = next(a for a in cast.entries if a.name == name)
            assert (other.kind, other.pronoun) == (cast[actor].kind, cast[actor].pronoun)
            assert other.id not in {*present, "kvist"}


def test_the_opposite_proposition_turns_the_labels_round() -> None:
    assert augment.turned(("support",)) == ("oppose",)
    assert augment.turned(("oppose", "neutral", "none")) == ("support", "neutral", "none")


def test_every_tracked_issue_has_other_wordings(shipped_issues: Issues) -> None:
    words = augment.wordings()
    assert set(words) == {issue.id for issue in shipped_issues.entries}
    for one in words.values():
        assert len({*one.same, *one.opposite}) == len(one.same) + len(one.opposite) >= 4


@given(
    st.text(st.sampled_from("ab *"), min_size=12, max_size=30),
    st.lists(st.tuples(st.integers(0, 11), st.integers(1, 4)), max_size=5),
    st.text("xyz", min_size=1, max_size=6),
)
@settings(deadline=None)
def test_marked_places_still_hold_the_name(
    text: str, spans: list[tuple[int, int]], name: str
) -> None:
    mentions = [Mention("one", a, min(a + n, len(text)), "name") for a, n in spans]
    places = tuple((m.start, m.end) for m in mentions)
    asked = Candidate("one", "issue", 0, len(text), (0, 0), places)
    changed, moved = augment.renamed(text, asked, [mentions], {"one": name})
    assert (moved.start, moved.end) == (0, len(changed))
    assert all(changed[a:b] == name for a, b in moved.mentions)
    assert bool(moved.mentions) == bool(mentions)


# ---------------------------------------------------------------------------------------
# Which pairs are drawn

GOLD = [
    GoldText(
        id=str(i),
        text="Bell told Marsh that she rejects the truce.",
        positions=(GoldPosition(actor="bell", issue="truce", stance="oppose", evidence="quote"),),
    )
    for i in range(40)
]


def drawn(reader: Reader, sampling: Sampling, **options: frozenset[str]) -> list[Pair]:
    return codebook_pairs(GOLD, reader, sampling, seed=1, anchored=False, **options)


def test_positions_are_repeated_and_the_rest_is_thinned(reader: Reader) -> None:
    pairs = drawn(reader, Sampling(none_with=0.5, repeat={"truce": 2, "quote": 3}))
    held = [p for p in pairs if p.labels == ("oppose",)]
    assert len(held) == 3 * len(GOLD), "the largest number counts"
    assert 8 <= len(pairs) - len(held) <= 32, "about every second text keeps its empty pair"
    assert pairs == drawn(reader, Sampling(none_with=0.5, repeat={"truce": 2, "quote": 3}))


def test_everything_takes_each_question_once_as_it_is(reader: Reader) -> None:
    pairs = drawn(reader, Sampling.everything())
    assert len(pairs) == 2 * len(GOLD)
    assert len({(p.premise, p.hypothesis) for p in pairs}) == 2


def test_what_is_left_out_is_never_asked_nor_named(reader: Reader) -> None:
    out = frozenset({"marsh", "kvist"})
    pairs = drawn(reader, Sampling(renamed=1.0), leave_out=out)
    assert len(pairs) == len(GOLD)
    named = " ".join(p.premise + p.hypothesis for p in pairs)
    assert "Kvist" not in named
    assert not drawn(reader, Sampling(), leave_out=frozenset({"truce"}))


def test_renamed_questions_are_asked_of_the_new_name(reader: Reader) -> None:
    for pair in drawn(reader, Sampling(renamed=1.0)):
        name = pair.hypothesis.split(":")[0]
        assert f"* {name} *" in pair.premise
        assert "Bell" not in pair.premise
