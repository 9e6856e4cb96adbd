"""Issues found by the words around them, with the network that ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from stance import resources
from stance.errors import ModelError
from stance.records import Sentence
from stance.register import load_issues
from stance.sentences import split
from stance.topics import METADATA, TOKENIZER, WEIGHTS, Bags, TopicFinder, Topics

RAIN = "It rained on the coast and the bakery opened late."
PROPOSITIONS = {issue.id: issue.proposition for issue in load_issues().entries}


@pytest.fixture(scope="module")
def finder() -> TopicFinder:
    return TopicFinder(resources.topics(), PROPOSITIONS)


def found(finder: TopicFinder, text: str) -> list[Topics]:
    return finder.find(text, split(text))


def test_other_words_for_an_issue_are_understood(finder: TopicFinder) -> None:
    likely = found(finder, "The door of the alliance must stand open to Kyiv, Sikorski said.")[0]
    assert "nato" in likely.likely


def test_weather_is_no_issue(finder: TopicFinder) -> None:
    assert found(finder, RAIN)[0].likely == ()


def test_a_chance_cue_is_unlikely(finder: TopicFinder) -> None:
    text = "Police seized two million dollars in cash at the border on Monday, officials said."
    assert {"military_aid", "territory"} <= found(finder, text)[0].unlikely


def test_an_issue_of_ones_own_is_left_to_its_cues(finder: TopicFinder) -> None:
    others = TopicFinder(resources.topics(), {"nato": "Norland should join the pact", "wine": "W"})
    assert found(others, RAIN) == [Topics()]
    text = "The door of the alliance must stand open to Kyiv, Sikorski said."
    one = TopicFinder(resources.topics(), {**PROPOSITIONS, "nato": "Norland should join the pact"})
    assert "nato" not in {*found(one, text)[0].likely, *found(one, text)[0].unlikely}


def test_neighbours_are_two_before_and_one_after() -> None:
    bags = Bags(resources.topics() / TOKENIZER)
    text = "one two three four five six"
    places = [Sentence(m, m + len(w)) for w in text.split() for m in [text.index(w)]]
    own = [bag for bag, _ in bags.of(text, places)]
    assert bags.of(text, places)[3][1] == [*own[1], *own[2], *own[4]]
    assert bags.of(text, places)[0][1] == own[1]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_topics_for_each_sentence(one: str, two: str) -> None:
    text = f"{one}\n\n{two}"
    finder = TopicFinder(resources.topics(), PROPOSITIONS)
    sentences = split(text)
    topics = finder.find(text, sentences)
    assert len(topics) == len(sentences)
    assert all(t.unlikely.isdisjoint(t.likely) for t in topics)


def test_a_sentence_far_away_changes_nothing(finder: TopicFinder) -> None:
    text = "Nothing here. Nor here. Nor here again. Sanctions on Moscow must stay, Tusk said."
    longer = "The truce is a trap, Putin said. " + text
    assert found(finder, text)[-1] == found(finder, longer)[-1]


def test_a_broken_folder_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"topics\.safetensors: no topics can be read"):
        TopicFinder(tmp_path, PROPOSITIONS)
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(ModelError, match="no topics can be read"):
        TopicFinder(tmp_path, PROPOSITIONS)
    about = {METADATA: json.dumps({"issues": []})}
    save_file({"words": np.zeros(1, np.float32)}, str(tmp_path / WEIGHTS), metadata=about)
    with pytest.raises(ModelError, match=r"tokenizer\.json: cannot be read"):
        TopicFinder(tmp_path, PROPOSITIONS)
