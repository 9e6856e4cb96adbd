"""What several test modules share: the shipped register, and a made-up cast of two countries."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import databases
import pytest
import stored
from hypothesis import settings

from stance.register import Actors, Issues, load_actors, load_issues

if TYPE_CHECKING:
    from stance import Tracker
    from stance.store import Store

# A deadline would test how busy the machine is.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

CAST = """
bodies: [government, officials, foreign ministry, demand]
ignore: [Norburg Post, Southmark Peak]
actors:
  - id: norland
    name: Norland
    kind: collective
    aliases: [Norburg, N.L., White Palace]
    adjectives: [Nordish]
    descriptions: [the norlanders]
  - id: southmark
    name: Southmark
    kind: collective
    aliases: [Sudholm, Red Palace]
    adjectives: [Southmarker]
  - id: old_southmark
    name: Old Southmark
    kind: collective
    adjectives: [Old Southmarker]
  - id: bell
    name: Ada Bell
    kind: person
    pronoun: she
    speaks_for: norland
    aliases: [Bell]
    offices:
      - {titles: [president, leader], of: norland, from: 2022-01-01, until: 2025-01-20}
  - id: stone
    name: Rolf Stone
    kind: person
    pronoun: he
    aliases: [Stone]
    offices:
      - {titles: [president, leader], of: norland, from: 2018-01-01, until: 2022-01-01}
      - {titles: [president, leader], of: norland, from: 2025-01-20, until: null}
  - id: kvist
    name: Tove Kvíst
    kind: person
    pronoun: she
    aliases: [Kvíst, Kvisst, Tova Kvist]
    descriptions: [former ski champion]
    offices:
      - {titles: [president, leader], of: southmark, from: 2020-06-01, until: null,
         bare: [red palace chief]}
  - id: crown
    name: Olaf Crown
    kind: person
    pronoun: he
    aliases: [Crown]
    offices:
      - {titles: [president], of: old_southmark, from: 2015-01-01, until: null}
  - id: marsh
    name: Ivo Marsh
    kind: person
    pronoun: he
    aliases: [Marsh]
    offices:
      - {titles: [foreign minister], of: norland, from: 2021-01-01, until: null}
  - id: lund
    name: Lena Lund
    kind: person
    pronoun: she
    aliases: [Lund]
    offices:
      - {titles: [foreign minister], of: southmark, from: 2021-01-01, until: null}
  - id: bram_hale
    name: Bram Hale
    kind: person
    pronoun: he
    shared: [Hale]
    offices:
      - {titles: [prime minister], of: norland, from: 2019-01-01, until: 2023-01-01}
  - id: ines_hale
    name: Ines Hale
    kind: person
    pronoun: she
    shared: [Hale]
    offices:
      - {titles: [prime minister], of: southmark, from: 2024-01-01, until: null}
  - id: envoy_one
    name: Uno Reed
    kind: person
    pronoun: he
    offices:
      - {titles: [envoy], of: norland, from: 2022-01-01, until: null, sole: false}
  - id: envoy_two
    name: Dua Reed
    kind: person
    pronoun: she
    offices:
      - {titles: [envoy], of: norland, from: 2022-01-01, until: null, sole: false}
"""

TOPICS = """
issues:
  - id: truce
    title: Truce
    proposition: The fighting over the islands should stop in a truce now
    cues: ["truce*", "cease fire", "stop the"]
  - id: islands
    title: Islands
    proposition: Southmark should hand the islands over to Norland
    cues: ["island*", "Örland", "land"]
"""


@pytest.fixture(scope="session", autouse=True)
def no_published_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The shipped model is the current one, whatever is published on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANCE_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(scope="session")
def shipped_actors() -> Actors:
    """The actors of ``seeds/``."""
    return load_actors()


@pytest.fixture(scope="session")
def shipped_issues() -> Issues:
    """The issues of ``seeds/``."""
    return load_issues()


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Actors:
    """The made-up actors alone."""
    return load_actors([_written(tmp_path_factory, "cast.yaml", CAST)], only=True)


@pytest.fixture(scope="session")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Issues:
    """The made-up issues alone."""
    return load_issues([_written(tmp_path_factory, "topics.yaml", TOPICS)], only=True)


def _written(factory: pytest.TempPathFactory, name: str, text: str) -> Path:
    path = factory.mktemp("register") / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def steps() -> Callable[[Callable[[], object]], int]:
    """Counts the lines of Python that some work takes; time would tell the machine's load."""
    return _steps


def _steps(work: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that runs as long as the tests."""
    with databases.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'stance.db'}"
        return
    with databases.database(request.getfixturevalue("postgres")) as address:
        yield address


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store without data, once of each kind."""
    from stance.store import Store

    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def tracker_of_two() -> Tracker:
    """The tracker of `stored`, which needs no weights."""
    return stored.make_tracker()
