"""The tables of a store, as SQLAlchemy models.

``commits`` numbers every change from 1; that number is the data version, and every row says
which commit brought it (``added``) and which took it out of sight (``ended``). So the store as
it was known on a day is what had been added and not ended at the last commit of that day.
Nothing is deleted and no statement is changed: a new model's or a coder's row stands beside
the old one. Only what is derived (clusters, stories, answers) is written over, and the
clusters that were believed before stay in ``former_clusters``.

Moments are seconds since 1970 (UTC) as floats; ``published`` also keeps the zone, as text.
Hashes and clusters are 64 bits, kept as signed integers.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, MetaData, SmallInteger, String
from sqlalchemy import LargeBinary as Bytes
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stance.store.columns import AnyText, Number

SINGLE: Final = 1
"""The key of the only row of ``state``."""


class Base(DeclarativeBase):
    """What all tables share: names for constraints, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class State(Base):
    """One row: the number of the last commit. Writers take turns by locking it."""

    __tablename__ = "state"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class Commit(Base):
    """One change of the data, and when it was made."""

    __tablename__ = "commits"

    version: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    at: Mapped[float] = mapped_column(Double, index=True)
    what: Mapped[str] = mapped_column(String(16))


class Model(Base):
    """A model that scored rows here: what is needed to judge them without its weights."""

    __tablename__ = "models"

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    version: Mapped[str] = mapped_column(AnyText, unique=True)
    info: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Threshold, thresholds by issue, temperature and confusion, as in ``model.json``."""
    added: Mapped[int] = mapped_column(ForeignKey("commits.version"))


class Changeover(Base):
    """From which commit on a model's rows are the ones that count."""

    __tablename__ = "changeovers"

    added: Mapped[int] = mapped_column(ForeignKey("commits.version"), primary_key=True)
    model: Mapped[int] = mapped_column(ForeignKey("models.number"))


class Article(Base):
    """An article with its whole text (deflated UTF-8), once."""

    __tablename__ = "articles"

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[str] = mapped_column(AnyText, unique=True)
    title: Mapped[str | None] = mapped_column(AnyText)
    source: Mapped[str | None] = mapped_column(AnyText)
    url: Mapped[str | None] = mapped_column(AnyText)
    published: Mapped[str | None] = mapped_column(String(40))
    moment: Mapped[float | None] = mapped_column(Double, index=True)
    text: Mapped[bytes] = mapped_column(Bytes, deferred=True)
    signature: Mapped[bytes] = mapped_column(Bytes, deferred=True)
    """MinHash of its word sequences: 192 unsigned 32-bit numbers, little-endian."""
    story: Mapped[int] = mapped_column(BigInteger, index=True)
    """The lowest number among the articles that print the same story, itself included."""
    added: Mapped[int] = mapped_column(ForeignKey("commits.version"))


class Band(Base):
    """A part of an article's signature, by which articles that may be alike are found."""

    __tablename__ = "bands"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"), primary_key=True)


class Statement(Base):
    """A sentence that the model was asked about, with all that was asked.

    ``candidates`` holds the fields of each `stance.records.Candidate`, so that another model
    can be asked the same without reading the article again.
    """

    __tablename__ = "statements"
    __table_args__ = (Index("uq_statements_article_start", "article", "start", "end", unique=True),)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"))
    start: Mapped[int] = mapped_column()
    end: Mapped[int] = mapped_column()
    text: Mapped[str] = mapped_column(AnyText)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON, deferred=True)


