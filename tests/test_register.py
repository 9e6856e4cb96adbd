"""The register of actors and issues: what is refused, what a user's files do, what ships."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from stance.errors import RegisterError, UnknownNameError
from stance.register import Actor, Actors, Issues, Office, load_actors, load_issues

PERSONS = (
    "putin trump zelensky starmer orban macron merz von_der_leyen rutte vance rubio witkoff "
    "hegseth kellogg lavrov peskov medvedev ushakov szijjarto erdogan fidan modi xi biden harris "
    "tusk meloni fico scholz johnson sunak stoltenberg blinken sullivan yermak kuleba sybiha stubb "
    "metsola costa kallas michel borrell guterres pope lula milei lukashenko kim le_pen farage"
).split()
COLLECTIVES = (
    "russia ukraine us uk eu nato hungary germany france poland china turkey india".split()
)
ISSUES = (
    "territory ceasefire sanctions nato military_aid security_guarantees negotiations"
).split()

NORLAND = "- {id: norland, name: Norland, kind: collective}\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Puts a YAML file down and says where."""

    def _write(text: str, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def person(who: str, *offices: str, more: str = "") -> str:
    """One person in YAML, with offices of Norland."""
    held = ", ".join(f"{{titles: [president], of: norland, {o}}}" for o in offices)
    return f"- {{id: {who}, name: {who.title()}, kind: person, offices: [{held}]{more}}}\n"


# ---------------------------------------------------------------------------------------
# What is refused


BROKEN = {
    "unknown key of an actor": (
        "actors:\n- {id: ann, name: Ann, kind: person, colour: red}",
        "'ann' → colour: unknown key",
    ),
    "unknown key at the top": ("actrs: []", "actrs: unknown key"),
    "unknown key of an office": (
        "actors:\n" + NORLAND + person("ann", "form: 2024-01-01"),
        "'ann' → offices → 0 → form: unknown key",
    ),
    "no name": ("actors:\n- {id: ann, kind: person}", "'ann' → name: Field required"),
    "empty name": ("actors:\n- {id: ann, name: '', kind: person}", "'ann' → name"),
    "unknown kind": ("actors:\n- {id: ann, name: Ann, kind: robot}", "'person' or 'collective'"),
    "id with capitals": ("actors:\n- {id: Ann, name: Ann, kind: person}", "'Ann' → id"),
    "an id that YAML reads as no": (
        "actors:\n- {id: no, name: Norway, kind: collective}",
        "actors → 0 → id: Input should be a valid string",
    ),
    "a word for a list": (
        "actors:\n- {id: ann, name: Ann, kind: person, aliases: Annie}",
        "'ann' → aliases: expected a list",
    ),
    "a list for the file": ("- a\n- b", "expected keys with values"),
    "no titles": (
        "actors:\n" + NORLAND + "- {id: a, name: A, kind: person, "
        "offices: [{titles: [], of: norland}]}",
        "offices → 0 → titles",
    ),
    "a date in words": (
        "actors:\n" + NORLAND + person("ann", "from: last spring"),
        "offices → 0 → from",
    ),
    "a day that no calendar has": (
        "actors:\n" + NORLAND + person("ann", "from: 2024-02-31"),
        "day is out of range",
    ),
    "doubled id": (
        "actors:\n- {id: ann, name: Ann, kind: person}\n- {id: ann, name: Bo, kind: person}",
        "the id 'ann' is given twice",
    ),
    "doubled alias": (
        "actors:\n- {id: ann, name: Ann, kind: person, aliases: [Smith]}\n"
        "- {id: bo, name: Bo, kind: person, aliases: [Smith]}",
        "the alias 'Smith' belongs to 'ann' and to 'bo'",
    ),
    "an alias doubled but for its accent": (
        "actors:\n- {id: ann, name: Ánn, kind: person}\n- {id: bo, name: Ann, kind: person}",
        "the alias 'Ann' belongs to 'ann' and to 'bo'",
    ),
    "an alias that is another's name": (
        "actors:\n- {id: ann, name: Ann, kind: person}\n"
        "- {id: bo, name: Bo, kind: person, aliases: [Ann]}",
        "list a name that two people bear under 'shared' of both",
    ),
    "speaks for nobody known": (
        "actors:\n- {id: ann, name: Ann, kind: person, speaks_for: atlantis}",
        "'ann' refers to 'atlantis', which is no collective",
    ),
    "speaks for a person": (
        "actors:\n- {id: ann, name: Ann, kind: person}\n"
        "- {id: bo, name: Bo, kind: person, speaks_for: ann}",
        "'bo' refers to 'ann', which is no collective",
    ),
    "office of an unknown country": (
        "actors:\n- {id: a, name: A, kind: person, offices: [{titles: [king], of: atlantis}]}",
        "'a' refers to 'atlantis', which is no collective",
    ),
    "an office that ends before it begins": (
        "actors:\n" + NORLAND + person("ann", "from: 2024-01-01, until: 2023-01-01"),
        "'ann': an office ends before it begins",
    ),
    "overlapping dates": (
        "actors:\n"
        + NORLAND
        + person("ann", "from: 2020-01-01, until: 2024-01-02")
        + person("bo", "from: 2024-01-01"),
        "'president' of 'norland' is held by 'ann' and 'bo' on the same days",
    ),
    "overlapping where dates are left open": (
        "actors:\n" + NORLAND + person("ann", "until: 2024-01-02") + person("bo", "until: null"),
        "is held by 'ann' and 'bo' on the same days",
    ),
    "overlapping titles in other capitals": (
        "actors:\n"
        + NORLAND
        + person("ann", "from: 2020-01-01")
        + person("bo", "from: 2024-01-01").replace("president", "President"),
        "is held by 'ann' and 'bo' on the same days",
    ),
    "overlapping bare titles of two countries": (
        "actors:\n"
        + NORLAND
        + "- {id: south, name: South, kind: collective}\n"
        + person("ann", "bare: [chancellor]")
        + "- {id: bo, name: Bo, kind: person, "
        "offices: [{titles: [chief], of: south, bare: [chancellor]}]}",
        "'chancellor' is held by 'ann' and 'bo' on the same days",
    ),
    "no YAML": ("actors: [\n- {", "no valid YAML: while parsing a flow node"),
    "a tab": ("\tactors: []", "no valid YAML"),
    "NUL": ("actors: a\0b", "no valid YAML"),
    "a Python object": ("actors: !!python/object:os.system x", "no valid YAML"),
    "a key that is a list": ("? [a, b]\n: c", "no valid YAML"),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_one_line_that_names_the_file(
    write: Callable[[str], Path], text: str, reason: str
) -> None:
    path = write(text)
    with pytest.raises(RegisterError) as caught:
        load_actors([path], only=True)
    message = str(caught.value)
    assert reason in message
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("issues:\n- {id: a, title: A, proposition: P, cues: [x], tone: y}", "'a' → tone: unknown"),
        ("issues:\n- {id: a, title: A, proposition: P, cues: []}", "'a' → cues"),
        ("issues:\n- {id: a, title: A, cues: [x]}", "'a' → proposition: Field required"),
        ("actors: []", "actors: unknown key"),
        (
            "issues:\n- {id: a, title: A, proposition: P, cues: [x]}\n"
            "- {id: a, title: B, proposition: Q, cues: [y]}",
            "the id 'a' is given twice",
        ),
    ],
)
def test_issues_are_checked_as_actors_are(
    write: Callable[[str], Path], text: str, reason: str
) -> None:
    with pytest.raises(RegisterError) as caught:
        load_issues([write(text)], only=True)
    assert reason in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("load", [load_actors, load_issues])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, load: Callable[..., object]) -> None:
    with pytest.raises(RegisterError, match=r"^.*none\.yaml: No such file or directory$"):
        load([tmp_path / "none.yaml"], only=True)
    with pytest.raises(RegisterError, match="Is a directory"):
        load([tmp_path], only=True)
    (tmp_path / "latin.yaml").write_bytes("actors: [\xe9]".encode("latin-1"))
    with pytest.raises(RegisterError, match=r"latin\.yaml: is no UTF-8 text"):
        load([tmp_path / "latin.yaml"], only=True)


