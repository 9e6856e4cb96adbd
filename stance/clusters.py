"""Positions → the same positions, each with the cluster of statements that it belongs to.

One event, one count: what a wire story says is printed by many outlets, lightly rewritten,
and a striking quotation is printed for weeks. Rows of one actor on one issue are one
statement, told by its first appearance, where

- they have the same words,
- or their articles print the same story (`stance.reprints`) and this row stands nearest to
  one of the story's first printing,
- or they quote the same words.

So of what a story says of an actor on an issue, a later printing adds only a stance that the
earlier ones did not show. The order of the articles changes nothing, not even the names.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryFile
from typing import BinaryIO, Final, cast

import numpy as np

from stance.evidence import cluster_of, first_appearance
from stance.records import Article, Position
from stance.reprints import Signatures, signature, stories_of
from stance.spool import Rows

_REWORDED: Final = 0.5
"""Share of words (Dice) from which two sentences of one story are one sentence, reworded."""

_QUOTED: Final = re.compile(r"[“„«\"]([^“”„«»\"]+)(?:[”»\"]|$)")
_RUN: Final = 5
"""Words in a row that quotations are compared by; shorter ones ("no comment") say too little."""

_SAME_QUOTATION: Final = 0.6
"""Share of such runs of the shorter quotation that the longer one has to have too."""

_WORD: Final = re.compile(r"\w+")

Link = tuple[Position, Position]
"""A row and the earlier one that it repeats."""

Place = tuple[str, str, str, int, int]
"""What tells rows apart: article, actor, issue, start and end."""


def clustered(printed: Iterable[tuple[Article, Sequence[Position]]]) -> Iterator[Position]:
    """The positions of all articles in their order, each with its cluster.

    The first one comes after the last article was read. Until then rows and signatures wait in
    temporary files.
    """
    with TemporaryFile() as lines, TemporaryFile() as signed:
        rows, signatures = Rows(cast(BinaryIO, lines)), Signatures(cast(BinaryIO, signed))
        for article, positions in printed:
            rows.add(article.id, positions)
            signatures.add(signature(article.text).tobytes())
        yield from named(rows, signatures)


def named(rows: Rows, signatures: Signatures) -> Iterator[Position]:
    """The rows of all articles, each with its cluster; both have one entry an article.

    Memory holds a few bytes for each row that may repeat another and those of one actor on one
    issue at a time, and the names of clusters that others go with.
    """
    stories = stories_of(signatures)
    names: dict[str, str] = {}
    moved: dict[Place, str] = {}
    for offsets, pair in _pairs(rows, stories):
        together = [rows.at(offset) for offset in offsets]
        of = {one.article_id: story for one, story in zip(together, pair.stories, strict=True)}
        found = compare(
            (p for one in together for p in one.positions if (p.actor, p.issue) == pair.of),
            {id: story for id, story in of.items() if story >= 0},
        )
        names |= {name: other for name, other in found.names.items() if name != other}
        moved |= found.moved
    found = Found(names, moved)
    for waiting in rows:
        for position in waiting.positions:
            yield replace(position, cluster=found.cluster(position))


@dataclass(frozen=True, slots=True)
class _Pair:
    """An actor and issue, and the story of each article in question (-1: alone with its own)."""

    of: tuple[str, str]
    stories: list[int]


def _pairs(rows: Rows, stories: dict[int, int]) -> Iterator[tuple[list[int], _Pair]]:
    """Actors and issues with the places of the articles whose rows on them may repeat others."""
    numbers: dict[tuple[str, str], int] = {}
    pairs, offsets, of = array("q"), array("q"), array("q")
    for waiting in rows:
        story = stories.get(waiting.number, -1)
        found = {
            numbers.setdefault((p.actor, p.issue), len(numbers))
            for p in waiting.positions
            if story >= 0 or quoted_runs(p.text)
        }
        for number in sorted(found):
            pairs.append(number)
            offsets.append(waiting.offset)
            of.append(story)
    names = list(numbers)
    order = np.argsort(np.frombuffer(pairs, np.int64), kind="stable")
    bounds = np.flatnonzero(np.diff(np.frombuffer(pairs, np.int64)[order])) + 1
    for part in np.split(order, bounds) if len(order) else ():
        which = part.tolist()
        if len(which) > 1 or of[which[0]] >= 0:
            pair = _Pair(names[pairs[which[0]]], [of[i] for i in which])
            yield [offsets[i] for i in which], pair


def place(p: Position) -> Place:
    """What tells a row from all others of its model."""
    return (p.article_id, p.actor, p.issue, p.start, p.end)


@dataclass(frozen=True, slots=True)
class Found:
    """Which clusters of words are one (``names``), and which single rows belong to another
    cluster than that of their words (``moved``)."""

    names: dict[str, str]
    moved: dict[Place, str]

    def cluster(self, row: Position) -> str:
        """The cluster of one of the rows that were compared, or of another with its words."""
        words = self.moved.get(place(row)) or cluster_of(row)
        return self.names.get(words, words)


def compare(positions: Iterable[Position], stories: dict[str, int]) -> Found:
    """Which of these rows repeat each other; ``stories`` has the articles printed again.

    Rows have to do with each other only where they are of one actor on one issue and share a
    story, a quoted run of words, or all words; so a set of rows that is closed under this can
    be compared without any other.
    """
    reprinted: dict[tuple[int, str, str], list[Position]] = defaultdict(list)
    quoting: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for row in positions:
        if row.article_id in stories:
            reprinted[stories[row.article_id], row.actor, row.issue].append(row)
        elif quoted_runs(row.text):
            quoting[row.actor, row.issue].append(row)
    links: list[Link] = []
    moved: dict[Place, str] = {}
    for (_, actor, issue), rows in reprinted.items():
        story = _printings(rows)
        links += story.reworded
        moved |= {place(row): cluster_of(earlier) for row, earlier in story.added}
        # a later printing goes with its first one, whatever it quotes
        quoting[actor, issue] += [row for row in story.first if quoted_runs(row.text)]
    for rows in quoting.values():
        links += _quotations(rows)
    return Found(_names(links), moved)


def _names(links: Iterable[Link]) -> dict[str, str]:
    """For the clusters of rows that are linked the one that stands for all of them.

    That is the cluster of the earliest row among them.
    """
    earliest: dict[str, Position] = {}
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for link in links:
        for row in link:
            name = cluster_of(row)
            earliest[name] = min(earliest.get(name, row), row, key=first_appearance)
        one, other = (root(cluster_of(row)) for row in link)
        parents[one] = other
    members: dict[str, list[str]] = defaultdict(list)
    for name in earliest:
        members[root(name)].append(name)
    return {
        name: min(group, key=lambda name: first_appearance(earliest[name]))
        for group in members.values()
        for name in group
    }


# ---------------------------------------------------------------------------------------
# Printings of one story


@dataclass(frozen=True, slots=True)
class _Story:
    """The rows of one actor on one issue in one story: those that repeat none, those that say
    in other words what an earlier printing says, and those that a later printing added."""

    first: list[Position]
    reworded: list[Link]
    added: list[Link]


def _printings(rows: Iterable[Position]) -> _Story:
    articles: dict[str, list[Position]] = defaultdict(list)
    for row in sorted(rows, key=_order_in_story):
        articles[row.article_id].append(row)
    story = _Story([], [], [])
    for printing in articles.values():
        known = tuple(story.first)
        for row in printing:
            nearest = max(known, key=lambda p: _overlap(row, p), default=None)
            if nearest is not None and _overlap(row, nearest) >= _REWORDED:
                story.reworded.append((row, nearest))
                continue
            same = [p for p in known if p.stance == row.stance]
            if same:
                story.added.append((row, max(same, key=lambda p: _overlap(row, p))))
            else:
                story.first.append(row)
    return story


def _order_in_story(p: Position) -> tuple[bool, float, str, int, int]:
    undated, when, _, article_id, start, end, _ = first_appearance(p)
    return (undated, when, article_id, start, end)


def _overlap(one: Position, other: Position) -> float:
    a, b = (Counter(_WORD.findall(p.text.casefold())) for p in (one, other))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


# ---------------------------------------------------------------------------------------
# Quotations


def _quotations(rows: Iterable[Position]) -> Iterator[Link]:
    """Each row that quotes the same words as an earlier one in another article.

    ``rows`` are all of one actor on one issue.
    """
    heard: dict[str, list[int]] = defaultdict(list)
    first: list[tuple[Position, int]] = []
    for row in sorted(rows, key=first_appearance):
        runs = quoted_runs(row.text)
        shared = Counter(number for run in runs for number in heard[run])
        same = (
            first[number][0]
            for number, count in sorted(shared.items(), key=lambda item: (-item[1], item[0]))
            if count >= _SAME_QUOTATION * min(len(runs), first[number][1])
            and first[number][0].article_id != row.article_id
        )
        earlier = next(same, None)
        if earlier is not None:
            yield row, earlier
            continue
        for run in runs:
            heard[run].append(len(first))
        first.append((row, len(runs)))


def quoted_runs(text: str) -> frozenset[str]:
    """The runs of words inside the quotation marks of a sentence."""
    runs: set[str] = set()
    for quotation in _QUOTED.findall(text):
        words = _WORD.findall(quotation.casefold())
        runs.update(" ".join(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1))
    return frozenset(runs)
