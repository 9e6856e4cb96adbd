"""Who and what is tracked: the actors and issues of ``seeds/`` or of a user's own YAML.

Both files are checked on load; each breach is one :class:`RegisterError` that names the
file, the entry and the rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stance import resources
from stance.errors import RegisterError, UnknownNameError
from stance.folding import fold
from stance.records import ActorKind

_ID: Final = r"^[a-z0-9][a-z0-9_\-]*$"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where it is built; ten times as fast, and as safe."""


_REASONS: Final = {
    "extra_forbidden": "unknown key",
    "model_type": "expected keys with values",
    "tuple_type": "expected a list",
}
"""What pydantic would say in its own words of classes and tuples."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


F = TypeVar("F", bound=_Strict)


class Office(_Strict):
    """What a person holds between two dates; ``until`` is the first day it is no longer held.

    ``titles`` stand beside the name of the country (``of``), ``bare`` ones alone. Of a ``sole``
    office there is one holder at a time.
    """

    titles: tuple[str, ...] = Field(min_length=1)
    of: str
    start: date | None = Field(None, alias="from")
    until: date | None = None
    sole: bool = True
    bare: tuple[str, ...] = ()

    @field_validator("titles", "bare")
    @classmethod
    def _in_lower_case(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        """Titles are matched whatever their capitals, so they are compared without them."""
        return tuple(phrase.lower() for phrase in phrases)

    def held_on(self, day: date | None) -> bool:
        """Whether the office is held on a day; with no day given, whether it is held still."""
        if day is None:
            return self.until is None
        return (self.start is None or self.start <= day) and (
            self.until is None or day < self.until
        )

    def overlaps(self, other: Office) -> bool:
        """Whether there is a day on which both are held."""
        starts_before_end = self.until is None or other.start is None or other.start < self.until
        ends_after_start = other.until is None or self.start is None or self.start < other.until
        return starts_before_end and ends_after_start


class Actor(_Strict):
    """A person or a body whose positions are tracked."""

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1)
    kind: ActorKind
    aliases: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    pronoun: Literal["he", "she"] | None = None
    speaks_for: str | None = None
    speaks_from: date | None = None
    speaks_until: date | None = None
    offices: tuple[Office, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The forms that stand for this actor alone."""
        return (self.name, *self.aliases)

    def speaks_for_on(self, day: date | None) -> str | None:
        """The collective this person speaks for on a day: by office, else by the entry."""
        for office in self.offices:
            if office.held_on(day):
                return office.of
        return self.speaks_for

    def counts_for_on(self, day: date | None) -> str | None:
        """The collective that what this person says on a day counts for.

        Who has offices speaks by them alone, on the days on which they are held; who has none
        by ``speaks_for``, from ``speaks_from`` and before ``speaks_until``. With no day given,
        it is today's.
        """
        if self.offices:
            return next((office.of for office in self.offices if office.held_on(day)), None)
        if day is None:
            return self.speaks_for if self.speaks_until is None else None
        begun = self.speaks_from is None or self.speaks_from <= day
        lasts = self.speaks_until is None or day < self.speaks_until
        return self.speaks_for if begun and lasts else None


class Issue(_Strict):
    """An issue: a proposition that an actor can favour (support) or be against (oppose).

    ``cues`` are words and phrases that make a sentence worth asking about; a trailing ``*``
    stands for any ending. ``paraphrases`` are other wordings of the proposition, for training.
    """

    id: str = Field(pattern=_ID)
    title: str = Field(min_length=1)
    proposition: str = Field(min_length=1)
    support: str = ""
    oppose: str = ""
    cues: tuple[str, ...] = Field(min_length=1)
    paraphrases: tuple[str, ...] = ()


class _ActorFile(_Strict):
    bodies: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    actors: tuple[Actor, ...] = ()


class _IssueFile(_Strict):
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class Actors:
    """The register of actors. ``bodies`` are the nouns that, after a country's adjective, stand
    for its government; ``ignore`` are names that hold an actor's name and are none of it
    ("Washington Post")."""

    entries: tuple[Actor, ...]
    bodies: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Actor]:
        return {actor.id: actor for actor in self.entries}

    def __getitem__(self, actor: str) -> Actor:
        """The actor of an id; raises ``UnknownNameError`` with what was probably meant."""
        if actor not in self.by_id:
            raise UnknownNameError("actor", actor, self.by_id)
        return self.by_id[actor]

    def __contains__(self, actor: object) -> bool:
        return actor in self.by_id


@dataclass(frozen=True)
class Issues:
    """The register of issues, in the order in which tables show them."""

    entries: tuple[Issue, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Issue]:
        return {issue.id: issue for issue in self.entries}

    def __getitem__(self, issue: str) -> Issue:
        """The issue of an id; raises ``UnknownNameError`` with what was probably meant."""
        if issue not in self.by_id:
            raise UnknownNameError("issue", issue, self.by_id)
        return self.by_id[issue]

    def __contains__(self, issue: object) -> bool:
        return issue in self.by_id