def test_what_touches_without_overlapping_is_allowed(write: Callable[[str], Path]) -> None:
    text = (
        "actors:\n"
        + NORLAND
        + person("ann", "from: 2020-01-01, until: 2024-01-01", "from: 2026-01-01")
        + person("bo", "from: 2024-01-01, until: 2026-01-01")
    )
    assert len(load_actors([write(text)], only=True).entries) == 3


def test_offices_that_several_hold_may_overlap(write: Callable[[str], Path]) -> None:
    text = (
        "actors:\n"
        + NORLAND
        + person("ann", "from: 2020-01-01, sole: false")
        + person("bo", "from: 2021-01-01, sole: false")
    )
    assert len(load_actors([write(text)], only=True).entries) == 3


def test_one_person_may_hold_an_office_under_two_entries(write: Callable[[str], Path]) -> None:
    text = "actors:\n" + NORLAND + person("ann", "from: 2020-01-01", "from: 2021-01-01")
    assert len(load_actors([write(text)], only=True).entries) == 2


def test_a_surname_may_be_shared(write: Callable[[str], Path]) -> None:
    text = (
        "actors:\n- {id: ann, name: Ann Lee, kind: person, shared: [Lee]}\n"
        "- {id: bo, name: Bo Lee, kind: person, shared: [Lee]}"
    )
    assert load_actors([write(text)], only=True)["ann"].shared == ("Lee",)


