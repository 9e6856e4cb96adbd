"""Texts that occur twice: what is said twice is kept once, what is contradicted is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stance.records import Skipped
from training.examples import Claim, Example, Pair, pair_of
from training.gold import GoldPosition, Place
from training.pairs import Label


@dataclass(frozen=True, slots=True)
class Sifted:
    """Examples without duplicates; ``duplicates`` counts the claims and full annotations left
    out because another says the same, ``contradictions`` tells those that say otherwise, row by
    row."""

    examples: dict[str, list[Example]]
    duplicates: int
    contradictions: list[Skipped]


@dataclass(frozen=True, slots=True)
class _Said:
    labels: frozenset[Label]
    place: Place


def without_duplicates(corpora: Mapping[str, Sequence[Example]]) -> Sifted:
    """The examples of every corpus, in order, with each text's (actor, issue) said once.

    Equal are texts that differ in white space alone, with their context. A text annotated in
    full says ``none`` of every pair that it does not list; where two of them, or one and a
    claim, disagree, the pair is left open in all.
    """
    by_text: dict[str, list[Example]] = {}
    for example in (one for examples in corpora.values() for one in examples):
        by_text.setdefault(_key(example), []).append(example)
    told: list[Skipped] = []
    kept: dict[int, Example] = {}
    duplicates = 0
    for found in by_text.values():
        against = _contradicted(found)
        told += _told(against)
        full = [example for example in found if example.claims is None]
        duplicates += len(full[1:])
        kept |= {id(example): _open(example, against) for example in full[:1]}
        said = {pair_of(p) for example in full[:1] for p in example.gold.positions}
        for example in found:
            if example.claims is not None:
                fresh, repeated = _fresh(example.claims, against, said)
                duplicates += repeated
                kept |= {id(example): example.with_claims(fresh)} if fresh else {}
    left = {
        name: [kept[id(example)] for example in examples if id(example) in kept]
        for name, examples in corpora.items()
    }
    return Sifted(left, duplicates, told)


def _key(example: Example) -> str:
    return " ".join(example.text.split())


def _contradicted(examples: Sequence[Example]) -> dict[Pair, list[_Said]]:
    """The pairs of one text for which no label suits all its rows, with what each says."""
    if len(examples) == 1 and examples[0].claims is None:
        return {}
    said: dict[Pair, list[_Said]] = {}
    for example in examples:
        for pair, one in _says(example):
            said.setdefault(pair, []).append(one)
    for example in examples:
        if example.claims is None:
            known = {p for p, _ in _says(example)} | {pair_of(p) for p in example.gold.disputed}
            for pair in said.keys() - known:
                said[pair].append(_Said(frozenset({"none"}), example.place))
    return {p: rows for p, rows in said.items() if not _common(rows)}


def _common(rows: Iterable[_Said]) -> frozenset[Label]:
    return frozenset.intersection(*(row.labels for row in rows))


def _says(example: Example) -> Iterator[tuple[Pair, _Said]]:
    """What an example says; one text can hold a pair's support and its opposition."""
    if example.claims is not None:
        yield from ((c.pair, _Said(frozenset({c.label}), c.place)) for c in example.claims)
        return
    labels: dict[Pair, set[Label]] = {}
    for position in example.gold.positions:
        labels.setdefault(pair_of(position), set()).add(position.stance)
    yield from ((pair, _Said(frozenset(found), example.place)) for pair, found in labels.items())


def _told(contradicted: Mapping[Pair, Sequence[_Said]]) -> Iterator[Skipped]:
    for pair, rows in contradicted.items():
        what = ", ".join(part for part in pair if part)
        for one in rows:
            other = next((o for o in rows if not o.labels & one.labels), rows[0])
            reason = (
                f"says {'/'.join(sorted(one.labels))} of ({what}), and {other.place} says "
                f"{'/'.join(sorted(other.labels))} of the same text; both are left out"
            )
            yield Skipped(one.place.file, reason, one.place.row, "label")


def _open(example: Example, against: Iterable[Pair]) -> Example:
    """A full annotation that says nothing of the pairs that others contradict."""
    pairs = set(against)
    if not pairs:
        return example
    gold = example.gold
    disputed = [p for p in gold.positions if pair_of(p) in pairs]
    listed = {pair_of(p) for p in disputed}
    # what only another row claims is open too; its stance does not matter where it is disputed
    others = [_disputed(pair) for pair in pairs - listed]
    update = {
        "positions": tuple(p for p in gold.positions if pair_of(p) not in pairs),
        "disputed": (*gold.disputed, *disputed, *others),
    }
    return Example(gold.model_copy(update=update))


def _disputed(pair: Pair) -> GoldPosition:
    actor, issue, proposition = pair
    return GoldPosition(actor=actor, issue=issue, stance="neutral", proposition=proposition or None)


def _fresh(
    claims: Iterable[Claim], against: Mapping[Pair, object], said: set[Pair]
) -> tuple[tuple[Claim, ...], int]:
    """The claims that are made for the first time, and the number of those made before."""
    fresh: list[Claim] = []
    repeated = 0
    for claim in claims:
        if claim.pair in against:
            continue
        repeated += claim.pair in said
        if claim.pair not in said:
            said.add(claim.pair)
            fresh.append(claim)
    return tuple(fresh), repeated
