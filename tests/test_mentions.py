"""Who is meant: names, offices by the date, descriptions, bodies, pronouns, running quotations.

The cast (``conftest.py``): Ada Bell (she) was president of Norland from 2022 until 20 January
2025, Rolf Stone (he) before and after her; Tove Kvíst (she) is president of Southmark; Ivo Marsh
(he) and Lena Lund (she) are the foreign ministers; Bram and Ines Hale share their surname.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.mentions import MentionFinder
from stance.records import Mention
from stance.register import Actors
from stance.sentences import LONGEST, split

BELLS = date(2024, 5, 1)
STONES = date(2025, 8, 15)

Found = list[list[tuple[str, str, str]]]


@pytest.fixture(scope="module")
def finder(cast: Actors) -> MentionFinder:
    return MentionFinder(cast)


@pytest.fixture(scope="module")
def shipped(shipped_actors: Actors) -> MentionFinder:
    return MentionFinder(shipped_actors)


def read(finder: MentionFinder, text: str, day: date | None = BELLS) -> Found:
    """Each sentence's mentions: who, by which words, and how they were read."""
    return [
        [(m.actor, text[m.start : m.end], m.how) for m in row]
        for row in finder.find(text, split(text), day)
    ]


def who(finder: MentionFinder, text: str, day: date | None = BELLS) -> list[set[str]]:
    """The actors of each sentence."""
    return [{actor for actor, _, _ in row} for row in read(finder, text, day)]


# ---------------------------------------------------------------------------------------
# Names


@pytest.mark.parametrize(
    ("spelling", "actor"),
    [
        ("Zelensky", "zelensky"),
        ("Zelenskyy", "zelensky"),
        ("Zelenskiy", "zelensky"),
        ("Selenskyj", "zelensky"),
        ("Volodymyr Zelenskyy", "zelensky"),
        ("ZELENSKY", "zelensky"),
        ("Orban", "orban"),
        ("Orbán", "orban"),
        ("Viktor Orbán", "orban"),
        ("ORBÁN", "orban"),
        ("Kyiv", "ukraine"),
        ("Kiev", "ukraine"),
        ("Putin", "putin"),
        ("Erdogan", "erdogan"),
        ("Erdoğan", "erdogan"),
        ("Sergey Lavrov", "lavrov"),
        ("von der Leyen", "von_der_leyen"),
        ("Fico", "fico"),
        ("U.S.", "us"),
    ],
)
def test_the_spellings_of_the_news(shipped: MentionFinder, spelling: str, actor: str) -> None:
    for ending in ("", "'s", "’s"):
        ((name, *_),) = read(shipped, f"{spelling}{ending} refused.")
        assert name == (actor, spelling, "name")


def test_a_full_name_is_one_mention(finder: MentionFinder) -> None:
    assert read(finder, "Ada Bell met Tova Kvist and Marsh.") == [
        [("bell", "Ada Bell", "name"), ("kvist", "Tova Kvist", "name"), ("marsh", "Marsh", "name")]
    ]


def test_names_are_no_common_words(finder: MentionFinder) -> None:
    assert read(finder, "The bell rang, a stone fell in the marsh by the crown of the hill.") == [
        []
    ]


@pytest.mark.parametrize("name", ["Norburg Post", "Southmark Peak"])
def test_a_name_that_holds_an_actors_name_is_not_that_actor(
    finder: MentionFinder, name: str
) -> None:
    assert read(finder, f"The {name} closed on Monday.") == [[]]
    assert who(finder, f"The {name} closed. Norburg refused.") == [set(), {"norland"}]


def test_a_newspaper_is_not_its_city(shipped: MentionFinder) -> None:
    assert read(shipped, "The Washington Post and the Kyiv Independent closed.") == [[]]


def test_a_name_with_full_stops(finder: MentionFinder) -> None:
    text = "N.L. refused. So did the N.L. Then nothing."
    assert [row[:1] for row in read(finder, text)[:2]] == [[("norland", "N.L.", "name")]] * 2


# ---------------------------------------------------------------------------------------
# Places


@pytest.mark.parametrize("text", ["The talks in Norland failed.", "In Norburg it rained."])
def test_where_something_happens_is_a_place(finder: MentionFinder, text: str) -> None:
    assert read(finder, text) == [[]]