def test_an_empty_file_is_an_empty_register(write: Callable[[str], Path]) -> None:
    path = write("")
    assert load_actors([path], only=True).entries == ()
    assert load_issues([path], only=True).entries == ()
    assert load_actors(only=True).entries == ()


# ---------------------------------------------------------------------------------------
# A user's own files


def test_a_users_file_adds_actors_and_replaces_those_of_its_ids(
    write: Callable[[str, str], Path],
) -> None:
    first = write(
        "bodies: [court]\nignore: [Ann Arbor]\nactors:\n" + NORLAND + person("ann"), "one.yaml"
    )
    second = write(
        "bodies: [court, senate]\nactors:\n"
        "- {id: ann, name: Ann Other, kind: person, speaks_for: norland}\n" + person("bo"),
        "two.yaml",
    )
    actors = load_actors([first, second], only=True)
    assert [a.id for a in actors.entries] == ["norland", "ann", "bo"]
    assert actors["ann"].name == "Ann Other"
    assert actors.bodies == ("court", "senate")
    assert actors.ignore == ("Ann Arbor",)


def test_what_is_replaced_no_longer_clashes(write: Callable[[str, str], Path]) -> None:
    first = write("actors:\n" + NORLAND + person("ann", "from: 2020-01-01"), "one.yaml")
    clash = write("actors:\n" + person("bo", "from: 2024-01-01"), "two.yaml")
    with pytest.raises(RegisterError, match=r"two\.yaml: .* held by 'ann' and 'bo'"):
        load_actors([first, clash], only=True)
    ended = person("ann", "from: 2020-01-01, until: 2024-01-01")
    mended = write("actors:\n" + person("bo", "from: 2024-01-01") + ended, "three.yaml")
    assert "bo" in load_actors([first, mended], only=True)


def test_the_shipped_actors_are_extended_and_replaced(
    write: Callable[[str], Path], shipped_actors: Actors
) -> None:
    path = write(
        "actors:\n- {id: bell, name: Ada Bell-Example, kind: person, speaks_for: uk}\n"
        "- {id: putin, name: Somebody Else, kind: person}"
    )
    actors = load_actors([path])
    assert actors["bell"].speaks_for == "uk"
    assert actors["putin"].names == ("Somebody Else",)
    assert len(actors.entries) == len(shipped_actors.entries) + 1


def test_an_alias_of_a_shipped_actor_is_not_given_again(write: Callable[[str], Path]) -> None:
    path = write("actors:\n- {id: vlad, name: Vlad Example, kind: person, aliases: [Putin]}")
    with pytest.raises(RegisterError, match="the alias 'Putin' belongs to 'putin' and to 'vlad'"):
        load_actors([path])


def test_issues_are_added_in_order_and_replaced_in_place(
    write: Callable[[str], Path], shipped_issues: Issues
) -> None:
    path = write(
        "issues:\n- {id: grain, title: Grain, proposition: Ship the grain, cues: [grain]}\n"
        "- {id: nato, title: Alliance, proposition: Another, cues: [alliance]}"
    )
    issues = load_issues([path])
    assert [i.id for i in issues.entries] == [*ISSUES, "grain"]
    assert issues["nato"].title == "Alliance"
    assert "nato" in shipped_issues
    assert shipped_issues["nato"].title != "Alliance"


# ---------------------------------------------------------------------------------------
# Entries


def test_an_unknown_name_is_answered_with_what_was_meant(cast: Actors, topics: Issues) -> None:
    with pytest.raises(UnknownNameError, match="unknown actor 'kvits'; did you mean kvist") as e:
        cast["kvits"]
    assert "kvist" in e.value.near
    with pytest.raises(UnknownNameError, match="unknown issue 'truces'; did you mean truce"):
        topics["truces"]
    assert "kvits" not in cast
    assert "truces" not in topics


def test_an_office_is_held_from_its_first_day_until_the_day_before_its_end() -> None:
    office = Office.model_validate(
        {"titles": ["King"], "of": "norland", "from": date(2024, 1, 1), "until": date(2024, 2, 1)}
    )
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 1)]
    assert [office.held_on(day) for day in days] == [False, True, True, False]
    assert not office.held_on(None)
    assert office.titles == ("king",)


