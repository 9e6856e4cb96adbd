"""The store as others use it: one object for one database. See `stance.store`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy.engine import Connection, Engine

from stance.positions import MIN_N, build_matrix
from stance.records import Article, Cell, Position
from stance.store import reading, versions, writing
from stance.store.commits import data_version, version_at
from stance.store.engine import BUSY_SECONDS, connect, parse_url, shown, told
from stance.store.migrate import prepare
from stance.store.reading import Query, Row
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
        with told(engine):
            prepare(engine, upgrade=upgrade)
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
        with told(self.engine), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    # What changes it

    def use_model(self, version: str, info: Mapping[str, Any] | None = None) -> None:
        """Make a model known; the first one of a store is the one whose rows count.

        ``info`` is kept with it: thresholds, confusion and what else tells how to judge it.
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

    # What is in it

    def data_version(self) -> int:
        """A number that rises with every change of the data; 0 for an empty store."""
        with self._reading() as connection:
            return data_version(connection)

    def version_at(self, as_of: date | datetime) -> int:
        """The data version that was known at a moment, or at the end of a day (UTC)."""
        with self._reading() as connection:
            return version_at(connection, as_of)

    def models(self) -> list[StoredModel]:
        """The models whose rows are here, in the order in which they came."""
        with self._reading() as connection:
            return versions.models(connection, data_version(connection))

    def known(self, article_ids: Sequence[str]) -> set[str]:
        """Which of these articles are here."""
        with self._reading() as connection:
            return writing.known_articles(connection, article_ids)

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

    def count(self, query: Query | None = None) -> int:
        """How many rows a query has."""
        with self._reading() as connection:
            return reading.count(connection, query or Query())

    def matrix(
        self, query: Query | None = None, *, min_n: int = MIN_N, clusters: bool = True
    ) -> list[Cell]:
        """The cells of `stance.positions.build_matrix` over the rows of a query."""
        asked = query or Query()
        return build_matrix(
            self.positions(asked),
            actors=asked.actors,
            issues=asked.issues,
            min_n=min_n,
            clusters=clusters,
        )
