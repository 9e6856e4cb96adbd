"""Articles, statements, positions, reviews and models in a database, SQLite or PostgreSQL.

>>> from stance.store import Query, Store
>>> store = Store.open("sqlite:///stance.db")                          # doctest: +SKIP
>>> ingest(store, tracker, articles)                                   # doctest: +SKIP
>>> store.matrix(Query(actors=["orban"], as_of=date(2026, 3, 1)))      # doctest: +SKIP

`Store.open` takes a path, ``sqlite:///FILE`` or ``postgresql://…`` and sets up an empty
database. `ingest` puts articles through a tracker into it, each in a transaction of its own;
`Store.append` takes what was read elsewhere. `Query` says which rows, and as of when; rows,
positions, matrix and shifts are all asked with one. `Store.data_version` names the state of
the data: it rises with every change, and ``Query(version=…)`` reads an earlier one, so that a
page or a table that is fetched piece by piece is of one piece.

`models` has the tables, `migrations` how they came to be. `writing`, `stories` and `grouping`
bring rows in, `reading` gets them out, `answers` keeps
cells and shifts that were worked out; `ingest` alone knows the tracker.
"""

from __future__ import annotations

from stance.store.ingest import ingest
from stance.store.jobs import Job
from stance.store.keys import Key
from stance.store.reading import Query, Row
from stance.store.rescoring import Rescored, rescore
from stance.store.reviewing import Review
from stance.store.store import Store
from stance.store.versions import StoredModel
from stance.store.writing import Entry

__all__ = [
    "Entry",
    "Job",
    "Key",
    "Query",
    "Rescored",
    "Review",
    "Row",
    "Store",
    "StoredModel",
    "ingest",
    "rescore",
]
