"""The frozen records that the stages hand to each other.

One invariant holds everywhere: a span is ``(start, end)`` in characters of
``article.text``, and ``article.text[start:end]`` is the text that it speaks of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

Stance = Literal["support", "oppose", "neutral"]
Evidence = Literal["quote", "reported", "narrated", "action", "secondhand"]
ActorKind = Literal["person", "collective"]

STANCES: Final[tuple[Stance, ...]] = ("support", "oppose", "neutral")
EVIDENCE_KINDS: Final[tuple[Evidence, ...]] = (
    "quote",
    "reported",
    "narrated",
    "action",
    "secondhand",
)

CODEBOOK_VERSION: Final = "1"


def article_id(text: str) -> str:
    """The id of an article: 16 hex digits of the SHA-256 of its cleaned text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Article:
    """One cleaned article; every offset in the project refers to its ``text``.

    ``published`` carries a time zone, or is ``None`` where the page shows no date.
    ``id`` is derived from the text when it is left empty.
    """

    text: str
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: datetime | None = None
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", article_id(self.text))


@dataclass(frozen=True, slots=True)
class Skipped:
    """An input that could not become an article, and why; nothing is lost silently.

    ``row`` counts from 1 (the line of a JSONL file, the record of a CSV or Parquet
    file) and is ``None`` where the whole file is meant.
    """

    file: str
    reason: str
    row: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        where = self.file if self.row is None else f"{self.file}, row {self.row}"
        if self.field is not None:
            where += f", field '{self.field}'"
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, headline or list item: the unit that can carry a position.

    ``paragraph`` numbers the block of text the sentence stands in, from 0.
    """

    start: int
    end: int
    paragraph: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text that stands for an actor.

    ``how`` tells how it was read: by ``name``, by an ``office`` held on the day, by a
    ``description``, as a country's ``body`` ("the Russian government"), by ``pronoun``,
    or as the ``speaker`` of a quotation that the sentence continues (an empty span).
    """

    actor: str
    start: int
    end: int
    how: Literal["name", "office", "description", "body", "pronoun", "speaker"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question for the model: does this sentence show this actor's stance on this issue?

    ``context`` is the span of the sentences before that the model reads along, empty
    (``start == end``) where there are none; ``mentions`` are the places in the context and
    the sentence that stand for the actor.
    """

    actor: str
    issue: str
    start: int
    end: int
    context: tuple[int, int]
    mentions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model says of one candidate: calibrated probabilities.

    ``support + oppose + neutral + none == 1``; ``evidence`` maps each kind to its
    probability given that there is a position.
    """

    support: float
    oppose: float
    neutral: float
    none: float
    evidence: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """One actor's stance on one issue in one sentence: a row of the position table.

    ``score`` in [0, 1] is the calibrated probability of ``stance``;
    ``p_support + p_oppose + p_neutral`` is at most 1, and what is missing to 1 is the
    probability that the sentence shows no position at all.
    ``article.text[start:end] == text``. Rows of one actor on one issue that have the same
    ``cluster`` are one statement, printed again; it is empty where nobody has looked.
    ``cue`` is the words that introduce the position ("said", "rejected"), ``via`` the id of
    the actor whose claim a secondhand position is and ``addressee`` the id of the actor it is
    put to; each is empty where the text shows none. A ``reviewed`` row is a coder's decision and
    counts as certain; it stands in stores, not in tables.
    """

    article_id: str
    actor: str
    issue: str
    stance: Stance
    score: float
    p_support: float
    p_oppose: float
    p_neutral: float
    evidence: Evidence
    start: int
    end: int
    text: str
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: datetime | None = None
    model_version: str = ""
    codebook_version: str = CODEBOOK_VERSION
    cluster: str = ""
    cue: str = ""
    via: str = ""
    addressee: str = ""
    reviewed: bool = False


CellState = Literal[
    "no evidence",
    "too little evidence",
    "neutral",
    "mixed",
    "leans support",
    "supports",
    "leans oppose",
    "opposes",
]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one actor on one issue.

    ``position`` in [-1, 1] is E[P(support) - P(oppose)] with a 95 % credible interval
    ``low`` to ``high``; all three are ``None`` where there is no evidence at all.
    ``n_support``, ``n_oppose``, ``n_neutral``, ``n_statements`` and ``n_articles`` count all
    that was printed; ``n_independent`` counts the statements that repeat no other, and
    ``first`` and ``last`` are when the first and the last of these appeared.
    """

    actor: str
    issue: str
    position: float | None
    low: float | None
    high: float | None
    state: CellState
    n_support: int
    n_oppose: int
    n_neutral: int
    n_statements: int
    n_articles: int
    n_independent: int
    first: datetime | None
    last: datetime | None


ShiftKind = Literal["reversal", "softening", "hardening"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of one actor's position on one issue.

    It happened after ``earliest`` (the last evidence of the old position) and not after
    ``latest`` (the first evidence of the new one). ``before`` and ``after`` are in
    [-1, 1]; ``probability`` is the posterior probability that there was a change.
    """

    actor: str
    issue: str
    before: float
    after: float
    earliest: datetime
    latest: datetime
    probability: float
    kind: ShiftKind
    evidence_before: tuple[Position, ...] = field(default=(), compare=False)
    evidence_after: tuple[Position, ...] = field(default=(), compare=False)
