"""The wire models: what goes in and out as JSON. No logic but how records become them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from stance.dates import parse_date
from stance.records import ActorKind, Evidence, Stance
from stance.records import Article as ArticleRecord
from stance.records import Position as PositionRecord
from stance.tables import POSITIONS

MAX_TITLE: Final = 1_000
MAX_SOURCE: Final = 300
MAX_URL: Final = 2_000
MAX_DATE: Final = 80


class Wire(BaseModel):
    """Base of every model on the wire: no key that is not in the contract."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, protected_namespaces=()
    )


# Every answer


class Versions(Wire):
    """What an answer was made with; the same versions give the same answer."""

    data_version: str = Field(description="names the actors and issues that are tracked")
    model_version: str = Field(description="names the weights that judged the sentences")
    codebook_version: str = Field(description="names the rules that stances are coded by")


class Answer(Wire):
    """What every answer carries."""

    versions: Versions


class Breach(Wire):
    """One thing that is wrong with a request, and where."""

    detail: str
    pointer: str | None = Field(
        default=None,
        description="JSON pointer into the body, as a fragment",
        examples=["#/published"],
    )
    parameter: str | None = Field(default=None, description="name of the query parameter")


class Problem(Answer):
    """A problem document (RFC 9457): the one shape of every error."""

    type: str = Field(default="about:blank", description="the status code tells the kind")
    title: str = Field(description="the name of the status code")
    status: int
    detail: str = Field(description="what is wrong, in one line")
    errors: list[Breach] = Field(default_factory=list)


class VersionsAnswer(Answer):
    """The versions that answers are made with at present."""


class ModelUpdate(Wire):
    """A model that became current and does not answer, not yet or not at all."""

    version: str | None = Field(description="of that model; null where not even that can be read")
    state: Literal["loading", "failed"]
    detail: str


class Health(Answer):
    """Whether the service lives, or takes requests."""

    status: Literal["live", "ready"]
    model_update: ModelUpdate | None = Field(
        default=None, description="null while the current model is the one that answers"
    )


# Registers


class Office(Wire):
    """What a person holds between two dates; ``until`` is the first day it is no longer held."""

    titles: list[str]
    of: str = Field(description="id of the collective")
    start: date | None = Field(serialization_alias="from")
    until: date | None


class Actor(Wire):
    """A person or a body whose positions are tracked."""

    id: str
    name: str
    kind: ActorKind
    aliases: list[str] = Field(description="other names that stand for this actor alone")
    speaks_for: str | None = Field(description="id of the collective, where no office says it")
    offices: list[Office]


class ActorsAnswer(Answer):
    """All actors, in the order of the register."""

    actors: list[Actor]


class Issue(Wire):
    """A proposition that an actor can favour (support) or be against (oppose)."""

    id: str
    title: str
    proposition: str
    support: str = Field(description="what supporting the proposition looks like")
    oppose: str = Field(description="what opposing the proposition looks like")
    cues: list[str] = Field(
        description="words that make a sentence worth judging; a trailing * is any ending"
    )


class IssuesAnswer(Answer):
    """All issues, in the order in which tables show them."""

    issues: list[Issue]


# Analysis


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("a date is a text like 2025-08-15 or 2025-08-15T18:30:00+02:00")
    if len(value) > MAX_DATE:
        raise ValueError(f"a date has at most {MAX_DATE} characters")
    # The reason quotes the value, and pydantic takes no reason that UTF-8 cannot hold.
    return parse_date(value.encode("utf-8", "replace").decode("utf-8"))


Published = Annotated[
    datetime | None,
    PlainValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "minLength": 1, "maxLength": MAX_DATE}, {"type": "null"}],
            "description": "The day tells who held which office. ISO 8601 or a usual English "
            "form; a date alone is midnight, a time without zone is UTC. One that can be read "
            "in two ways (03/04/2025) is refused.",
            "examples": ["2025-08-15T18:30:00+02:00"],
        }
    ),
]


class AnalyzeRequest(Wire):
    """One text to find positions in. Nothing of it is stored, and its url is never fetched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Orban rejected a ceasefire. Zelensky called for more sanctions.",
                    "published": "2025-08-15",
                    "source": "Example News",
                }
            ]
        }
    )

    text: str = Field(
        min_length=1,
        description="Plain text; it must hold a letter or digit. A text longer than maxLength "
        "(in characters as sent) is refused with 422.",
    )
    title: str | None = Field(
        default=None,
        max_length=MAX_TITLE,
        description="The headline; where the text does not start with it, it is put before it, "
        "since a headline can state a position.",
    )
    published: Published = None
    source: str | None = Field(default=None, max_length=MAX_SOURCE)
    url: str | None = Field(default=None, max_length=MAX_URL)


class Article(Wire):
    """The article that was judged; every offset counts characters (code points) of ``text``."""

    id: str = Field(description="16 hex digits of the SHA-256 of the text")
    title: str | None
    source: str | None
    url: str | None
    published: str | None = Field(json_schema_extra={"format": "date-time"})
    text: str = Field(description="cleaned, so that it may differ from the text that was sent")

    @classmethod
    def of(cls, record: ArticleRecord) -> Self:
        """The wire form of an article."""
        return cls(
            id=record.id,
            title=record.title,
            source=record.source,
            url=record.url,
            published=record.published.isoformat() if record.published else None,
            text=record.text,
        )


Probability = Annotated[float, Field(ge=0, le=1, description="rounded to four decimals")]


class Position(Wire):
    """One actor's stance on one issue in one sentence: the columns of a position table."""

    article_id: str
    title: str | None
    source: str | None
    url: str | None
    published: str | None = Field(json_schema_extra={"format": "date-time"})
    actor: str = Field(description="id of the actor")
    issue: str = Field(description="id of the issue")
    stance: Stance
    score: Probability
    p_support: Probability
    p_oppose: Probability
    p_neutral: Probability
    evidence: Evidence
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str = Field(description="the evidence: article.text[start:end]")
    model_version: str
    codebook_version: str
    cluster: str = Field(description="the same for one statement by one actor, printed again")
    cue: str | None = Field(None, description="the words that introduce it")
    via: str | None = Field(None, description="id of the actor whose claim it is, if secondhand")
    addressee: str | None = Field(None, description="id of the actor it is put to")
    reviewed: Literal["yes"] | None = Field(None, description="yes: a coder decided on it")

    @classmethod
    def of(cls, record: PositionRecord) -> Self:
        """The wire form of a position: the very cells that it has in a file."""
        cells: dict[str, Any] = dict(zip(POSITIONS.names, POSITIONS.cells(record), strict=True))
        return cls.model_validate(cells)


class Analysis(Answer):
    """The positions that one text expresses, in the order of the text."""

    article: Article
    positions: list[Position]
