"""Who speaks in a corpus and is not in the register; what stays unresolved.

The cast (``conftest.py``): Ada Bell, Rolf Stone, Norland, Southmark and others.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.cli import main
from stance.discover import Discovery, as_yaml, discover
from stance.mentions import MentionFinder, unresolved
from stance.records import Article
from stance.register import Actors, Issues, load_actors
from stance.sentences import split
from stance.stages import Reader
from tests.conftest import CAST

NEWS = """Ada Bell said the islands were hers. "We stay," said Senator Ingrid Falk, who came late.

Falk said she would not sign. According to the Harbour Committee, no ship has sailed.

"Never," Falk told reporters. Marsh added that it rained. African countries said nothing.

The Harbour Committee said that it would wait."""


@pytest.fixture(scope="module")
def reader(cast: Actors, topics: Issues) -> Reader:
    return Reader(cast, topics)


def found(reader: Reader, text: str, least: int = 1) -> dict[str, tuple[int, str, str | None]]:
    speakers = discover([Article(text)], reader, least=least).speakers
    return {one.name: (one.statements, one.kind, one.pronoun) for one in speakers}


def test_those_who_speak_and_are_not_registered_are_counted(reader: Reader) -> None:
    assert found(reader, NEWS) == {
        "Ingrid Falk": (3, "person", None),
        "Harbour Committee": (2, "collective", None),
    }


def test_least_leaves_out_who_hardly_speaks(reader: Reader) -> None:
    assert list(found(reader, NEWS, least=3)) == ["Ingrid Falk"]


def test_a_pronoun_is_told_where_it_is_clear(reader: Reader) -> None:
    text = "Ingrid Falk said she was late. Falk said she was sorry. Falk said nothing."
    assert found(reader, text) == {"Ingrid Falk": (3, "person", "she")}


def test_registered_actors_and_nations_are_not_listed(reader: Reader) -> None:
    text = "Norland said no. The Nordish president said no. Bell said no. Norlands said no."
    assert found(reader, text) == {}


def test_the_entries_load_as_they_are(cast: Actors, reader: Reader, tmp_path: Path) -> None:
    text = NEWS + "\n\nBo Falk said no. Bo Falk said yes."
    path = tmp_path / "new.yaml"
    path.write_text(as_yaml(discover([Article(text)], reader, least=1), cast), encoding="utf-8")
    added = load_actors([path], only=True).entries
    assert {a.name for a in added} >= {"Ingrid Falk", "Harbour Committee", "Bo Falk"}
    assert not [a for a in added if a.aliases], "two bear the surname"
    assert "statements: 2, articles: 1" in path.read_text(encoding="utf-8")


def test_nobody_new_is_an_empty_register(cast: Actors) -> None:
    assert yaml.safe_load(as_yaml(Discovery((), 0, 1), cast)) == {"actors": []}


_NAMES = st.sampled_from(
    [
        "Ola",
        "Bell",
        "Falk",
        "Å",
        "Ingrid Falk",
        "said",
        "told",
        "according to",
        "Putin",
        "Mr.",
        "'s",
        '"',
        ".",
        ",",
        "no",
        "Committee",
        "NGO",
        "\n",
        "von",
        "Östen",
        "X Y",
        "yes:",
    ]
)


@settings(max_examples=50)
@given(text=st.lists(_NAMES, max_size=40).map(" ".join))
def test_any_entries_load_beside_the_register(
    tmp_path_factory: pytest.TempPathFactory, cast: Actors, reader: Reader, text: str
) -> None:
    folder = tmp_path_factory.mktemp("found")
    paths = [folder / "cast.yaml", folder / "new.yaml"]
    paths[0].write_text(CAST, encoding="utf-8")
    made = as_yaml(discover([Article(text)], reader, least=1), cast)
    paths[1].write_text(made, encoding="utf-8")
    load_actors(paths, only=True)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Bell said she was late.", 0),
        ("He said nothing.", 1),
        ("The minister came. She left with her dog.", 3),
        ("His Ruritanian counterpart came.", 2),
        ("Rain fell.", 0),
    ],
)
def test_what_stands_for_nobody_is_counted(cast: Actors, text: str, count: int) -> None:
    sentences = split(text)
    assert unresolved(text, sentences, MentionFinder(cast).find(text, sentences)) == count


def test_the_command_writes_a_register(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    news, out = tmp_path / "news.txt", tmp_path / "new.yaml"
    news.write_text(NEWS, encoding="utf-8")
    assert main(["actors", "discover", str(news), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "Ingrid Falk" in told.out
    assert "references left unresolved: " in told.err
    assert "falk" in load_actors([out])


def test_nothing_readable_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new.yaml"
    assert main(["actors", "discover", str(tmp_path / "none.txt"), "--out", str(out)]) == 1
    assert "no file was written" in capsys.readouterr().err
    assert not out.exists()
