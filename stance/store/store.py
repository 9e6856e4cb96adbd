"""The store as others use it: one object for one database. See `stance.store`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy.engine import Connection, Engine

from stance.compare import Comparison, compare
from stance.course import Period, Stretch, course
from stance.evidence import Record
from stance.positions import MIN_N
from stance.records import Article, Cell, Evidence, Position
from stance.shifts import MIN_CHANGE, MIN_PROBABILITY, PRIOR_CHANGE, ShiftReport
from stance.store import answers, jobs, keys, listing, naming, reading, reviewing, versions, writing
from stance.store.commits import data_version, made_at, version_at
from stance.store.engine import BUSY_SECONDS, connect, parse_url, shown, snapshot, told
from stance.store.jobs import Job, JobState
from stance.store.keys import Key
from stance.store.listing import Listed
from stance.store.migrate import prepare, revision
from stance.store.naming import Kind
from stance.store.reading import Query, Row
from stance.store.reviewing import Review, Verdict
from stance.store.versions import StoredModel
from stance.store.writing import Entry


class Store:
    """Articles, statements, positions, reviews and models in one database.

    It may be shared between threads, and any number of processes may have the same database
    open. Every method raises ``StoreError`` where the database fails.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, upgrade: bool | None = None, busy: float = BUSY_SECONDS) -> Store:
        """Open a store, and set it up where the database is empty.

        ``url`` is ``sqlite:///FILE``, a path, or ``postgresql://USER@HOST/NAME``. The tables of
        an older version are brought up to date in a file; in PostgreSQL only with ``upgrade``.
        ``busy`` is how many seconds to wait for another writer. Raises ``StoreError``.
        """
        engine = connect(parse_url(url), busy=busy)
        try:
            with told(engine):
                prepare(engine, upgrade=upgrade)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where the store is, without a password."""
        return shown(self.engine.url)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection on which everything is seen at one data version."""
        with told(self.engine), snapshot(self.engine) as connection:
            yield connection

    # What changes it

    def use_model(self, version: str, info: Mapping[str, Any] | None = None) -> None:
        """Make a model known; the first one of a store is the one whose rows count.

        ``info`` is kept with it: thresholds, confusion and what else tells how to judge it. Of a
        known model it replaces, field by field, what was kept.
        """
        with told(self.engine):
            versions.register(self.engine, version, info or {})

    def append(self, entries: Iterable[Entry], model_version: str) -> int:
        """Add articles with what was asked and found; returns how many were new.

        All of them are kept, or after an error or a kill none. An article whose id is known
        changes nothing. Raises ``StoreError`` where the rows of another model are the ones that
        count here.
        """
        with told(self.engine):
            return writing.append(self.engine, entries, model_version)

    def review(
        self,
        position_id: str,
        stance: Verdict,
        *,
        reviewer: str,
        evidence: Evidence | None = None,
        note: str = "",
    ) -> Review:
        """Override a position with a coder's word, which counts as certain from now on.

        ``stance`` is support, oppose or neutral, or none: the sentence shows no position. A
        later review supersedes it. Raises ``UnknownNameError`` for another stance, and
        ``StoreError`` for a position that is nowhere or a reviewer without a name.
        """
        with told(self.engine):
            return reviewing.review(
                self.engine, position_id, stance, reviewer=reviewer, evidence=evidence, note=note
            )

    def withdraw_review(self, position_id: str, *, reviewer: str, note: str = "") -> Review:
        """Let the models' rows of a position stand again where a coder overrode them.

        The withdrawal is kept as a review of the stance "model". Raises ``StoreError`` for a
        position that is nowhere or has no review, or a reviewer without a name.
        """
        with told(self.engine):
            return reviewing.withdraw(self.engine, position_id, reviewer=reviewer, note=note)

    def rename(self, kind: Kind, old: str, new: str) -> None:
        """Call an actor or issue something else, in all rows and those to come.

        Raises ``UnknownNameError`` for a name that no row has, and ``StoreError`` where the new
        name is in use.
        """
        with told(self.engine):
            naming.rename(self.engine, kind, old, new)

    def merge(self, kind: Kind, names: Sequence[str], into: str) -> None:
        """Make one actor or issue of several. Raises ``UnknownNameError``."""
        with told(self.engine):
            naming.merge(self.engine, kind, names, into)

    # Jobs

    def submit(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        total: int | None = None,
        most_waiting: int | None = None,
        id: str | None = None,
    ) -> Job | None:
        """Queue a job; nothing is queued and returned where ``most_waiting`` are waiting.

        A job of the same ``id`` is returned in place of a second one; one that failed is
        queued once more.
        """
        with told(self.engine):
            return jobs.submit(
                self.engine, kind, payload, total=total, most_waiting=most_waiting, id=id
            )

    def claim(
        self, owner: str, *, kinds: Sequence[str] | None = None, lease: float = 60.0
    ) -> Job | None:
        """Take the next job for ``lease`` seconds: the oldest that waits or was left behind.

        No two owners get the same one.
        """
        with told(self.engine):
            return jobs.claim(self.engine, owner, kinds=kinds, lease=lease)

    def heartbeat(
        self,
        job: str,
        owner: str,
        *,
        lease: float = 60.0,
        done: int | None = None,
        total: int | None = None,
    ) -> bool:
        """Keep a claimed job and tell its progress; false where the claim is lost."""
        with told(self.engine):
            return jobs.heartbeat(self.engine, job, owner, lease=lease, done=done, total=total)

    def complete(self, job: str, owner: str, result: Mapping[str, Any] | None = None) -> bool:
        """Close a claimed job as done; false where the claim is lost."""
        with told(self.engine):
            return jobs.complete(self.engine, job, owner, result)

    def fail(self, job: str, owner: str, error: str) -> bool:
        """Close a claimed job as failed; false where the claim is lost."""
        with told(self.engine):
            return jobs.fail(self.engine, job, owner, error)

    def release(self, job: str, owner: str) -> bool:
        """Put a claimed job back for the next worker; false where the claim is lost."""
        with told(self.engine):
            return jobs.release(self.engine, job, owner)

    def job(self, id: str) -> Job | None:
        """A job by its id."""
        with told(self.engine):
            return jobs.job(self.engine, id)

    def jobs(self, *, states: Sequence[JobState] | None = None, limit: int = 100) -> list[Job]:
        """The newest jobs first, without their payloads."""
        with told(self.engine):
            return jobs.jobs(self.engine, states=states, limit=limit)

    def job_counts(self) -> dict[JobState, int]:
        """How many jobs there are in each state."""
        with told(self.engine):
            return jobs.counts(self.engine)

    # Keys

    def add_key(self, name: str, scopes: Sequence[str]) -> tuple[Key, str]:
        """Make a key for the service; what it is stands in the second part, and nowhere else.

        Raises ``UnknownNameError`` for a scope that there is not, and ``StoreError`` for a name
        that cannot be taken.
        """
        with told(self.engine):
            return keys.add(self.engine, name, scopes)

    def find_key(self, given: str) -> Key | None:
        """The key that somebody shows, where there is one and it was not revoked."""
        with told(self.engine):
            return keys.find(self.engine, given)

    def keys(self) -> list[Key]:
        """All keys, also the revoked ones, in the order in which they were made."""
        with told(self.engine):
            return keys.keys(self.engine)

    def has_keys(self) -> bool:
        """Whether there is a key that was not revoked."""
        with told(self.engine):
            return keys.any_in_use(self.engine)

    def revoke_key(self, key: str) -> Key:
        """Make a key, named by its id or its name, good for nothing from now on.

        Raises ``UnknownNameError`` where no key in use is called so.
        """
        with told(self.engine):
            return keys.revoke(self.engine, key)

    # What is in it

    def data_version(self) -> int:
        """A number that rises with every change of the data; 0 for an empty store."""
        with self._reading() as connection:
            return data_version(connection)

    def version_at(self, as_of: date | datetime) -> int:
        """The data version that was known at a moment, or at the end of a day (UTC)."""
        with self._reading() as connection:
            return version_at(connection, as_of)

    def known_since(self, version: int) -> datetime | None:
        """When the data came to be at a version; nothing for one that never was."""
        with self._reading() as connection:
            return made_at(connection, version)

    def models(self) -> list[StoredModel]:
        """The models whose rows are here, in the order in which they came."""
        with self._reading() as connection:
            return versions.models(connection, data_version(connection))

    def schema(self) -> str | None:
        """The last step of the schema that the database has been through."""
        with told(self.engine):
            return revision(self.engine)

    def count_articles(self) -> int:
        """How many articles are here."""
        with self._reading() as connection:
            return reading.count_articles(connection)

    def known(self, article_ids: Sequence[str]) -> set[str]:
        """Which of these articles are here."""
        with self._reading() as connection:
            return writing.known_articles(connection, article_ids)

    def records(self, version: int | None = None) -> dict[str, Record]:
        """What each model's reports have been worth, for the estimates that are made of rows."""
        with self._reading() as connection:
            now = data_version(connection)
            return versions.records(connection, now if version is None else version)

    def articles(
        self, query: Query | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Listed]:
        """A page of articles in the order in which they came in; ``after`` is the last page's
        last ``number``."""
        with self._reading() as connection:
            return listing.articles(connection, query or Query(), after=after, limit=limit)

    def count_listed(self, query: Query | None = None) -> int:
        """How many articles a query lists."""
        with self._reading() as connection:
            return listing.count(connection, query or Query())

    def article(self, id: str) -> Article | None:
        """An article with its text, or nothing."""
        with self._reading() as connection:
            return reading.article(connection, id)

    def rows(
        self, query: Query | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Row]:
        """A page of rows in the order in which they came in; ``after`` is the last page's last
        ``number``."""
        with self._reading() as connection:
            return list(reading.rows(connection, query or Query(), after=after, limit=limit))

    def positions(self, query: Query | None = None) -> Iterator[Position]:
        """All positions of a query, streamed, in the order in which they came in."""
        with self._reading() as connection:
            for row in reading.rows(connection, query or Query()):
                yield row.position

    def row(self, id: str) -> Row | None:
        """The row of a position's id that counts now, the coder's or the model's."""
        with self._reading() as connection:
            return reading.row(connection, id)

    def reviews(self, position_id: str) -> list[Review]:
        """All that coders said of a position, oldest first."""
        with self._reading() as connection:
            return reviewing.reviews_of(connection, position_id)

    def names(self, kind: Kind) -> set[str]:
        """The actors or issues that rows are of, as they are called today."""
        with self._reading() as connection:
            return naming.shown_names(connection, kind)

    def count(self, query: Query | None = None) -> int:
        """How many rows a query has."""
        with self._reading() as connection:
            return reading.count(connection, query or Query())

    def matrix(
        self,
        query: Query | None = None,
        *,
        min_n: int = MIN_N,
        clusters: bool = True,
        weights: Mapping[Evidence, float] | None = None,
    ) -> list[Cell]:
        """The cells of `stance.positions.build_matrix` over the rows of a query.

        What each model's reports are worth is taken from the confusion that the store keeps of
        it. Cells that were asked for before and of which nothing changed are looked up.
        """
        with told(self.engine):
            return answers.matrix(
                self.engine,
                query or Query(),
                min_n=min_n,
                clusters=clusters,
                weights=dict(sorted((weights or {}).items())),
            )

    def shifts(
        self,
        query: Query | None = None,
        *,
        min_probability: float = MIN_PROBABILITY,
        min_change: float = MIN_CHANGE,
        prior_change: float = PRIOR_CHANGE,
        clusters: bool = True,
        weights: Mapping[Evidence, float] | None = None,
    ) -> ShiftReport:
        """What `stance.shifts.find_shifts` finds in the rows of a query.

        Each shift comes with the 20 statements on either side that are nearest to it. Series
        that were asked for before and of which nothing changed are looked up.
        """
        with told(self.engine):
            return answers.shifts(
                self.engine,
                query or Query(),
                min_probability=min_probability,
                min_change=min_change,
                prior_change=prior_change,
                clusters=clusters,
                weights=dict(sorted((weights or {}).items())),
            )

    def course(
        self,
        query: Query | None = None,
        period: Period = "month",
        *,
        min_n: int = MIN_N,
        weights: Mapping[Evidence, float] | None = None,
    ) -> list[Stretch]:
        """The periods of `stance.course.course` over the rows of a query."""
        with self._reading() as connection:
            asked, records = _as_of(connection, query)
            rows = [row.position for row in reading.rows(connection, asked)]
        return course(rows, period, min_n=min_n, records=records, weights=weights)

    def compare(
        self, a: Query, b: Query, *, weights: Mapping[Evidence, float] | None = None
    ) -> Comparison:
        """What `stance.compare.compare` says of the rows of two queries."""
        with self._reading() as connection:
            (one, known), (other, more) = (_as_of(connection, query) for query in (a, b))
            mine, yours = (
                [row.position for row in reading.rows(connection, query)] for query in (one, other)
            )
        return compare(mine, yours, known | more, weights)


def _as_of(connection: Connection, query: Query | None) -> tuple[Query, dict[str, Record]]:
    """A query about one data version, and what the reports of the models of then are worth."""
    version = reading.version_of(connection, query or Query())
    records = versions.records(connection, version)
    return replace(query or Query(), version=version, as_of=None), records
