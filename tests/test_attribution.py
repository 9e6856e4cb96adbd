"""How a position is introduced: its cue, whose claim it is, and to whom it is put.

The cast (``conftest.py``): Ada Bell and Rolf Stone of Norland, Tove Kvíst of Southmark, and the
foreign ministers Ivo Marsh (Norland) and Lena Lund (Southmark).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.attribution import Attribution, Voices
from stance.mentions import MentionFinder
from stance.pipeline import Tracker
from stance.register import Actors, Issues
from stance.sentences import split
from stance.stages import Reader
from tests.fakes import FakeScorer

DAY = date(2024, 5, 1)
Ask = Callable[[str, str], Attribution]


@pytest.fixture(scope="module")
def ask(cast: Actors) -> Ask:
    """Asks about an actor in the last sentence of a text."""
    finder = MentionFinder(cast)

    def asked(text: str, actor: str) -> Attribution:
        sentences = split(text)
        voices = _voices(text, finder, cast)
        return voices.of(actor, sentences[-1].start, sentences[-1].end)

    return asked


def _voices(text: str, finder: MentionFinder, cast: Actors) -> Voices:
    sentences = split(text)
    mentions = finder.find(text, sentences, DAY)
    return Voices(text, sentences, mentions, lambda actor: cast[actor].kind == "person")


@pytest.mark.parametrize(
    ("text", "actor", "cue"),
    [
        ("Bell said the islands were hers.", "bell", "said"),
        ("Bell has repeatedly rejected a truce.", "bell", "rejected"),
        ("Bell ruled out a truce.", "bell", "ruled out"),
        ("Bell called for a truce.", "bell", "called for"),
        ("A truce must come now, said Bell.", "bell", "said"),
        ("According to Bell, a truce is near.", "bell", "According to"),
        ("A truce was rejected by Bell.", "bell", "rejected by"),
        ('"A truce, now," Bell told reporters.', "bell", "told"),
        ('Bell insisted: "We want a truce. And we want it now."', "bell", "insisted"),
        ("Rain fell on Norburg.", "norland", ""),
        ("Bell rejected what Marsh had demanded.", "marsh", "demanded"),
        ("Bell: no truce", "bell", ""),
        ("Bell met Kvíst and later rejected a truce.", "bell", "rejected"),
        ('"No truce," says the president of the north, Ada Bell.', "bell", "says"),
    ],
)
def test_the_cue_is_the_word_that_introduces_it(ask: Ask, text: str, actor: str, cue: str) -> None:
    assert ask(text, actor).cue == cue


def test_a_quotation_that_runs_on_keeps_its_cue(ask: Ask) -> None:
    text = 'Bell said: "We want a truce.\n\n"The islands come later."'
    assert ask(text, "bell").cue == "said"


@pytest.mark.parametrize(
    ("text", "actor", "via"),
    [
        ("Bell said that Kvíst wanted a truce.", "kvist", "bell"),
        ("Kvíst wants a truce, Bell said.", "kvist", "bell"),
        ("According to Bell, Kvíst wants a truce.", "kvist", "bell"),
        ('"Kvíst wants a truce," Bell told reporters.', "kvist", "bell"),
        ('Bell spoke first. She said: "Kvíst wants a truce."', "kvist", "bell"),
        ("Bell: Kvíst wants a truce", "kvist", "bell"),
        ('Bell said Kvíst wants "a truce", according to Marsh.', "kvist", "bell"),
        ("Bell said that Kvíst wanted a truce.", "bell", ""),
        ("Kvíst wants a truce.", "kvist", ""),
    ],
)
def test_the_source_of_a_claim_is_somebody_else(ask: Ask, text: str, actor: str, via: str) -> None:
    assert ask(text, actor).claimant == via


@pytest.mark.parametrize(
    ("text", "actor", "addressee"),
    [
        ("Bell told Kvíst that a truce was near.", "bell", "kvist"),
        ("Bell told President Tove Kvíst that a truce was near.", "bell", "kvist"),
        ("Bell urged Sudholm to accept a truce.", "bell", "southmark"),
        ("Bell called on Southmark to accept a truce.", "bell", "southmark"),
        ("Bell told Sudholm's Tove Kvíst that a truce was near.", "bell", "kvist"),
        ("Bell urged Sudholm to hear Tove Kvíst.", "bell", "southmark"),
        ("Bell told reporters that Kvíst was late.", "bell", ""),
        ("Bell said Marsh told Kvíst of a truce.", "bell", ""),
        ("Bell said a truce was near.", "bell", ""),
        ('"A truce, now," Bell told Lund.', "bell", "lund"),
    ],
)
def test_the_addressee_stands_right_after_its_verb(
    ask: Ask, text: str, actor: str, addressee: str
) -> None:
    assert ask(text, actor).addressee == addressee


def test_a_spokesman_for_somebody_is_not_that_one(cast: Actors) -> None:
    text = '"No truce," said a spokesman for Bell.'
    voices = _voices(text, MentionFinder(cast), cast)
    assert voices.of("bell", 0, len(text)) == Attribution()


def test_a_position_carries_its_attribution(cast: Actors, topics: Issues) -> None:
    tracker = Tracker(Reader(cast, topics), FakeScorer())
    (position,) = tracker.analyze("Bell rejects a truce.", published=DAY)
    assert (position.actor, position.cue, position.via) == ("bell", "rejects", "")
    article = tracker.article("Bell rejects a truce.", published=DAY)
    bare = [type(j)(j.candidate, j.scores) for j in tracker.judge(article)]
    assert tracker.report(article, bare) == tracker.positions(article)


_WORDS = st.sampled_from(
    [
        "Bell",
        "Kvíst",
        "Norburg",
        "said",
        "told",
        "a truce",
        '"',
        "“",
        "”",
        ",",
        ".",
        "\n",
        "he",
        "according to",
        "Bell:",
        "'",
        "\0",
        "🙂",
    ]
)


@given(text=st.lists(_WORDS, max_size=40).map(" ".join))
def test_any_text_has_an_answer(cast: Actors, text: str) -> None:
    voices = _voices(text, MentionFinder(cast), cast)
    for sentence in split(text):
        for actor in ("bell", "kvist", "norland"):
            found = voices.of(actor, sentence.start, sentence.end)
            assert actor not in (found.claimant, found.addressee)
            assert all(one == "" or one in cast for one in (found.claimant, found.addressee))
            assert " ".join(found.cue.split()) == found.cue