@pytest.mark.parametrize(
    "text",
    [
        "Norland refused.",
        "In Norland's view it failed.",
        "In Norland’s view it failed.",
        "It lies within Norland.",
        "The plan came from Norland.",
    ],
)
def test_elsewhere_a_capital_stands_for_its_government(finder: MentionFinder, text: str) -> None:
    assert who(finder, text) == [{"norland"}]


def test_in_moscow_is_a_place(shipped: MentionFinder) -> None:
    assert who(shipped, "The talks in Moscow failed. Moscow refused.") == [set(), {"russia"}]


def test_in_a_person_is_no_place(finder: MentionFinder) -> None:
    assert who(finder, "Nobody trusts in Bell.") == [{"bell"}]


# ---------------------------------------------------------------------------------------
# Offices


@pytest.mark.parametrize(
    "title",
    [
        "The Nordish president",
        "Norland's president",
        "Norland’s president",
        "The president of Norland",
        "Norburg's leader",
        "The NORDISH PRESIDENT",
        "The White Palace leader",
    ],
)
@pytest.mark.parametrize(
    ("day", "actor"),
    [
        (date(2021, 12, 31), "stone"),
        (date(2022, 1, 1), "bell"),
        (date(2025, 1, 19), "bell"),
        (date(2025, 1, 20), "stone"),
        (None, "stone"),
    ],
)
def test_a_title_means_its_holder_on_the_day(
    finder: MentionFinder, title: str, day: date | None, actor: str
) -> None:
    ((mention,),) = read(finder, f"{title} refused.", day)
    assert (mention[0], mention[2]) == (actor, "office")


@pytest.mark.parametrize(
    ("text", "day", "actor"),
    [
        ("The US president refused.", "2024-05-01", "biden"),
        ("The US president refused.", "2025-08-15", "trump"),
        ("The American president refused.", "2025-08-15", "trump"),
        ("The German chancellor refused.", "2024-05-01", "scholz"),
        ("The German chancellor refused.", "2025-08-15", "merz"),
        ("The British prime minister refused.", "2023-05-01", "sunak"),
        ("Britain's prime minister refused.", "2025-08-15", "starmer"),
        ("The Kremlin leader refused.", "2025-08-15", "putin"),
        ("The Hungarian premier refused.", "2025-08-15", "orban"),
    ],
)
def test_the_holders_of_shipped_offices(
    shipped: MentionFinder, text: str, day: str, actor: str
) -> None:
    assert who(shipped, text, date.fromisoformat(day)) == [{actor}]


def test_a_bare_title_needs_no_country(finder: MentionFinder) -> None:
    assert read(finder, "The Red Palace chief refused.") == [
        [("kvist", "Red Palace chief", "office")]
    ]


def test_an_office_of_several_is_nobody_alone(finder: MentionFinder) -> None:
    assert read(finder, "A Nordish envoy refused.") == [[]]


def test_an_undated_text_means_the_holder_it_names(finder: MentionFinder) -> None:
    text = "Ada Bell went home. The Nordish president refused."
    assert who(finder, text, None) == [{"bell"}, {"bell"}]
    both = "Ada Bell met Stone. The Nordish president refused."
    assert who(finder, both, None)[1] == {"stone"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nordish President Ada Bell refused.", {"bell"}),
        ("The Nordish president, Ada Bell, refused.", {"bell"}),
        ("Nordish President Rolf Stone refused.", {"stone"}),
        ("The Nordish president, Rolf Stone, refused.", {"stone"}),
        ("It was up to the Nordish president, Rolf Stone.", {"stone"}),
        ("Nordish President Otto Unknown refused.", set()),
        ("Norland's leader Otto refused.", set()),
        ("Southmarker Prime Minister Hale refused.", {"ines_hale"}),
    ],
)
def test_a_name_beside_a_title_decides(
    finder: MentionFinder, text: str, expected: set[str]
) -> None:
    assert who(finder, text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("According to the Nordish president, Southmark refused.", {"bell", "southmark"}),
        ("According to the Nordish president, Stone wants it.", {"bell", "stone"}),
        ("The Nordish president Monday refused.", {"bell"}),
        ("The Nordish president met Rolf Stone.", {"bell", "stone"}),
        ("The Nordish president said Otto Unknown lied.", {"bell"}),
    ],
)
def test_a_name_further_on_does_not(finder: MentionFinder, text: str, expected: set[str]) -> None:
    assert who(finder, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "The former Nordish president refused.",
        "An ex-Nordish president refused.",
        "The then Nordish president refused.",
        "Former Nordish officials refused.",
    ],
)
def test_former_holders_are_not_todays(finder: MentionFinder, text: str) -> None:
    assert read(finder, text) == [[]]


