"""The same question in other words: names exchanged, propositions reworded or turned round.

What a model should read from the text it must not be able to guess from the name or from the
wording of the proposition, so a share of the training questions is asked about somebody else,
or in another way. No text is made up: only the names of actors and the proposition change.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from stance.records import Candidate, Mention
from stance.register import Actors
from training.pairs import Label

_NAMED: Final = frozenset({"name", "office", "description", "body"})
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_TURNED: Final[dict[Label, Label]] = {"support": "oppose", "oppose": "support"}

Span = tuple[int, int]
Replacement = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Wording:
    """Other ways to put a proposition, and ways to put its opposite."""

    same: tuple[str, ...]
    opposite: tuple[str, ...]


@cache
def wordings() -> dict[str, Wording]:
    """Issue → its other wordings, from ``propositions.toml`` beside this module."""
    path = Path(__file__).with_name("propositions.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {i: Wording(tuple(row["same"]), tuple(row["opposite"])) for i, row in table.items()}


def turned(labels: Iterable[Label]) -> tuple[Label, ...]:
    """The labels towards the opposite proposition: support and oppose change places."""
    return tuple(_TURNED.get(label, label) for label in labels)


def placeholders(actors: Actors, present: Iterable[str]) -> dict[str, str]:
    """Actor → "Person A", "Country B": a name that tells nothing but the kind."""
    return {
        actor: f"{'Person' if actors[actor].kind == 'person' else 'Country'} {letter}"
        for actor, letter in zip(dict.fromkeys(present), _LETTERS, strict=False)
    }


def strangers(
    actors: Actors,
    present: Iterable[str],
    rng: random.Random,
    but: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Actor → the name of somebody else of the same kind and pronoun who is not in the text, and
    not one of ``but``."""
    ids = list(dict.fromkeys(present))
    names: dict[str, str] = {}
    for actor in ids:
        one = actors[actor]
        alike = [
            other.name
            for other in actors.entries
            if other.kind == one.kind
            and other.pronoun == one.pronoun
            and other.id not in ids
            and other.id not in but
            and other.name not in names.values()
        ]
        if alike:
            names[actor] = rng.choice(alike)
    return names


def renamed(
    text: str,
    candidate: Candidate,
    mentions: Iterable[Sequence[Mention]],
    names: dict[str, str],
) -> tuple[str, Candidate]:
    """The text with every named mention of ``names`` exchanged, and the candidate moved along.

    Pronouns and adjectives stay. Where two mentions overlap or touch, as in a title beside a
    name, the whole stretch becomes one name.
    """
    changes = _replacements(text, mentions, names)
    parts: list[str] = []
    at = 0
    for start, end, name in changes:
        parts += [text[at:start], name]
        at = end
    parts.append(text[at:])
    places = tuple(dict.fromkeys(_moved(span, changes) for span in candidate.mentions))
    start, end = _moved((candidate.start, candidate.end), changes)
    moved = replace(
        candidate,
        start=start,
        end=end,
        context=_moved(candidate.context, changes),
        mentions=places,
    )
    return "".join(parts), moved


def _replacements(
    text: str, mentions: Iterable[Sequence[Mention]], names: dict[str, str]
) -> list[Replacement]:
    found = sorted(
        (m.start, m.end, m.actor)
        for row in mentions
        for m in row
        if m.how in _NAMED and m.actor in names and m.end > m.start
    )
    changes: list[Replacement] = []
    for start, end, actor in found:
        last = changes[-1] if changes else (0, 0, "")
        if names[actor] == last[2] and not text[last[1] : start].strip():
            changes[-1] = (last[0], max(last[1], end), last[2])
        elif start >= last[1]:
            changes.append((start, end, names[actor]))
    return changes


def _moved(span: Span, changes: Sequence[Replacement]) -> Span:
    """Where a span lies after the changes; one inside a changed stretch becomes the whole name."""
    start, end = span
    left = right = 0
    for a, b, name in changes:
        grown = len(name) - (b - a)
        if b <= start:
            left += grown
        elif a < start:
            left += a - start
        if b <= end and a < end:
            right += grown
        elif a < end < b:
            right += len(name) - (end - a)
    return start + left, end + right
