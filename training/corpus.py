"""The corpora of a recipe's steps → what is trained on and what is held out.

Rows are checked, duplicates dropped, contradictions left out, and each text's article and
near-duplicates kept on one side, before anything is trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from stance.errors import InputError
from stance.records import Skipped
from stance.register import Actors, Issues
from stance.rowfiles import Row
from stance.stages import Reader
from training.claims import claim_pairs
from training.codebook import codebook_pairs
from training.config import Codebook, Data, RunConfig, Sampling
from training.duplicates import without_duplicates
from training.examples import Example
from training.flat import flat_examples
from training.gold import GoldText, Place
from training.leaks import Owned, find_leaks, refuse
from training.naming import Names
from training.pairs import Pair
from training.reviewed import reviewed_examples
from training.shapes import Columns, codebook_row, flat_row, reviewed_row
from training.sources import read_source
from training.split import Sides, member, split_together

Tell = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The examples of one corpus, the rows that were rejected, and the coders' ties."""

    examples: list[Example]
    skipped: list[Skipped]
    ties: int = 0


def load(source: str, data: Data, actors: Actors, issues: Issues) -> Loaded:
    """Read a corpus of one's own; raises ``InputError`` where no row of it can be used."""
    rows = list(read_source(source))
    columns = Columns(data.columns, data.labels)
    shape = columns.shape({name for row in rows for name in row.cells}, source, data.shape)
    names = Names(actors, issues)
    if shape == "codebook":
        found = _codebook(rows, source, columns, names)
    elif shape == "flat":
        flat = [flat_row(row, source, columns) for row in rows]
        examples, unknown = flat_examples(_placed(rows, flat, source), names)
        found = Loaded(examples, [*_rejected(flat), *unknown])
    else:
        reviewed = [reviewed_row(row, source, columns) for row in rows]
        votes = reviewed_examples(_placed(rows, reviewed, source), names)
        found = Loaded(votes.examples, [*_rejected(reviewed), *votes.skipped], votes.ties)
    if not found.examples:
        why = f"; the first: {found.skipped[0]}" if found.skipped else ""
        raise InputError(f"none of its {len(rows)} rows can be used{why}", file=source)
    return found


def _placed(
    rows: Sequence[Row], read: Sequence[T | Skipped], file: str
) -> Iterator[tuple[Place, T]]:
    for row, one in zip(rows, read, strict=True):
        if not isinstance(one, Skipped):
            yield Place(file, row.number or 0), one


def _rejected(read: Sequence[object]) -> list[Skipped]:
    return [one for one in read if isinstance(one, Skipped)]


def _codebook(rows: Sequence[Row], file: str, columns: Columns, names: Names) -> Loaded:
    examples: list[Example] = []
    skipped: list[Skipped] = []
    for row in rows:
        text = codebook_row(row, file, columns)
        if not isinstance(text, Skipped):
            text = _known(text, file, row.number, names)
        if isinstance(text, Skipped):
            skipped.append(text)
        else:
            examples.append(Example(text))
    return Loaded(examples, skipped)


def _known(text: GoldText, file: str, row: int | None, names: Names) -> GoldText | Skipped:
    """The text, where each of its issues can be asked for."""
    for at, position in enumerate(text.positions):
        try:
            names.check_issue(position.issue, position.proposition)
        except ValueError as error:
            return Skipped(file, str(error), row, f"positions.{at}.issue")
    return text


@dataclass(frozen=True, slots=True)
class Prepared:
    """Of each step, by corpus, what is trained on and what is held out; and the rejected rows."""

    sides: Mapping[str, Mapping[str, Sides[Example]]]
    rejected: tuple[Skipped, ...]