def test_an_outgoing_president_is_president_still(finder: MentionFinder) -> None:
    assert who(finder, "The outgoing Nordish president refused.") == [{"bell"}]


def test_a_former_president_with_a_name_is_the_named(finder: MentionFinder) -> None:
    assert read(finder, "The former Nordish president Rolf Stone refused.") == [
        [("stone", "Rolf Stone", "name")]
    ]


# ---------------------------------------------------------------------------------------
# Descriptions and bodies


def test_descriptions(finder: MentionFinder) -> None:
    text = "The Norlanders want peace, the Former ski champion does not."
    assert [(a, how) for a, _, how in read(finder, text)[0]] == [
        ("norland", "description"),
        ("kvist", "description"),
    ]


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("Nordish officials refused.", "norland"),
        ("The Nordish government refused.", "norland"),
        ("The Southmarker foreign ministry refused.", "southmark"),
        ("A Norland demand was refused.", "norland"),
    ],
)
def test_bodies_stand_for_their_country(finder: MentionFinder, text: str, actor: str) -> None:
    (row,) = read(finder, text)
    assert [(a, how) for a, _, how in row] == [(actor, "body")]


def test_an_adjective_alone_is_nobody(finder: MentionFinder) -> None:
    assert read(finder, "A Nordish farmer refused.") == [[]]


def test_russian_officials_are_russia(shipped: MentionFinder) -> None:
    assert read(shipped, "Russian officials refused.") == [
        [("russia", "Russian officials", "body")]
    ]


# ---------------------------------------------------------------------------------------
# Shared surnames


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("Hale refused.", date(2022, 1, 1), {"bram_hale"}),
        ("Hale refused.", date(2025, 1, 1), {"ines_hale"}),
        ("Hale refused.", date(2023, 6, 1), set()),
        ("Hale refused.", None, {"bram_hale", "ines_hale"}),
        ("Bram Hale came. Hale refused.", date(2025, 1, 1), {"bram_hale"}),
        ("Hale refused. So did Ines Hale, whom Bram Hale knew.", BELLS, {"ines_hale", "bram_hale"}),
    ],
)
def test_a_shared_surname_goes_by_full_names_then_by_the_date(
    finder: MentionFinder, text: str, day: date | None, expected: set[str]
) -> None:
    named = {a for row in read(finder, text, day) for a, words, _ in row if words == "Hale"}
    assert named == expected


def test_two_johnsons(shipped: MentionFinder) -> None:
    assert who(shipped, "Johnson refused.", date(2022, 3, 1)) == [{"johnson"}]
    assert who(shipped, "Johnson refused.", date(2025, 3, 1)) == [{"mike_johnson"}]
    assert who(shipped, "Boris Johnson came. Johnson refused.", date(2025, 3, 1))[1] == {"johnson"}


# ---------------------------------------------------------------------------------------
# Counterparts and bare titles


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("Marsh met his Southmarker counterpart.", "lund"),
        ("Marsh came. He met his Southmarker counterpart.", "lund"),
        ("Bell phoned her Southmarker counterpart.", "kvist"),
        ("Lund wrote to her Nordish counterpart.", "marsh"),
        ("Bell phoned her Old Southmarker counterpart.", "crown"),
    ],
)
def test_a_counterpart_holds_the_same_office_elsewhere(
    finder: MentionFinder, text: str, actor: str
) -> None:
    found = [m for m in read(finder, text)[-1] if m[1].endswith("counterpart")]
    assert [(a, how) for a, _, how in found] == [(actor, "office")]


