"""What a request asks of the data: parameters that are checked once, for addresses and pages.

Each class is the whole set of parameters of some addresses; a parameter that is not in it is
refused with the nearest one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from service.schemas import MAX_DATE
from stance.course import Period
from stance.dates import parse_date
from stance.positions import MIN_N
from stance.records import EVIDENCE_KINDS, STANCES, Evidence, Stance
from stance.shifts import MIN_PROBABILITY

MOST_NAMES: Final = 100
MOST_LETTERS: Final = 300
MOST_ROWS: Final = 1_000
ROWS: Final = 100
MOST_CURSOR: Final = 200

Format = Literal["json", "csv", "ndjson", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def _split(value: object) -> object:
    """Values may be repeated (``actor=a&actor=b``) or stand together (``actor=a,b``)."""
    if isinstance(value, list):
        parts = [part for one in value for part in str(one).split(",")]
        return list(dict.fromkeys(part for part in parts if part))
    return value


Name = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
Names = Annotated[list[Name], BeforeValidator(_split), Field(max_length=MOST_NAMES)]
Stances = Annotated[list[Stance], BeforeValidator(_split), Field(max_length=len(STANCES))]
Kinds = Annotated[list[Evidence], BeforeValidator(_split), Field(max_length=len(EVIDENCE_KINDS))]


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    text = str(value)
    if not text or len(text) > MAX_DATE:
        raise ValueError(f"expected a date of 1 to {MAX_DATE} characters like 2025-08-15")
    return parse_date(text.encode("utf-8", "replace").decode("utf-8"))


Moment = Annotated[
    datetime | None,
    PlainValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ],
            "description": "ISO 8601 or a usual English form",
        }
    ),
]


class Parameters(BaseModel):
    """Base of all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(Parameters):
    """Which evidence counts."""

    issue: Names = Field([], description="ids of issues", examples=[["ceasefire"]])
    evidence: Kinds = Field([], description="kinds of evidence", examples=[["quote", "action"]])
    source: Names = Field([], description="outlets, as the articles name them")
    since: Moment = Field(
        None,
        alias="from",
        description="the first moment that counts; a day alone is its beginning (UTC); undated "
        "evidence is then left out",
        examples=["2025-01-01"],
    )
    until: Moment = Field(
        None,
        alias="to",
        description="the first moment that no longer counts",
        examples=["2026-01-01"],
    )
    as_of: Moment = Field(
        None,
        description="the data as they were known then; a day alone is its beginning (UTC)",
        examples=["2026-03-01T12:00:00Z"],
    )


class ActorWindow(Window):
    """Which evidence counts, of which actors."""

    actor: Names = Field([], description="ids of actors", examples=[["orban", "merz"]])


class _Shape(Parameters):
    """How a table is given."""

    format: Format = Field("json", description="csv and parquet are the library's own tables")
    select: Names = Field([], description="columns, in their order in the table")
    sort: Annotated[str, Field(max_length=MOST_LETTERS)] | None = Field(
        None, description="a column; with - before it, from the highest down"
    )


class _Pages(Parameters):
    """Which part of a long table."""

    format: Format = Field(
        "json", description="csv, ndjson and parquet too give one page, and the next one's address"
    )
    select: Names = Field([], description="columns, in their order in the table")
    limit: int = Field(ROWS, ge=1, le=MOST_ROWS, description="rows of a page")
    cursor: Annotated[str, Field(min_length=1, max_length=MOST_CURSOR)] | None = Field(
        None,
        description="where the page begins: the `next` of the one before, with the same filters. "
        "All pages show the data as they were at the first one.",
    )


class ArticlesAsked(_Pages, ActorWindow):
    """Parameters of the list of articles."""

    stance: Stances = Field([], description="only articles with such a position")


class PositionsAsked(_Pages, ActorWindow):
    """Parameters of the list of positions."""

    stance: Stances = Field([], description="stances", examples=[["oppose"]])
    article: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="id of an article"
    )


def _weight(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind not in EVIDENCE_KINDS:
        raise ValueError(f"expected one of {', '.join(EVIDENCE_KINDS)} before ':'")
    try:
        found = float(number)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ValueError("expected a number from 0 to 1 after ':', as in secondhand:0.5")
    return value


Weight = Annotated[
    str,
    AfterValidator(_weight),
    Field(max_length=40),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^({'|'.join(EVIDENCE_KINDS)}):(0(\.[0-9]{{1,6}})?|1)$"}
    ),
]


class _Cells(Parameters):
    """How cells are made."""

    min_n: int = Field(
        MIN_N, ge=1, le=1_000, description="independent statements a cell needs for a state"
    )
    weight: Annotated[list[Weight], BeforeValidator(_split)] = Field(
        [],
        max_length=len(EVIDENCE_KINDS),
        description="how much a kind of evidence counts, from 0 to 1, as kind:number",
        examples=[["secondhand:0.5"]],
    )
    clusters: bool = Field(True, description="false: every printing counts as evidence of its own")

    def weights(self) -> dict[Evidence, float]:
        """The weights by kind of evidence."""
        parts = dict(one.split(":") for one in self.weight)
        return {kind: float(parts[kind]) for kind in EVIDENCE_KINDS if kind in parts}


class MatrixAsked(_Shape, _Cells, ActorWindow):
    """Parameters of the matrix."""

    by: Literal["actor", "government"] = Field(
        "actor", description="government: what persons say counts for whom they speak, too"
    )


class ActorMatrixAsked(_Shape, _Cells, Window):
    """Parameters of one actor's matrix."""


class TimelineAsked(_Shape, Window):
    """Parameters of an actor's course."""

    period: Period = Field("month", description="what the course is cut into")
    min_n: int = Field(
        MIN_N, ge=1, le=1_000, description="independent statements a cell needs for a state"
    )


class ShiftsAsked(_Shape, ActorWindow):
    """Parameters of the shifts."""

    min_probability: float = Field(
        MIN_PROBABILITY, ge=0.5, le=1, description="of a shift that is told"
    )
    clusters: bool = Field(True, description="false: every printing counts as evidence of its own")


class CompareAsked(Parameters):
    """Parameters of a comparison."""

    a: Name = Field(description="id of an actor", examples=["orban"])
    b: Name = Field(description="id of another actor", examples=["merz"])
    issue: Name = Field(description="id of an issue", examples=["sanctions"])
    evidence: Kinds = Field([], description="kinds of evidence")
    source: Names = Field([], description="outlets, as the articles name them")
    since: Moment = Field(None, alias="from", description="the first moment that counts")
    until: Moment = Field(None, alias="to", description="the first moment that no longer counts")
    as_of: Moment = Field(None, description="the data as they were known then")


class ArticleAsked(Parameters):
    """Parameters of one article or position."""

    as_of: Moment = Field(None, description="the data as they were known then")


def names_of(asked: type[BaseModel]) -> Sequence[str]:
    """The names of a class's parameters, as a request spells them."""
    return [field.alias or name for name, field in asked.model_fields.items()]