@dataclass(frozen=True)
class Preparation:
    """Prepares the corpora of a recipe. ``annotated`` reads an entry of ``[codebook]``, and
    ``source`` tells where the path of an entry of ``[data]`` leads."""

    annotated: Callable[[Codebook], list[GoldText]]
    source: Callable[[str], str]
    actors: Actors
    issues: Issues
    tell: Tell

    def __call__(self, steps: Sequence[RunConfig], dev: Sequence[GoldText] = ()) -> Prepared:
        """All steps' corpora, split, with no leak into the last step's held-out texts or
        ``dev``; raises ``InputError`` for the first leak where they are not to be dropped."""
        rejected: dict[str, Skipped] = {}
        sides = {step.name: self._split(step, rejected) for step in steps}
        for line in rejected:
            self.tell(f"skipped: {line}")
        drop = any(step.drop_leaks for step in steps)
        clean = self._without_leaks(sides, dev, drop)
        for step in steps:
            for name in step.data:
                train, held = map(len, clean[step.name][name])
                self.tell(f"{step.name}: {name}: {train} texts to train on, {held} held out")
        return Prepared(clean, tuple(rejected.values()))

    def _split(self, step: RunConfig, rejected: dict[str, Skipped]) -> dict[str, Sides[Example]]:
        shares = {name: one.held_out for name, one in (step.codebook | step.data).items()}
        found = {n: [Example(t) for t in self.annotated(c)] for n, c in step.codebook.items()}
        for name, data in step.data.items():
            loaded = load(self.source(data.path), data, self.actors, self.issues)
            rejected.update((str(one), one) for one in loaded.skipped)
            found[name] = [one for one in loaded.examples if _is_taken(one, data.share)]
            if loaded.ties:
                self.tell(f"{step.name}: {name}: {loaded.ties} ties between coders left out")
        sifted = without_duplicates(found)
        rejected.update((str(one), one) for one in sifted.contradictions)
        if sifted.duplicates:
            self.tell(f"{step.name}: {sifted.duplicates} duplicates left out")
        return split_together({n: (sifted.examples[n], shares[n]) for n in found})

    def _without_leaks(
        self,
        sides: Mapping[str, Mapping[str, Sides[Example]]],
        dev: Sequence[GoldText],
        drop: bool,
    ) -> dict[str, dict[str, Sides[Example]]]:
        train = [
            (step, name, example)
            for step, corpora in sides.items()
            for name, (examples, _) in corpora.items()
            for example in examples
        ]
        last = list(sides.values())[-1] if sides else {}
        held = [_owned(one, name) for name, (_, texts) in last.items() for one in texts]
        held += [_owned(Example(text), "development") for text in dev]
        owned = [_owned(example, name) for _, name, example in train]
        leaks = find_leaks(owned, held)
        if leaks and not drop:
            refuse(leaks)
        if leaks:
            self.tell(f"{len(leaks)} texts left out of training: they leak into what is held out")
        leaking = {id(leak.train) for leak in leaks}
        kept = {
            id(e) for (_, _, e), one in zip(train, owned, strict=True) if id(one) not in leaking
        }
        return {
            step: {n: ([e for e in t if id(e) in kept], h) for n, (t, h) in corpora.items()}
            for step, corpora in sides.items()
        }


def _owned(example: Example, corpus: str) -> Owned:
    return Owned(member(example, corpus), example.place)


def _is_taken(example: Example, share: float) -> bool:
    """Whether a text is in the share of its corpus that is used; the same ones every time."""
    digest = hashlib.sha256(f"share\n{example.text}".encode()).hexdigest()
    return int(digest[:8], 16) / 2**32 < share


def data_pairs(
    name: str,
    data: Data,
    examples: Sequence[Example],
    reader: Reader,
    sampling: Sampling | None = None,
    *,
    seed: int,
    leave_out: frozenset[str] = frozenset(),
) -> list[Pair]:
    """The pairs of a corpus of one's own, drawn as its own sampling says or another's.

    No pair asks for an actor or issue of ``leave_out``.
    """
    full = [example.gold for example in examples if example.claims is None]
    claims = [
        example.with_claims(
            tuple(c for c in example.claims if leave_out.isdisjoint((c.actor, c.issue)))
        )
        for example in examples
        if example.claims is not None
    ]
    pairs = codebook_pairs(
        full,
        reader,
        sampling or data,
        seed=seed,
        anchored=data.anchored,
        source=name,
        leave_out=leave_out,
    )
    weighted = [replace(pair, weight=data.weight) for pair in pairs]
    return weighted + claim_pairs(
        claims, reader.actors, reader.issues, weight=data.weight, source=name
    )