@pytest.mark.parametrize(
    "text",
    [
        "He met his Southmarker counterpart.",
        "Marsh met his counterpart.",
        "Marsh met his Atlantean counterpart.",
        "Bram Hale met his Old Southmarker counterpart.",
    ],
)
def test_a_counterpart_of_nobody_is_nobody(finder: MentionFinder, text: str) -> None:
    assert not [m for m in read(finder, text)[0] if "counterpart" in m[1]]


def test_his_ukrainian_counterpart(shipped: MentionFinder) -> None:
    for text, actor in [
        ("Lavrov met his Ukrainian counterpart.", "sybiha"),
        ("Trump met his Ukrainian counterpart.", "zelensky"),
        ("Zelensky met his US counterpart.", "trump"),
    ]:
        (row,) = read(shipped, text, STONES)
        assert actor in {a for a, words, _ in row if "counterpart" in words}


@pytest.mark.parametrize(
    ("text", "day", "actor"),
    [
        ("Bell came. The president refused.", BELLS, "bell"),
        ("Bell came. The president, she said, refused.", BELLS, "bell"),
        ("Bell came. “No,” the president said.", BELLS, "bell"),
        ("Bell came. The president Tuesday refused.", BELLS, "bell"),
        ("Kvist came. Marsh met the president on Monday.", BELLS, "kvist"),
        ("Kvist met Marsh. The foreign minister refused.", BELLS, "marsh"),
        ("Lund met Marsh. THE LEADER refused. The minister refused.", BELLS, "lund"),
        ("Bell greeted Stone. The president refused.", STONES, "stone"),
        ("Bell greeted Stone. The president refused.", BELLS, "bell"),
        ("Bell greeted Stone. The ex-president refused.", BELLS, "stone"),
    ],
)
def test_the_president_is_the_one_in_mind(
    finder: MentionFinder, text: str, day: date, actor: str
) -> None:
    described = [(a, how) for a, _, how in read(finder, text, day)[-1] if how == "description"]
    assert described == [(actor, "description")]


@pytest.mark.parametrize(
    "text",
    [
        "The president refused.",
        "Marsh came. The president refused.",
        "Bell came. The president of Atlantis refused.",
        "Bell came. The president Otto Unknown refused.",
    ],
)
def test_a_bare_title_of_nobody_in_mind_is_nobody(finder: MentionFinder, text: str) -> None:
    assert not [m for m in read(finder, text)[-1] if m[2] == "description"]


# ---------------------------------------------------------------------------------------
# Pronouns


def pronouns(finder: MentionFinder, text: str) -> list[list[tuple[str, str]]]:
    """The pronouns of each sentence and whom they are offered for."""
    return [[(w, a) for a, w, how in row if how == "pronoun"] for row in read(finder, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bell said she refused.", [("she", "bell")]),
        ("Marsh said that his aim was clear.", [("his", "marsh")]),
        ("Bell told Marsh that he erred.", [("he", "marsh")]),
        ("Marsh told Bell that he refused.", [("he", "marsh")]),
        ("Marsh told Stone that he erred.", [("he", "marsh"), ("he", "stone")]),
        ("Norland said he erred.", []),
        ("The man said he erred.", []),
        ("In her speech Bell refused.", []),
    ],
)
def test_pronouns_in_the_same_sentence(
    finder: MentionFinder, text: str, expected: list[tuple[str, str]]
) -> None:
    assert pronouns(finder, text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bell came. She refused.", [("She", "bell")]),
        ("Bell came. It rained. She refused.", [("She", "bell")]),
        ("Bell came. He refused.", []),
        ("Marsh met Lund. She refused.", [("She", "lund")]),
        ("Marsh met Lund. He refused.", [("He", "marsh")]),
        ("Marsh met Stone. He refused.", [("He", "marsh"), ("He", "stone")]),
        ("Marsh came. Bell refused, and he agreed.", [("he", "marsh")]),
        (
            "Marsh came. He told Stone that he left.",
            [("He", "marsh"), ("he", "marsh"), ("he", "stone")],
        ),
        ("Norland refused. It said HE lied.", []),
    ],
)
def test_pronouns_in_a_later_sentence(
    finder: MentionFinder, text: str, expected: list[tuple[str, str]]
) -> None:
    assert pronouns(finder, text)[-1] == expected


