"""What the addresses of the data answer, as the contract has it.

The fields of a row are the columns of `service.tabular`. Each may be left out, since a request
can choose its columns.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.schemas import (
    Actor,
    Answer,
    Article,
    Issue,
    Position,
    Probability,
    Wire,
)
from stance.records import CellState, Evidence, ShiftKind, Stance

Moment = Annotated[str | None, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str | None, Field(json_schema_extra={"format": "date"})]
Scale = Annotated[float | None, Field(ge=-1, le=1)]
Count = Annotated[int | None, Field(ge=0)]


class Figures(Wire):
    """What is known of an actor on an issue."""

    actor: str | None = Field(None, description="id of the actor")
    issue: str | None = Field(None, description="id of the issue")
    position: Scale = Field(None, description="-1 opposes, +1 supports; null without evidence")
    low: Scale = Field(None, description="95 % interval")
    high: Scale = None
    state: CellState | None = Field(None, description="the position in words; see the README")
    n_support: Count = Field(None, description="printed statements")
    n_oppose: Count = None
    n_neutral: Count = None
    n_statements: Count = None
    n_articles: Count = None
    n_independent: Count = Field(None, description="statements, each counted once")


class CellRow(Figures):
    """A cell of the matrix."""

    first: Moment = Field(None, description="of the first independent statement with a date")
    last: Moment = None


class StretchRow(Figures):
    """One period of a course."""

    first: Day = Field(None, description="the period's first day")
    last: Day = Field(None, description="and its last")
    article: str | None = Field(None, description="id, where periods are articles")
    printed: Count = Field(None, description="rows in this period, reprints too")


class ArticleRow(Wire):
    """An article without its text."""

    id: str | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: Moment = None
    positions: Count = Field(None, description="rows that count")


class PositionRow(Wire):
    """One actor's stance on one issue in one sentence, as in a position table, with its id."""

    article_id: str | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: Moment = None
    actor: str | None = Field(None, description="id of the actor")
    issue: str | None = Field(None, description="id of the issue")
    stance: Stance | None = None
    score: Annotated[float | None, Field(ge=0, le=1)] = None
    p_support: Annotated[float | None, Field(ge=0, le=1)] = None
    p_oppose: Annotated[float | None, Field(ge=0, le=1)] = None
    p_neutral: Annotated[float | None, Field(ge=0, le=1)] = None
    evidence: Evidence | None = None
    start: Count = Field(None, description="of the evidence in the article's text")
    end: Count = None
    text: str | None = Field(None, description="the evidence: article.text[start:end]")
    model_version: str | None = None
    codebook_version: str | None = None
    cluster: str | None = Field(None, description="the same for one statement, printed again")
    cue: str | None = Field(None, description="the words that introduce it")
    via: str | None = Field(None, description="id of the actor whose claim it is, if secondhand")
    addressee: str | None = Field(None, description="id of the actor it is put to")
    reviewed: Literal["yes"] | None = Field(None, description="yes: a coder decided on it")
    id: str | None = Field(None, description="by which it is asked for and reviewed")


class ShiftFigures(Wire):
    """A change of one actor's position on one issue."""

    actor: str | None = Field(None, description="id of the actor")
    issue: str | None = Field(None, description="id of the issue")
    before: Scale = None
    after: Scale = None
    earliest: Moment = Field(None, description="of the last evidence before the change")
    latest: Moment = Field(None, description="of the first evidence after it")
    probability: Annotated[float | None, Field(ge=0, le=1)] = None
    kind: ShiftKind | None = None


class Table(Answer):
    """A whole table."""

    count: int = Field(ge=0, description="rows of this answer")


class Page(Table):
    """One page of a long table."""

    total: int = Field(ge=0, description="rows of all pages")
    next: str | None = Field(description="the cursor of the next page; null on the last")


class ActorAnswer(Answer):
    """One actor."""

    actor: Actor


class IssueAnswer(Answer):
    """One issue."""

    issue: Issue


class ArticlesAnswer(Page):
    """Articles without their texts."""

    rows: list[ArticleRow]


class PositionsAnswer(Page):
    """Positions, and the id by which each is asked for and reviewed."""

    rows: list[PositionRow]


class MatrixAnswer(Table):
    """Cells: position in [-1, 1] with its 95 % interval, state and counts."""

    rows: list[CellRow]


class TimelineAnswer(Table):
    """A course: the cell of each period, from the day `first` to the day `last`."""

    rows: list[StretchRow]


class ShiftRow(ShiftFigures):
    """A shift with the evidence that is nearest to it on either side."""

    before_interval: list[float] = Field(min_length=2, max_length=2)
    after_interval: list[float] = Field(min_length=2, max_length=2)
    note: str | None = Field(description="whether who reports, or how, changed at the same time")
    evidence_before: list[Position]
    evidence_after: list[Position]


class ShiftsAnswer(Table):
    """Shifts of position."""

    rows: list[ShiftRow]


class ArticleAnswer(Answer):
    """An article and the positions in it, in the order of its text."""

    article: Article
    positions: list[PositionRow]


class StoredReview(Wire):
    """A coder's word on a position; `none`: there is no position in this sentence."""

    number: int
    reviewer: str
    stance: Literal["support", "oppose", "neutral", "none"]
    evidence: Evidence | None
    note: str
    at: str = Field(json_schema_extra={"format": "date-time"})
    supersedes: int | None = Field(description="number of the earlier review it replaces")


class PositionAnswer(Answer):
    """A position as it counts now, and what coders said of it, oldest first."""

    position: PositionRow
    reviews: list[StoredReview]


class Comparison(Wire):
    """Two actors on one issue: positions in [-1, 1]; `difference` is a - b, 95 % interval."""

    actor_a: str
    actor_b: str
    issue: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    differ: Probability = Field(description="that they hold different positions, from even odds")
    a_above: Probability = Field(description="that a supports more, given that they differ")
    n_a: int = Field(description="independent statements")
    n_b: int


class ComparisonAnswer(Answer):
    """A comparison."""

    comparison: Comparison


class Citation(Answer):
    """How to cite the data as they are now."""

    as_of: str = Field(json_schema_extra={"format": "date-time"})
    address: str = Field(description="shows the same matrix at any later time")
    citation: str