class Pair(Base):
    """An actor and an issue as the register calls them, and as they are called today."""

    __tablename__ = "pairs"
    __table_args__ = (
        Index("uq_pairs_actor_issue", "actor", "issue", unique=True),
        Index("ix_pairs_shown", "shown_actor", "shown_issue"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    actor: Mapped[str] = mapped_column(AnyText)
    issue: Mapped[str] = mapped_column(AnyText)
    shown_actor: Mapped[str] = mapped_column(AnyText)
    shown_issue: Mapped[str] = mapped_column(AnyText)
    revision: Mapped[int] = mapped_column(BigInteger)
    """The last commit that changed anything about it."""


class Position(Base):
    """One actor's stance on one issue in one statement, by one model or by a coder."""

    __tablename__ = "positions"
    __table_args__ = (
        Index("ix_positions_pair_model", "pair", "model"),
        Index("ix_positions_name", "name"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[str] = mapped_column(String(24), index=True)
    """Made from article, actor, issue, span and model; a coder's row has that of the row it
    overrides."""
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"), index=True)
    statement: Mapped[int] = mapped_column(ForeignKey("statements.number"))
    pair: Mapped[int] = mapped_column(ForeignKey("pairs.number"))
    model: Mapped[int] = mapped_column(ForeignKey("models.number"))
    review: Mapped[int | None] = mapped_column(ForeignKey("reviews.number"))
    stance: Mapped[int] = mapped_column(SmallInteger)
    score: Mapped[float] = mapped_column(Double)
    p_support: Mapped[float] = mapped_column(Double)
    p_oppose: Mapped[float] = mapped_column(Double)
    p_neutral: Mapped[float] = mapped_column(Double)
    evidence: Mapped[int] = mapped_column(SmallInteger)
    moment: Mapped[float | None] = mapped_column(Double)
    codebook: Mapped[str] = mapped_column(String(16))
    cue: Mapped[str] = mapped_column(AnyText)
    via: Mapped[str] = mapped_column(AnyText)
    addressee: Mapped[str] = mapped_column(AnyText)
    name: Mapped[int] = mapped_column(BigInteger)
    """The cluster of its words alone."""
    cluster: Mapped[int] = mapped_column(BigInteger)
    compared: Mapped[bool] = mapped_column()
    """Whether it takes part in finding clusters: it quotes, or its story was printed again."""
    added: Mapped[int] = mapped_column(ForeignKey("commits.version"))
    ended: Mapped[int | None] = mapped_column(ForeignKey("commits.version"))


class FormerCluster(Base):
    """The cluster that a position was in until a commit."""

    __tablename__ = "former_clusters"

    position: Mapped[int] = mapped_column(ForeignKey("positions.number"), primary_key=True)
    until: Mapped[int] = mapped_column(ForeignKey("commits.version"), primary_key=True)
    cluster: Mapped[int] = mapped_column(BigInteger)


class Quoted(Base):
    """A run of quoted words, and a position whose sentence has it."""

    __tablename__ = "quoted"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """A hash of the words, the actor and the issue."""
    position: Mapped[int] = mapped_column(ForeignKey("positions.number"), primary_key=True)


class Scored(Base):
    """That all statements of an article were put to a model."""

    __tablename__ = "scored"
    __table_args__ = ({"sqlite_with_rowid": False},)

    model: Mapped[int] = mapped_column(ForeignKey("models.number"), primary_key=True)
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"), primary_key=True)


class Review(Base):
    """A coder's word on a statement. A later one supersedes it; it is never deleted."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_statement_pair", "statement", "pair"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    position_id: Mapped[str] = mapped_column(String(24), index=True)
    statement: Mapped[int] = mapped_column(ForeignKey("statements.number"))
    pair: Mapped[int] = mapped_column(ForeignKey("pairs.number"))
    reviewer: Mapped[str] = mapped_column(AnyText)
    stance: Mapped[str] = mapped_column(String(8))
    """Support, oppose or neutral; or none, where the statement shows no position."""
    evidence: Mapped[int | None] = mapped_column(SmallInteger)
    note: Mapped[str] = mapped_column(AnyText)
    supersedes: Mapped[int | None] = mapped_column(ForeignKey("reviews.number"))
    added: Mapped[int] = mapped_column(ForeignKey("commits.version"))


class Alias(Base):
    """What an actor or issue is called since a commit. The last word on a name counts."""

    __tablename__ = "aliases"

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    old: Mapped[str] = mapped_column(AnyText)
    new: Mapped[str] = mapped_column(AnyText)
    added: Mapped[int] = mapped_column(ForeignKey("commits.version"))


class Answer(Base):
    """A cell or the shifts of a series, worked out before.

    It holds as long as no pair of its actor and issue has a later revision.
    """

    __tablename__ = "answers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    question: Mapped[str] = mapped_column(String(32), primary_key=True)
    """A hash of what was asked: the kind of answer and its parameters."""
    actor: Mapped[str] = mapped_column(AnyText, primary_key=True)
    issue: Mapped[str] = mapped_column(AnyText, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    answer: Mapped[str] = mapped_column(AnyText)


class Job(Base):
    """Work that outlives the process that was asked for it. Jobs are no data: no commits."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_created", "state", "created"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(8))
    done: Mapped[int] = mapped_column()
    total: Mapped[int | None] = mapped_column()
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(AnyText)
    owner: Mapped[str | None] = mapped_column(AnyText)
    attempts: Mapped[int] = mapped_column()
    lease: Mapped[float | None] = mapped_column(Double)
    created: Mapped[float] = mapped_column(Double)
    updated: Mapped[float] = mapped_column(Double)


class ApiKey(Base):
    """A key of the service. Its secret is kept as a hash alone; keys are no data: no commits."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(AnyText)
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(64))
    created: Mapped[float] = mapped_column(Double)
    revoked: Mapped[float | None] = mapped_column(Double)