def test_a_pronoun_does_not_outlive_its_text(finder: MentionFinder) -> None:
    assert who(finder, "Bell came.") == [{"bell"}]
    assert read(finder, "She refused.") == [[]]


# ---------------------------------------------------------------------------------------
# Running quotations


def speakers(finder: MentionFinder, text: str) -> list[list[str]]:
    """Whose words each sentence is taken to continue."""
    return [[a for a, _, how in row if how == "speaker"] for row in read(finder, text)]


def test_a_quotation_runs_on_with_its_speaker(finder: MentionFinder) -> None:
    text = (
        "Bell spoke. “We will not yield. Southmark must leave. Kvist lied. It is over.” "
        "“Never again,” the crowd cried. Marsh slept."
    )
    assert speakers(finder, text) == [[], *[["bell"]] * 5, []]


def test_a_quotation_runs_on_over_paragraphs(finder: MentionFinder) -> None:
    text = '"We refuse," Bell said.\n\n"Southmark must leave.\n\n"It is over."\n\nMarsh slept.'
    assert speakers(finder, text) == [[], ["bell"], ["bell"], []]


def test_whom_a_quotation_names_does_not_take_it_over(finder: MentionFinder) -> None:
    text = 'Bell spoke. "Marsh must go." "Never."'
    assert speakers(finder, text) == [[], ["bell"], ["bell"]]


def test_a_named_speaker_takes_over(finder: MentionFinder) -> None:
    text = "Bell spoke. “No,” Marsh said. “Never.”"
    assert speakers(finder, text)[2] == ["marsh"]


def test_speech_without_marks_goes_on_where_nobody_is_named(finder: MentionFinder) -> None:
    text = "Bell refused the plan. Nothing could be gained by it. We told Southmark so."
    assert speakers(finder, text) == [[], ["bell"], ["bell"]]


def test_a_sentence_about_others_ends_it(finder: MentionFinder) -> None:
    assert speakers(finder, "Bell refused. Marsh agreed.") == [[], []]


def test_an_odd_quotation_mark_ends_with_its_paragraph(finder: MentionFinder) -> None:
    odd = 'Bell said " no.\n\nMarsh agreed. Norland slept.'
    assert speakers(finder, odd) == [[], [], []]
    assert speakers(finder, odd.replace('"', "“")) == [[], [], []]


def test_a_headline_names_its_speaker(finder: MentionFinder) -> None:
    assert who(finder, "Bell: no troops\nNothing more was said.") == [{"bell"}, {"bell"}]


def test_without_a_speaker_a_quotation_is_nobodys(finder: MentionFinder) -> None:
    assert read(finder, "“We refuse.” “Never.”") == [[], []]


# ---------------------------------------------------------------------------------------
# Any text

PIECES = st.sampled_from(
    "Ada Bell|Bell|Kvíst|Marsh|Stone|Hale|Norland|N.L.|Norburg Post|Nordish president|"
    "the president|he|She|his Southmarker counterpart|We|former|in|officials|Nordish|'s|“|”|\"|«|»|"
    ".|?|,| | | |\n|\n\n|שלום|\u0301|\x00|😀|\ud800".split("|")
)
TEXTS = st.one_of(st.text(st.characters(), max_size=80), st.lists(PIECES, max_size=40).map("".join))
DAYS = st.one_of(st.none(), st.dates(date(2017, 1, 1), date(2027, 1, 1)))


def assert_sound(actors: Actors, text: str, rows: list[tuple[Mention, ...]]) -> None:
    """Every mention of every sentence lies inside it, in order, and is of somebody known."""
    sentences = split(text)
    assert len(rows) == len(sentences)
    for sentence, row in zip(sentences, rows, strict=True):
        assert [m.start for m in row] == sorted(m.start for m in row)
        for mention in row:
            assert mention.actor in actors
            if mention.how == "speaker":
                assert mention.start == mention.end == sentence.start
            else:
                assert sentence.start <= mention.start < mention.end <= sentence.end