def test_an_office_without_dates_is_held_always() -> None:
    office = Office(titles=("king",), of="norland")
    assert office.held_on(date(1, 1, 1))
    assert office.held_on(None)


def test_whom_a_person_speaks_for_depends_on_the_day(cast: Actors) -> None:
    assert cast["stone"].speaks_for_on(date(2025, 6, 1)) == "norland"
    assert cast["stone"].speaks_for_on(date(2023, 6, 1)) is None
    assert cast["bell"].speaks_for_on(date(2025, 6, 1)) == "norland", "what the entry says"


def test_entries_cannot_be_changed(cast: Actors) -> None:
    with pytest.raises(ValueError, match="frozen"):
        cast["bell"].name = "Other"  # type: ignore[misc]


# ---------------------------------------------------------------------------------------
# What ships


def test_the_shipped_register_has_the_cast_of_the_codebook(shipped_actors: Actors) -> None:
    missing = [a for a in [*PERSONS, *COLLECTIVES] if a not in shipped_actors]
    assert missing == []
    assert {shipped_actors[a].kind for a in PERSONS} == {"person"}
    assert {shipped_actors[a].kind for a in COLLECTIVES} == {"collective"}
    assert len(shipped_actors.entries) >= 200


def test_the_shipped_issues_are_the_seven_of_the_codebook(shipped_issues: Issues) -> None:
    assert [i.id for i in shipped_issues.entries] == ISSUES
    for issue in shipped_issues.entries:
        assert issue.support
        assert issue.oppose
        assert not issue.proposition.endswith(".")


def test_every_shared_surname_is_shared(shipped_actors: Actors) -> None:
    bearers: dict[str, list[str]] = {}
    for actor in shipped_actors.entries:
        for name in actor.shared:
            bearers.setdefault(name, []).append(actor.id)
    assert {name: who for name, who in bearers.items() if len(who) < 2} == {}
    alone = {name for actor in shipped_actors.entries for name in actor.names}
    assert set(bearers) & alone == set(), "an alias would win over the shared name"


def holder(actors: Actors, title: str, of: str, day: date) -> list[str]:
    """Who holds an office on a day."""

    def holds(actor: Actor) -> bool:
        return any(title in o.titles and o.of == of and o.held_on(day) for o in actor.offices)

    return [actor.id for actor in actors.entries if holds(actor)]


@pytest.mark.parametrize(
    ("title", "of", "day", "who"),
    [
        ("president", "us", "2021-01-19", "trump"),
        ("president", "us", "2021-01-20", "biden"),
        ("president", "us", "2024-05-01", "biden"),
        ("president", "us", "2025-01-19", "biden"),
        ("president", "us", "2025-01-20", "trump"),
        ("president", "us", "2025-08-15", "trump"),
        ("vice president", "us", "2024-08-01", "harris"),
        ("vice president", "us", "2025-08-01", "vance"),
        ("chancellor", "germany", "2021-12-07", "merkel"),
        ("chancellor", "germany", "2021-12-08", "scholz"),
        ("chancellor", "germany", "2025-05-05", "scholz"),
        ("chancellor", "germany", "2025-05-06", "merz"),
        ("prime minister", "uk", "2022-02-24", "johnson"),
        ("prime minister", "uk", "2022-09-06", "truss"),
        ("prime minister", "uk", "2022-10-25", "sunak"),
        ("prime minister", "uk", "2024-07-04", "sunak"),
        ("prime minister", "uk", "2024-07-05", "starmer"),
        ("president", "ukraine", "2022-02-24", "zelensky"),
        ("foreign minister", "ukraine", "2024-01-01", "kuleba"),
        ("foreign minister", "ukraine", "2025-01-01", "sybiha"),
        ("president", "russia", "2023-01-01", "putin"),
        ("foreign minister", "russia", "2023-01-01", "lavrov"),
        ("secretary general", "nato", "2024-09-30", "stoltenberg"),
        ("secretary general", "nato", "2024-10-01", "rutte"),
        ("prime minister", "hungary", "2025-08-15", "orban"),
        ("secretary of state", "us", "2024-06-01", "blinken"),
        ("secretary of state", "us", "2025-06-01", "rubio"),
    ],
)
def test_the_shipped_offices_are_held_by_whom_history_says(
    shipped_actors: Actors, title: str, of: str, day: str, who: str
) -> None:
    assert holder(shipped_actors, title, of, date.fromisoformat(day)) == [who]