def load_actors(paths: Sequence[Path] = (), *, only: bool = False) -> Actors:
    """The shipped actors, with those of ``paths`` added or put in place of their id.

    ``only`` leaves the shipped ones out. Raises ``RegisterError`` on the first broken rule.
    """
    files = ([] if only else [resources.seeds() / "actors.yaml"]) + list(paths)
    entries: dict[str, Actor] = {}
    bodies: list[str] = []
    ignore: list[str] = []
    for path in files:
        found = _load(path, _ActorFile)
        _check_ids(path, [a.id for a in found.actors])
        entries.update((a.id, a) for a in found.actors)
        bodies += found.bodies
        ignore += found.ignore
    actors = Actors(tuple(entries.values()), tuple(dict.fromkeys(bodies)), tuple(ignore))
    _check_actors(str(files[-1]) if files else "actors", actors)
    return actors


def load_issues(paths: Sequence[Path] = (), *, only: bool = False) -> Issues:
    """The shipped issues, with those of ``paths`` added or put in place of their id."""
    files = ([] if only else [resources.seeds() / "issues.yaml"]) + list(paths)
    entries: dict[str, Issue] = {}
    for path in files:
        found = _load(path, _IssueFile)
        _check_ids(path, [i.id for i in found.issues])
        entries.update((i.id, i) for i in found.issues)
    return Issues(tuple(entries.values()))


def data_version(actors: Actors, issues: Issues) -> str:
    """16 hex digits over all that is tracked: another actor, alias or cue is another version."""
    dump = {
        "actors": [actor.model_dump(mode="json", by_alias=True) for actor in actors.entries],
        "bodies": actors.bodies,
        "ignore": actors.ignore,
        "issues": [issue.model_dump(mode="json", by_alias=True) for issue in issues.entries],
    }
    return hashlib.sha256(json.dumps(dump, sort_keys=True).encode()).hexdigest()[:16]


def _load(path: Path, schema: type[F]) -> F:
    try:
        raw: Any = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except OSError as error:
        raise RegisterError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise RegisterError(f"{path}: is no UTF-8 text") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # 2024-02-31: a ValueError
        raise RegisterError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    try:
        return schema.model_validate(raw if raw is not None else {})
    except ValidationError as error:
        raise RegisterError(f"{path}: {_first(error, raw)}") from None


def _first(error: ValidationError, raw: Any) -> str:
    """The first breach in words: which entry, which field, what was expected."""
    found = error.errors()[0]
    where: list[str] = []
    at: Any = raw
    for step in found["loc"]:
        at = at[step] if _has(at, step) else None
        named = at.get("id") if isinstance(at, dict) else None
        where.append(f"'{named}'" if named else str(step))
    reason = _REASONS.get(found["type"], found["msg"])
    return f"{' → '.join(where)}: {reason}" if where else reason


def _has(at: Any, step: Any) -> bool:
    if isinstance(at, dict):
        return step in at
    return isinstance(at, list) and isinstance(step, int) and step < len(at)


def _check_ids(path: Path, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise RegisterError(f"{path}: the id '{one}' is given twice")
        seen.add(one)


def _check_actors(file: str, actors: Actors) -> None:
    _check_aliases(file, actors)
    _check_collectives(file, actors)
    _check_offices(file, actors)


def _check_aliases(file: str, actors: Actors) -> None:
    owner: dict[str, str] = {}
    for actor in actors.entries:
        for alias in {fold(name) for name in actor.names}:
            other = owner.setdefault(alias, actor.id)
            if other != actor.id:
                raise RegisterError(
                    f"{file}: the alias '{alias}' belongs to '{other}' and to '{actor.id}'; "
                    "list a name that two people bear under 'shared' of both"
                )


def _check_collectives(file: str, actors: Actors) -> None:
    for actor in actors.entries:
        if (actor.speaks_from or actor.speaks_until) and (not actor.speaks_for or actor.offices):
            raise RegisterError(
                f"{file}: '{actor.id}': 'speaks_from' and 'speaks_until' date a 'speaks_for' "
                "without offices"
            )
        named = [o.of for o in actor.offices]
        named += [actor.speaks_for] if actor.speaks_for else []
        for collective in named:
            found = actors.by_id.get(collective)
            if found is None or found.kind != "collective":
                raise RegisterError(
                    f"{file}: '{actor.id}' refers to '{collective}', which is no collective "
                    "of the register"
                )


def _check_offices(file: str, actors: Actors) -> None:
    held: dict[tuple[str, str], list[tuple[str, Office]]] = {}
    for actor in actors.entries:
        for office in actor.offices:
            if office.start and office.until and office.until <= office.start:
                raise RegisterError(f"{file}: '{actor.id}': an office ends before it begins")
            if office.sole:
                keys = [(t, office.of) for t in office.titles] + [(b, "") for b in office.bare]
                for key in keys:
                    held.setdefault(key, []).append((actor.id, office))
    for (title, of), rows in held.items():
        for i, (one, first) in enumerate(rows):
            for two, second in rows[i + 1 :]:
                if one != two and first.overlaps(second):
                    what = f"'{title}' of '{of}'" if of else f"'{title}'"
                    raise RegisterError(
                        f"{file}: {what} is held by '{one}' and '{two}' on the same days; "
                        "mend the dates or say 'sole: false'"
                    )