@given(TEXTS, DAYS)
@settings(deadline=None)
def test_mentions_lie_inside_their_sentences(
    finder: MentionFinder, cast: Actors, text: str, day: date | None
) -> None:
    rows = finder.find(text, split(text), day)
    assert_sound(cast, text, rows)
    finder.find("Bell met Marsh. “She left.", split("Bell met Marsh. “She left."), day)
    assert finder.find(text, split(text), day) == rows, "nothing is kept from text to text"


@given(TEXTS)
@settings(deadline=None)
def test_no_actor_is_offered_twice_for_a_place(finder: MentionFinder, text: str) -> None:
    for row in finder.find(text, split(text), None):
        assert len({(m.actor, m.start, m.end) for m in row}) == len(row)


WORST = {
    "names": "Bell met Marsh. ",
    "pronouns": "he said she would ",
    "names and pronouns": "Marsh told Stone that he and his ",
    "titles": "the Nordish president and the president ",
    "counterparts": "Marsh and his Southmarker counterpart ",
    "quotes": "Bell: “No. ",
    "odd quotes": '" Bell ',
    "shared": "Hale, ",
}


@pytest.mark.parametrize("unit", WORST.values(), ids=WORST)
def test_twice_the_text_is_twice_the_work(
    finder: MentionFinder, unit: str, steps: Callable[[Callable[[], object]], int]
) -> None:
    text = unit * (LONGEST // len(unit))

    def work(times: int) -> int:
        longer = text * times
        return steps(lambda: finder.find(longer, split(longer), BELLS))

    assert work(4) <= 2.3 * work(2)


# ---------------------------------------------------------------------------------------
# Others that a text makes clear


@pytest.mark.parametrize(
    ("text", "actors"),
    [
        ("Orban met Putin. The Russian answered at once.", {"putin"}),
        ("Macron met Trump. The American, too, wants a truce.", {"trump"}),
        ("Putin spoke to Macron. The Frenchman said no.", {"macron"}),
        ("Putin and Macron met. The Russian gas pipe was closed.", set()),
        ("Trump praised Rubio. The former said no.", {"trump"}),
        ("Trump praised Rubio. The latter said no.", {"rubio"}),
        ("Trump received Putin. They agreed on talks.", {"trump", "putin"}),
        ("Trump, Rubio and Putin met. The two left.", set()),
        ("NATO met in Ankara, and Kyiv too. They left early.", set()),
        ("Brussels wants a truce. They told everybody so.", {"eu"}),
        ("Starmer's government applies the cap.", {"starmer", "uk"}),
        ("Orban arrived late. His Slovak neighbour was there.", {"orban", "fico"}),
    ],
)
def test_the_last_sentence_tells_who_is_meant(
    shipped: MentionFinder, text: str, actors: set[str]
) -> None:
    named = who(shipped, text, date(2025, 8, 15))[-1]
    spoken = {a for a, part, how in read(shipped, text, date(2025, 8, 15))[-1] if how == "speaker"}
    assert named - spoken == actors


def test_a_guest_is_the_other_one(shipped: MentionFinder) -> None:
    text = "Trump received Zelensky. His guest had come for missiles."
    found = read(shipped, text, date(2025, 10, 17))[-1]
    assert ("zelensky", "His guest", "description") in found


def test_his_president_is_that_of_his_country(shipped: MentionFinder) -> None:
    text = "Ushakov spoke on television. His president would not meet anybody."
    assert ("putin", "His president", "office") in read(shipped, text, date(2025, 8, 15))[-1]


def test_whom_a_quotation_names_does_not_say_it(shipped: MentionFinder) -> None:
    text = 'Macron came out first. "Merz can wait for that," he said.'
    pronouns = [a for a, _, how in read(shipped, text, STONES)[-1] if how == "pronoun"]
    assert pronouns == ["macron"]


def test_reported_speech_goes_on_without_a_verb(shipped: MentionFinder) -> None:
    text = "Sanctions must stay, Merz said. Moscow should expect no relief. Rain fell on Moscow."
    assert ("merz", "", "speaker") in read(shipped, text, STONES)[1]
    assert not [a for a, _, how in read(shipped, text, STONES)[2] if how == "speaker"]
